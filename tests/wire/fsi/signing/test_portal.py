"""The portal's form on its way to the centre and back: wrapped, signed, hidden, opened, verified."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.fsi.signing.parties import INSTITUTION, NOW, OTHER, PARTIES, Envelope
from wire.fsi.signing import WINDOW, Opened, Received, Secrets, Sending, Verified, read_party
from wire.fsi.signing.errors import (
    EncryptedTextError,
    MissingSignatureError,
    OutOfWindowError,
    SecretsError,
    SignatureError,
    UnknownSignerError,
    WrongSignatureError,
)
from wire.fsi.signing.portal import PortalForm, PortalSignature
from wire.fsi.signing.portal_text import deep_text, derived_key, hide, shallow_text
from wire.fsi.signing.portal_time import moment_of
from wire.fsi.signing.sm2 import DEFAULT_USER_ID

HIDDEN, CLEAR = PortalForm(is_encrypted=True), PortalForm(is_encrypted=False)
SIGNER = PortalSignature()
ENVELOPE = '{"infno":"1101","fixmedins_code":"H22010200123", "input":{"data":{"psn_name":"张三","age":1.50}}}'.encode()
ACCOUNT, SECRET = PARTIES[INSTITUTION]["client_id"], PARTIES[INSTITUTION]["secret"]
Change = Callable[[dict[str, object]], object]


def verify(
    body: bytes, secrets: Secrets, form: PortalForm = HIDDEN, *, now: datetime = NOW, code: str = ""
) -> Verified:
    opened = form.open(body, secrets)
    assert opened.form is not None
    return SIGNER.verify(Received({}, opened, Envelope(institution=code or INSTITUTION)), secrets, now)


def signed_form(
    secrets: Secrets, *, text: Callable[[dict[str, object], str], str] = deep_text, **more: object
) -> bytes:
    """A form as another client makes it: its own order, its own members."""
    data = {"z": "1", "input": {"b": "2", "a": "张"}}
    form: dict[str, object] = {"timestamp": str(int(NOW.timestamp())), "appId": ACCOUNT, "version": "2.0.1"}
    private = secrets.institution(INSTITUTION).require_sm2_private()
    signature = private.sign(text({**form, "data": data}, SECRET).encode(), DEFAULT_USER_ID)
    hidden = hide(derived_key(ACCOUNT, SECRET), json.dumps(data, ensure_ascii=False))
    return json.dumps({**form, "encData": hidden, "signData": base64.b64encode(signature).decode()}).encode()


@pytest.mark.parametrize("form", [HIDDEN, CLEAR], ids=["hidden", "clear"])
def test_an_envelope_arrives_and_its_sender_is_known(secrets: Secrets, form: PortalForm) -> None:
    body = form.wrap(ENVELOPE, secrets, INSTITUTION, NOW)
    opened = form.open(body, secrets)
    assert opened.institution == INSTITUTION
    assert json.loads(opened.envelope) == json.loads(ENVELOPE)
    assert (opened.envelope == ENVELOPE) == (form is CLEAR)
    verified = verify(body, secrets, form)
    assert verified.at == NOW
    assert verified.key_id == f"{ACCOUNT}:d6da151c7d46460b"
    assert verified.nonce is not None
    assert verified.nonce.startswith(f"{ACCOUNT}:")
    assert json.loads(body).get("encType") == ("SM4" if form is HIDDEN else None)
    assert "张三" not in body.decode() or form is CLEAR


def test_what_is_kept_says_what_was_signed_but_not_the_secret(secrets: Secrets) -> None:
    verified = verify(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW), secrets)
    text = verified.signed_text.decode()
    assert text.endswith("&version=1.0.0&key={secret}")
    assert '"psn_name":"张三"' in text
    assert SECRET not in text
    raw = base64.b64decode(verified.signature)
    public = secrets.institution(INSTITUTION).require_sm2_public()
    assert public.verifies(raw, text.replace("{secret}", SECRET).encode(), DEFAULT_USER_ID)


def test_two_signatures_of_the_same_envelope_have_two_nonces(secrets: Secrets) -> None:
    nonces = {verify(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW), secrets).nonce for _ in range(3)}
    assert len(nonces) == 3


@pytest.mark.parametrize("text", [deep_text, shallow_text])
def test_clients_of_both_depths_are_understood(secrets: Secrets, text: Callable[[dict[str, object], str], str]) -> None:
    verified = verify(signed_form(secrets, text=text), secrets)
    order = ['"input":{"a":"张","b":"2"}', '"input":{"b":"2","a":"张"}']
    assert (order[text is shallow_text]) in verified.signed_text.decode()


def test_the_form_may_stand_in_a_member_data_and_the_cipher_text_in_its_data(secrets: Secrets) -> None:
    form = json.loads(signed_form(secrets))
    form["data"] = {"encData": form.pop("encData")}
    assert verify(json.dumps(form).encode(), secrets).at == NOW
    assert verify(json.dumps({"data": form}).encode(), secrets).at == NOW


def test_the_account_may_be_called_app_code(secrets: Secrets) -> None:
    body = CLEAR.wrap(ENVELOPE, secrets, INSTITUTION, NOW)
    with pytest.raises(WrongSignatureError):
        verify(body.replace(b'"appId"', b'"appCode"'), secrets, CLEAR)
    data = json.loads(ENVELOPE)
    form: dict[str, object] = {"appCode": ACCOUNT, "timestamp": int(NOW.timestamp()), "data": {"b": "2", "a": "1"}}
    private = secrets.institution(INSTITUTION).require_sm2_private()
    signature = private.sign(deep_text({**form, "timestamp": str(form["timestamp"])}, SECRET).encode(), DEFAULT_USER_ID)
    signed = {**form, "signData": base64.b64encode(signature).decode(), "extra": {"any": "&"}}
    assert data
    assert verify(json.dumps(signed).replace("&", "").encode(), secrets, CLEAR).at == NOW


CHANGES: dict[str, Change] = {
    "another time": lambda form: form.update(timestamp=str(int(NOW.timestamp()) + 1)),
    "another version": lambda form: form.update(version="9"),
    "one member more": lambda form: form.update(transType="settle"),
    "one member less": lambda form: form.pop("signType"),
    "another envelope": lambda form: form.update(encData=hide(derived_key(ACCOUNT, SECRET), '{"infno":"2102"}')),
    "no base64": lambda form: form.update(signData="!"),
    "a signature too short": lambda form: form.update(signData="AAAA"),
    "no signature": lambda form: form.pop("signData"),
    "no time": lambda form: form.pop("timestamp"),
    "no moment": lambda form: form.update(timestamp="20261332000000"),
    "an ampersand": lambda form: form.update(version="1&data=2"),
    "a strange name": lambda form: form.update({"a=b": "1"}),
    "no account": lambda form: form.pop("appId"),
    "an account that is no text": lambda form: form.update(appId=1),
    "an unknown account": lambda form: form.update(appId="jl-hospital-9999"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_any_change_to_the_form_is_noticed(secrets: Secrets, change: Change) -> None:
    form = json.loads(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW))
    change(form)
    with pytest.raises(SignatureError):
        verify(json.dumps(form).encode(), secrets)


def test_the_order_of_the_forms_members_and_what_is_never_signed_do_not_matter(secrets: Secrets) -> None:
    form = json.loads(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW))
    turned = {**dict(reversed(form.items())), "extra": "anything", "transType": ""}
    assert verify(json.dumps(turned).encode(), secrets).at == NOW


def test_a_cipher_text_that_does_not_open_is_refused(secrets: Secrets) -> None:
    form = json.loads(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW))
    for digits in ("xyz", "00", "00" * 16, form["encData"][:-32], 1):
        with pytest.raises(EncryptedTextError):
            HIDDEN.open(json.dumps({**form, "encData": digits}).encode(), secrets)
    with pytest.raises(EncryptedTextError, match="must be encrypted"):
        HIDDEN.open(CLEAR.wrap(ENVELOPE, secrets, INSTITUTION, NOW), secrets)


@pytest.mark.parametrize("inside", ["[1]", '"text"', "", "{", '{"a":1,"a":2}'])
def test_what_is_inside_must_be_an_object(secrets: Secrets, inside: str) -> None:
    form = json.loads(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW))
    form["encData"] = hide(derived_key(ACCOUNT, SECRET), inside)
    with pytest.raises(SignatureError):
        HIDDEN.open(json.dumps(form).encode(), secrets)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"data":1}', b'{"data":{"a":1,"a":2}}', b'{"appId":"x","appId":"y"}'])
def test_what_is_no_form_is_refused(secrets: Secrets, body: bytes) -> None:
    with pytest.raises(SignatureError):
        HIDDEN.open(body, secrets)


def test_without_data_there_is_nothing_to_open(secrets: Secrets) -> None:
    with pytest.raises(SignatureError):
        CLEAR.open(json.dumps({"appId": ACCOUNT}).encode(), secrets)


def test_the_account_must_be_that_of_the_institution_in_the_envelope(secrets: Secrets) -> None:
    with pytest.raises(WrongSignatureError, match="appId"):
        verify(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW), secrets, code=OTHER)
    with pytest.raises(UnknownSignerError):
        verify(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW), secrets, code="P00000000000")


def test_two_institutions_may_share_an_account(secrets: Secrets) -> None:
    shared = Secrets(
        secrets.platform, {INSTITUTION: secrets.institution(INSTITUTION), "P2": secrets.institution(INSTITUTION)}
    )
    assert verify(HIDDEN.wrap(ENVELOPE, shared, "P2", NOW), shared, code="P2").at == NOW


def test_a_message_without_a_form_is_not_signed(secrets: Secrets) -> None:
    with pytest.raises(MissingSignatureError):
        SIGNER.verify(Received({}, Opened(ENVELOPE), Envelope()), secrets, NOW)
    assert not SIGNER.sign(Sending("1101", INSTITUTION, b"{}", ""), secrets, NOW).fields


@pytest.mark.req("T-45")
@pytest.mark.parametrize("side", [1, -1])
def test_the_window_is_five_minutes_to_either_side(secrets: Secrets, side: int) -> None:
    body = HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW)
    assert verify(body, secrets, now=NOW + side * WINDOW).at == NOW
    with pytest.raises(OutOfWindowError):
        verify(body, secrets, now=NOW + side * (WINDOW + timedelta(seconds=1)))


@pytest.mark.parametrize("form", [HIDDEN, CLEAR], ids=["hidden", "clear"])
def test_an_answer_goes_back_signed_by_the_platform(secrets: Secrets, form: PortalForm) -> None:
    answer = '{"infcode":0,"output":{"name":"张三"}}'.encode()
    body = form.wrap_answer(answer, secrets, INSTITUTION, NOW)
    assert json.loads(form.open_answer(body, secrets, INSTITUTION, NOW)) == json.loads(answer)
    with pytest.raises(OutOfWindowError):
        form.open_answer(body, secrets, INSTITUTION, NOW + 2 * WINDOW)
    with pytest.raises(SignatureError):
        form.open_answer(body.replace(b'"code":"0"', b'"code":"1"'), secrets, INSTITUTION, NOW)
    with pytest.raises((WrongSignatureError, EncryptedTextError)):
        form.open_answer(body, secrets, OTHER, NOW)
    # Signed by the institution itself: a reflected request is no answer.
    with pytest.raises(WrongSignatureError):
        form.open_answer(form.wrap(answer, secrets, INSTITUTION, NOW), secrets, INSTITUTION, NOW)


def test_without_the_platforms_key_answers_are_neither_signed_nor_checked(secrets: Secrets) -> None:
    without = Secrets(institutions=secrets.institutions)
    body = HIDDEN.wrap_answer(b'{"infcode":0}', without, INSTITUTION, NOW)
    assert "signData" not in json.loads(body)
    assert HIDDEN.open_answer(body, without, INSTITUTION, NOW) == b'{"infcode":0}'
    with pytest.raises(MissingSignatureError):
        HIDDEN.open_answer(body, secrets, INSTITUTION, NOW)


def test_a_side_without_its_key_says_which(secrets: Secrets) -> None:
    for name in ("client_id", "secret", "sm2_private_key"):
        texts = {key: text for key, text in PARTIES[INSTITUTION].items() if key != name}
        with pytest.raises(SecretsError, match=name):
            HIDDEN.wrap(ENVELOPE, Secrets(institutions={INSTITUTION: read_party(texts)}), INSTITUTION, NOW)


def test_an_account_too_short_for_a_key_is_told(secrets: Secrets) -> None:
    short = replace(secrets.institution(INSTITUTION), client_id="short")
    with pytest.raises(SecretsError, match="16"):
        HIDDEN.wrap(ENVELOPE, Secrets(institutions={INSTITUTION: short}), INSTITUTION, NOW)


def test_half_a_pair_of_surrogates_is_refused_and_stops_nobody(secrets: Secrets) -> None:
    form = json.loads(HIDDEN.wrap(ENVELOPE, secrets, INSTITUTION, NOW))
    form["encData"] = hide(derived_key(ACCOUNT, SECRET), '{"a":"\\ud83d"}')
    with pytest.raises(SignatureError):
        verify(json.dumps(form).encode(), secrets)
    with pytest.raises(SignatureError):
        HIDDEN.open(b'{"appId":"\\ud83d"}', secrets)


def test_a_timestamp_is_seconds_milliseconds_or_beijing_time() -> None:
    moment = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert moment_of(str(int(moment.timestamp()))) == moment
    assert moment_of(f"{int(moment.timestamp())}250") == moment + timedelta(milliseconds=250)
    assert moment_of("20261123100000") == moment


@pytest.mark.parametrize("text", ["", "1", "1" * 9, "1" * 11, "20261332000000", "1795400000.", "１７９５４０００００"])
def test_anything_else_is_no_timestamp(text: str) -> None:
    with pytest.raises(WrongSignatureError):
        moment_of(text)


@given(st.binary(max_size=80))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(SignatureError):
        HIDDEN.open(noise, Secrets())
