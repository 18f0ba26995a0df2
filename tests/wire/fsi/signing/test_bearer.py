"""A token is recognised by its digest, for the institution that the message names."""

from __future__ import annotations

import pytest

from tests.wire.fsi.signing.parties import INSTITUTION, NOW, OTHER, Envelope
from wire.fsi.signing import Opened, Party, Received, Secrets, Sending
from wire.fsi.signing.bearer import BearerToken
from wire.fsi.signing.errors import MissingSignatureError, SecretsError, UnknownSignerError, WrongSignatureError

TOKEN = BearerToken()


def received(value: str, institution: str = INSTITUTION) -> Received:
    return Received({"Authorization": value}, Opened(b"{}"), Envelope(institution=institution))


def test_the_header_that_a_client_sends_is_accepted(secrets: Secrets) -> None:
    headers = TOKEN.sign(Sending("1101", INSTITUTION, b"{}", ""), secrets, NOW).headers
    assert headers == {"Authorization": "Bearer token-of-the-hospital"}
    verified = TOKEN.verify(received(headers["Authorization"]), secrets, NOW)
    assert len(verified.key_id) == 16
    assert "token" not in verified.key_id
    assert verified.nonce is None
    assert TOKEN.verify(received("bearer  token-of-the-hospital "), secrets, NOW) == verified


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer  ", "Basic dXNlcjp4", "token-of-the-hospital"])
def test_no_token_is_told_from_a_wrong_one(secrets: Secrets, value: str) -> None:
    with pytest.raises(MissingSignatureError):
        TOKEN.verify(received(value), secrets, NOW)


def test_the_token_of_another_or_of_nobody_is_refused(secrets: Secrets) -> None:
    for value, institution in (
        ("Bearer token-of-the-pharmacy", INSTITUTION),
        ("Bearer token-of-the-hospital", OTHER),
        ("Bearer 令牌", INSTITUTION),
    ):
        with pytest.raises(WrongSignatureError):
            TOKEN.verify(received(value, institution), secrets, NOW)
    with pytest.raises(UnknownSignerError):
        TOKEN.verify(received("Bearer x", "P00000000000"), secrets, NOW)


def test_an_institution_without_a_token_is_refused_whatever_it_sends() -> None:
    without = Secrets(institutions={INSTITUTION: Party()})
    with pytest.raises(WrongSignatureError):
        TOKEN.verify(received("Bearer x"), without, NOW)
    with pytest.raises(SecretsError, match="token"):
        TOKEN.sign(Sending("1101", INSTITUTION, b"{}", ""), without, NOW)
