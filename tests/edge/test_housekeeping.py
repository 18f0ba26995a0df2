"""What is done beside the work."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from codes.words import Words
from edge import housekeeping
from edge.counter.counter import Request
from edge.health import SyncStatus, TerminalStatus, Trouble, is_clock_off
from edge.housekeeping import HEALTH_PULSE_S, KEEP_ANSWERS, PULSE_S, PUT_AWAY_S, put_away, tell_health, tell_sync
from edge.store import site_sales, sql
from edge.store.errors import DiskFullError
from edge.store.outbox import KEEP_DELIVERED
from edge.store.site_sales import PackFact, hear
from edge.supervisor import keep_up
from tests.browser.calm import calm_status
from tests.edge.scene import NOON, TRACE_1, Shop
from tests.edge.timeline import Timeline
from web.live import LiveBus
from wire.receipts import Receipt


def play(work: Callable[[Timeline], object], scene: Callable[[Timeline], object]) -> None:
    async def whole() -> None:
        timeline = Timeline()
        task = asyncio.ensure_future(work(timeline))
        await timeline.settle()
        await scene(timeline)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(whole())


def test_screens_hear_of_the_line_only_when_something_changed() -> None:
    bus = LiveBus()
    now = SyncStatus(
        is_up=False, pending=1, held=0, dead=0, delivered=None, oldest_pending_at=NOON, last_receipt_at=None
    )
    current = [now]

    async def read() -> SyncStatus:
        return current[0]

    async def scene(timeline: Timeline) -> None:
        await timeline.advance(PULSE_S * 5)
        current[0] = dataclasses.replace(now, is_up=True, pending=0, oldest_pending_at=None)
        await timeline.advance(PULSE_S * 5)

    play(lambda timeline: tell_sync(read, bus, timeline.sleep), scene)
    told = [json.loads(live.data) for live in bus._ring]
    assert [(sync["is_up"], sync["pending"]) for sync in told] == [(False, 1), (True, 0)]


def test_screens_hear_of_a_trouble_when_it_comes_and_goes_not_when_its_figures_change() -> None:
    bus = LiveBus()
    hot = Trouble("machine.hot", Words("81 °C", "81 °C"), Words("风扇", "fan"), is_alarm=False)
    well = TypeAdapter(TerminalStatus).validate_python(calm_status())
    current = [well]

    async def read() -> TerminalStatus:
        return current[0]

    async def scene(timeline: Timeline) -> None:
        await timeline.advance(HEALTH_PULSE_S * 2)
        hotter = dataclasses.replace(hot, words=Words("82 °C", "82 °C"))
        for troubles in ((hot,), (hotter,), (dataclasses.replace(hot, is_alarm=True),), ()):
            current[0] = dataclasses.replace(well, troubles=troubles)
            await timeline.advance(HEALTH_PULSE_S * 2)

    play(lambda timeline: tell_health(read, bus, timeline.sleep), scene)
    told = [json.loads(live.data) for live in bus._ring]
    assert [[one["is_alarm"] for one in news["troubles"]] for news in told] == [[], [False], [True], []]
    assert told[1]["troubles"][0]["words"]["zh"] == "81 °C"
    assert {news["lamps"]["settlement"]["state"] for news in told} == {"off"}


def test_what_is_old_is_put_away_every_hour(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.counter.close_sale(Request("k", "close"))
    for at, seqs in ((NOON, (1, 2)), (NOON + KEEP_DELIVERED * 2, (3, 3))):
        shop.outbox.apply_receipts([Receipt(1, "t", "epoch-1", "c", at, "n" * 16, [seqs])], NOON)

    async def in_store(work: Callable[[], object]) -> object:
        return work()

    async def scene(timeline: Timeline) -> None:
        kept = ("outbox", "answered_request", "session")
        assert [shop.count(table) for table in kept] == [3, 1, 1]
        shop.clock.wall += 2 * KEEP_ANSWERS
        await timeline.advance(PUT_AWAY_S)
        assert [shop.count(table) for table in kept] == [3, 1, 1], "a clock that was set makes nothing old"
        shop.clock.wall = NOON
        shop.clock.advance((KEEP_ANSWERS + timedelta(seconds=1)).total_seconds())
        await timeline.advance(PUT_AWAY_S)
        assert [shop.count(table) for table in kept] == [3, 0, 0]
        shop.clock.wall = NOON + KEEP_DELIVERED * 2
        await timeline.advance(PUT_AWAY_S)
        assert [shop.count(table) for table in kept] == [1, 0, 0]

    play(
        lambda timeline: put_away(
            shop.connection, shop.outbox, in_store, shop.clock, timeline.sleep, steady=shop.operators.steady
        ),
        scene,
    )


def test_what_others_sold_is_put_away_in_parts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MOST_HINTS", 2), ("PUT_AWAY_AT_ONCE", 1)):
        monkeypatch.setattr(site_sales, name, value)
    monkeypatch.setattr(housekeeping, "PUT_AWAY_AT_ONCE", 1)
    with shop.connection.begin():
        hear(shop.connection, "counter-2", [PackFact(str(number), "s", number, True) for number in range(5)])
    pieces = 0

    async def in_store(work: Callable[[], object]) -> object:
        nonlocal pieces
        pieces += 1
        return work()

    async def scene(timeline: Timeline) -> None:
        await timeline.settle()
        assert (shop.count("sold_at_site"), pieces) == (2, 1 + 3 + 1)

    play(
        lambda timeline: put_away(
            shop.connection, shop.outbox, in_store, shop.clock, timeline.sleep, steady=shop.operators.steady
        ),
        scene,
    )


def test_typed_text_is_gone_after_a_day_whatever_the_clock_does(shop: Shop) -> None:
    shop.scan("陈小明 13800001111")
    texts: list[bytes] = []

    def note() -> None:
        with shop.connection.begin():
            texts.append(sql.one(shop.connection, "SELECT raw FROM scan")[0])

    async def in_store(work: Callable[[], object]) -> object:
        return work()

    async def scene(timeline: Timeline) -> None:
        shop.clock.wall += timedelta(days=365)
        for _ in range(24):
            note()
            shop.clock.seconds += PUT_AWAY_S
            await timeline.advance(PUT_AWAY_S)
        note()

    play(
        lambda timeline: put_away(
            shop.connection, shop.outbox, in_store, shop.clock, timeline.sleep, steady=shop.operators.steady
        ),
        scene,
    )
    assert (all(texts[:24]), texts[24]) == (True, b"")


def test_what_fails_beside_the_counter_is_started_again() -> None:
    lives: list[int] = []

    async def work() -> None:
        lives.append(1)
        if len(lives) == 1:
            raise DiskFullError(Words("磁盘已满", "full"))
        if len(lives) == 2:
            raise RuntimeError("a bug")

    async def scene(timeline: Timeline) -> None:
        await timeline.advance(16)

    play(lambda timeline: keep_up("work", work, sleep=timeline.sleep), scene)
    assert len(lives) == 4


def test_clock_is_flagged_beyond_five_seconds() -> None:
    assert [is_clock_off(offset) for offset in (None, 0, 5_000, -5_000, 5_001, -5_001)] == [False] * 4 + [True] * 2
