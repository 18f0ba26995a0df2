"""Money is exact, and rounded half up where it is paid."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.money import at_least_zero, share, to_cent, to_places, total

D = Decimal
AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=6)


@pytest.mark.parametrize(
    ("exact", "paid"),
    [("0.005", "0.01"), ("0.0049999", "0.00"), ("11919.375", "11919.38"), ("-0.005", "-0.01"), ("3", "3.00")],
)
def test_half_a_fen_is_rounded_away_from_zero(exact, paid):
    assert to_cent(D(exact)) == D(paid)
    assert str(to_cent(D(exact))) == paid


@given(AMOUNTS)
def test_rounding_moves_an_amount_by_half_a_fen_at_most_and_only_once(amount):
    paid = to_cent(amount)

    assert abs(paid - amount) <= D("0.005")
    assert to_cent(paid) == paid
    assert to_cent(-amount) == -paid


def test_a_share_is_rounded_once():
    assert share(D("18337.5"), D("0.65")) == D("11919.38")


def test_a_figure_that_is_no_money_keeps_the_decimals_it_is_published_with():
    assert str(to_places(D(10150) / D(10120), 4)) == "1.0030"
    assert str(to_places(D("437.5"), 0)) == "438"


def test_nothing_is_left_of_less_than_nothing():
    assert at_least_zero(D(-3)) == 0
    assert at_least_zero(D(3)) == 3


def test_the_sum_of_nothing_is_an_amount():
    assert total([]) == D(0)
    assert isinstance(total([]), Decimal)
