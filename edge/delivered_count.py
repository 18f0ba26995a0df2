"""Counts a month of delivered rows for who asks how the terminal is, however often he asks."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from edge.clock import Clock
from edge.store.outbox import count_delivered

_REST: Final = 100.0
"""A count is told for so many times as long as it took: counting costs a hundredth of the time at most."""


class DeliveredCount:
    """The latest count and how long it will do. A small store is counted each time, a large one every few seconds.

    Args:
        clock: Tells how long a count takes.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._good_until_s: float | None = None

    def read(self, tx: Connection) -> int:
        """Return how many rows are delivered and still kept, or were a moment ago."""
        began_s = self._clock.monotonic_s()
        if self._good_until_s is None or began_s >= self._good_until_s:
            self._count = count_delivered(tx)
            ended_s = self._clock.monotonic_s()
            self._good_until_s = ended_s + _REST * (ended_s - began_s)
        return self._count
