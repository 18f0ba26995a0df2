"""GS1: the behaviours of GS1's own engine, restated with values of our own, and biip as a second opinion."""

from __future__ import annotations

import datetime as dt
import json
import string
from pathlib import Path

import pytest
from biip import ParseError
from biip.gs1_messages import GS1Message
from hypothesis import given
from hypothesis import strategies as st

from codes.classify import read, read_text
from codes.gs1_elements import Message, parse_brackets, parse_elements
from codes.reading import Flag, Kind, Reason, Scan
from codes.text import GS

ROWS = json.loads((Path(__file__).parents[1] / "fixtures" / "codes" / "gs1.json").read_text("utf-8"))


@pytest.mark.req("C-02")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: repr(row["text"])[:60])
def test_accepts_and_rejects_as_the_gs1_engine_does(row):
    reading = read_text(row["text"], row.get("symbology"))

    if row["outcome"] == "rejected":
        assert reading.kind is Kind.UNKNOWN
    elif row["outcome"] in {"plain", "other"}:
        assert reading.kind is not Kind.GS1
    else:
        assert reading.kind.value == row["outcome"]
    if "ai" in row:
        assert reading.fields["ai"] == row["ai"]
    assert reading.reasons


def check_digit(payload):
    return str(-sum((3 if place % 2 == 0 else 1) * int(digit) for place, digit in enumerate(payload[::-1])) % 10)


GTINS = st.text(string.digits, min_size=13, max_size=13).map(lambda payload: payload + check_digit(payload))
TEXTS = st.text(string.ascii_letters + string.digits + "!\"%&'()*+,-./_:;<=>?", min_size=1, max_size=20)
DATES = st.dates(dt.date(2000, 1, 1), dt.date(2069, 12, 31))
ELEMENTS = st.fixed_dictionaries(
    {"01": GTINS},
    optional={
        "17": DATES.map(lambda date: date.strftime("%y%m%d")),
        "11": DATES.map(lambda date: date.strftime("%y%m%d")),
        "10": TEXTS,
        "21": TEXTS,
        "240": TEXTS,
        "37": st.text(string.digits, min_size=1, max_size=8),
    },
)
FIXED = frozenset({"01", "11", "17"})


def element_string(elements):
    parts = [f"{ai}{value}{'' if ai in FIXED else GS}" for ai, value in elements.items()]
    return "".join(parts).removesuffix(GS)


@pytest.mark.req("T-20")
@given(ELEMENTS)
def test_round_trips_every_element_string_exactly(elements):
    text = element_string(elements)
    reading = read(Scan(text.encode(), "]d2"))

    assert reading.kind is Kind.GS1
    assert reading.value == text
    assert reading.raw == text.encode()
    assert reading.fields["ai"] == elements
    assert list(reading.fields["ai"]) == list(elements)
    assert reading.fields["gtin"] == elements["01"]
    assert reading.fields["lot"] == elements.get("10")
    assert reading.fields["serial"] == elements.get("21")


@pytest.mark.req("T-20")
@given(ELEMENTS)
def test_agrees_with_biip_on_what_it_accepts(elements):
    text = element_string(elements)
    theirs = {element.ai.ai: element.value for element in GS1Message.parse(text).element_strings}
    expiry = [element.date for element in GS1Message.parse(text).element_strings if element.ai.ai == "17"]
    reading = read(Scan(text.encode(), "]C1"))

    assert reading.fields["ai"] == theirs
    assert reading.fields["expiry"] == (expiry[0].isoformat() if expiry else None)


@given(ELEMENTS)
def test_brackets_and_scan_data_say_the_same(elements):
    bracketed = "".join(f"({ai}){value.replace('(', chr(92) + '(')}" for ai, value in elements.items())
    from_brackets, from_scan = parse_brackets(bracketed), parse_elements(element_string(elements))

    assert isinstance(from_brackets, Message)
    assert isinstance(from_scan, Message)
    assert from_brackets.canonical == from_scan.canonical
    assert from_brackets.elements == from_scan.elements


@pytest.mark.req("C-02")
@given(st.text("0123456789AB" + GS, max_size=40))
def test_never_accepts_what_biip_refuses(text):
    mine = parse_elements(text)
    if isinstance(mine, Reason):
        return
    try:
        theirs = GS1Message.parse(text)
    except ParseError as refusal:
        pytest.fail(f"biip refuses {text!r}: {refusal}")
    assert mine.elements == {element.ai.ai: element.value for element in theirs.element_strings}


@pytest.mark.req("C-03")
def test_a_dropped_separator_is_flagged_not_repaired():
    reading = read_text("01069012345678921728013110LOT121SN1", "]d2")

    assert Flag.NO_SEPARATOR in reading.flags
    assert reading.fields["lot"] == "LOT121SN1"


def test_the_century_comes_from_the_reference_year_and_no_clock():
    scan = Scan(b"010690123456789217770131", "]d2")

    assert read(scan).fields["expiry"] == "1977-01-31"
    assert read(scan, reference_year=2027).fields["expiry"] == "2077-01-31"
    assert read(scan, reference_year=2090).fields["expiry"] == "2077-01-31"
    assert read(Scan(b"010690123456789217300131", "]d2"), reference_year=2090).fields["expiry"] == "2130-01-31"


def test_hostile_percent_signs_cost_no_time():
    for identifier in ("4300", "7256"):
        reading = read_text(identifier + "%41%42" * 15 + "~", "]d2")
        assert reading.kind is Kind.UNKNOWN
