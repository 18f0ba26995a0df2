"""Numbers as files write them, none of them a float."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.examples.errors import NotANumberError, OutOfRangeError
from rules.examples.numbers import decimals_of, figure_of, number_of

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
    [True, None, 0.1, "", "%", "abc", "1,23", ".inf", "NaN", D("NaN"), [1], {}, date(2026, 1, 1), [D("0.1")]],
)
def test_what_is_no_amount_is_refused_under_its_name_as_the_file_has_it(written):
    with pytest.raises(NotANumberError) as refused:
        number_of("rate", written)
    assert "“rate”不是数字" in refused.value.words.zh
    assert "'rate' is no number" in refused.value.words.en
    assert "Decimal" not in str(refused.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [("1e15", "15 位"), (10**15, "15 位"), ("1e-13", "12 位小数"), (D("0.0000000000001"), "12 位小数")],
)
def test_a_number_with_more_digits_than_any_amount_says_so(written, said):
    for read in (number_of, figure_of):
        with pytest.raises(OutOfRangeError) as refused:
            read("fee", written)
        assert said in refused.value.words.zh


@pytest.mark.parametrize(
    ("dumped", "number", "figure"),
    [
        (repr(0.1 + 0.2), "0.3", "0.3"),
        ("30.029999999999998", "30.03", "30.03"),
        ("30.02999999999993", "30.0299999999999", "30.03"),
        ("-1234567890.1199999", "-1234567890.12", "-1234567890.12"),
        ("93800.00000000003", "93800", "93800"),
        ("8.881784197001252e-16", "0", "0"),
        ("0.6666666666666666", "0.666666666666667", "0.666666667"),
        # A long amount, or many decimals, written by hand: exact.
        ("12345678901234.56", "12345678901234.56", "12345678901234.56"),
        ("900.0000000004", "900.0000000004", "900.0000000004"),
        ("0.123456789012", "0.123456789012", "0.123456789012"),
    ],
)
def test_a_float_that_a_program_dumped_is_the_number_that_was_meant(dumped, number, figure):
    for written in (dumped, D(dumped)):
        assert number_of("x", written) == D(number)
        assert figure_of("x", written) == D(figure)


@given(st.decimals(min_value=0, max_value=10**9, places=2), st.floats(0, 1))
def test_what_floats_make_of_an_amount_comes_back_as_the_amount(amount, noise):
    assert figure_of("x", repr(float(amount))) == amount
    assert figure_of("x", repr(float(amount) + noise - noise)) == amount


@given(st.decimals(min_value=-(10**8), max_value=10**8, places=6))
def test_a_number_is_the_same_written_in_any_way(number):
    assert number_of("x", str(number)) == number_of("x", f"{number:,f}") == number_of("x", number) == number


def test_decimals_are_those_that_are_written():
    assert [decimals_of(D(text)) for text in ("80", "80.0", "1.0152", "4E+2")] == [0, 1, 4, 0]
    assert decimals_of(D("NaN")) == 0
