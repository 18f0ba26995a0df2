"""A pack that is scanned twice counts once; how it is said depends on the time between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, event

from edge.counter.counter import UNNAMED, Habits
from edge.counter.double_scans import DoubleScans
from edge.store.site_sales import PackFact, hear
from rules.scan_judgement import Mode, Tone, Verdict
from tests.edge.scene import NOON, TRACE_1, TRACE_2, FakeClock, Shop
from wire.events import Scanned

SALE = "counter-1-20261121-1"


@pytest.mark.req("T-23")
@pytest.mark.parametrize("mode", Mode)
def test_double_scan_is_one_event_no_alarm_and_says_already_in_the_basket(shop: Shop, mode: Mode) -> None:
    shop.counter.set_mode(mode)
    first = shop.scan(TRACE_1)
    second = shop.scan(TRACE_1, device="serial:right")
    assert (second.verdict, second.tone, second.line, second.quantity) == (
        Verdict.ALREADY_IN_SALE,
        Tone.NOTICE,
        first.line,
        1,
    )
    assert "已在清单中" in second.words.zh
    assert sum(isinstance(fact, Scanned) for fact in shop.facts()) == 1
    assert shop.count("scan") == 2
    totals = shop.counter.show().totals
    assert (totals.boxes, totals.alarms) == (1, 0)


@pytest.mark.req("T-23", "T-12")
def test_moment_ends_on_the_monotonic_clock(shop: Shop, clock: FakeClock) -> None:
    shop.scan(TRACE_1)
    clock.wall -= timedelta(days=1)
    clock.seconds += 3.0
    assert shop.scan(TRACE_1).tone is Tone.NOTICE
    # The hand still trembles: the moment counts from the last scan.
    clock.seconds += 3.0
    assert shop.scan(TRACE_1).tone is Tone.NOTICE
    clock.wall = NOON
    clock.seconds += 3.001
    late = shop.scan(TRACE_1)
    assert (late.verdict, late.tone, late.quantity) == (Verdict.ALREADY_IN_SALE, Tone.ALARM, 1)
    assert shop.counter.show().totals.boxes == 1


@pytest.mark.req("T-23")
def test_after_a_restart_it_is_said_louder(shop: Shop, clock: FakeClock) -> None:
    shop.scan(TRACE_1)
    assert Shop(shop.connection, clock, seed=2).scan(TRACE_1).tone is Tone.ALARM


def test_filter_can_be_switched_off(connection: Connection, shop: Shop, clock: FakeClock) -> None:
    strict = Shop(connection, clock, seed=2, habits=Habits(double_scan_s=0))
    strict.scan(TRACE_1)
    assert strict.scan(TRACE_1).tone is Tone.ALARM


def test_pack_that_was_sold_a_moment_ago_is_not_in_the_basket(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.close_sale(UNNAMED)
    sold = shop.scan(TRACE_1)
    assert (sold.verdict, sold.tone) == (Verdict.SOLD_HERE, Tone.ALARM)
    assert SALE in sold.words.zh
    assert "2026-11-21 12:00" in sold.words.en


def test_pack_that_was_taken_off_a_moment_ago_is_added_again(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.remove(TRACE_1)
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED


def test_scan_that_was_not_kept_is_not_remembered(shop: Shop, clock: FakeClock) -> None:
    shop.scan(TRACE_1)
    clock.seconds += 2

    def fail(_: Connection) -> None:
        raise RuntimeError("the disk is gone")

    event.listen(shop.connection.engine, "commit", fail)
    with pytest.raises(RuntimeError):
        shop.scan(TRACE_1)
    event.remove(shop.connection.engine, "commit", fail)
    clock.seconds += 2
    assert shop.scan(TRACE_1).tone is Tone.ALARM


def test_memory_holds_only_the_last_moment(clock: FakeClock) -> None:
    seen = DoubleScans(3, clock)
    for number in range(1_000):
        seen.note(str(number))
        clock.seconds += 1
    assert len(seen._seen) <= 4
    assert seen.is_repeat("998")
    assert not seen.is_repeat("996")


@pytest.mark.req("T-23")
@pytest.mark.parametrize("mode", Mode)
def test_what_a_neighbour_sold_names_the_terminal_and_the_time(shop: Shop, mode: Mode) -> None:
    at = round(NOON.timestamp() * 1_000_000)
    with shop.connection.begin():
        hear(
            shop.connection,
            "counter-2",
            [PackFact(TRACE_1, "counter-2-20261121-3", at, is_sold=True), PackFact(TRACE_2, "c", at, is_sold=False)],
        )
    shop.counter.set_mode(mode)
    shown = shop.scan(TRACE_1)
    assert (shown.verdict, shown.tone, shown.line) == (Verdict.SOLD_AT_SITE, Tone.ALARM, None)
    assert "终端 counter-2" in shown.words.zh
    assert "2026-11-21 12:00" in shown.words.zh
    assert shown.hint is not None
    assert "counter-2" in shown.hint.en
    assert shop.scan(TRACE_2).verdict == Verdict.ADDED
