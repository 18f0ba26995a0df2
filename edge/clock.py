"""The clock of a terminal: two readings that must never be mixed up.

Wall time says when something happened and may jump; monotonic time measures how long something took and does not.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

SHOP_TIME = timezone(timedelta(hours=8), "Asia/Shanghai")
"""The time on the wall of every shop in the country; used in numbers that people read, nowhere else."""

MOST_CORRECTION = timedelta(hours=25)
"""Further than this nobody moves the clock of our events: a day, and an hour put on twice."""
_FIRST_RELEASE = datetime(2026, 1, 1, tzinfo=UTC)
"""A clock that says less was never set: the box has no battery, and any other clock knows better."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
MOST_US = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The last moment that the calendar has, as the store keeps time."""


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Return the wall time, aware, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds on a clock that never jumps."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()


class SteadyClock:
    """Wall time for deadlines: begins with the device's clock and then goes on by itself, whatever is set.

    A session of twelve hours is then over after twelve hours, although somebody set the clock by a day meanwhile. Facts
    are dated by the device's clock, never by this one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self._began_s = clock.monotonic_s()

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self._clock.monotonic_s() - self._began_s)

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()


def since_boot_s() -> float:
    """Return seconds since the machine started, and unlike the monotonic clock those in which it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def to_us(moment: datetime) -> int:
    """Return `moment` as microseconds since 1970, UTC: the form in which the store keeps time."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the moment that the store wrote down, or the nearest that the calendar has: a damaged cell is no bug."""
    return _EPOCH + timedelta(microseconds=max(0, min(microseconds, MOST_US)))


def corrected_us(now: datetime, offset_ms: int | None) -> int:
    """Return the time of events, as in the store: the device's clock, corrected by what the centre's clock said.

    A centre whose clock is days ahead must not drag ours along: events would stay ahead until that day has come.
    """
    offset_us = (offset_ms or 0) * 1_000
    if now >= _FIRST_RELEASE:
        most_us = MOST_CORRECTION // _MICROSECOND
        offset_us = max(-most_us, min(offset_us, most_us))
    return to_us(now) + offset_us
