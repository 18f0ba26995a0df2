"""What is scanned while a sale is being paid goes on the next one and says so; the paid sale stays as it is."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from codes.reading import Scan
from edge.counter.counter import UNNAMED
from edge.counter.errors import ListNotEmptyError, ListNotOpenError, NotSignedInError
from edge.counter.payment import PAYMENT_S
from edge.store.database import opened_store
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode, Tone, Verdict
from tests.edge.scene import (
    CARTON_TRACE,
    EAN,
    EPOCH,
    OTHER_TRACE,
    TERMINAL,
    TOKEN,
    TRACE_1,
    TRACE_2,
    UNKNOWN_TRACE,
    VOUCHER,
    FakeClock,
    Shop,
)
from wire.events import Dispensed, Scanned

SALE, NEXT = "counter-1-20261121-1", "counter-1-20261121-2"


@pytest.fixture
def paying(shop: Shop) -> Shop:
    """Return a counter where a sale of one box is being paid."""
    shop.scan(TRACE_1)
    assert shop.counter.set_paying(SALE, is_paying=True).is_paying
    return shop


def codes_on(shop: Shop) -> list[str]:
    return [code for line in shop.counter.show().lines for code in line.codes]


@pytest.mark.req("T-23")
def test_scan_during_a_payment_is_on_the_next_sale_and_says_so(paying: Shop) -> None:
    before = paying.counter.show()
    shown = paying.scan(TRACE_2)
    assert (shown.verdict, shown.tone, shown.sale, shown.is_next) == (Verdict.ADDED, Tone.NOTICE, NEXT, True)
    assert shown.words.zh == "正在收款，已计入下一单"
    assert (shown.line, shown.quantity) == (1, 1)
    after = paying.counter.show()
    assert (after.id, after.lines, after.totals) == (before.id, before.lines, before.totals)
    assert (after.is_paying, after.waiting, after.waiting_boxes) == (True, NEXT, 1)
    fact = paying.facts()[-1]
    assert isinstance(fact, Scanned)
    assert (fact.sale, fact.code, fact.reserved_until is None) == (NEXT, TRACE_2, False)


@pytest.mark.req("T-23")
def test_next_sale_opens_when_the_paid_one_is_closed(paying: Shop) -> None:
    paying.scan(TRACE_2)
    paying.scan(UNKNOWN_TRACE)
    closed = paying.counter.close_sale(UNNAMED, SALE)
    assert (closed.sale, closed.totals.boxes) == (SALE, 1)
    now = paying.counter.show()
    assert (now.id, now.is_paying, now.waiting) == (NEXT, False, None)
    assert codes_on(paying) == [TRACE_2, UNKNOWN_TRACE]
    assert paying.heard("totals")[-1][1]["boxes"] == 2
    assert paying.scan(OTHER_TRACE).sale == NEXT
    assert paying.counter.close_sale(UNNAMED).totals.boxes == 3
    sold = [pack.code for fact in paying.facts() if isinstance(fact, Dispensed) for pack in fact.packs]
    assert sold == [TRACE_1, TRACE_2, UNKNOWN_TRACE, OTHER_TRACE]


def test_next_sale_opens_when_the_paid_one_is_cancelled(paying: Shop) -> None:
    paying.scan(TRACE_2)
    paying.counter.cancel(UNNAMED)
    assert (paying.counter.show().id, codes_on(paying)) == (NEXT, [TRACE_2])
    assert paying.scan(TRACE_1).verdict == Verdict.ADDED


def test_without_scans_meanwhile_nothing_is_left_over(paying: Shop) -> None:
    paying.counter.close_sale(UNNAMED)
    assert paying.counter.show().id is None
    assert (paying.scan(TRACE_2).sale, paying.counter.show().is_paying) == (NEXT, False)


@pytest.mark.req("T-23")
def test_box_of_the_paid_sale_is_not_counted_again(paying: Shop, clock: FakeClock) -> None:
    events = paying.count("outbox")
    trembling = paying.scan(TRACE_1)
    clock.advance(4)
    later = paying.scan(TRACE_1)
    assert [(one.verdict, one.sale, one.is_next) for one in (trembling, later)] == [
        (Verdict.ALREADY_IN_SALE, SALE, False)
    ] * 2
    assert (trembling.tone, later.tone) == (Tone.NOTICE, Tone.ALARM)
    assert "正在收款" in later.words.zh
    assert (paying.count("outbox"), paying.counter.show().waiting) == (events, None)


def test_box_of_the_next_sale_counts_once_there(paying: Shop, clock: FakeClock) -> None:
    paying.scan(TRACE_2)
    assert paying.scan(TRACE_2).tone is Tone.NOTICE
    clock.advance(4)
    again = paying.scan(TRACE_2)
    assert (again.verdict, again.tone, again.sale, again.is_next) == (
        Verdict.ALREADY_IN_SALE,
        Tone.ALARM,
        NEXT,
        True,
    )
    assert paying.counter.show().waiting_boxes == 1


def test_alarm_during_a_payment_counts_for_the_next_sale(paying: Shop) -> None:
    assert paying.scan(CARTON_TRACE).sale == NEXT
    assert paying.counter.show().totals.alarms == 0
    paying.counter.close_sale(UNNAMED)
    assert paying.counter.show().totals.alarms == 1


def test_wrong_code_and_credential_during_a_payment_begin_no_sale(paying: Shop) -> None:
    assert (paying.scan(EAN, "]E0").sale, paying.scan(VOUCHER).sale) == (None, SALE)
    fact = paying.facts()[-1]
    assert isinstance(fact, Scanned)
    assert fact.sale == "counter-1-20261121-0"
    assert paying.counter.show().waiting is None


@pytest.mark.req("T-12")
def test_payment_ends_by_itself_on_the_monotonic_clock(paying: Shop, clock: FakeClock) -> None:
    clock.wall += timedelta(days=1)
    clock.seconds += PAYMENT_S - 1
    assert paying.counter.show().is_paying
    paying.counter.set_paying(SALE, is_paying=True)
    clock.seconds += PAYMENT_S - 1
    assert paying.scan(TRACE_2).is_next
    clock.seconds += 1
    assert not paying.counter.show().is_paying
    assert (paying.scan(OTHER_TRACE).sale, codes_on(paying)) == (SALE, [TRACE_1, OTHER_TRACE])


def test_payment_that_is_given_up_lets_the_sale_go_on(paying: Shop) -> None:
    paying.scan(TRACE_2)
    after = paying.counter.set_paying(SALE, is_paying=False)
    assert (after.is_paying, after.waiting) == (False, NEXT)
    assert paying.heard("scan_update")[-1][1]["change"] == "paying"
    assert paying.scan(OTHER_TRACE).sale == SALE
    # Even at once: the box is on the other list, which is no trembling hand.
    there = paying.scan(TRACE_2)
    assert (there.verdict, there.tone, there.sale, there.is_next) == (Verdict.ALREADY_IN_SALE, Tone.ALARM, NEXT, True)
    paying.counter.remove(TRACE_2)
    assert paying.counter.show().waiting_boxes == 0
    assert paying.scan(TRACE_2).sale == SALE
    assert codes_on(paying) == [TRACE_1, TRACE_2, OTHER_TRACE]


def test_box_taken_off_the_next_sale_can_be_put_back(paying: Shop) -> None:
    paying.scan(TRACE_2)
    paying.counter.remove(TRACE_2)
    for _ in range(2):
        assert paying.counter.put_back(TRACE_2).waiting_boxes == 1


def test_only_the_open_sale_is_paid_and_by_somebody(shop: Shop) -> None:
    with pytest.raises(ListNotOpenError):
        shop.counter.set_paying(SALE, is_paying=True)
    shop.scan(TRACE_1)
    with pytest.raises(ListNotOpenError):
        shop.counter.set_paying(NEXT, is_paying=True)
    assert not shop.counter.set_paying(NEXT, is_paying=False).is_paying
    shop.counter.set_paying(SALE, is_paying=True)
    assert shop.counter.set_paying(NEXT, is_paying=False).is_paying
    shop.counter.cancel(UNNAMED)
    shop.operators.sign_out(TOKEN)
    for is_paying in (True, False):
        with pytest.raises(NotSignedInError):
            shop.counter.set_paying(SALE, is_paying=is_paying)


def test_delivery_is_not_paid(shop: Shop) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    shop.scan(TRACE_1)
    with pytest.raises(ListNotOpenError):
        shop.counter.set_paying(SALE, is_paying=True)


def test_next_sale_is_closed_in_its_turn_or_cancelled(paying: Shop) -> None:
    paying.scan(TRACE_2)
    with pytest.raises(ListNotOpenError, match="下一单"):
        paying.counter.close_sale(UNNAMED, NEXT)
    assert paying.counter.cancel(UNNAMED, NEXT).sale == NEXT
    assert (paying.counter.show().id, paying.counter.show().waiting) == (SALE, None)
    assert paying.scan(TRACE_2).sale == "counter-1-20261121-3"


def test_mode_waits_for_both_lists(paying: Shop) -> None:
    paying.scan(TRACE_2)
    paying.counter.remove(TRACE_1)
    with pytest.raises(ListNotEmptyError):
        paying.counter.set_mode(Mode.RECEIVE)
    paying.counter.remove(TRACE_2)
    assert paying.counter.set_mode(Mode.RECEIVE).id is None
    assert (paying.scan(TRACE_2).sale, paying.counter.show().waiting) == ("counter-1-20261121-3", None)


@pytest.mark.req("T-12")
@pytest.mark.parametrize(("jump", "number"), [(timedelta(days=1), "20261122-1"), (timedelta(days=-2), "20261121-2")])
def test_day_that_changes_during_a_payment_loses_no_sale(
    paying: Shop, clock: FakeClock, jump: timedelta, number: str
) -> None:
    clock.wall += jump
    assert paying.scan(TRACE_2).sale == f"counter-1-{number}"
    assert paying.counter.show().waiting == f"counter-1-{number}"
    paying.counter.close_sale(UNNAMED)
    assert codes_on(paying) == [TRACE_2]


@pytest.mark.req("T-23")
def test_scan_that_waited_while_the_sale_was_closed_is_on_the_next_one_and_says_so(
    shop: Shop, clock: FakeClock
) -> None:
    shop.scan(TRACE_1)
    came_s = clock.monotonic_s()
    clock.advance(0.2)
    shop.counter.close_sale(UNNAMED)
    late = shop.counter.take(Scan(TRACE_2.encode(), None, "serial:left"), came_s=came_s)
    assert (late.verdict, late.tone, late.sale, late.is_next) == (Verdict.ADDED, Tone.NOTICE, NEXT, False)
    assert late.words.zh == "正在收款，已计入下一单"
    after = shop.counter.take(Scan(OTHER_TRACE.encode(), None, "serial:left"), came_s=clock.monotonic_s())
    assert (after.tone, after.sale) == (Tone.OK, NEXT)


def test_delivery_that_is_closed_is_no_payment(shop: Shop, clock: FakeClock) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    shop.scan(TRACE_1)
    came_s = clock.monotonic_s()
    clock.advance(0.2)
    shop.counter.close_delivery(UNNAMED)
    assert shop.counter.take(Scan(TRACE_2.encode(), None, "serial:left"), came_s=came_s).tone is Tone.OK


def pay_until_killed(folder: Path, announce: int) -> None:
    """Scan for the next sale during a payment, and announce each scan when the counter has answered."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        shop.scan(TRACE_1)
        shop.counter.set_paying(SALE, is_paying=True)
        for number in range(2, 10_000):
            os.write(announce, f"{shop.scan(f'8600011{number:013}').code}\n".encode())


