"""Dates without a clock."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.dates import full_year, is_date, iso, iso_of_day, iso_of_day_in_year, iso_of_yymmdd


@pytest.mark.parametrize(
    ("two_digits", "reference_year", "year"),
    [
        (26, 2026, 2026),
        (76, 2026, 2076),
        (77, 2026, 1977),
        (99, 2026, 1999),
        (0, 2026, 2000),
        (0, 2051, 2100),
        (1, 2051, 2101),
        (2, 2051, 2002),
        (50, 2099, 2050),
        (49, 2099, 2149),
    ],
)
def test_a_two_digit_year_lies_within_49_years_past_and_50_ahead(two_digits, reference_year, year):
    assert full_year(two_digits, reference_year) == year


@given(st.integers(0, 99), st.integers(1900, 2200))
def test_the_window_is_a_window(two_digits, reference_year):
    year = full_year(two_digits, reference_year)

    assert year % 100 == two_digits
    assert -49 <= year - reference_year <= 50


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("280131", "2028-01-31"),
        ("280200", "2028-02-29"),
        ("270200", "2027-02-28"),
        ("280230", None),
        ("281301", None),
        ("280001", None),
    ],
)
def test_yymmdd(value, date):
    assert iso_of_yymmdd(value) == date


@pytest.mark.parametrize(
    ("value", "date"),
    [
        ("280131", "2028-01-31"),
        ("20280131", "2028-01-31"),
        ("280100", None),
        ("20280100", None),
        ("2801311", None),
        ("28013", None),
        ("28O131", None),
        ("", None),
    ],
)
def test_a_day_is_six_or_eight_digits_and_never_day_00(value, date):
    assert iso_of_day(value) == date


def test_impossible_dates_are_none():
    assert iso(0, 1, 1) is None
    assert not is_date(0, 1, 1)
    assert not is_date(2026, 2, 29)
    assert iso_of_day_in_year(2023, 366) is None
    assert iso_of_day_in_year(2023, 0) is None


@given(st.dates(dt.date(1977, 1, 1), dt.date(2076, 12, 31)))
def test_day_in_year_agrees_with_the_calendar(date):
    assert iso_of_day_in_year(date.year, int(date.strftime("%j"))) == date.isoformat()
