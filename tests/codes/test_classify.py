"""The entry: never raises, is idempotent, keeps raw bytes and flags."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from codes.as_json import encode_reading
from codes.classify import read, read_text
from codes.pack import pack_key, product_keys
from codes.reading import Confidence, Flag, Kind, Scan
from codes.text import LONGEST_CODE_BYTES

SYMBOLOGIES = st.sampled_from([None, "", "]C0", "]C1", "]d1", "]d2", "]E0", "]E4", "]Q1", "]Q3", "]I1", "]e0", "no"])
CODE_LIKE = st.text("0123456789ABXZ+/$.=-()%<>&,|\x1d ]", max_size=60)
HEADS = st.sampled_from(["", "]d2", "01", "(01)", "MA.156.M0.", "+A123", "=", "&", "424", "8", "http://", "69"])


@pytest.mark.req("C-01")
@given(st.binary(max_size=300), SYMBOLOGIES)
@example(b"\xff" * 300, None)
@example("\u2028\u0085".encode(), None)
@example(b"\x84\x31\xa4\x37", None)
def test_never_raises_on_any_bytes(raw, symbology):
    reading = read(Scan(raw, symbology, "test"))

    assert encode_reading(reading)
    assert reading.raw in {raw, b""}
    assert (reading.raw == b"") == (Flag.MASKED in reading.flags or raw == b"")
    assert reading.source == "test"
    assert reading.reasons


@pytest.mark.req("C-01")
@given(HEADS, CODE_LIKE, SYMBOLOGIES)
def test_never_raises_on_texts_that_begin_like_codes(head, rest, symbology):
    reading = read_text(head + rest, symbology)

    assert encode_reading(reading)
    assert pack_key(reading) is None or reading.kind in {Kind.TRACE, Kind.GS1, Kind.HIBC, Kind.MA}
    assert isinstance(product_keys(reading), tuple)


@given(HEADS, CODE_LIKE, SYMBOLOGIES)
def test_reading_the_value_again_gives_the_same(head, rest, symbology):
    first = read_text(head + rest, symbology)
    if first.kind is Kind.UNKNOWN or first.kind.is_personal or first.fields.get("form") in {"composite", "bracketed"}:
        return
    again = read_text(first.value, first.symbology)

    assert (again.kind, again.value) == (first.kind, first.value)


@given(HEADS, CODE_LIKE, SYMBOLOGIES)
def test_possible_readings_and_only_they_name_a_rival_or_a_weak_grammar(head, rest, symbology):
    reading = read_text(head + rest, symbology)

    if reading.confidence is Confidence.CERTAIN:
        assert reading.candidates == ()


def test_flags_of_the_driver_come_first_and_once():
    scan = Scan("８３８５７９３００００８７９７６６６６０".encode(), flags=(Flag.TYPED, Flag.NORMALISED_WIDTH))

    assert read(scan).flags == (Flag.TYPED, Flag.NORMALISED_WIDTH)


def test_a_typed_standard_code_is_likely_because_no_carton_is_typed():
    assert read(Scan(b"86900483000019", flags=(Flag.TYPED,))).confidence is Confidence.LIKELY
    assert read(Scan(b"86900483000019")).confidence is Confidence.POSSIBLE


def test_a_carton_number_with_the_form_of_an_identity_number_is_hidden_rather_than_guessed():
    reading = read_text("110105194912310025")

    assert reading.kind is Kind.UNKNOWN
    assert Flag.MASKED in reading.flags


@pytest.mark.parametrize("length", [LONGEST_CODE_BYTES, LONGEST_CODE_BYTES + 1, 1_000_000])
def test_a_long_line_is_answered(length):
    reading = read(Scan(b"\x1d" * length, "]d2"))

    assert reading.kind is Kind.UNKNOWN
    assert len(reading.raw) == length
