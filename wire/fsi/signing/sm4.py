"""SM4 in ECB mode with PKCS#7 padding (GM/T 0002), which is what the interface's areas have agreed on.

ECB shows equal blocks as equal. The choice is not ours; the messages travel inside TLS or a closed network as well.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from codes.words import Words
from wire.fsi.signing.errors import EncryptedTextError

KEY_BYTES = 16
BLOCK_BYTES = 16
_NOT_OURS = Words(
    "密文无法解密：密钥不对，或内容已损坏", "The cipher text does not open: another key, or it is damaged"
)


def encrypt_ecb(key: bytes, plain: bytes) -> bytes:
    """Return the cipher text, up to one block longer than `plain`."""
    padder = PKCS7(8 * BLOCK_BYTES).padder()
    encryptor = _cipher(key).encryptor()
    return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()


def decrypt_ecb(key: bytes, cipher_text: bytes) -> bytes:
    """Return the plain text.

    Raises:
        EncryptedTextError: It was not made with this key, or is damaged.
    """
    if not cipher_text or len(cipher_text) % BLOCK_BYTES:
        words = Words(
            f"密文应为 {BLOCK_BYTES} 字节的整数倍，实为 {len(cipher_text)} 字节",
            f"A cipher text is a multiple of {BLOCK_BYTES} bytes; this one has {len(cipher_text)}",
        )
        raise EncryptedTextError(words)
    decryptor = _cipher(key).decryptor()
    padded = decryptor.update(cipher_text) + decryptor.finalize()
    unpadder = PKCS7(8 * BLOCK_BYTES).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as exc:
        raise EncryptedTextError(_NOT_OURS) from exc


def _cipher(key: bytes) -> Cipher[modes.ECB]:
    return Cipher(algorithms.SM4(key), modes.ECB())  # noqa: S305 - the interface prescribes it
