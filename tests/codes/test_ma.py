"""MA: letters name the parts, the order is free, the check digit is a remark."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.classify import read_text
from codes.pack import ProductKey, ProductSystem, pack_key, product_keys
from codes.reading import Confidence, Flag, Kind

DI = "MA.156.M0.100204.13351764"
PARTS = ("S01", "M260131", "LA-1", "E20280131", "C3")


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS)), ids=".".join)
def test_order_does_not_matter(order):
    fields = read_text(".".join((DI, *order))).fields

    assert (fields["serial"], fields["lot"], fields["check"]) == ("01", "A-1", "3")
    assert (fields["production"], fields["expiry"]) == ("2026-01-31", "2028-01-31")


@pytest.mark.parametrize(
    "tail",
    [
        ".",
        ".S",
        ".X1",
        ".S1.S2",
        ".M260131.P260131",
        ".M260100",
        ".M26013",
        ".E2026013",
        ".E281301",
        ".C12",
        ".S1..L2",
        ".L" + "1" * 21,
        ".L1 2",
        ".L(1)",
    ],
)
def test_a_broken_part_makes_the_whole_unknown_and_offers_the_identifier(tail):
    reading = read_text(DI + tail)

    assert reading.kind is Kind.UNKNOWN
    assert [(found.kind, found.value) for found in reading.candidates] == [(Kind.MA, DI)]


@pytest.mark.parametrize("code", ["MA.", "MA.156", "MA.156.M1.100204.13351764", "MA.840.M0.100204.13351764", "MA.é"])
def test_a_broken_identifier_is_unknown(code):
    assert read_text(code).kind is Kind.UNKNOWN


@pytest.mark.parametrize(
    ("code", "fits"),
    [
        (DI, True),
        ("MA.156.M0.100204.13351765", False),
        ("MA.156.M0.100011.2CSCP023", True),
        ("MA.156.M0.100472.11103316", True),
        ("MA.156.M0.100204.1335176A", False),
        (DI + ".SLMSAGAAAC.M210628.LAY21062803.E220628.V220627.C3", True),
        (DI + ".SLMSAGAAAC.M210628.LAY21062803.E220628.V220627.C4", False),
    ],
)
def test_the_withdrawn_check_digit_is_never_more_than_a_remark(code, fits):
    reading = read_text(code)

    assert reading.kind is Kind.MA
    assert reading.confidence is Confidence.CERTAIN
    assert (Flag.CHECK_ADVISORY in reading.flags) == (not fits)


@pytest.mark.req("T-20")
@given(
    st.from_regex(r"[0-9A-Z]{6}\.[0-9A-Z]{8,14}", fullmatch=True),
    st.from_regex(r"[0-9A-Z/_-]{1,20}", fullmatch=True),
    st.from_regex(r"[0-9A-Z/_-]{1,20}", fullmatch=True),
)
def test_round_trips_and_folds_case(item, serial, lot):
    code = f"MA.156.M0.{item}.S{serial}.L{lot}"
    reading, folded = read_text(code), read_text(code.swapcase())

    assert reading.value == folded.value == code
    assert reading.fields == folded.fields
    assert (reading.fields["serial"], reading.fields["lot"]) == (serial, lot)
    assert Flag.CASE_FOLDED in folded.flags


def test_a_serial_of_mixed_case_is_kept_as_it_is():
    mixed = DI + ".SaB1.LcD-2"
    reading = read_text(mixed)

    assert reading.kind is Kind.MA
    assert reading.value == mixed
    assert (reading.fields["serial"], reading.fields["lot"]) == ("aB1", "cD-2")
    assert Flag.CASE_FOLDED not in reading.flags
    assert pack_key(reading) != pack_key(read_text(mixed.upper()))


def test_caps_lock_is_undone_by_turning_every_letter_round():
    for code in (DI + ".SAB1", DI + ".SaB1"):
        reading = read_text(code.swapcase())
        assert reading.value == code
        assert pack_key(reading) == pack_key(read_text(code))
        assert Flag.CASE_FOLDED in reading.flags


def test_an_item_code_keeps_its_letters_and_is_looked_up_in_upper_case():
    reading = read_text("MA.156.M0.100204.1335176a.S01")

    assert reading.fields["di"] == "MA.156.M0.100204.1335176a"
    assert product_keys(reading) == (ProductKey(ProductSystem.UDI_DI, "MA.156.M0.100204.1335176A"),)


@pytest.mark.parametrize("code", ["ma.156.M0.100204.13351764", "Ma.156.M0.100204.13351764", DI + ".sA1"])
def test_letters_of_the_grammar_in_the_wrong_case_are_not_repaired(code):
    assert read_text(code).kind is Kind.UNKNOWN
