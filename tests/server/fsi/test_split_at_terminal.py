"""A terminal tells of units that it sold from an opened pack: the ledger counts them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from server.store.database import Store
from tests.server.fake_terminal import READING
from tests.server.fsi.shop import SMALL_PREFIX, Shop, open_shop
from wire.events import Dispensed, PackInLine, SplitDispensed

PACK = f"{SMALL_PREFIX}0000000000017"


@pytest.fixture
def shop(lone_store: Store) -> Shop:
    return open_shop(lone_store)


def sold(sale: str, units: int) -> SplitDispensed:
    return SplitDispensed(sale, 1, "D0001", [PackInLine(PACK, READING, units)], 24, Decimal("0.50"), "self_pay")


def test_pack_is_opened_and_its_units_add_up(shop: Shop) -> None:
    shop.hear(sold("S1", 10), sold("S2", 14))
    assert (shop.state(PACK), shop.life(PACK).rest) == ("split", 0)
    assert shop.life(PACK).conflict_count == 0


def test_more_units_than_the_pack_has_are_a_contradiction(shop: Shop) -> None:
    shop.hear(sold("S1", 10), sold("S2", 15))
    assert [one.code for one in shop.life(PACK).conflicts] == ["pack.split_exceeds"]


def test_pack_that_was_opened_is_not_sold_whole(shop: Shop) -> None:
    shop.hear(sold("S1", 1), Dispensed("S2", 1, "D0001", [PackInLine(PACK, READING)], Decimal("9.80"), "self_pay"))
    assert [one.code for one in shop.life(PACK).conflicts] == ["pack.whole_after_split"]
