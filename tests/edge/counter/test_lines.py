"""Which packs share a line, and what they amount to."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.pack import ProductKey, ProductSystem
from edge.counter.lines import amount_of, item_of, totals_of
from edge.counter.views import Totals
from edge.store.catalogue import Match
from edge.store.sales import LineRow
from rules.scan_judgement import Mode, PackLevel

UNIT = Match("D1", "n", "s", "甲", Decimal("9.80"), PackLevel.UNIT, 1)
CARTON = Match("D1", "n", "s", "甲", Decimal("9.80"), PackLevel.CARTON, 200)
PREFIX = ProductKey(ProductSystem.TRACE_PREFIX, "8600011")
GTIN = ProductKey(ProductSystem.GTIN, "06900000000014")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ((UNIT, [PREFIX], "p1"), (UNIT, [GTIN], "p2"), True),
        ((UNIT, [PREFIX], "p1"), (CARTON, [PREFIX], "p2"), False),
        ((UNIT, [PREFIX], "p1"), (None, [PREFIX], "p2"), False),
        ((None, [PREFIX, GTIN], "p1"), (None, [PREFIX], "p2"), True),
        ((None, [PREFIX], "p1"), (None, [GTIN], "p2"), False),
        ((None, [], "p1"), (None, [], "p2"), False),
        ((None, [], "p1"), (None, [], "p1"), True),
    ],
)
def test_packs_share_a_line_if_they_are_the_same_thing(
    one: tuple[Match | None, list[ProductKey], str],
    other: tuple[Match | None, list[ProductKey], str],
    is_same: bool,
) -> None:
    assert (item_of(*one, Mode.DISPENSE).item == item_of(*other, Mode.DISPENSE).item) is is_same


def test_delivery_has_no_prices() -> None:
    assert item_of(UNIT, [PREFIX], "p", Mode.DISPENSE).price == Decimal("9.80")
    assert item_of(UNIT, [PREFIX], "p", Mode.RECEIVE).price is None


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [("9.80", 3, "29.40"), ("0.125", 1, "0.13"), ("0.124", 1, "0.12"), ("0.3333", 3, "1.00"), ("0", 5, "0.00")],
)
def test_amount_is_rounded_to_the_fen_half_up(price: str, quantity: int, amount: str) -> None:
    assert amount_of(Decimal(price), quantity) == Decimal(amount)


def test_unknown_price_gives_no_amount() -> None:
    assert amount_of(None, 3) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["D1", None]),
            st.one_of(st.none(), st.decimals(0, 1000, places=4)),
            st.integers(1, 50),
        )
    ),
    st.integers(0, 9),
)
def test_totals_are_the_sums_of_the_lines(lines: list[tuple[str | None, Decimal | None, int]], alarms: int) -> None:
    rows = [
        LineRow(number, product, None, None, None, price, quantity, None)
        for number, (product, price, quantity) in enumerate(lines, start=1)
    ]
    totals = totals_of(rows, alarms)
    assert totals == Totals(
        boxes=sum(quantity for _, _, quantity in lines),
        matched=sum(quantity for product, _, quantity in lines if product),
        unmatched=sum(quantity for product, _, quantity in lines if not product),
        alarms=alarms,
        amount=sum((amount_of(price, quantity) or Decimal(0) for _, price, quantity in lines), Decimal("0.00")),
        unpriced=sum(quantity for _, price, quantity in lines if price is None),
    )
