"""HIBC: every date form of `$$`, links, supplements, and the check character that may be a space."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.check import HIBC_CHARACTERS, mod43_character
from codes.classify import read, read_text
from codes.reading import Flag, Kind, Scan


def closed(body):
    return body + mod43_character(body)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("26015L1", {"expiry": "2026-01-15", "lot": "L1"}),
        ("$L1", {"lot": "L1"}),
        ("$", {"lot": None}),
        ("$+S1", {"serial": "S1"}),
        ("$$0926L1", {"expiry": "2026-09-30", "lot": "L1"}),
        ("$$1226", {"expiry": "2026-12-31", "lot": None}),
        ("$$2092826L1", {"expiry": "2026-09-28", "lot": "L1"}),
        ("$$3260928L1", {"expiry": "2026-09-28", "lot": "L1"}),
        ("$$426092823L1", {"expiry": "2026-09-28", "lot": "L1"}),
        ("$$526271L1", {"expiry": "2026-09-28", "lot": "L1"}),
        ("$$62627123L1", {"expiry": "2026-09-28", "lot": "L1"}),
        ("$$7L1", {"expiry": None, "lot": "L1"}),
        ("$$8243260928L1", {"quantity": 24, "expiry": "2026-09-28", "lot": "L1"}),
        ("$$9002343260928L1", {"quantity": 234, "expiry": "2026-09-28", "lot": "L1"}),
        ("$$8247L1", {"quantity": 24, "expiry": None, "lot": "L1"}),
        ("$$900100", {"quantity": 100, "lot": None}),
        ("$$+0926S1", {"expiry": "2026-09-30", "serial": "S1"}),
        ("$$+3260928S1", {"expiry": "2026-09-28", "serial": "S1"}),
        ("$$+7S1", {"serial": "S1"}),
        ("$$7L1/SS1", {"lot": "L1", "serial": "S1"}),
        ("$L1/16D20260102/14D20280304/Q500", {"production": "2026-01-02", "expiry": "2028-03-04", "quantity": 500}),
        ("$$3260928L1/$$+3260928S1", {"expiry": "2026-09-28", "lot": "L1", "serial": "S1"}),
    ],
)
def test_reads_each_segment_joined_and_alone(segment, expected):
    joined = read_text(closed(f"+A123BJC5D6E71/{segment}"))
    assert joined.kind is Kind.HIBC
    assert joined.fields["di"] == "A123BJC5D6E71"
    assert {name: joined.fields[name] for name in expected} == expected
    assert joined.fields["link"] is None

    alone = read(Scan(closed(f"+{segment}G").encode(), "]C0"))
    if not segment[0].isdigit() or any(part.isalpha() for part in segment):
        assert alone.kind is Kind.HIBC
        assert {name: alone.fields[name] for name in expected} == expected
        assert alone.fields["link"] == "G"
        assert alone.fields["di"] is None


@pytest.mark.parametrize(
    "segment",
    [
        "",
        "$$",
        "$$+",
        "$$+8",
        "$$+8241226S1",
        "$$A",
        "$$1326",
        "$$09",
        "$$2093126L",
        "$$3260931L",
        "$$3260900L",
        "$$5ABCDEL",
        "$$526366L",
        "$$42609282",
        "$$426092824L",
        "$$62627124L",
        "$$82",
        "$$8A41226",
        "$$8241326",
        "26366L",
        "S",
        "Q",
        "Q123456",
        "QA",
        "16D2026013",
        "16D20260230",
        "14D20260200",
        "17D20260101",
        "X1",
        "$ABC%",
        "$$7ABCDEFGHIJKLMNOPQRS",
        "$L1/$L2",
        "$$3260928L1/14D20260929",
    ],
)
def test_refuses_segments_that_hibc_has_not(segment):
    reading = read_text(closed(f"+A123BJC5D6E71/{segment}"))

    assert reading.kind is Kind.UNKNOWN
    assert [reason.code for reason in reading.reasons] == ["hibc.grammar"]


@pytest.mark.parametrize("primary", ["+A1231", "+1123BJC1", "+A123BJ.C1", "+A123BJCX", "+A123ABCDEFGHIJKLMNOPQRS1"])
def test_refuses_primaries_that_hibc_has_not(primary):
    assert read_text(closed(primary), "]C0").kind is Kind.UNKNOWN


@pytest.mark.parametrize("code", ["+", "++", "+$"])
def test_too_short_for_any_hibc(code):
    assert read_text(code).kind is Kind.UNKNOWN


@pytest.mark.req("C-03")
def test_a_space_as_check_character_survives_and_its_loss_is_told():
    body = next(
        f"+A123BJC5D6E7{last}1" for last in HIBC_CHARACTERS[:36] if mod43_character(f"+A123BJC5D6E7{last}1") == " "
    )

    assert read_text(f"{body} ").value == f"{body} "
    assert read_text(f"{body} \r\n").kind is Kind.HIBC
    lost = read_text(body)
    assert lost.kind is Kind.UNKNOWN
    assert [(found.kind, found.value) for found in lost.candidates] == [(Kind.HIBC, f"{body} ")]


@pytest.mark.parametrize("number", ["+8613812345679", "+26015999905"])
def test_a_telephone_number_that_happens_to_check_is_only_a_candidate(number):
    assert number[-1] == mod43_character(number[:-1])
    reading = read_text(number)

    assert reading.kind is Kind.UNKNOWN
    assert [(found.kind, found.value) for found in reading.candidates] == [(Kind.HIBC, number)]


@pytest.mark.req("T-20")
@given(
    st.from_regex(r"[A-Z][0-9A-Z]{3}[0-9A-Z]{1,18}[0-9]", fullmatch=True),
    st.from_regex(r"[0-9A-Z.-]{0,18}", fullmatch=True),
    st.from_regex(r"[0-9A-Z.-]{1,18}", fullmatch=True),
)
def test_round_trips(di, lot, serial):
    code = closed(f"+{di}/$$7{lot}/S{serial}")
    reading = read_text(code)

    assert reading.kind is Kind.HIBC
    assert reading.value == code
    assert (reading.fields["di"], reading.fields["lot"], reading.fields["serial"]) == (di, lot or None, serial)
    folded = read_text(code.lower())
    assert folded.value == code
    assert (Flag.CASE_FOLDED in folded.flags) == (code.lower() != code)
