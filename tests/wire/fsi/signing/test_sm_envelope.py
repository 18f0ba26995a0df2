"""The signature in `cainfo`: over the text of the input, under the sender's user id, 64 bytes in base64."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from tests.wire.fsi.signing.parties import INSTITUTION, NOW, OTHER, Envelope
from wire.fsi.signing import Opened, Party, Received, Secrets, Sending
from wire.fsi.signing.errors import (
    MissingSignatureError,
    SecretsError,
    UnknownSignerError,
    WrongSignatureError,
)
from wire.fsi.signing.sm2 import DEFAULT_USER_ID
from wire.fsi.signing.sm_envelope import SmSignature

SM = SmSignature()
TEXT = '{"data":{"psn_no":"22010000001","psn_name":"张三"}}'.encode()


def received(text: bytes, signature: str, *, institution: str = INSTITUTION, sign_type: str = "SM2") -> Received:
    envelope = Envelope(institution=institution, signature=signature, sign_type=sign_type)
    return Received({}, Opened(b"{}"), envelope, text)


@pytest.fixture
def signature(secrets: Secrets) -> str:
    signed = SM.sign(Sending("1101", INSTITUTION, TEXT, ""), secrets, NOW)
    assert signed.signed_text == TEXT
    assert signed.fields["signtype"] == "SM2"
    return signed.fields["cainfo"]


def test_the_signature_is_64_bytes_over_the_input_under_the_client_id(secrets: Secrets, signature: str) -> None:
    raw = base64.b64decode(signature, validate=True)
    assert len(raw) == 64
    key = secrets.institution(INSTITUTION).require_sm2_public()
    assert key.verifies(raw, TEXT, b"jl-hospital-0001")
    assert not key.verifies(raw, TEXT, DEFAULT_USER_ID)


def test_the_exact_text_and_the_key_are_kept(secrets: Secrets, signature: str) -> None:
    verified = SM.verify(received(TEXT, signature), secrets, NOW)
    assert (verified.signed_text, verified.signature) == (TEXT, signature)
    assert verified.key_id == "jl-hospital-0001:d6da151c7d46460b"
    assert (verified.nonce, verified.at) == (None, None)
    assert SM.verify(received(TEXT, signature, sign_type=""), secrets, NOW) == verified
    assert SM.verify(received(TEXT, signature, sign_type="sm2"), secrets, NOW) == verified


@pytest.mark.parametrize(
    "text",
    [
        TEXT + b" ",
        TEXT.replace(b":", b": "),
        TEXT.replace(b"22010000001", b"22010000002"),
        '{"data":{"psn_name":"张三","psn_no":"22010000001"}}'.encode(),
        b"",
    ],
)
def test_any_other_text_is_refused_and_the_text_checked_is_described(
    secrets: Secrets, signature: str, text: bytes
) -> None:
    with pytest.raises(WrongSignatureError, match=f"has {len(text)} bytes"):
        SM.verify(received(text, signature), secrets, NOW)


def test_any_single_flipped_bit_of_the_signature_is_noticed(secrets: Secrets, signature: str) -> None:
    raw = base64.b64decode(signature)
    for position in range(0, len(raw), 5):
        altered = bytearray(raw)
        altered[position] ^= 1 << position % 8
        with pytest.raises(WrongSignatureError):
            SM.verify(received(TEXT, base64.b64encode(altered).decode()), secrets, NOW)


@pytest.mark.parametrize("size", [0, 1, 63, 65, 70, 128])
def test_a_signature_of_another_length_says_how_long_it_is(secrets: Secrets, size: int) -> None:
    expected = WrongSignatureError if size else MissingSignatureError
    with pytest.raises(expected, match=f"this one has {size}" if size else None):
        SM.verify(received(TEXT, base64.b64encode(b"1" * size).decode()), secrets, NOW)


@pytest.mark.parametrize("raw", [b"\0" * 64, b"\xff" * 64, b"\0" * 32 + b"1" * 32, b"1" * 32 + b"\0" * 32])
def test_numbers_out_of_range_are_refused_before_the_library_sees_them(
    secrets: Secrets, raw: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WrongSignatureError):
        SM.verify(received(TEXT, base64.b64encode(raw).decode()), secrets, NOW)
    assert capfd.readouterr().err == ""


def test_another_institution_another_kind_and_a_stranger_are_refused(secrets: Secrets, signature: str) -> None:
    with pytest.raises(WrongSignatureError):
        SM.verify(received(TEXT, signature, institution=OTHER), secrets, NOW)
    with pytest.raises(WrongSignatureError, match="MOCK"):
        SM.verify(received(TEXT, signature, sign_type="MOCK"), secrets, NOW)
    with pytest.raises(UnknownSignerError):
        SM.verify(received(TEXT, signature, institution="P00000000000"), secrets, NOW)


def test_the_parties_may_agree_on_another_user_id(secrets: Secrets) -> None:
    """Clients were seen that set the client id and then sign under the default of GM/T 0009."""
    party = replace(secrets.institution(INSTITUTION), sm2_user_id=DEFAULT_USER_ID)
    agreed = Secrets(secrets.platform, {INSTITUTION: party})
    signature = SM.sign(Sending("1101", INSTITUTION, TEXT, ""), agreed, NOW).fields["cainfo"]
    assert SM.verify(received(TEXT, signature), agreed, NOW).signed_text == TEXT
    with pytest.raises(WrongSignatureError):
        SM.verify(received(TEXT, signature), secrets, NOW)


def test_a_side_without_its_key_says_which(secrets: Secrets, signature: str) -> None:
    def only(party: Party) -> Secrets:
        return Secrets(institutions={INSTITUTION: party})

    full = secrets.institution(INSTITUTION)
    for party, name in (
        (Party(client_id="x"), "sm2_private_key"),
        (replace(full, client_id=""), "client_id"),
    ):
        with pytest.raises(SecretsError, match=name):
            SM.sign(Sending("1101", INSTITUTION, TEXT, ""), only(party), NOW)
    for party, name in ((Party(client_id="x"), "sm2_public_key"), (replace(full, client_id=""), "client_id")):
        with pytest.raises(SecretsError, match=name):
            SM.verify(received(TEXT, signature), only(party), NOW)


def test_an_answer_is_signed_by_the_platform_for_whom_it_answers(secrets: Secrets) -> None:
    signature = SM.sign_answer(TEXT, secrets, INSTITUTION).fields["cainfo"]
    SM.verify_answer(TEXT, signature, secrets, INSTITUTION)
    for text, code in ((TEXT + b" ", INSTITUTION), (TEXT, OTHER)):
        with pytest.raises(WrongSignatureError):
            SM.verify_answer(text, signature, secrets, code)
    with pytest.raises(MissingSignatureError):
        SM.verify_answer(TEXT, "", secrets, INSTITUTION)


def test_the_platform_may_sign_under_a_user_id_of_its_own(secrets: Secrets) -> None:
    own = Secrets(replace(secrets.platform, sm2_user_id=b"platform"), secrets.institutions)
    signature = SM.sign_answer(TEXT, own, INSTITUTION).fields["cainfo"]
    SM.verify_answer(TEXT, signature, own, OTHER)


def test_without_the_platforms_key_answers_are_neither_signed_nor_checked(secrets: Secrets) -> None:
    without = Secrets(institutions=secrets.institutions)
    assert not SM.sign_answer(TEXT, without, INSTITUTION).fields
    SM.verify_answer(TEXT, "", without, INSTITUTION)
