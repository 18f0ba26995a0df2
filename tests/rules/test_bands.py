"""Bands pay for the money inside them, and together for no fen more than the payment rounded once."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.bands import Band, BandsError, lay, lay_exact, lay_once
from rules.money import CENT, to_cent

D = Decimal
THREE = (
    Band(D(12000), D(30000), D("0.6")),
    Band(D(30000), D(100000), D("0.65")),
    Band(D(100000), None, D("0.75")),
)
AMOUNTS = st.decimals(min_value=0, max_value=10**7, places=2)
RATES = st.decimals(min_value=0, max_value=1, places=4)


@st.composite
def bands(draw) -> tuple[Band, ...]:
    edges = sorted(draw(st.sets(st.decimals(min_value=0, max_value=10**6, places=2), min_size=2, max_size=7)))
    made = [Band(low, high, draw(RATES)) for low, high in pairwise(edges) if draw(st.booleans())]
    return (*made, Band(edges[-1], None, draw(RATES))) if draw(st.booleans()) else tuple(made)


@pytest.mark.parametrize(
    ("amount", "parts"),
    [
        ("0", ("0.00", "0.00", "0.00")),
        ("12000", ("0.00", "0.00", "0.00")),
        ("12000.01", ("0.01", "0.00", "0.00")),
        ("30000", ("10800.00", "0.00", "0.00")),
        ("150000", ("10800.00", "45500.00", "37500.00")),
    ],
)
def test_an_edge_belongs_to_the_band_below_it(amount, parts):
    assert tuple(map(str, lay(D(amount), THREE))) == parts


def test_money_between_two_bands_is_not_paid_for():
    assert lay(D(100), (Band(D(0), D(10), D(1)), Band(D(90), None, D(1)))) == (D(10), D(10))


def test_no_bands_pay_nothing():
    assert lay(D(100), ()) == ()
    assert lay_once(D(100), ()) == 0


@given(AMOUNTS, bands())
def test_parts_in_whole_fen_add_up_to_the_payment_rounded_once(amount, laid):
    parts = lay(amount, laid)

    assert sum(parts, D(0)) == lay_once(amount, laid) == to_cent(sum(lay_exact(amount, laid), D(0)))
    assert all(part == to_cent(part) >= 0 for part in parts)
    assert all(abs(part - exact) <= CENT for part, exact in zip(parts, lay_exact(amount, laid), strict=True))


@given(AMOUNTS, bands())
def test_the_payment_is_what_every_fen_is_worth_in_its_band(amount, laid):
    def worth(low: Decimal, band: Band) -> Fraction:
        top = amount if band.up_to is None else min(amount, band.up_to)
        return Fraction(max(top - low, D(0))) * Fraction(band.rate)

    assert Fraction(sum(lay_exact(amount, laid), D(0))) == sum(worth(band.above, band) for band in laid)


@given(AMOUNTS, AMOUNTS, bands())
def test_more_money_is_never_paid_less(amount, more, laid):
    assert lay_once(amount + more, laid) >= lay_once(amount, laid)
    assert lay_once(amount, laid) <= amount


@pytest.mark.parametrize(("above", "up_to", "rate"), [("10", "10", "0.5"), ("10", "9", "0.5"), ("0", None, "1.01")])
def test_a_band_that_cannot_be_is_refused(above, up_to, rate):
    with pytest.raises(BandsError):
        Band(D(above), None if up_to is None else D(up_to), D(rate))


@pytest.mark.parametrize(
    ("laid", "named"),
    [
        ((Band(D(0), D(20), D(1)), Band(D(10), None, D(1))), "10"),
        ((Band(D(0), None, D(1)), Band(D(10), D(20), D(1))), "∞"),
    ],
)
def test_money_is_not_paid_for_twice(laid, named):
    with pytest.raises(BandsError) as refused:
        lay(D(15), laid)
    assert named in refused.value.words.zh
    assert named in refused.value.words.en
