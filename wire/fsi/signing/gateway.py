"""`gateway`: four `x-tif-*` headers, the last a SHA-256 of timestamp, secret, nonce and timestamp again.

They prove who sent the message and when. They say nothing about its content: the line must be TLS.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime

from codes.words import Words
from wire.fsi.signing.errors import MissingSignatureError, WrongSignatureError
from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import Received, Sending, Signed, Verified
from wire.fsi.signing.unsigned import UnsignedAnswers
from wire.fsi.signing.window import check_window

ACCOUNT = "x-tif-paasid"
TIMESTAMP = "x-tif-timestamp"
NONCE = "x-tif-nonce"
SIGNATURE = "x-tif-signature"
_HEADERS = (ACCOUNT, TIMESTAMP, NONCE, SIGNATURE)
_SECONDS = re.compile(r"[0-9]{9,11}", re.ASCII)
_NONCE = re.compile(r"[!-~]{8,64}", re.ASCII)
"""The agreed length is 32; real clients were seen with 8 and with 18."""
_SECRET_STOOD_HERE = "{secret}"  # noqa: S105 - it says where one stood


class GatewayHeaders(UnsignedAnswers):
    """Checks and makes the headers."""

    name = "gateway"
    centre_needs = ("client_id", "secret")

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Accept the message if the headers were made with the institution's secret, within the window.

        Raises:
            SignatureError: A header is missing, malformed, wrong or too old.
        """
        account, stamp, nonce, signature = (received.header(name) for name in _HEADERS)
        for name, value in zip(_HEADERS, (account, stamp, nonce, signature), strict=True):
            if not value:
                raise MissingSignatureError(Words(f"缺少请求头 {name}", f"The header {name} is missing"))
        if not _SECONDS.fullmatch(stamp):
            raise WrongSignatureError(Words(f"{TIMESTAMP} 应为秒数", f"{TIMESTAMP} should be seconds since 1970"))
        if not _NONCE.fullmatch(nonce):
            raise WrongSignatureError(
                Words(f"{NONCE} 应为 8 至 64 个可见 ASCII 字符", f"{NONCE} should be 8 to 64 visible ASCII characters")
            )
        party = secrets.institution(received.request.institution)
        is_account = hmac.compare_digest(account.encode(), party.require("client_id").encode())
        expected = _signature(stamp, party.require("secret"), nonce)
        is_signature = hmac.compare_digest(signature.lower().encode(), expected.encode())
        if not (is_account and is_signature):
            raise WrongSignatureError(
                Words(
                    f"{ACCOUNT} 或 {SIGNATURE} 与该机构登记的账号、密钥不符",
                    f"{ACCOUNT} or {SIGNATURE} does not fit this institution's account and secret",
                )
            )
        at = datetime.fromtimestamp(int(stamp), UTC)
        check_window(at, now)
        text = f"{stamp}{_SECRET_STOOD_HERE}{nonce}{stamp}".encode()
        return Verified(text, signature, account, f"{account}:{nonce}", at)

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Return the headers.

        Raises:
            SecretsError: Account or secret is missing.
        """
        party = secrets.institution(sending.institution)
        account, stamp = party.require("client_id"), str(int(now.timestamp()))
        signature = _signature(stamp, party.require("secret"), sending.nonce)
        headers = dict(zip(_HEADERS, (account, stamp, sending.nonce, signature), strict=True))
        return Signed(headers, signed_text=f"{stamp}{_SECRET_STOOD_HERE}{sending.nonce}{stamp}".encode())


def _signature(stamp: str, secret: str, nonce: str) -> str:
    return hashlib.sha256(f"{stamp}{secret}{nonce}{stamp}".encode()).hexdigest()
