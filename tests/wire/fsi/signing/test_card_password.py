"""The person's password in `cainfo`: taken out, not compared, never shown; one that is broken looks wrong."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.wire.fsi.signing.parties import INSTITUTION, NOW, Envelope
from wire.fsi.signing import Opened, Party, Received, Secrets, Sending
from wire.fsi.signing.card_password import CardPassword
from wire.fsi.signing.errors import PasswordMissingError, WrongSignatureError

CHECKED = frozenset({"2102", "2207", "2304"})
PLUG_IN = CardPassword(CHECKED)
IN_CLEAR = Secrets()


@pytest.fixture(scope="module")
def hidden() -> Secrets:
    key = rsa.generate_private_key(65537, 2048)
    return Secrets(Party(rsa_private=key, rsa_public=key.public_key()))


def received(infno: str = "2207", **fields: str) -> Received:
    return Received({}, Opened(b"{}"), replace(Envelope(infno=infno), **fields))


TYPED = "135790"


def sending(infno: str = "2207", password: str | None = TYPED, *, is_mock: bool = False) -> Sending:
    return Sending(infno, INSTITUTION, b"{}", "", password, is_mock)


@pytest.mark.parametrize("infno", sorted(CHECKED))
@pytest.mark.parametrize("password", ["135790", "0", "Пароль密码", "x" * 64])
def test_a_password_arrives_as_it_was_typed(hidden: Secrets, infno: str, password: str) -> None:
    for secrets in (hidden, IN_CLEAR):
        cainfo = PLUG_IN.sign(sending(infno, password), secrets, NOW).fields["cainfo"]
        found = PLUG_IN.verify(received(infno, signature=cainfo), secrets, NOW).password
        assert found is not None
        assert found.text == password
        assert not found.is_mock
        assert password not in repr(found) or len(password) == 1
        assert (cainfo == password) == (secrets is IN_CLEAR)


def test_the_same_password_is_hidden_differently_each_time(hidden: Secrets) -> None:
    first, second = (PLUG_IN.sign(sending(), hidden, NOW).fields["cainfo"] for _ in range(2))
    assert first != second
    assert len(base64.b64decode(first)) == 256


def test_transactions_that_do_not_check_it_carry_none() -> None:
    assert not PLUG_IN.sign(sending("2206"), IN_CLEAR, NOW).fields
    assert PLUG_IN.verify(received("2206"), IN_CLEAR, NOW).password is None


def test_a_missing_password_is_asked_for() -> None:
    with pytest.raises(PasswordMissingError, match="2207"):
        PLUG_IN.verify(received(), IN_CLEAR, NOW)
    for nothing in (None, ""):
        with pytest.raises(PasswordMissingError, match="2207"):
            PLUG_IN.sign(sending(password=nothing), IN_CLEAR, NOW)


def test_across_provinces_none_is_asked_for_and_one_that_came_is_given_on() -> None:
    elsewhere = {"insured_district": "310100"}
    assert PLUG_IN.verify(received(**elsewhere), IN_CLEAR, NOW).password is None
    given = PLUG_IN.verify(received(signature="1", **elsewhere), IN_CLEAR, NOW).password
    assert given is not None
    assert given.text == "1"
    with pytest.raises(PasswordMissingError):
        PLUG_IN.verify(received(insured_district=""), IN_CLEAR, NOW)
    with pytest.raises(PasswordMissingError):
        PLUG_IN.verify(received(insured_district="220500"), IN_CLEAR, NOW)


@pytest.mark.parametrize(
    "cainfo", ["not base64", "AAAA", base64.b64encode(b"1" * 256).decode(), base64.b64encode(b"\0" * 256).decode()]
)
def test_what_does_not_decrypt_is_a_password_without_text(hidden: Secrets, cainfo: str) -> None:  # fmt: skip
    found = PLUG_IN.verify(received(signature=cainfo), hidden, NOW).password
    assert found is not None
    assert found.text is None
    assert not found.is_mock


@pytest.mark.parametrize("password", ["x" * 65, "1\n", "\0"])
def test_what_nobody_can_have_typed_has_no_text(hidden: Secrets, password: str) -> None:
    for secrets in (hidden, IN_CLEAR):
        cainfo = PLUG_IN.sign(sending(password=password), secrets, NOW).fields["cainfo"]
        found = PLUG_IN.verify(received(signature=cainfo), secrets, NOW).password
        assert found is not None
        assert found.text is None


def test_mock_is_for_test_areas_only() -> None:
    test_area = CardPassword(CHECKED, is_test_area=True)
    fields = test_area.sign(sending(password=None, is_mock=True), IN_CLEAR, NOW).fields
    assert fields == {"signtype": "MOCK"}
    found = test_area.verify(received(sign_type="MOCK"), IN_CLEAR, NOW).password
    assert found is not None
    assert found.is_mock
    assert found.text is None
    for infno in ("2207", "1101"):
        with pytest.raises(WrongSignatureError, match="MOCK"):
            PLUG_IN.verify(received(infno, sign_type="mock", signature="135790"), IN_CLEAR, NOW)


def test_a_test_area_still_reads_a_real_password() -> None:
    test_area = CardPassword(CHECKED, is_test_area=True)
    found = test_area.verify(received(signature="135790"), IN_CLEAR, NOW).password
    assert found is not None
    assert found.text == "135790"
