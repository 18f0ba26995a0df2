"""The four headers: who, when, never again; nothing about the content."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from tests.wire.fsi.signing.parties import INSTITUTION, NOW, OTHER, PARTIES, Envelope
from wire.fsi.signing import WINDOW, Opened, Party, Received, Secrets, Sending
from wire.fsi.signing.errors import (
    MissingSignatureError,
    OutOfWindowError,
    SecretsError,
    UnknownSignerError,
    WrongSignatureError,
)
from wire.fsi.signing.gateway import GatewayHeaders

GATEWAY = GatewayHeaders()
NONCE = "0123456789abcdef0123456789abcdef"
SENDING = Sending("1101", INSTITUTION, b"{}", NONCE)
NAMES = ("x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature")


def received(headers: dict[str, str], institution: str = INSTITUTION) -> Received:
    return Received(headers, Opened(b"{}"), Envelope(institution=institution))


@pytest.fixture
def headers(secrets: Secrets) -> dict[str, str]:
    return dict(GATEWAY.sign(SENDING, secrets, NOW).headers)


def test_the_signature_is_the_sha256_of_timestamp_secret_nonce_timestamp(headers: dict[str, str]) -> None:
    stamp, secret = str(int(NOW.timestamp())), PARTIES[INSTITUTION]["secret"]
    assert headers == {
        "x-tif-paasid": "jl-hospital-0001",
        "x-tif-timestamp": stamp,
        "x-tif-nonce": NONCE,
        "x-tif-signature": hashlib.sha256((stamp + secret + NONCE + stamp).encode()).hexdigest(),
    }


def test_what_is_kept_says_what_was_signed_but_not_the_secret(secrets: Secrets, headers: dict[str, str]) -> None:
    verified = GATEWAY.verify(received(headers), secrets, NOW)
    stamp = headers["x-tif-timestamp"]
    assert verified.signed_text == f"{stamp}{{secret}}{NONCE}{stamp}".encode()
    assert GATEWAY.sign(SENDING, secrets, NOW).signed_text == verified.signed_text
    assert verified.signature == headers["x-tif-signature"]
    assert verified.key_id == "jl-hospital-0001"
    assert verified.nonce == f"jl-hospital-0001:{NONCE}"
    assert verified.at == datetime.fromtimestamp(int(stamp), UTC)
    with_secret = verified.signed_text.replace(b"{secret}", PARTIES[INSTITUTION]["secret"].encode())
    assert hashlib.sha256(with_secret).hexdigest() == verified.signature


def test_headers_are_found_in_any_case_and_with_an_upper_case_signature(
    secrets: Secrets, headers: dict[str, str]
) -> None:
    shouted = {name.upper(): value for name, value in headers.items()}
    shouted["X-TIF-SIGNATURE"] = headers["x-tif-signature"].upper()
    assert GATEWAY.verify(received(shouted), secrets, NOW).nonce is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_or_doubled_header_is_named(secrets: Secrets, headers: dict[str, str], name: str) -> None:
    with pytest.raises(MissingSignatureError, match=name):
        GATEWAY.verify(received({key: value for key, value in headers.items() if key != name}), secrets, NOW)
    with pytest.raises(MissingSignatureError, match=name):
        GATEWAY.verify(received({**headers, name.upper(): headers[name]}), secrets, NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-tif-paasid", "jl-pharmacy-0002"),
        ("x-tif-paasid", "医院"),
        ("x-tif-timestamp", "1795400001"),
        ("x-tif-timestamp", "17954000000000"),
        ("x-tif-timestamp", "-1795400000"),
        ("x-tif-timestamp", "１７９５４０００００"),
        ("x-tif-timestamp", "1e9"),
        ("x-tif-nonce", "0123456789abcdef0123456789abcdee"),
        ("x-tif-nonce", "short"),
        ("x-tif-nonce", "n" * 65),
        ("x-tif-nonce", "with a space in it"),
        ("x-tif-signature", "0" * 64),
        ("x-tif-signature", "短"),
        ("x-tif-signature", "0" * 63),
    ],
)
def test_a_changed_header_is_refused(secrets: Secrets, headers: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(WrongSignatureError) as refused:
        GATEWAY.verify(received({**headers, name: value}), secrets, NOW)
    assert headers["x-tif-signature"] not in str(refused.value)


def test_another_institution_cannot_use_the_account(secrets: Secrets, headers: dict[str, str]) -> None:
    with pytest.raises(WrongSignatureError):
        GATEWAY.verify(received(headers, OTHER), secrets, NOW)
    with pytest.raises(UnknownSignerError):
        GATEWAY.verify(received(headers, "P00000000000"), secrets, NOW)


@pytest.mark.req("T-45")
@pytest.mark.parametrize("side", [1, -1])
def test_the_window_is_five_minutes_to_either_side(secrets: Secrets, headers: dict[str, str], side: int) -> None:
    at_the_end = NOW + side * WINDOW
    assert GATEWAY.verify(received(headers), secrets, at_the_end).at == NOW
    with pytest.raises(OutOfWindowError, match="301 s") as refused:
        GATEWAY.verify(received(headers), secrets, at_the_end + side * timedelta(seconds=1))
    assert ("早" if side > 0 else "晚") in refused.value.words.zh


def test_a_side_without_account_or_secret_cannot_sign_or_verify(headers: dict[str, str]) -> None:
    empty = Secrets(institutions={INSTITUTION: Party(client_id="x")})
    with pytest.raises(SecretsError, match="secret"):
        GATEWAY.sign(SENDING, empty, NOW)
    with pytest.raises(SecretsError, match="secret"):
        GATEWAY.verify(received(headers), empty, NOW)


def test_answers_are_not_signed(secrets: Secrets) -> None:
    assert not GATEWAY.sign_answer(b"{}", secrets, INSTITUTION).fields
    GATEWAY.verify_answer(b"{}", "", secrets, INSTITUTION)
