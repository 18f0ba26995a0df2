"""Both sides of each area: what a client sends, the centre reads; what the centre answers, the client reads."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fsi.signing.parties import INSTITUTION, NOW, OTHER, PARTIES, PLATFORM, Envelope
from wire.fsi.signing import Opened, Outgoing, Party, Protection, Secrets, Sending, protection_of, read_party
from wire.fsi.signing.errors import (
    DoubledFieldError,
    EncryptedTextError,
    MissingSignatureError,
    SigningError,
    UnreadableTextError,
    WrongSignatureError,
)
from wire.fsi.signing.sm4 import encrypt_ecb


@dataclass(frozen=True)
class Names:
    """What an area profile says about its plug-ins."""

    signer: str = "none"
    encryptor: str = "none"
    transport: str = "plain"
    checks_password: frozenset[str] = frozenset({"2102", "2207", "2304"})


AREAS = {
    "base": Names(),
    "gateway": Names("gateway"),
    "token": Names("token"),
    "sm": Names("sm"),
    "sm, hidden": Names("sm", "sm4"),
    "hidden only": Names("none", "sm4"),
    "token and sm, hidden": Names("token+sm", "sm4"),
    "gateway and sm": Names("gateway+sm"),
    "password": Names("card_password"),
    "gateway and password, hidden": Names("gateway+card_password", "sm4"),
    "portal": Names("portal", "none", "portal"),
    "portal, hidden": Names("portal", "sm4", "portal"),
    "portal and token, hidden": Names("token+portal", "sm4", "portal"),
}
INPUT = '{"data": {"psn_name":"张三", "amount":1.50,"age":30}}'.encode()
FIELDS: dict[str, object] = {
    "infno": "2102",
    "msgid": "m1",
    "fixmedins_code": INSTITUTION,
    "cainfo": "",
    "signtype": "",
}
SENDING = Sending("2102", INSTITUTION, INPUT, "0123456789abcdef0123456789abcdef", "135790")
SECRETS = Secrets(read_party(PLATFORM), {code: read_party(texts) for code, texts in PARTIES.items()})


def envelope_of(opened: Opened) -> Envelope:
    """Read what a reader of envelopes reads."""
    read = json.loads(opened.envelope)
    return Envelope(
        infno=read["infno"],
        institution=read["fixmedins_code"],
        sign_type=read.get("signtype") or "",
        encryption=read.get("enc_type") or "",
        signature=read.get("cainfo") or "",
        input=read.get("input"),
    )


def send(area: Names) -> tuple[Protection, Outgoing]:
    protection = protection_of(area)
    return protection, protection.send(FIELDS, SENDING, SECRETS, NOW)


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_what_a_client_sends_the_centre_reads_and_verifies(area: Names) -> None:
    protection, outgoing = send(area)
    opened = protection.open(outgoing.body, SECRETS)
    request = envelope_of(opened)
    verified = protection.verify(outgoing.headers, opened, request, SECRETS, NOW)
    text = verified.input_text or json.dumps(request.input).encode()
    assert json.loads(text) == json.loads(INPUT)
    assert (verified.input_text == INPUT) == (area.encryptor == "sm4" and area.transport == "plain")
    assert outgoing.headers["Content-Type"] == "application/json"
    assert verified.signed_text == (outgoing.signed_text or verified.signed_text)
    assert ("张三" in outgoing.body.decode()) == (area.encryptor == "none")
    password = verified.password
    assert (password.text if password else None) == ("135790" if "password" in area.signer else None)


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_what_the_centre_answers_the_client_reads_and_verifies(area: Names) -> None:
    protection, outgoing = send(area)
    opened = protection.open(outgoing.body, SECRETS)
    answer = '{"infcode":0,"inf_refmsgid":"r","output":{"name":"张三", "sum":2.00},"err_msg":""}'.encode()
    body = protection.seal(answer, opened, envelope_of(opened), SECRETS, NOW)
    read = json.loads(protection.read_answer(body, SECRETS, INSTITUTION, NOW))
    assert read["output"] == {"name": "张三", "sum": 2.0}
    assert read["inf_refmsgid"] == "r"
    assert ("张三" in body.decode()) == (area.encryptor == "none")
    if "sm" in area.signer.split("+"):
        assert read["signtype"] == "SM2"
        changed = json.loads(body)
        changed["cainfo"] = changed["cainfo"][::-1]
        with pytest.raises(WrongSignatureError):
            protection.read_answer(json.dumps(changed).encode(), SECRETS, INSTITUTION, NOW)


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_a_refusal_without_output_reaches_the_client(area: Names) -> None:
    protection, outgoing = send(area)
    opened = protection.open(outgoing.body, SECRETS)
    for answer in (b'{"infcode":-1,"err_msg":"no"}', b'{"infcode":"-1","output":null,"err_msg":"no"}'):
        body = protection.seal(answer, opened, envelope_of(opened), SECRETS, NOW)
        assert json.loads(protection.read_answer(body, SECRETS, INSTITUTION, NOW))["err_msg"] == "no"


def test_a_success_whose_output_was_taken_away_is_no_answer() -> None:
    protection = protection_of(AREAS["sm, hidden"])
    for forged in (b'{"infcode":0}', b'{"infcode":"0","output":{}}', b'{"infcode":0,"output":null,"cainfo":""}'):
        with pytest.raises(MissingSignatureError):
            protection.read_answer(forged, SECRETS, INSTITUTION, NOW)
    with pytest.raises(WrongSignatureError):
        protection.read_answer(b'{"infcode":-1,"output":{},"cainfo":"AAAA"}', SECRETS, INSTITUTION, NOW)


def test_an_empty_output_is_signed_as_well() -> None:
    protection = protection_of(AREAS["sm, hidden"])
    body = protection.seal(b'{"infcode":0,"output":null}', None, Envelope(), SECRETS, NOW)
    assert json.loads(body)["output"] is None
    assert json.loads(protection.read_answer(body, SECRETS, INSTITUTION, NOW))["output"] is None


def test_an_answer_to_nobody_known_goes_as_it_is() -> None:
    answer = b'{"infcode":-1,"output":{}}'
    for name in ("sm, hidden", "portal, hidden"):
        protection = protection_of(AREAS[name])
        assert protection.seal(answer, None, None, SECRETS, NOW) == answer
        assert protection.seal(answer, Opened(b""), Envelope(institution="P0"), SECRETS, NOW) == answer


def test_a_form_whose_envelope_cannot_be_read_is_answered_in_a_form() -> None:
    protection = protection_of(AREAS["portal, hidden"])
    outgoing = protection.send({"infno": 1}, SENDING, SECRETS, NOW)
    opened = protection.open(outgoing.body, SECRETS)
    body = protection.seal(b'{"infcode":-1}', opened, None, SECRETS, NOW)
    assert b"encData" in body
    assert protection.read_answer(body, SECRETS, INSTITUTION, NOW) == b'{"infcode":-1}'


def test_the_input_is_sent_and_signed_character_by_character() -> None:
    _, outgoing = send(AREAS["sm"])
    assert INPUT in outgoing.body
    assert outgoing.signed_text == INPUT


def test_a_proxy_that_writes_the_input_again_breaks_the_signature() -> None:
    protection, outgoing = send(AREAS["sm"])
    for body in (json.dumps(json.loads(outgoing.body)).encode(), outgoing.body.replace(b"1.50", b"1.5")):
        opened = protection.open(body, SECRETS)
        with pytest.raises(WrongSignatureError):
            protection.verify({}, opened, envelope_of(opened), SECRETS, NOW)


def test_two_inputs_in_one_envelope_are_refused() -> None:
    protection, outgoing = send(AREAS["sm"])
    body = outgoing.body[:-1] + b',"input":{"data":{"psn_name":"other"}}}'
    opened = protection.open(body, SECRETS)
    with pytest.raises(DoubledFieldError, match="input"):
        protection.verify({}, opened, envelope_of(opened), SECRETS, NOW)


def test_an_input_written_as_a_text_is_signed_as_what_is_inside() -> None:
    protection, outgoing = send(AREAS["sm"])
    inside = json.dumps(INPUT.decode()).encode()
    opened = protection.open(outgoing.body.replace(INPUT, inside), SECRETS)
    assert isinstance(envelope_of(opened).input, str)
    assert protection.verify({}, opened, envelope_of(opened), SECRETS, NOW).signed_text == INPUT
    halved = protection.open(outgoing.body.replace(INPUT, b'"\\ud83d"'), SECRETS)
    with pytest.raises(UnreadableTextError):
        protection.verify({}, halved, Envelope(signature=envelope_of(opened).signature), SECRETS, NOW)


def test_an_envelope_without_input_has_nothing_signed() -> None:
    protection, outgoing = send(AREAS["sm"])
    signature = json.loads(outgoing.body)["cainfo"]
    with pytest.raises(WrongSignatureError, match="0 bytes"):
        protection.verify({}, Opened(b'{"infno":"9002"}'), Envelope(signature=signature), SECRETS, NOW)


def test_an_area_that_hides_takes_nothing_in_clear() -> None:
    protection = protection_of(AREAS["sm, hidden"])
    for given_input in ({}, "", None, []):
        with pytest.raises(EncryptedTextError, match="SM4"):
            protection.verify({}, Opened(b"{}"), Envelope(input=given_input), SECRETS, NOW)


def test_an_area_that_hides_nothing_says_so_to_who_does() -> None:
    protection = protection_of(AREAS["base"])
    with pytest.raises(EncryptedTextError):
        protection.verify({}, Opened(b"{}"), Envelope(input="AAAA", encryption="SM4"), SECRETS, NOW)
    # Clients were seen that name an encryption and use none.
    protection.verify({}, Opened(b"{}"), Envelope(input={}, encryption="SM4"), SECRETS, NOW)


@pytest.mark.parametrize("text", ["!", "AAAA", "A" * 64])
def test_a_cipher_text_that_does_not_open_is_refused(text: str) -> None:
    protection = protection_of(AREAS["sm, hidden"])
    with pytest.raises(EncryptedTextError):
        protection.verify({}, Opened(b"{}"), Envelope(input=text), SECRETS, NOW)


def test_what_opens_to_no_json_was_hidden_with_another_key() -> None:
    protection = protection_of(AREAS["sm, hidden"])
    key = SECRETS.institution(INSTITUTION).require_sm4_key()
    hidden = base64.b64encode(encrypt_ecb(key, b"no json")).decode()
    with pytest.raises(EncryptedTextError, match="no JSON"):
        protection.verify({}, Opened(b"{}"), Envelope(input=hidden), SECRETS, NOW)


def test_a_message_replayed_as_another_institutions_is_refused() -> None:
    for area in AREAS.values():
        protection, outgoing = send(area)
        if area.signer in ("none", "card_password"):
            continue
        opened = protection.open(outgoing.body, SECRETS)
        with pytest.raises(SigningError):
            protection.verify(outgoing.headers, opened, replace(envelope_of(opened), institution=OTHER), SECRETS, NOW)


def test_at_the_start_the_centre_can_say_which_secrets_it_lacks() -> None:
    half = Secrets(institutions={"P1": Party(client_id="x"), "P2": SECRETS.institution(INSTITUTION)})
    assert protection_of(AREAS["base"]).lacking(half) == ()
    assert protection_of(AREAS["token and sm, hidden"]).lacking(half) == (
        ("P1", "token_sha256"),
        ("P1", "sm2_public_key"),
        ("P1", "sm4_key"),
    )
    assert protection_of(AREAS["gateway"]).lacking(half) == (("P1", "secret"),)
    assert protection_of(AREAS["portal, hidden"]).lacking(half) == (("P1", "secret"), ("P1", "sm2_public_key"))


@given(st.sampled_from(list(AREAS)), st.binary(max_size=60), st.text(max_size=20), st.text(max_size=20))
def test_noise_is_refused_as_an_error_of_signing(name: str, body: bytes, cainfo: str, text: str) -> None:
    protection = protection_of(AREAS[name])
    request = Envelope(signature=cainfo, sign_type=cainfo[:3], input=text, encryption=text[:3])
    headers = {"authorization": text, "x-tif-paasid": text, "x-tif-timestamp": cainfo, "x-tif-nonce": text}
    try:
        opened = protection.open(body, SECRETS)
        protection.verify(headers, opened, request, SECRETS, NOW)
        protection.read_answer(body, SECRETS, INSTITUTION, NOW)
    except SigningError:
        return
    assert AREAS[name].signer in ("none", "card_password")
