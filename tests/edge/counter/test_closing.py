"""A list ends once, in facts that name what they are about; asked again, it gives the same answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from edge.counter.counter import Request
from edge.counter.errors import (
    KeyReusedError,
    ListEmptyError,
    ListNotEmptyError,
    ListNotOpenError,
    NotSignedInError,
    PackNotOnListError,
    PackNotRemovedError,
    SaleUnknownError,
)
from edge.store.scans import forget_answers
from rules.scan_judgement import Mode, Tone, Verdict
from tests.edge.scene import (
    CARTON_TRACE,
    CATALOGUE,
    NOON,
    OTHER_TRACE,
    TOKEN,
    TRACE_1,
    TRACE_2,
    UNKNOWN_TRACE,
    FakeClock,
    Shop,
)
from wire.events import Dispensed, PackInLine, Received, Scanned

SALE = "counter-1-20261121-1"
NEXT_SALE = "counter-1-20261121-2"
HIBC_RAW, HIBC_PACK = "+A123BJC5D6E71/$+77DAA1C", "hibc:A123BJC5D6E71:77DAA1"


def ask(key: str | None = None, asked: str = "close") -> Request:
    return Request(key, asked)


def readings(shop: Shop) -> dict[str, str]:
    """Code to the id of its last `scanned` event."""
    return {event.fact.code: event.id for event in shop.events() if isinstance(event.fact, Scanned) and event.fact.code}


def sell(shop: Shop, *codes: str) -> str:
    for code in codes:
        shop.scan(code)
    return shop.counter.close_sale(ask()).sale


# -- closing -------------------------------------------------------------------------------------------------------


def test_closed_sale_is_one_fact_per_line_that_names_its_readings(shop: Shop) -> None:
    for code in (TRACE_1, OTHER_TRACE, TRACE_2, UNKNOWN_TRACE):
        shop.scan(code)
    closed = shop.counter.close_sale(ask())
    by_code = readings(shop)
    assert [fact for fact in shop.facts() if isinstance(fact, Dispensed)] == [
        Dispensed(
            SALE,
            1,
            "D0001",
            [PackInLine(TRACE_1, by_code[TRACE_1]), PackInLine(TRACE_2, by_code[TRACE_2])],
            Decimal("9.805"),
            "self_pay",
        ),
        Dispensed(SALE, 2, "D0002", [PackInLine(OTHER_TRACE, by_code[OTHER_TRACE])], Decimal("21.50"), "self_pay"),
        Dispensed(SALE, 3, None, [PackInLine(UNKNOWN_TRACE, by_code[UNKNOWN_TRACE])], None, "self_pay"),
    ]
    assert (closed.sale, closed.mode, closed.closed_at) == (SALE, Mode.DISPENSE, NOON)
    assert [line.codes for line in closed.lines] == [(TRACE_1, TRACE_2), (OTHER_TRACE,), (UNKNOWN_TRACE,)]
    assert [line.event for line in closed.lines] == [event.id for event in shop.events()[-3:]]
    assert closed.totals.amount == Decimal("41.11")
    assert shop.counter.show().id is None
    assert shop.heard("scan_update")[-1][1]["change"] == "closed"
    assert shop.heard("totals")[-1][1]["boxes"] == 0


def test_scan_after_closing_opens_the_next_sale(shop: Shop) -> None:
    assert sell(shop, TRACE_1) == SALE
    assert shop.scan(TRACE_2).sale == NEXT_SALE


@pytest.mark.req("T-23")
def test_pack_that_was_sold_here_is_an_alarm_and_not_sold_again(shop: Shop) -> None:
    sell(shop, TRACE_1)
    assert shop.scan(TRACE_1).verdict == Verdict.SOLD_HERE
    assert shop.counter.show().totals.alarms == 1
    with pytest.raises(ListEmptyError):
        shop.counter.close_sale(ask())


def receive(shop: Shop, *codes: str) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    for code in codes:
        shop.scan(code)
    shop.counter.close_delivery(ask())


@pytest.mark.req("T-23")
def test_pack_that_is_in_stock_is_not_received_twice(shop: Shop) -> None:
    receive(shop, TRACE_1)
    shop.clock.advance(90)
    again = shop.scan(TRACE_1)
    assert (again.verdict, again.tone, again.line) == (Verdict.RECEIVED_HERE, Tone.NOTICE, None)
    assert again.hint is not None
    assert "2026-11-21 12:00" in again.hint.zh
    assert shop.counter.show().id is None
    assert shop.scan(TRACE_2).verdict == Verdict.ADDED


@pytest.mark.req("T-23")
def test_sold_pack_is_received_only_after_its_return(shop: Shop) -> None:
    receive(shop, TRACE_1)
    shop.counter.set_mode(Mode.DISPENSE)
    sale = sell(shop, TRACE_1)
    shop.counter.set_mode(Mode.RECEIVE)
    wrong = shop.scan(TRACE_1)
    assert (wrong.verdict, wrong.tone, wrong.line) == (Verdict.SOLD_HERE, Tone.ALARM, None)
    shop.counter.return_packs(ask(), sale, [TRACE_1], "x")
    assert shop.scan(TRACE_1).verdict == Verdict.QUARANTINED
    shop.counter.release(TRACE_1, "sealed and whole")
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED
    shop.counter.close_delivery(ask())
    assert shop.scan(TRACE_1).verdict == Verdict.RECEIVED_HERE


def test_pack_of_a_cancelled_delivery_was_not_received(shop: Shop) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    shop.scan(TRACE_1)
    shop.counter.cancel(ask())
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED


def test_received_pack_is_sold_without_more_ado(shop: Shop) -> None:
    receive(shop, TRACE_1)
    shop.counter.set_mode(Mode.DISPENSE)
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED


def test_delivery_closes_into_received_facts(shop: Shop) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    shop.scan(TRACE_1)
    shop.scan(CARTON_TRACE)
    closed = shop.counter.close_delivery(ask())
    by_code = readings(shop)
    assert [fact for fact in shop.facts() if isinstance(fact, Received)] == [
        Received(SALE, 1, "D0001", [PackInLine(TRACE_1, by_code[TRACE_1])]),
        Received(SALE, 2, "D0001", [PackInLine(CARTON_TRACE, by_code[CARTON_TRACE])]),
    ]
    assert (closed.mode, closed.totals.amount, closed.totals.unpriced) == (Mode.RECEIVE, Decimal("0.00"), 2)
    shop.counter.set_mode(Mode.DISPENSE)
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED


@pytest.mark.req("T-05")
def test_same_request_gets_the_same_answer_and_changes_nothing(shop: Shop, clock: FakeClock) -> None:
    shop.scan(TRACE_1)
    first = shop.counter.close_sale(ask("k1"))
    events, told, recorded = shop.count("outbox"), len(shop.heard()), shop.recorded
    clock.advance(60)
    shop.scan(TRACE_2)
    assert shop.counter.close_sale(ask("k1")) == first
    assert shop.count("outbox") == events + 1
    assert [name for name, _ in shop.heard()[told:]] == ["scan", "totals"]
    assert shop.recorded == recorded + 1
    assert shop.counter.show().id == NEXT_SALE


def test_sale_that_is_named_gives_its_answer_again_without_a_key(shop: Shop) -> None:
    shop.scan(TRACE_1)
    first = shop.counter.close_sale(ask(), SALE)
    shop.scan(TRACE_2)
    events = shop.count("outbox")
    assert shop.counter.close_sale(ask(), SALE) == first
    assert shop.count("outbox") == events


def test_one_key_for_two_requests_is_refused(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.close_sale(ask("k1", "close sale"))
    with pytest.raises(KeyReusedError):
        shop.counter.cancel(ask("k1", "cancel"))


def test_refused_request_leaves_its_key_free(shop: Shop) -> None:
    with pytest.raises(ListNotOpenError):
        shop.counter.close_sale(ask("k1"))
    shop.scan(TRACE_1)
    assert shop.counter.close_sale(ask("k1")).sale == SALE


def test_old_answers_can_be_forgotten(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.close_sale(ask("k1"))
    with shop.connection.begin():
        assert forget_answers(shop.connection, NOON) == 0
        assert forget_answers(shop.connection, NOON + timedelta(seconds=1)) == 1


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda counter: counter.close_sale(ask()), ListNotOpenError),
        (lambda counter: counter.close_delivery(ask()), ListNotOpenError),
        (lambda counter: counter.close_sale(ask(), "counter-1-20261121-9"), SaleUnknownError),
        (lambda counter: counter.cancel(ask()), ListNotOpenError),
        (lambda counter: counter.cancel(ask(), SALE), ListNotOpenError),
        (lambda counter: counter.remove(TRACE_1), PackNotOnListError),
        (lambda counter: counter.return_packs(ask(), SALE, [TRACE_1], "x"), SaleUnknownError),
    ],
)
def test_what_is_not_there_is_refused(shop: Shop, act: Callable[[object], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        act(shop.counter)


def test_delivery_is_not_closed_as_a_sale(shop: Shop) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    shop.scan(TRACE_1)
    with pytest.raises(ListNotOpenError):
        shop.counter.close_sale(ask())
    shop.counter.close_delivery(ask())
    with pytest.raises(SaleUnknownError):
        shop.counter.close_sale(ask(), SALE)


# -- before closing ------------------------------------------------------------------------------------------------


def test_removed_pack_is_off_the_list_and_may_come_back(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.scan(TRACE_2)
    left = shop.counter.remove(TRACE_1)
    assert [line.codes for line in left.lines] == [(TRACE_2,)]
    assert shop.heard("scan_update")[-1][1] == {
        "sale": SALE,
        "change": "removed",
        "line": 1,
        "code": TRACE_1,
        "quantity": 1,
    }
    with pytest.raises(PackNotOnListError):
        shop.counter.remove(TRACE_1)
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED
    closed = shop.counter.close_sale(ask())
    assert set(closed.lines[0].codes) == {TRACE_1, TRACE_2}
    assert readings(shop)[TRACE_1] in str(shop.facts()[-1])


@pytest.mark.parametrize("code", [TRACE_1, HIBC_PACK, "(01)06900000000014(21)A(10)B"])
def test_removed_pack_is_put_back_as_it_was(shop: Shop, code: str) -> None:
    for raw in (TRACE_1, HIBC_RAW, "010690000000001421A(10)B"):
        shop.scan(raw, "]d2" if raw.startswith("01") else None)
    before, events, scans = shop.counter.show(), shop.count("outbox"), shop.count("scan")
    assert code in {one for line in before.lines for one in line.codes}
    shop.counter.remove(code)
    shop.stock(replace(CATALOGUE, products=tuple(replace(one, price=Decimal(99)) for one in CATALOGUE.products)))
    assert shop.counter.put_back(code) == before
    told = shop.heard("scan_update")
    assert (told[-1][1]["change"], told[-1][1]["code"]) == ("restored", code)
    assert shop.counter.put_back(code) == before
    assert shop.heard("scan_update") == told
    assert (shop.count("outbox"), shop.count("scan")) == (events, scans)


def test_only_what_was_taken_off_the_open_list_is_put_back(shop: Shop) -> None:
    with pytest.raises(PackNotRemovedError):
        shop.counter.put_back(TRACE_1)
    shop.scan(TRACE_1)
    shop.counter.remove(TRACE_1)
    with pytest.raises(PackNotRemovedError):
        shop.counter.put_back(TRACE_2)
    shop.counter.cancel(ask())
    shop.scan(TRACE_2)
    with pytest.raises(PackNotRemovedError):
        shop.counter.put_back(TRACE_1)


def test_nobody_puts_a_pack_back_without_signing_in(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.remove(TRACE_1)
    shop.operators.sign_out(TOKEN)
    with pytest.raises(NotSignedInError):
        shop.counter.put_back(TRACE_1)


def test_line_that_lost_all_its_packs_is_not_closed(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.scan(OTHER_TRACE)
    shop.counter.remove(TRACE_1)
    assert [line.line for line in shop.counter.close_sale(ask()).lines] == [2]
    assert [fact.line for fact in shop.facts() if isinstance(fact, Dispensed)] == [2]


def test_cancelled_list_writes_no_fact_and_frees_its_packs(shop: Shop) -> None:
    shop.scan(TRACE_1)
    events = shop.count("outbox")
    cancelled = shop.counter.cancel(ask("k"))
    assert cancelled.sale == SALE
    assert shop.counter.cancel(ask("k")) == cancelled
    assert shop.counter.cancel(ask(), SALE) == cancelled
    assert shop.count("outbox") == events
    assert shop.heard("scan_update")[-1][1]["change"] == "cancelled"
    assert shop.scan(TRACE_1).sale == NEXT_SALE
    with pytest.raises(ListNotOpenError) as caught:
        shop.counter.close_sale(ask(), SALE)
    assert "已取消" in caught.value.words.zh


def test_mode_changes_only_between_lists(shop: Shop) -> None:
    shop.scan(TRACE_1)
    assert shop.counter.set_mode(Mode.DISPENSE).id == SALE
    with pytest.raises(ListNotEmptyError):
        shop.counter.set_mode(Mode.RECEIVE)
    shop.counter.remove(TRACE_1)
    after = shop.counter.set_mode(Mode.RECEIVE)
    assert (after.id, after.mode) == (None, Mode.RECEIVE)
    assert shop.counter.set_mode(Mode.DISPENSE).mode is Mode.DISPENSE


def test_list_outlives_a_restart(shop: Shop, clock: FakeClock) -> None:
    shop.scan(TRACE_1)
    after = Shop(shop.connection, clock)
    assert [line.codes for line in after.counter.show().lines] == [(TRACE_1,)]
    assert after.scan(TRACE_1).verdict == Verdict.ALREADY_IN_SALE


def test_nobody_signed_in_can_do_nothing(shop: Shop) -> None:
    sold = sell(shop, TRACE_1)
    shop.operators.sign_out(TOKEN)
    for act in (
        lambda: shop.counter.close_sale(ask()),
        lambda: shop.counter.cancel(ask()),
        lambda: shop.counter.remove(TRACE_1),
        lambda: shop.counter.return_packs(ask(), sold, [TRACE_1], "x"),
        lambda: shop.counter.set_mode(Mode.RECEIVE),
    ):
        with pytest.raises(NotSignedInError):
            act()


def test_closed_sale_cannot_be_cancelled(shop: Shop) -> None:
    sale = sell(shop, TRACE_1)
    with pytest.raises(ListNotOpenError):
        shop.counter.cancel(ask(), sale)
