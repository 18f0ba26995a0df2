"""What is personal is sealed before the terminal stores it.

A key of 32 bytes lies in a file of its own beside the terminal's, for its owner alone; no export takes it along. Texts
are sealed with it (AES-256-GCM) and bound to their place, so that one that was moved to another row does not open. A
store without its key keeps everything but these texts.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from codes.errors import ConfigError, CorruptStoreError
from codes.os_words import words_of_os_error
from codes.words import Words
from edge.errors import EdgeError
from wire.on_disk import make_private_file

KEY_FILE = "sealing.key"
"""In the data folder."""
KEY_BYTES = 32
_FORM = b"\x01"
"""First byte of what is sealed: how it was done."""
_NONCE_BYTES = 12
_ANYONE_ELSE = 0o077


class SealingKeyError(EdgeError, ConfigError):
    """The key cannot be used."""

    code: ClassVar[str] = "sealing.key"
    next_step: ClassVar[Words] = Words(
        "请让该文件只对运行终端的账户可读（chmod 600）；确已损坏的请移走后重启，未决报文须在中心核对。",
        "Let only the terminal's account read the file (chmod 600). If it is damaged, move it away and restart; open "
        "messages are then to be looked up at the centre.",
    )


class SealBrokenError(EdgeError, CorruptStoreError):
    """Something sealed does not open: it was altered, moved, or sealed with another key."""

    code: ClassVar[str] = "sealing.broken"
    next_step: ClassVar[Words] = Words(
        "请在中心按报文 ID（msgid）核对该业务。", "Look the message up at the centre by its msgid."
    )


class Sealer:
    """Seals and opens."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a sealing key has {KEY_BYTES} bytes")
        self._cipher = AESGCM(key)
        self._digest_key = hmac.digest(key, b"digest", "sha256")

    def seal(self, plain: bytes, place: str) -> bytes:
        """Return `plain` sealed for a place, such as `fsi_message.asked/<msgid>`."""
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

    def digest(self, text: str, place: str) -> str:
        """Return what is equal for equal texts of one place, and from which nobody without the key learns anything."""
        return hmac.new(self._digest_key, f"{place}\0{text}".encode(), "sha256").hexdigest()


def load_or_create_sealer(path: Path) -> Sealer:
    """Return the sealer with the key at `path`; the key is made on first start, readable by its owner only.

    Raises:
        SealingKeyError: The file cannot be read or made, is open to others, or is no key.
    """
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
        return Sealer(bytes.fromhex(text.decode("ascii")))
    except ValueError as exc:
        raise SealingKeyError(Words(f"密封密钥 {path} 已损坏", f"The sealing key {path} is damaged")) from exc
