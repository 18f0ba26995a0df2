"""`card_password`: the person's password travels in `cainfo`, where the area checks it for a transaction.

It says nothing about the sender; areas join it with a signer that does (`gateway+card_password`). If the platform has
an RSA key, the password is encrypted with it (PKCS#1 v1.5, base64); else it stands there as it was typed. Comparing is
the caller's job, in constant time or against a password hash. `signtype` MOCK, in a test area only, means that nobody
typed a password.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from codes.words import Words
from wire.fsi.signing.errors import PasswordMissingError, WrongSignatureError
from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import EnvelopeFields, Password, Received, Sending, Signed, Verified
from wire.fsi.signing.unsigned import UnsignedAnswers

MOCK = "MOCK"
_PROVINCE_DIGITS = 2
_MOST_CHARACTERS = 64


@dataclass(frozen=True, slots=True)
class CardPassword(UnsignedAnswers):
    """Takes the password out of a message, and puts it in."""

    transactions: frozenset[str]
    """Those for which the area checks it."""
    is_test_area: bool = False
    name: ClassVar[str] = "card_password"
    centre_needs: ClassVar[tuple[str, ...]] = ()

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Return the password, not compared with anything.

        Raises:
            PasswordMissingError: There is none, and the person is not said to be insured in another province.
            WrongSignatureError: It is MOCK, and this is no test area.
        """
        del now
        request = received.request
        is_mock = request.sign_type.upper() == MOCK
        if is_mock and not self.is_test_area:
            raise WrongSignatureError(Words("signtype MOCK 只能用于测试环境", "signtype MOCK is for test areas only"))
        if request.infno not in self.transactions:
            return Verified()
        if is_mock:
            return Verified(password=Password(None, is_mock=True))
        if not request.signature:
            if _is_of_another_province(request):
                return Verified()
            raise PasswordMissingError(
                Words(
                    f"{request.infno} 须在 cainfo 中提供参保人密码",
                    f"{request.infno} needs the person's password in cainfo",
                )
            )
        return Verified(password=Password(_open(request.signature, secrets)))

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Return `cainfo` with the password.

        Raises:
            PasswordMissingError: The transaction wants one.
        """
        del now
        if sending.infno not in self.transactions:
            return Signed()
        if sending.is_mock:
            return Signed(fields={"signtype": MOCK})
        if not sending.password:
            raise PasswordMissingError(
                Words(f"{sending.infno} 需要参保人密码", f"{sending.infno} needs the person's password")
            )
        key = secrets.platform.rsa_public
        if key is None:
            return Signed(fields={"cainfo": sending.password})
        hidden = key.encrypt(sending.password.encode(), PKCS1v15())
        return Signed(fields={"cainfo": base64.b64encode(hidden).decode()})


def _is_of_another_province(request: EnvelopeFields) -> bool:
    """Passwords are kept where a person is insured, and not asked for across provinces."""
    home = request.insured_district[:_PROVINCE_DIGITS]
    return bool(home) and home != request.district[:_PROVINCE_DIGITS]


def _open(text: str, secrets: Secrets) -> str | None:
    """Return the password; nothing if it cannot be had, for whatever reason: who asks must not learn which."""
    key = secrets.platform.rsa_private
    if key is None:
        return _plausible(text)
    try:
        return _plausible(key.decrypt(base64.b64decode(text, validate=True), PKCS1v15()).decode())
    except (binascii.Error, ValueError):
        return None


def _plausible(text: str) -> str | None:
    """Nothing instead of what nobody can have typed: a wrong key leaves noise."""
    return text if 0 < len(text) <= _MOST_CHARACTERS and text.isprintable() else None
