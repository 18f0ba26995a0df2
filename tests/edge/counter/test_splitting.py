"""Packs that are sold in part: units are counted, what is left is sold from the same pack, nothing twice."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from edge.counter.closing import show_divisible
from edge.counter.counter import UNNAMED
from edge.counter.errors import PackNotOnListError
from edge.counter.splitting import NotDivisibleError, NotWholeError, SplitNotReturnedError, UnitsLeftError
from edge.counter.views import to_json
from edge.store import sql
from edge.store.salvage_sales import tell_sales_anew
from edge.store.splits import opened_packs
from tests.edge.scene import OTHER_TRACE, TRACE_1, TRACE_2, UNKNOWN_TRACE, Shop
from wire.events import Dispensed, SplitDispensed


def split(shop: Shop) -> list[tuple[str, int, int | None, int]]:
    """Return of each line of opened packs: sale's pack, its units, and how many a whole one has."""
    return [
        (pack.code, fact.line, pack.units, fact.units_per_pack)
        for fact in shop.facts()
        if isinstance(fact, SplitDispensed)
        for pack in fact.packs
    ]


def left(shop: Shop) -> dict[str, int]:
    with shop.connection.begin():
        return {one.code: one.rest for one in opened_packs(shop.connection, 100)}


def test_units_are_sold_from_a_pack_until_it_is_empty(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shown = shop.counter.sell_in_part(TRACE_1, 10)
    (line,) = shown.lines
    assert (line.units, line.quantity, line.price, line.amount) == (10, 1, Decimal("0.4085"), Decimal("4.09"))
    assert shop.counter.close_sale(UNNAMED).totals.amount == Decimal("4.09")
    assert split(shop) == [(TRACE_1, 2, 10, 24)]
    assert left(shop) == {TRACE_1: 14}
    again = shop.scan(TRACE_1)
    assert (again.verdict, again.tone) == ("added", "ok")
    assert "余 14" in again.words.zh
    with pytest.raises(UnitsLeftError) as refusal:
        shop.counter.sell_in_part(TRACE_1, 15)
    assert refusal.value.left == 14
    shop.counter.sell_in_part(TRACE_1, 14)
    shop.counter.close_sale(UNNAMED)
    assert left(shop) == {}
    assert shop.scan(TRACE_1).verdict == "sold_here", "nothing is left in it"


def test_whole_and_opened_packs_of_a_product_stand_on_lines_of_their_own(shop: Shop) -> None:
    for code in (TRACE_1, TRACE_2):
        shop.scan(code)
    shop.counter.sell_in_part(TRACE_2, 3)
    shown = shop.counter.sell_in_part(TRACE_2, 5)
    assert [(line.codes, line.quantity, line.units) for line in shown.lines] == [
        ((TRACE_1,), 1, None),
        ((TRACE_2,), 1, 5),
    ]
    assert (shown.totals.boxes, shown.totals.amount) == (2, Decimal("9.81") + Decimal("2.04"))
    shop.counter.close_sale(UNNAMED)
    assert [type(fact) for fact in shop.facts()[-2:]] == [Dispensed, SplitDispensed]


def test_pack_is_sold_whole_after_all_unless_something_was_sold_of_it(shop: Shop) -> None:
    for code in (TRACE_1, TRACE_2):
        shop.scan(code)
    shop.counter.sell_in_part(TRACE_1, 3)
    whole = shop.counter.sell_whole(TRACE_1)
    assert [(line.codes, line.quantity, line.units) for line in whole.lines] == [((TRACE_1, TRACE_2), 2, None)]
    assert shop.counter.sell_whole(TRACE_1) == whole, "it is whole already"
    shop.counter.sell_in_part(TRACE_2, 3)
    shop.counter.close_sale(UNNAMED)
    shop.scan(TRACE_2)
    with pytest.raises(NotWholeError):
        shop.counter.sell_whole(TRACE_2)
    with pytest.raises(PackNotOnListError):
        shop.counter.sell_whole(TRACE_1)


def divisible(shop: Shop) -> list[tuple[str, int, int, int | None, bool, Decimal | None]]:
    with shop.connection.begin():
        found = show_divisible(shop.connection)
    return [(one.code, one.size, one.left, one.units, one.is_opened, one.price) for one in found]


def test_what_may_be_sold_in_part_says_what_is_left_and_what_a_unit_costs(shop: Shop) -> None:
    assert divisible(shop) == []
    for code in (UNKNOWN_TRACE, TRACE_1, TRACE_2):
        shop.scan(code)
    shop.counter.sell_in_part(TRACE_1, 10)
    unit = Decimal("0.4085")
    assert sorted(divisible(shop)) == sorted([(TRACE_1, 24, 24, 10, False, unit), (TRACE_2, 24, 24, None, False, unit)])
    shop.counter.close_sale(UNNAMED)
    shop.scan(TRACE_1)
    assert divisible(shop) == [(TRACE_1, 24, 14, 1, True, unit)]


def test_scan_of_an_opened_pack_says_what_it_stands_for(shop: Shop) -> None:
    for code in (TRACE_1, TRACE_2):
        shop.scan(code)
        shop.counter.sell_in_part(code, 5)
    shop.counter.close_sale(UNNAMED)
    shown = [shop.scan(code) for code in (TRACE_1, TRACE_2)]
    assert [(one.units, one.quantity) for one in shown] == [(1, 1), (1, 2)]
    assert b'"units":' not in to_json(replace(shown[0], units=None)), "of a whole pack nothing is said"


def test_pack_that_was_taken_off_is_put_back_with_its_units_if_they_are_still_there(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.sell_in_part(TRACE_1, 20)
    shop.counter.remove(TRACE_1)
    shown = shop.counter.put_back(TRACE_1)
    assert [(line.units, line.amount) for line in shown.lines] == [(20, Decimal("8.17"))]


def test_what_cannot_be_opened_says_why(shop: Shop) -> None:
    shop.scan(UNKNOWN_TRACE)
    with pytest.raises(NotDivisibleError):
        shop.counter.sell_in_part(UNKNOWN_TRACE, 1)
    with pytest.raises(PackNotOnListError):
        shop.counter.sell_in_part(OTHER_TRACE, 1)
    shop.scan(TRACE_1)
    with pytest.raises(UnitsLeftError):
        shop.counter.sell_in_part(TRACE_1, 25)


def test_units_do_not_come_back_into_stock(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.sell_in_part(TRACE_1, 2)
    sale = shop.counter.close_sale(UNNAMED).sale
    with pytest.raises(SplitNotReturnedError):
        shop.counter.return_packs(UNNAMED, sale, [TRACE_1], "质量")


def test_opened_pack_is_counted_anew_after_its_line_was_left(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.sell_in_part(TRACE_1, 2)
    shop.counter.remove(TRACE_1)
    shown = shop.scan(TRACE_1)
    assert shown.quantity == 1, "it was not opened: it is a whole pack again"
    assert [line.units for line in shop.counter.show().lines] == [None]
    assert replace(shown, id=None).verdict == "added"


def test_what_is_left_is_told_anew_from_the_events_as_often_as_need_be(shop: Shop) -> None:
    for units in (10, 4):
        shop.scan(TRACE_1)
        shop.counter.sell_in_part(TRACE_1, units)
        shop.counter.close_sale(UNNAMED)
    with shop.connection.begin():
        for table in ("sale_pack", "sale_line", "sale", "opened_pack"):
            sql.change(shop.connection, f"DELETE FROM {table}")  # noqa: S608 - names are ours
        for _ in range(2):
            tell_sales_anew(sql.driver_of(shop.connection))
    assert left(shop) == {TRACE_1: 10}
    assert "余 10" in shop.scan(TRACE_1).words.zh
