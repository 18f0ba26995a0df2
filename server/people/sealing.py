"""What is personal is sealed before it is stored, and can still be found.

One key of 32 bytes lies beside the centre's own, in a file for its owner alone. Two keys are derived from it: with one
a text is sealed (AES-256-GCM, bound to its place, so that a sealed text moved to another row does not open), with the
other a keyed hash is made (HMAC-SHA-256), by which a certificate number is found without being written down. A
backup of the store does not hold the key; it has to be kept apart, and without it nothing personal can be read again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from codes.errors import ConfigError, CorruptStoreError
from codes.os_words import words_of_os_error
from codes.words import Words
from server.errors import ServerError
from server.store.database import Store
from server.store.sealing_mark import keep_sealing_mark, load_sealing_mark
from wire.on_disk import make_private_file

KEY_BYTES = 32
_FORM = b"\x01"
"""First byte of what is sealed: how it was done."""
_NONCE_BYTES = 12
_ANYONE_ELSE = 0o077


class SealingKeyError(ServerError, ConfigError):
    """The key cannot be used, or is not the one that sealed what is in the store."""

    code: ClassVar[str] = "people.sealing_key"
    next_step: ClassVar[Words] = Words(
        "请从备份恢复该密钥文件（仅属主可读）；没有它，已存的证件号码和姓名无法再读出。",
        "Restore the key file from its backup, readable by its owner only; without it the certificate numbers and "
        "names that are stored cannot be read any more.",
    )


class SealBrokenError(ServerError, CorruptStoreError):
    """Something sealed does not open: it was altered, or put where it does not belong."""

    code: ClassVar[str] = "people.seal_broken"
    next_step: ClassVar[Words] = Words(
        "请停止中心并从备份恢复数据库；记录可能被改动过。",
        "Stop the centre and restore the store from a backup; somebody may have altered it.",
    )


class Sealer:
    """Seals, opens and finds."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(_derived(key, b"yima seal"))
        self._finding = _derived(key, b"yima find")

    @property
    def mark(self) -> str:
        """What tells this key from another, and says nothing about it."""
        return hmac.new(self._finding, b"mark", hashlib.sha256).hexdigest()[:16]

    def seal(self, plain: bytes, place: str) -> bytes:
        """Return `plain` sealed for a place, such as `insured.name/1001`."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORM + nonce + self._cipher.encrypt(nonce, plain, _FORM + place.encode())

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return what was sealed for this place.

        Raises:
            SealBrokenError: It does not open.
        """
        form, nonce, rest = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, form + place.encode())
        except (InvalidTag, ValueError) as exc:
            raise SealBrokenError(
                Words(f"密封内容无法打开：{place}", f"What is sealed for {place} does not open")
            ) from exc

    def seal_text(self, text: str, place: str) -> bytes:
        """Return a text sealed for a place."""
        return self.seal(text.encode(), place)

    def open_text(self, sealed: bytes, place: str) -> str:
        """Return the text that was sealed for this place.

        Raises:
            SealBrokenError: It does not open.
        """
        return self.open(sealed, place).decode()

    def seal_fields(self, fields: Mapping[str, str], place: str) -> bytes:
        """Return named texts sealed for a place."""
        return self.seal_text(json.dumps(dict(fields), ensure_ascii=False, separators=(",", ":")), place)

    def open_fields(self, sealed: bytes, place: str) -> dict[str, str]:
        """Return the named texts that were sealed for this place.

        Raises:
            SealBrokenError: It does not open.
        """
        found: dict[str, str] = json.loads(self.open_text(sealed, place))
        return found

    def digest(self, kind: str, number: str) -> bytes:
        """Return the keyed hash by which a number of a kind is found: of a certificate, a card, a token."""
        return hmac.new(self._finding, f"{kind}\0{plain_number(number)}".encode(), hashlib.sha256).digest()


def plain_number(number: str) -> str:
    """Return a number as it is compared: without blanks, full-width characters made narrow, letters large.

    >>> plain_number(" 99010119800101001x ")
    '99010119800101001X'
    """
    return "".join(unicodedata.normalize("NFKC", number).split()).upper()


def load_sealer(key_file: Path, store: Store) -> Sealer:
    """Return the sealer of a store; its key is made on first start.

    Raises:
        SealingKeyError: The key is missing although something is sealed, cannot be read, or is another one.
    """
    with store.reading() as connection:
        known = load_sealing_mark(connection)
    if known is not None and not key_file.exists():
        raise SealingKeyError(Words(f"找不到密封密钥 {key_file}", f"The sealing key {key_file} is missing"))
    sealer = Sealer(_loaded_or_made(key_file))
    if known is None:
        with store.writing() as connection:
            known = keep_sealing_mark(connection, sealer.mark)
    if known != sealer.mark:
        raise SealingKeyError(
            Words(
                f"{key_file} 不是密封该数据库的密钥（应为 {known}，实为 {sealer.mark}）",
                f"{key_file} is not the key that sealed this store: its mark is {sealer.mark}, not {known}",
            )
        )
    return sealer


def _loaded_or_made(path: Path) -> bytes:
    try:
        if not path.exists():
            make_private_file(path, os.urandom(KEY_BYTES).hex().encode() + b"\n")
        mode, text = path.stat().st_mode, path.read_bytes()
    except OSError as exc:
        why = words_of_os_error(exc)
        raise SealingKeyError(
            Words(f"无法使用密封密钥 {path}：{why.zh}", f"The sealing key {path} cannot be used: {why.en}")
        ) from exc
    if mode & _ANYONE_ELSE:
        raise SealingKeyError(Words(f"密封密钥 {path} 对他人可读", f"The sealing key {path} is open to others"))
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise SealingKeyError(Words(f"密封密钥 {path} 已损坏", f"The sealing key {path} is damaged"))
    return key


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=purpose).derive(key)
