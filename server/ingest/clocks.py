"""How far a terminal's clock may lead: its facts are kept as it dates them, but they order nobody else's. Pure.

The centre has no event clock of its own, so nothing here can be dragged along. What a clock that is days or years ahead
would spoil is the ledger's order: its facts would be the newest of every pack for as long. In the ledger an event is
therefore no later than it arrived, and a little; the event itself keeps the terminal's times, and its arrival stands
beside it. The order within one terminal stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from codes.words import Words
from server.store.alarms import Alarm, AlarmKey
from server.store.times import moment
from web.figures import local_time
from wire.events import Event

ALARMING = timedelta(seconds=5)
"""A clock that leads by more is named to a person. Arrival is never early, so that the true lead is at least that."""
MOST_AHEAD = timedelta(minutes=10)
"""No event counts as later than its arrival and this."""
LONGEST_RESERVATION = timedelta(days=1)
"""No scan sets a pack aside for longer, counted from its arrival."""

_MICROSECOND = timedelta(microseconds=1)
_LATEST_SAID_US = 253_402_214_400_000_000
"""9999-12-31: no later time can be written."""


def ordered_at(event: Event, now_us: int) -> int:
    """Return the clock by which the ledger orders an event that arrives now."""
    return min(event.hlc, now_us + MOST_AHEAD // _MICROSECOND)


def reserved_to(until_us: int | None, now_us: int) -> int | None:
    """Return until when a scan that arrives now sets its pack aside."""
    return None if until_us is None else min(until_us, now_us + LONGEST_RESERVATION // _MICROSECOND)


def alarm_of_lead(new: Iterable[Event], now_us: int) -> list[Alarm]:
    """Return the alarm for a terminal whose new events are from the future; the furthest of them is named."""
    furthest = max(new, key=lambda event: event.hlc, default=None)
    if furthest is None or furthest.hlc - now_us <= ALARMING // _MICROSECOND:
        return []
    lead_s = (furthest.hlc - now_us) // 1_000_000
    said, came = local_time(moment(min(furthest.hlc, _LATEST_SAID_US))), local_time(moment(now_us))
    words = Words(
        f"终端时钟超前 {lead_s} 秒：第 {furthest.seq} 号记录的时间是 {said}，收到时是 {came}；入账先后按收到的时间",
        f"The terminal's clock leads by {lead_s} s: event {furthest.seq} says {said} and arrived at {came}; "
        "the ledger goes by its arrival",
    )
    return [Alarm(AlarmKey(furthest.terminal, "terminal.clock_ahead", furthest.epoch), words)]
