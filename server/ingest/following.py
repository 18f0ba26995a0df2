"""What is read of the store to follow a chain back, from event to the one it names.

An event that is not here, or that cannot be read, ends the thread: which event belongs under the number below cannot be
told then. It is taken up there with every event that is here under that number: one of them is the right one, if that
was ever sent.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from server.ingest.chain import predecessor
from server.store import events
from server.store.events import StreamRow
from server.store.times import moment
from wire.events import Span


class Thread(NamedTuple):
    """Where a chain is followed on; what is above was looked at."""

    seq: int
    names: frozenset[bytes] | None
    """SM3 of the events that belong here; None if nothing that is here tells."""


class Told(NamedTuple):
    """Numbers that a terminal said are lost."""

    span: Span
    at: datetime
    """When it said so last."""


class Numbers:
    """What the store holds of one life, read downwards, a window at a time, each number once.

    Args:
        connection: Within a transaction.
        row: The life.
        lowest: Below it nothing is looked at.
        window: Numbers that are read together.
    """

    def __init__(self, connection: Connection, row: StreamRow, lowest: int, window: int) -> None:
        self._connection = connection
        self._row = row
        self._lowest = lowest
        self._window = window
        self._links: dict[int, dict[bytes, bytes]] = {}
        self._bottom: int | None = None
        self._told: dict[int, Told] = {}
        self.read = 0
        """Numbers that were read."""

    def has(self, seq: int) -> bool:
        """Tell whether `seq` was read already."""
        return self._bottom is not None and seq >= self._bottom

    def at(self, seq: int, *, down_to: int = 0) -> dict[bytes, bytes]:
        """Return the events under `seq` by hash; they are read together with those down to `down_to`, or a window."""
        if seq >= self._lowest and not self.has(seq):
            first = max(self._lowest, min(seq, max(down_to, seq - self._window + 1)))
            self._links |= events.load_links(self._connection, self._row.id, (first, seq))
            for told in sorted(self._load_told((first, seq)), key=lambda one: one.at):
                low, high = told.span
                self._told |= dict.fromkeys(range(max(low, first), min(high, seq) + 1), told)
            self._bottom = first
            self.read += seq - first + 1
        return self._links.get(seq, {})

    def count(self, span: Span) -> int:
        """Return how many events are here under the numbers of a span, wherever it lies."""
        return events.count_events(self._connection, self._row.id, span)

    def told(self, seq: int) -> Told | None:
        """Return what a terminal said of the loss of `seq`, the latest, if it was told; `seq` must have been read."""
        return self._told.get(seq)

    def told_last(self, span: Span) -> datetime | None:
        """Return when a terminal last said that numbers of a span are lost, if it did."""
        told_us = events.load_told_last(self._connection, self._row.id, span)
        return None if told_us is None else moment(told_us)

    def _load_told(self, span: Span) -> list[Told]:
        found = events.load_told_lost(self._connection, self._row.id, span)
        return [Told((first, last), moment(told_us)) for first, last, told_us in found]

    def below(self, thread: Thread) -> Thread:
        """Return where it goes on from a number under which everything is here that belongs there."""
        here = self.at(thread.seq)
        named = {predecessor(here[one], self._row) for one in thread.names or ()}
        return Thread(thread.seq - 1, None if None in named else frozenset(one for one in named if one is not None))
