"""Shares of a surplus: no fen lost, none made."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.payment.quotient import DivisorError
from rules.payment.surplus import SharesError, split

D = Decimal
SHARES = st.lists(st.decimals(min_value=0, max_value=1000, places=3), min_size=1, max_size=9).filter(any)


@pytest.mark.parametrize(
    ("surplus", "shares", "parts"),
    [
        ("1000.01", (5, 3, 2), ("500.01", "300.00", "200.00")),
        ("100", (1, 1, 1), ("33.33", "33.33", "33.34")),
        ("200", (1, 1, 1), ("66.67", "66.67", "66.66")),
        ("-0.05", ("0.5", "0.25", "0.25"), ("-0.03", "-0.01", "-0.01")),
        ("0.03", (1,) * 6, ("0.01", "0.01", "0.01", "0.00", "0.00", "0.00")),
        ("10", (1, 0, 1, 0), ("5.00", "0.00", "5.00", "0.00")),
        ("0", (2, 1), ("0.00", "0.00")),
    ],
)
def test_the_last_share_takes_the_rounding_rest(surplus, shares, parts):
    got = split(D(surplus), [D(one) for one in shares])

    assert got == tuple(map(D, parts))


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), SHARES)
def test_the_parts_are_exactly_the_surplus_and_close_to_their_shares(surplus, shares):
    parts = split(surplus, shares)

    assert sum(parts, D(0)) == surplus
    assert all(part * surplus >= 0 for part in parts)
    for part, one in zip(parts, shares, strict=True):
        assert abs(part - surplus * one / sum(shares)) <= D("0.005") * len(shares) + D("1e-9")


def test_a_share_below_zero_and_no_share_at_all_are_refused():
    for shares in ((D(1), D(-1)), ()):
        with pytest.raises(SharesError):
            split(D(1), shares)


def test_a_surplus_is_not_shared_among_shares_of_nothing():
    with pytest.raises(DivisorError):
        split(D(1), (D(0), D(0)))
