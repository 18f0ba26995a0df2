"""`token`: a bearer token in the header `Authorization`, as OAuth hands them out (RFC 6750).

Where tokens are issued is outside this interface; here one is recognised by its digest. It proves the sender and
nothing about the message, so areas join it with a signature: `token+sm`.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from codes.words import Words
from wire.fsi.signing.errors import MissingSignatureError, WrongSignatureError
from wire.fsi.signing.keyring import Secrets, missing, token_digest
from wire.fsi.signing.ports import Received, Sending, Signed, Verified
from wire.fsi.signing.unsigned import UnsignedAnswers

_HEADER = "authorization"
_SCHEME = "bearer"
_KEY_ID_CHARACTERS = 16


class BearerToken(UnsignedAnswers):
    """Recognises the institution's token."""

    name = "token"
    centre_needs = ("token_sha256",)

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Accept the message if its token is that of the institution it names.

        Raises:
            SignatureError: There is no token, or another one.
        """
        del now
        scheme, _, token = received.header(_HEADER).partition(" ")
        token = token.strip()
        if scheme.lower() != _SCHEME or not token:
            raise MissingSignatureError(
                Words("缺少请求头 Authorization: Bearer", "The header Authorization: Bearer is missing")
            )
        known = secrets.institution(received.request.institution).token_sha256
        digest = token_digest(token)
        if not known or not hmac.compare_digest(digest, known):
            raise WrongSignatureError(Words("访问令牌不属于该机构", "The token is not one of this institution"))
        return Verified(key_id=digest.hex()[:_KEY_ID_CHARACTERS])

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Return the header.

        Raises:
            SecretsError: There is no token.
        """
        del now
        token = secrets.institution(sending.institution).token
        if not token:
            raise missing("token")
        return Signed(headers={"Authorization": f"Bearer {token}"})
