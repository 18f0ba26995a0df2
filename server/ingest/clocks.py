"""A terminal's clock that leads: a person is told, and the order stays a matter of what the events say. Pure.

The ledger orders events by the hybrid clock that each of them carries, never by its arrival: live facts overtake the
backlog, and a restored centre hears everything later, so that an order by arrival would be another one each time. What
a clock ahead of time costs is said with the alarm: its facts count as later than everybody's until time catches up.
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

_MICROSECOND = timedelta(microseconds=1)
_LATEST_SAID_US = 253_402_214_400_000_000
"""9999-12-31: no later time can be written."""


def alarm_of_lead(new: Iterable[Event], now_us: int) -> list[Alarm]:
    """Return the alarm for a terminal whose new events are from the future; the furthest of them is named."""
    furthest = max(new, key=lambda event: event.hlc, default=None)
    if furthest is None or furthest.hlc - now_us <= ALARMING // _MICROSECOND:
        return []
    lead_s = (furthest.hlc - now_us) // 1_000_000
    said, came = local_time(moment(min(furthest.hlc, _LATEST_SAID_US))), local_time(moment(now_us))
    words = Words(
        f"终端时钟超前 {lead_s} 秒：第 {furthest.seq} 号记录的时间是 {said}，收到时是 {came}；"
        "到那时为止，其他终端的记录都排在它之前",
        f"The terminal's clock leads by {lead_s} s: event {furthest.seq} says {said} and arrived at {came}; "
        "until then the records of others count as earlier than it",
    )
    return [Alarm(AlarmKey(furthest.terminal, "terminal.clock_ahead", furthest.epoch), words)]
