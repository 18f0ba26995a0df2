"""How input and output are hidden inside the envelope: not at all, or by SM4 in base64.

The portal hides the whole envelope instead; that is part of its form.
"""

from __future__ import annotations

import base64

from wire.fsi.signing.exact_text import read_base64_cipher_text
from wire.fsi.signing.keyring import Party
from wire.fsi.signing.sm4 import decrypt_ecb, encrypt_ecb


class NoEncryptor:
    """`none`: JSON in clear."""

    name = "none"
    enc_type = ""
    centre_needs: tuple[str, ...] = ()

    def encrypt(self, plain: bytes, party: Party) -> str:
        """Return the text as it is."""
        del party
        return plain.decode()

    def decrypt(self, text: str, party: Party) -> bytes:
        """Return the text as it is."""
        del party
        return text.encode()


class Sm4Encryptor:
    """`sm4`: ECB, PKCS#7, base64, with the institution's key."""

    name = "sm4"
    enc_type = "SM4"
    centre_needs = ("sm4_key",)

    def encrypt(self, plain: bytes, party: Party) -> str:
        """Return the cipher text.

        Raises:
            SecretsError: The institution has no key.
        """
        return base64.b64encode(encrypt_ecb(party.require_sm4_key(), plain)).decode()

    def decrypt(self, text: str, party: Party) -> bytes:
        """Return the plain text.

        Raises:
            EncryptedTextError: It does not open.
            SecretsError: The institution has no key.
        """
        return decrypt_ecb(party.require_sm4_key(), read_base64_cipher_text(text))
