"""`sm`: an SM2 signature over the exact text of the input, in `cainfo`; of the output, in that of the answer.

64 bytes, R then S, in base64. The user id is the client id unless the parties agreed on another one. Where the input
is encrypted, what is signed is the text before. Note what is not signed: everything around the input, the transaction
number with it. Areas join this with a token or the gateway's headers.
"""

from __future__ import annotations

import base64
from datetime import datetime

from codes.words import Words
from wire.fsi.signing.errors import WrongSignatureError
from wire.fsi.signing.exact_text import read_base64_signature
from wire.fsi.signing.keyring import Party, Secrets
from wire.fsi.signing.ports import Received, Sending, Signed, Verified
from wire.fsi.signing.sm2 import SIGNATURE_BYTES, Sm2PublicKey, sm3

SIGN_TYPE = "SM2"
_SHOWN_DIGEST_BYTES = 8
_SHOWN_CHARACTERS = 10


class SmSignature:
    """Verifies and makes the signature in `cainfo`."""

    name = "sm"
    covers_input = True
    centre_needs = ("client_id", "sm2_public_key")

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Accept the message if the institution signed this input.

        Raises:
            SignatureError: It did not, or signed another text.
        """
        del now
        request = received.request
        party = secrets.institution(request.institution)
        if request.sign_type.upper() not in ("", SIGN_TYPE):
            shown = request.sign_type[:_SHOWN_CHARACTERS]
            raise WrongSignatureError(Words(f"signtype 应为 SM2，实为 {shown}", f"signtype is {shown}, not SM2"))
        key = party.require_sm2_public()
        _check(key, request.signature, received.input_text, _user_id(party))
        return Verified(received.input_text, request.signature, f"{party.client_id}:{key.fingerprint}")

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Return `cainfo` and `signtype`.

        Raises:
            SecretsError: There is no private key, or no client id.
        """
        del now
        party = secrets.institution(sending.institution)
        return _sign(party, sending.input_text, _user_id(party))

    def sign_answer(self, output_text: bytes, secrets: Secrets, institution: str) -> Signed:
        """Return `cainfo` and `signtype` of the answer; nothing if the platform has no key."""
        if secrets.platform.sm2_private is None or not output_text:
            return Signed()
        return _sign(secrets.platform, output_text, _answer_user_id(secrets, institution))

    def verify_answer(self, output_text: bytes, signature: str, secrets: Secrets, institution: str) -> None:
        """Check the platform's signature over the output, if its key is known.

        Raises:
            SignatureError: It is not there, or wrong.
        """
        key = secrets.platform.sm2_public_or_none()
        if key is None:
            return
        _check(key, signature, output_text, _answer_user_id(secrets, institution))


def _user_id(party: Party) -> bytes:
    return party.sm2_user_id or party.require("client_id").encode()


def _answer_user_id(secrets: Secrets, institution: str) -> bytes:
    """The platform signs under its own user id if it has one, else under that of whom it answers."""
    return secrets.platform.sm2_user_id or _user_id(secrets.institution(institution))


def _sign(party: Party, text: bytes, user_id: bytes) -> Signed:
    signature = party.require_sm2_private().sign(text, user_id)
    return Signed(fields={"cainfo": base64.b64encode(signature).decode(), "signtype": SIGN_TYPE}, signed_text=text)


def _check(key: Sm2PublicKey, signature: str, text: bytes, user_id: bytes) -> None:
    raw = read_base64_signature(signature)
    if len(raw) != SIGNATURE_BYTES:
        raise WrongSignatureError(
            Words(
                f"签名应为 {SIGNATURE_BYTES} 字节（R‖S），实为 {len(raw)} 字节",
                f"A signature has {SIGNATURE_BYTES} bytes, R then S; this one has {len(raw)}",
            )
        )
    if not key.verifies(raw, text, user_id):
        # Length and digest let a vendor see whether both sides mean the same text; neither helps to forge one.
        shown = sm3(text)[:_SHOWN_DIGEST_BYTES].hex()
        raise WrongSignatureError(
            Words(
                f"SM2 验签不通过；验签原文 {len(text)} 字节，SM3 以 {shown} 开头",
                f"The SM2 signature does not fit; the text checked has {len(text)} bytes, its SM3 begins with {shown}",
            )
        )
