"""Packs come back where they were sold, once, in time and still good; each refusal says why and changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.counter.counter import UNNAMED, Habits, Request
from edge.counter.errors import (
    PackExpiredError,
    PackNotSoldError,
    PackReturnedBeforeError,
    ReturnTooLateError,
    SaleNotClosedError,
    SaleUnknownError,
    SoldAtSiteError,
)
from edge.counter.returning import REFUSALS
from edge.counter.sold import find_sold_pack
from edge.errors import EdgeError
from edge.store.site_sales import PackFact, hear
from rules.return_judgement import WORDS
from rules.scan_judgement import Mode, Verdict
from tests.edge.scene import NOON, OTHER_TRACE, TRACE_1, TRACE_2, UDI_PACK, FakeClock, Shop
from wire.events import PackInLine, SaleReturned, Scanned

SALE = "counter-1-20261121-1"
DATED = b"01069000000000141726112310LOT1\x1d21SN1"
"""Good through 2026-11-23, two days after noon."""
HIBC_RAW, HIBC_PACK = "+A123BJC5D6E71/$+77DAA1C", "hibc:A123BJC5D6E71:77DAA1"


def sell(shop: Shop, *codes: str | bytes) -> str:
    for code in codes:
        shop.scan(code, "]d2" if isinstance(code, bytes) else None)
    return shop.counter.close_sale(UNNAMED).sale


def take_back(shop: Shop, sale: str, *codes: str) -> None:
    shop.counter.return_packs(UNNAMED, sale, codes, "x")


def refused(shop: Shop, sale: str, *codes: str) -> EdgeError:
    """Return why nothing of it comes back."""
    events = shop.count("outbox")
    with pytest.raises(EdgeError) as caught:
        take_back(shop, sale, *codes)
    assert shop.count("outbox") == events
    return caught.value


def test_returned_packs_are_one_fact_per_line_and_may_be_sold_again(shop: Shop) -> None:
    sale = sell(shop, TRACE_1, OTHER_TRACE, TRACE_2)
    by_code = {event.fact.code: event.id for event in shop.events() if isinstance(event.fact, Scanned)}
    codes, request = [OTHER_TRACE, TRACE_1, TRACE_1], Request("k", "return")
    returned = shop.counter.return_packs(request, sale, codes, "不需要了")
    assert shop.facts()[-2:] == [
        SaleReturned(sale, 1, [PackInLine(TRACE_1, by_code[TRACE_1])], "不需要了"),
        SaleReturned(sale, 2, [PackInLine(OTHER_TRACE, by_code[OTHER_TRACE])], "不需要了"),
    ]
    assert returned.codes == (OTHER_TRACE, TRACE_1)
    assert returned.events == tuple(event.id for event in shop.events()[-2:])
    assert shop.counter.return_packs(request, sale, codes, "不需要了") == returned
    assert shop.heard("scan_update")[-1][1]["change"] == "returned"
    assert shop.scan(TRACE_1).verdict == Verdict.QUARANTINED
    shop.counter.release(TRACE_1, "外观完好")
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED
    assert shop.scan(TRACE_2).verdict == Verdict.SOLD_HERE


def test_closed_sale_still_shows_what_came_back(shop: Shop) -> None:
    sale = sell(shop, TRACE_1)
    before = shop.counter.close_sale(UNNAMED, sale)
    take_back(shop, sale, TRACE_1)
    assert shop.counter.close_sale(UNNAMED, sale) == before


@pytest.mark.req("T-24")
def test_pack_comes_back_once(shop: Shop) -> None:
    sale = sell(shop, TRACE_1, TRACE_2)
    take_back(shop, sale, TRACE_1)
    for codes in ([TRACE_1], [TRACE_2, TRACE_1]):
        refusal = refused(shop, sale, *codes)
        assert isinstance(refusal, PackReturnedBeforeError)
        assert TRACE_1 in refusal.words.zh
        assert TRACE_2 not in refusal.words.zh
    other = refused(shop, sale, OTHER_TRACE, TRACE_1)
    assert isinstance(other, PackNotSoldError)
    assert OTHER_TRACE in other.words.en
    take_back(shop, sale, TRACE_2)


@pytest.mark.req("T-24")
def test_pack_that_was_taken_off_before_the_sale_was_closed_was_not_sold(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.scan(TRACE_2)
    shop.counter.remove(TRACE_1)
    assert isinstance(refused(shop, shop.counter.close_sale(UNNAMED).sale, TRACE_1), PackNotSoldError)


@pytest.mark.req("T-24")
def test_only_a_closed_sale_can_be_returned(shop: Shop) -> None:
    shop.scan(TRACE_1)
    assert isinstance(refused(shop, SALE, TRACE_1), SaleNotClosedError)
    shop.counter.cancel(UNNAMED)
    assert isinstance(refused(shop, SALE, TRACE_1), SaleNotClosedError)
    shop.counter.set_mode(Mode.RECEIVE)
    shop.scan(TRACE_1)
    delivery = shop.counter.close_delivery(UNNAMED).sale
    assert isinstance(refused(shop, delivery, TRACE_1), SaleUnknownError)


@pytest.mark.req("T-24")
def test_limit_of_days_holds_to_the_last_moment(shop: Shop, clock: FakeClock) -> None:
    sale = sell(shop, TRACE_1, TRACE_2)
    clock.advance(10 * 86_400)
    take_back(shop, sale, TRACE_1)
    clock.wall += timedelta(microseconds=1)
    refusal = refused(shop, sale, TRACE_2)
    assert isinstance(refusal, ReturnTooLateError)
    assert "10 天" in refusal.words.zh
    patient = Shop(shop.connection, clock, habits=Habits(return_days=0))
    take_back(patient, sale, TRACE_2)


@pytest.mark.req("T-24")
def test_expired_pack_does_not_come_back(shop: Shop, clock: FakeClock) -> None:
    sale = sell(shop, DATED, TRACE_1)
    # 23:59 of the last day in Xiamen, then midnight.
    clock.advance(2 * 86_400 + 11 * 3_600 + 59 * 60)
    take_back(shop, sale, UDI_PACK)
    shop.counter.release(UDI_PACK, "外观完好")
    shop.scan(DATED, "]d2")
    again = shop.counter.close_sale(UNNAMED).sale
    clock.advance(60)
    refusal = refused(shop, again, UDI_PACK)
    assert isinstance(refusal, PackExpiredError)
    assert UDI_PACK in refusal.words.zh
    take_back(shop, sale, TRACE_1)


@pytest.mark.req("T-24")
def test_code_without_a_date_or_whose_scan_is_put_away_is_not_refused_for_it(shop: Shop, clock: FakeClock) -> None:
    sale = sell(shop, HIBC_RAW, DATED)
    clock.advance(5 * 86_400)
    take_back(shop, sale, HIBC_PACK)
    with shop.connection.begin():
        shop.connection.exec_driver_sql("DELETE FROM scan")
    take_back(shop, sale, UDI_PACK)


@pytest.mark.req("T-24", "T-23")
def test_what_a_neighbour_sold_is_returned_at_the_neighbour(shop: Shop) -> None:
    with shop.connection.begin():
        at = round(NOON.timestamp() * 1_000_000)
        hear(shop.connection, "counter-2", [PackFact(TRACE_1, "counter-2-20261121-3", at, is_sold=True)])
    refusal = refused(shop, "counter-2-20261121-3", TRACE_1)
    assert isinstance(refusal, SoldAtSiteError)
    assert "counter-2" in refusal.words.zh
    assert isinstance(refused(shop, "counter-2-20261121-4", TRACE_1), SaleUnknownError)
    with shop.connection.begin(), pytest.raises(SoldAtSiteError):
        find_sold_pack(shop.connection, TRACE_1)


@pytest.mark.req("T-24")
def test_every_refusal_has_a_name_and_a_next_step_of_its_own() -> None:
    assert set(REFUSALS) == set(WORDS)
    assert len({refusal.code for refusal in REFUSALS.values()}) == len(REFUSALS)
    assert len({refusal.next_step for refusal in REFUSALS.values()}) == len(REFUSALS)
