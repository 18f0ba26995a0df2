"""The sender's side in every area: what is composed is read by the receiver, and its answer by the sender."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from codes.words import Words
from tests.wire.fsi.signing.parties import INSTITUTION, NOW, PARTIES, PLATFORM
from wire.fsi.areas import area_names, shipped_area
from wire.fsi.asking import Answer, AnswerUnreadableError, Asked, Asker, Sender, UnaskableError
from wire.fsi.envelope import read_request, write_answer
from wire.fsi.message_ids import msgid_of
from wire.fsi.signing import Secrets, protection_of, read_party
from wire.fsi.tables import transaction

SENDER = Sender(INSTITUTION, "虚构医院", "220102", "li01", "李")
SECRETS = Secrets(read_party(PLATFORM), {code: read_party(texts) for code, texts in PARTIES.items()})
MSGID = msgid_of(INSTITUTION, NOW, 1)
SIGN_OUT = {"signOut": {"sign_no": "S1", "opter_no": "li01"}}


def asker_of(area: str) -> Asker:
    profile = shipped_area(area)
    nonces = (f"nonce-{number:026d}" for number in itertools.count(1))
    return Asker(profile, protection_of(profile), SECRETS, new_nonce=lambda: next(nonces))


def sign_out(asker: Asker) -> Asked:
    return asker.compose(SENDER, "9002", MSGID, SIGN_OUT, at=NOW, sign_no="S1")


def answered(area: str, **told: object) -> Answer:
    """Send a message, be the centre, and read what comes back."""
    asker, profile = asker_of(area), shipped_area(area)
    protection = protection_of(profile)
    asked = sign_out(asker)
    outgoing = asker.outgoing(asked, NOW)
    opened = protection.open(outgoing.body, SECRETS)
    request = read_request(opened.envelope, profile)
    protection.verify(outgoing.headers, opened, request, SECRETS, NOW)
    answer = write_answer(
        profile, refmsgid="R1", received_at=NOW, answered_at=NOW, of=transaction("9002", profile), **told
    )
    return asker.read(asked, protection.seal(answer, opened, request, SECRETS, NOW), NOW)


@pytest.mark.parametrize("area", sorted(area_names()))
def test_what_is_composed_is_read_by_the_receiver_and_its_answer_by_the_sender(area):
    answer = answered(area, output={"signoutoutb": {"sign_time": NOW}})
    assert (answer.is_success, answer.faults, answer.refmsgid) == (True, (), "R1")
    assert answer.output is not None
    assert answer.output.one("signoutoutb").moment("sign_time") == NOW


@pytest.mark.parametrize("area", sorted(area_names()))
def test_a_refusal_is_read_with_its_stable_code(area):
    answer = answered(area, error=Words("未签到", "not signed in"), code="fsi.sign_in_needed", warning="请先签到")
    assert (answer.is_success, answer.code, answer.output) == (False, "fsi.sign_in_needed", None)
    assert answer.message.startswith("未签到")
    assert answer.warning == "请先签到"


def test_the_same_message_may_be_sent_again_with_another_nonce_and_after_being_kept():
    asker = asker_of("base")
    asked = sign_out(asker)
    kept = msgspec.json.decode(msgspec.json.encode(asked), type=Asked)
    assert kept == asked
    first, again = asker.outgoing(asked, NOW), asker.outgoing(kept, NOW + timedelta(minutes=1))
    assert first.body == again.body


def test_what_does_not_fit_the_table_is_not_sent_and_every_fault_is_named():
    with pytest.raises(UnaskableError) as caught:
        asker_of("base").compose(SENDER, "9002", MSGID, {"signOut": {"sign_no": "9" * 99}}, at=NOW)
    assert {one.path for one in caught.value.faults} == {"signOut.sign_no", "signOut.opter_no"}
    assert "操作员编号" in caught.value.words.zh


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"infcode": null}', b"\xff"])
def test_what_is_no_answer_leaves_the_outcome_open(body):
    asker = asker_of("base")
    with pytest.raises(AnswerUnreadableError):
        asker.read(sign_out(asker), body, NOW)


@pytest.mark.parametrize("infcode", [0, "0"])
def test_an_answer_that_does_not_fit_its_table_is_success_all_the_same_and_says_what_is_strange(infcode):
    asker = asker_of("base")
    body = json.dumps({"infcode": infcode, "output": {"signoutoutb": {"sign_time": "soon"}}}).encode()
    answer = asker.read(sign_out(asker), body, NOW)
    assert (answer.is_success, answer.output) == (True, None)
    assert [one.path for one in answer.faults] == ["signoutoutb.sign_time"]


@pytest.mark.parametrize("output", ["null", '""', "{}"])
def test_an_answer_without_output_is_success(output):
    asker = asker_of("base")
    answer = asker.read(sign_out(asker), f'{{"infcode":0,"output":{output}}}'.encode(), NOW)
    assert answer.is_success
    assert answer.output is not None
    assert answer.output.as_json() == {}


def test_a_message_is_not_printed():
    assert "S1" not in repr(sign_out(asker_of("base")))


def test_the_time_of_sending_is_that_of_beijing():
    asked = asker_of("base").compose(
        replace(SENDER, device="T1"), "9002", MSGID, SIGN_OUT, at=datetime(2026, 1, 1, 20, 0, tzinfo=UTC)
    )
    assert (asked.fields["inf_time"], asked.fields["dev_no"]) == ("2026-01-02 04:00:00", "T1")
    assert "sign_no" not in asked.fields
