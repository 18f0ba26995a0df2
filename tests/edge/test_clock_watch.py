"""A clock that is set leaves a fact behind, once, with or without a line; one that is corrected gently does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from codes.errors import TransientError
from codes.words import Words
from edge.clock import SteadyClock, to_us
from edge.clock_watch import SHOWN_S, ClockWatch
from edge.operators.errors import SessionEndedError
from edge.store.errors import DiskFullError
from edge.store.outbox import last_event_at
from edge.store.terminal import read_state, set_clock_offset
from tests.edge.scene import NOON, TOKEN, TRACE_1, TRACE_2, FakeClock, Shop
from wire.events import Event, TamperSeen

DAY = timedelta(days=1)
NO_RTC = datetime(1970, 1, 1, 0, 0, 9, tzinfo=UTC)


@dataclass
class Watching:
    """A shop whose clock is watched, second by second, as the test wants it."""

    shop: Shop
    last_event_at: datetime | None = None
    is_disk_full: bool = False
    told: int = 0

    def __post_init__(self) -> None:
        self.watch = ClockWatch(
            self.shop.connection,
            self.shop.outbox,
            self._in_store,
            self.shop.bus,
            clock=self.shop.clock,
            last_event_at=self.last_event_at,
            on_recorded=self._note,
            elapsed_s=self.shop.clock.monotonic_s,
        )

    def _note(self) -> None:
        self.told += 1

    async def _in_store(self, work: Callable[[], object]) -> object:
        if self.is_disk_full:
            raise DiskFullError(Words("满", "full"))
        return work()

    def seconds(self, *steps: Callable[[], None]) -> None:
        """Let seconds go by, doing something in each; the last look is after the last step."""
        left = [lambda: None, *steps]

        async def sleep(passed_s: float) -> None:
            if not left:
                raise asyncio.CancelledError
            self.shop.clock.advance(passed_s)
            left.pop(0)()

        async def whole() -> None:
            await self.watch.run(sleep)

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(whole())

    def set_clock(self, by: timedelta) -> Callable[[], None]:
        def work() -> None:
            self.shop.clock.wall += by

        return work

    def tampered(self) -> list[Event]:
        return [event for event in self.shop.events() if isinstance(event.fact, TamperSeen)]


@pytest.mark.req("T-12")
@pytest.mark.req("T-68")
def test_clock_that_is_set_back_is_one_fact_with_the_figures(shop: Shop) -> None:
    scene = Watching(shop)
    scene.seconds(scene.set_clock(-DAY), lambda: None, lambda: None)
    (event,) = scene.tampered()
    assert isinstance(event.fact, TamperSeen)
    assert event.fact.what == "clock_set_back"
    assert event.fact.detail == "86400.0 s, from 2026-11-21T04:00:02Z to 2026-11-20T04:00:02Z, while running"
    assert (event.operator, event.occurred_at, scene.told) == (None, NOON - DAY + timedelta(seconds=2), 1)
    assert [data["code"] for _, data in shop.heard("alert")] == ["clock.set_back"]


def test_every_further_jump_is_a_fact_of_its_own(shop: Shop) -> None:
    scene = Watching(shop)
    scene.seconds(scene.set_clock(-DAY), lambda: None, scene.set_clock(-DAY))
    assert len(scene.tampered()) == 2


@pytest.mark.req("T-12")
@pytest.mark.parametrize(
    "step",
    [timedelta(seconds=-1), timedelta(seconds=1), timedelta(milliseconds=-500), timedelta(seconds=-1.9)],
    ids=["leap second", "leap second left out", "slewing", "within the tolerance"],
)
def test_what_time_services_do_is_no_tampering(shop: Shop, step: timedelta) -> None:
    scene = Watching(shop)
    scene.seconds(*[scene.set_clock(step)] * 10)
    assert scene.tampered() == []
    assert list(scene.watch.troubles()) == []


@pytest.mark.req("T-12")
def test_clock_that_is_set_forward_is_a_notice_and_no_fact(shop: Shop, logged: list[MutableMapping[str, Any]]) -> None:
    scene = Watching(shop)
    scene.seconds(scene.set_clock(DAY))
    assert scene.tampered() == []
    assert [data["code"] for _, data in shop.heard("alert")] == ["clock.set_forward"]
    assert [line["seconds"] for line in logged if line["event"] == "clock.set"] == [86400.0]
    (trouble,) = scene.watch.troubles()
    assert (trouble.code, trouble.is_alarm) == ("clock.set_forward", False)
    shop.clock.seconds += SHOWN_S
    assert list(scene.watch.troubles()) == []


@pytest.mark.req("T-12")
@pytest.mark.parametrize(("now", "facts"), [(NO_RTC, 1), (NOON - DAY, 1), (NOON - timedelta(seconds=1), 0), (NOON, 0)])
def test_clock_that_was_set_back_while_the_terminal_was_off_is_seen_at_the_start(
    shop: Shop, now: datetime, facts: int
) -> None:
    with shop.connection.begin():
        before = last_event_at(shop.connection)
    assert before == NOON
    shop.clock.wall = now
    scene = Watching(shop, before)
    scene.seconds()
    assert len(scene.tampered()) == facts
    with shop.connection.begin():
        again = Watching(shop, last_event_at(shop.connection))
    again.seconds()
    assert len(again.tampered()) == facts, "the start after that sees nothing new"


def test_new_store_has_no_last_event(connection: Any) -> None:
    with connection.begin():
        assert last_event_at(connection) is None


@pytest.mark.req("T-68")
def test_jump_that_cannot_be_written_waits_for_the_disk(shop: Shop) -> None:
    scene = Watching(shop, is_disk_full=True)

    async def fails() -> None:
        async def sleep(passed_s: float) -> None:
            shop.clock.advance(passed_s)
            shop.clock.wall -= DAY

        await scene.watch.run(sleep)

    with pytest.raises(TransientError):
        asyncio.run(fails())
    assert scene.tampered() == []
    scene.is_disk_full = False
    scene.seconds()
    assert len(scene.tampered()) == 1


@pytest.mark.req("T-12")
@pytest.mark.parametrize("by", [DAY, -DAY, NO_RTC - NOON])
def test_events_stay_in_order_and_near_true_time_over_a_jump(shop: Shop, by: timedelta) -> None:
    with shop.connection.begin():
        set_clock_offset(shop.connection, 400)
    scene = Watching(shop)
    shop.scan(TRACE_1)
    scene.seconds(scene.set_clock(by))
    shop.scan(TRACE_2)
    events = shop.events()
    assert [event.hlc for event in events] == sorted({event.hlc for event in events})
    true_us = to_us(NOON + timedelta(seconds=2, milliseconds=400))
    assert abs(events[-1].hlc - true_us) <= 1_000
    with shop.connection.begin():
        offset_ms = read_state(shop.connection).clock_offset_ms
    assert offset_ms == 400 - by / timedelta(milliseconds=1)


def test_readings_that_were_interrupted_say_nothing(shop: Shop) -> None:
    scene = Watching(shop)
    readings = iter([0.0, 60.0])
    scene.watch._elapsed_s = lambda: next(readings)
    assert scene.watch._read() is None


@pytest.mark.req("T-12")
@pytest.mark.parametrize("by", [DAY, -DAY])
def test_session_lasts_its_hours_whatever_is_done_to_the_clock(shop: Shop, by: timedelta) -> None:
    shop.clock.wall += by
    shop.operators.end_left_shift()
    assert shop.operators.find_session(TOKEN).operator == "wang"
    shop.clock.advance(12 * 3600 + 1)
    with pytest.raises(SessionEndedError):
        shop.operators.find_session(TOKEN)


def test_steady_clock_begins_with_the_device_and_goes_on_by_itself() -> None:
    clock = FakeClock()
    steady = SteadyClock(clock)
    clock.wall -= DAY
    clock.seconds += 5
    assert (steady.now(), steady.monotonic_s()) == (NOON + timedelta(seconds=5), 5)
