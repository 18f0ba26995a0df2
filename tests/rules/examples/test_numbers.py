"""Numbers as files write them, none of them a float."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.examples.errors import NotANumberError
from rules.examples.numbers import decimals_of, number_of

D = Decimal


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (3, "3"),
        (D("0.10"), "0.10"),
        ("12,345,678.90", "12345678.90"),
        (" 900.00 ", "900.00"),
        ("65%", "0.65"),
        ("12.5 ％", "0.125"),
        ("1e3", "1000"),
        ("−150", "-150"),
    ],
)
def test_what_a_person_reads_as_a_number_is_that_number(written, number):
    assert number_of("x", written) == D(number)


@pytest.mark.parametrize(
    "written",
    [True, None, 0.1, "", "%", "abc", "1,23", ".inf", "NaN", "1e15", 10**15, "1e-13", [1], {}, date(2026, 1, 1)],
)
def test_what_is_no_amount_is_refused_under_its_name(written):
    with pytest.raises(NotANumberError) as refused:
        number_of("rate", written)
    assert "rate" in refused.value.words.zh
    assert "rate" in refused.value.words.en


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=6))
def test_a_number_is_the_same_written_in_any_way(number):
    assert number_of("x", str(number)) == number_of("x", f"{number:,f}") == number_of("x", number) == number


def test_decimals_are_those_that_are_written():
    assert [decimals_of(D(text)) for text in ("80", "80.0", "1.0152", "4E+2")] == [0, 1, 4, 0]
    assert decimals_of(D("NaN")) == 0
