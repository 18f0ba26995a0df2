"""Ed25519 keys of terminals and of the centre. A private key never leaves the box that made it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from codes.os_words import words_of_os_error
from codes.words import Words
from wire.errors import KeyFileError
from wire.events import sm3_hex
from wire.on_disk import make_private_file

KEY_ID_BYTES = 8
_ANYONE_ELSE = 0o077
_COPY_AGAIN = Words("请重新复制公钥，不要漏字。", "Copy the public key again, all of it.")


# No slots: what is computed once needs a place in the instance.
@dataclass(frozen=True)
class PublicKey:
    """The half that others know."""

    raw: bytes
    """32 bytes, RFC 8032."""

    @classmethod
    def from_hex(cls, text: str) -> PublicKey:
        """Return the key written as 64 hexadecimal digits.

        Raises:
            KeyFileError: If the text is no Ed25519 public key.
        """
        try:
            raw = bytes.fromhex(text.strip())
            Ed25519PublicKey.from_public_bytes(raw)
        except ValueError as exc:
            raise KeyFileError(
                Words("公钥应为 64 位十六进制", "A public key is 64 hexadecimal digits"), next_step=_COPY_AGAIN
            ) from exc
        return cls(raw)

    @cached_property
    def key_id(self) -> bytes:
        """Eight bytes that name the key in an envelope."""
        return bytes.fromhex(sm3_hex(self.raw))[:KEY_ID_BYTES]

    @property
    def fingerprint(self) -> str:
        """What two people compare by eye or voice: 16 digits in groups of four."""
        digits = self.key_id.hex().upper()
        return "-".join(digits[start : start + 4] for start in range(0, len(digits), 4))

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Tell whether `signature` was made over `message` by the private half."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class SigningKey:
    """The half that stays."""

    private: Ed25519PrivateKey

    @cached_property
    def public(self) -> PublicKey:
        raw = self.private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return PublicKey(raw)

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature."""
        return self.private.sign(message)


def load_or_create_key(path: Path) -> SigningKey:
    """Return the key at `path`; make one on first start, readable by its owner only.

    Raises:
        KeyFileError: The file cannot be read, is open to others, or is no Ed25519 key.
    """
    if not path.exists():
        _create_key(path)
    try:
        mode = path.stat().st_mode
        pem = path.read_bytes()
        private = serialization.load_pem_private_key(pem, password=None)
    except OSError as exc:
        why = words_of_os_error(exc)
        words = Words(f"无法读取密钥文件 {path}：{why.zh}", f"Cannot read the key file {path}: {why.en}")
        raise KeyFileError(words) from exc
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        # A TypeError is how the library says that the key is encrypted.
        words = Words(f"密钥文件 {path} 已损坏，或已加密", f"The key file {path} is damaged, or encrypted")
        raise KeyFileError(words) from exc
    if mode & _ANYONE_ELSE:
        raise KeyFileError(Words(f"密钥文件 {path} 对他人可读", f"The key file {path} is open to others"))
    if not isinstance(private, Ed25519PrivateKey):
        raise KeyFileError(Words(f"{path} 不是 Ed25519 密钥", f"{path} is no Ed25519 key"))
    return SigningKey(private)


def _create_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        # What has a name there keeps it over a power cut: another key is another terminal.
        make_private_file(path, pem)
    except OSError as exc:
        why = words_of_os_error(exc)
        words = Words(f"无法写入密钥文件 {path}：{why.zh}", f"Cannot write the key file {path}: {why.en}")
        raise KeyFileError(words) from exc
