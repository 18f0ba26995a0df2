"""What the reading knows reaches the person: reasons, repairs, and a separator that may be lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from codes.classify import read_text
from codes.words import Words
from edge.counter.explaining import SEPARATOR_LOST, SERIAL_SWALLOWED, STILL_UNREAD, explained
from edge.store.catalogue import Match
from rules.scan_judgement import Judgement, PackLevel, Tone, Verdict

ADDED = Judgement(Verdict.ADDED, Tone.OK, Words("已匹配", "Matched"))
UNREADABLE = Judgement(Verdict.UNREADABLE, Tone.NOTICE, Words("无", "none"), Words("重扫。", "Again."))
NOT_INDIVIDUAL = Judgement(Verdict.NOT_INDIVIDUAL, Tone.NOTICE, Words("无", "none"), Words("换码。", "Another."))
ALARM = Judgement(Verdict.SOLD_HERE, Tone.ALARM, Words("售出", "sold"), Words("核对。", "Check."))
SERIAL_LAST = "010690000000001417280131" + "21SN1"
LOT_LAST = "010690000000001417280131" + "10LOT121SN1"
TRACE = "86000110000000000011"


@pytest.mark.req("C-03")
def test_serial_that_may_have_swallowed_the_rest_is_a_notice() -> None:
    said = explained(ADDED, read_text(SERIAL_LAST, "]d2"), None)
    assert (said.verdict, said.tone, said.hint) == (Verdict.ADDED, Tone.NOTICE, SEPARATOR_LOST)


@pytest.mark.req("C-03")
def test_field_that_may_have_swallowed_the_serial_is_said_beside_what_to_do() -> None:
    said = explained(NOT_INDIVIDUAL, read_text(LOT_LAST, "]d2"), None)
    assert said.hint == Words(f"换码。{SERIAL_SWALLOWED.zh}", f"Another. {SERIAL_SWALLOWED.en}")


def test_separator_in_the_code_proves_the_scanner() -> None:
    raw = "010690000000001410LOT1\x1d21SN1"
    assert explained(ADDED, read_text(raw, "]d2"), None) == ADDED


def test_alarm_stays_an_alarm_whatever_the_separator() -> None:
    said = explained(ALARM, read_text(SERIAL_LAST, "]d2"), None)
    assert said.tone is Tone.ALARM
    assert said.hint is not None
    assert said.hint.zh.startswith("核对。")
    assert SEPARATOR_LOST.zh in said.hint.zh


@pytest.mark.req("C-01")
@pytest.mark.parametrize("code", ["hello", "+A99912345/$$52001510X3", "8600011000000000001", "https://example.com/x"])
def test_text_that_is_no_code_says_why_and_then_what_to_do(code: str) -> None:
    reading = read_text(code)
    said = explained(UNREADABLE, reading, None)
    assert said.hint is not None
    assert said.hint.zh.startswith(reading.reasons[0].words.zh)
    assert said.hint.en.startswith(reading.reasons[0].words.en)
    assert said.hint.zh.endswith(STILL_UNREAD.zh)


def test_stand_in_code_says_why_before_what_to_do() -> None:
    alarm = Judgement(Verdict.PLACEHOLDER, Tone.ALARM, Words("占位码", "stand-in"), Words("扫印刷的。", "Printed."))
    reading = read_text("22000000000000000000")
    said = explained(alarm, reading, None)
    assert said.hint is not None
    assert said.hint.zh == f"{reading.reasons[0].words.zh}扫印刷的。"


def test_refusal_without_advice_gives_the_reason_instead() -> None:
    reading = read_text("6900000000014", "]E0")
    mute = Judgement(Verdict.WRONG_CODE_TYPE, Tone.NOTICE, Words("错", "wrong"))
    said = explained(mute, reading, None)
    assert said.hint is not None
    assert reading.reasons[0].words.zh in said.hint.zh


@pytest.mark.req("C-03")
def test_repair_is_told_by_name() -> None:
    said = explained(ADDED, read_text("".join(chr(ord(digit) + 0xFEE0) for digit in TRACE)), None)
    assert said.tone is Tone.OK
    assert said.hint is not None
    assert said.hint.zh.startswith("已做处理：")
    assert said.hint.en.startswith("Read with a change: ")


@pytest.mark.req("C-05")
def test_carton_on_a_delivery_says_that_its_boxes_are_not_recorded() -> None:
    carton = Match("D0001", "阿莫西林胶囊", "0.25g×24粒", "甲", Decimal(1), PackLevel.CARTON, 200)
    said = explained(ADDED, read_text(TRACE), carton)
    assert (said.verdict, said.tone) == (Verdict.ADDED, Tone.NOTICE)
    assert said.hint is not None
    assert "内装 200 盒" in said.hint.zh
    assert "stands for 200 boxes" in said.hint.en
    assert explained(ALARM, read_text(TRACE), carton) == ALARM


def test_plain_code_is_said_as_the_table_says_it() -> None:
    assert explained(ADDED, read_text(TRACE), None) == ADDED


def test_nothing_is_added_to_a_credential() -> None:
    personal = Judgement(Verdict.CREDENTIAL, Tone.NOTICE, Words("凭证", "credential"))
    assert explained(personal, read_text("11010519491231002X"), None) == personal
