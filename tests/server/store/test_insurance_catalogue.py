from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from server.store import insurance_catalogue as lists
from server.store.database import Store
from server.store.insurance_catalogue import (
    InstitutionMatch,
    Item,
    ListMatch,
    PaysFirst,
    PriceLimit,
    Version,
)
from tests.server.store.settlement_rows import NOON

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 31)
ITEM = Item("1301", "XA01", FIRST, LAST, "101", "药", "02", "09", True, False, True, {"spec": "10mg"}, 3, NOON)
LIMIT = PriceLimit("XA01", "3", "", FIRST, LAST, Decimal("12.345678"), "101", True, NOON)
SHARE = PaysFirst("XA01", "11", "3502", FIRST, LAST, Decimal("0.1500"), "1", True, NOON)
MATCH = InstitutionMatch("I1", "own", "101", "XA01", FIRST, LAST, "药", True, {"memo": ""}, NOON)


def test_what_the_lists_hold_is_asked_for_by_day(store: Store) -> None:
    with store.writing() as connection:
        lists.put_items(connection, [ITEM, replace(ITEM, code="XA02", is_valid=False)])
        lists.put_price_limits(connection, [LIMIT, replace(LIMIT, level="2", is_valid=False)])
        lists.put_pays_first(connection, [SHARE])
        lists.put_institution_matches(connection, [MATCH])
        codes = ["XA01", "XA02"]
        for day, holds in ((FIRST, True), (LAST, True), (date(2026, 4, 1), False)):
            assert lists.load_items_on(connection, codes, day) == ({"XA01": ITEM} if holds else {})
            assert lists.load_price_limits_on(connection, codes, day) == ([LIMIT] if holds else [])
            assert lists.load_pays_first_on(connection, codes, day) == ([SHARE] if holds else [])
            found = lists.load_institution_matches_on(connection, "I1", ["own"], day)
            assert found == ([MATCH] if holds else [])


def test_of_two_rows_of_an_item_the_one_that_began_last_counts(store: Store) -> None:
    newer = replace(ITEM, from_day=date(2026, 2, 1), to_day=None, charge_class="01")
    with store.writing() as connection:
        lists.put_items(connection, [newer, ITEM])
        assert lists.load_items_on(connection, ["XA01"], date(2026, 1, 31)) == {"XA01": ITEM}
        assert lists.load_items_on(connection, ["XA01"], date(2026, 2, 1)) == {"XA01": newer}


def test_whoever_has_a_version_gets_what_changed_after_it(store: Store) -> None:
    version = Version("1301", 3, NOON, "admin", "file", 1)
    with store.writing() as connection:
        assert lists.newest_version(connection, "1301") == 0
        lists.add_version(connection, version)
        lists.put_items(
            connection, [ITEM, replace(ITEM, code="XA00", version=4), replace(ITEM, list="1302", version=9)]
        )
        lists.put_list_matches(connection, [ListMatch("XA01", "XA01", "", FIRST, None, "101", True, NOON)])
        assert lists.newest_version(connection, "1301") == 3
        assert lists.newest_version(connection, "1302") == 0
        assert lists.load_versions(connection) == [version]
        assert [one.code for one in lists.load_items_since(connection, "1301", 0)] == ["XA00", "XA01"]
        assert [one.code for one in lists.load_items_since(connection, "1301", 3)] == ["XA00"]