@pytest.fixture
def killed(tmp_path: Path) -> tuple[Path, list[str]]:
    """Return the folder of a counter that was killed during a payment, and what it had announced."""
    reading, writing = os.pipe()
    folder = tmp_path / "killed"
    teller = multiprocessing.get_context("fork").Process(target=pay_until_killed, args=(folder, writing))
    teller.start()
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as announcements:
        heard = announcements.read(200)
        assert teller.pid is not None
        os.kill(teller.pid, signal.SIGKILL)
        while chunk := announcements.read(65_536):
            heard += chunk
    teller.join(10)
    return folder, heard.decode().split("\n")[:-1]


@pytest.mark.req("T-02", "T-23")
def test_kill_during_a_payment_loses_neither_sale(killed: tuple[Path, list[str]]) -> None:
    folder, announced = killed
    assert announced
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=2)
        shop.sign_in(token="token-2")
        after = shop.counter.show()
        assert (after.id, after.is_paying, after.waiting) == (SALE, False, NEXT)
        assert codes_on(shop) == [TRACE_1]
        assert shop.counter.close_sale(UNNAMED).totals.boxes == 1
        assert set(announced) <= set(codes_on(shop))
        # At most one scan was on the disk and not yet announced.
        assert len(codes_on(shop)) <= len(announced) + 1
