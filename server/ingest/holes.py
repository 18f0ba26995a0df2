"""What one box said is lost is asked once more of each other that reports: it may have it.

A box that replaced another kept fewer rows, or a damaged store was repaired: its session is another than that of the
box that spoke of the loss. Who spoke is not stored; so every session that begins is asked for each number that is not
here, twice at most, because a request may get lost. A box that cannot help says so, which changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection

from server.ingest.seeking import RETRY
from server.store import events
from server.store.events import StreamRow
from wire.events import Span
from wire.presence import KeptEpoch

MOST_SESSIONS = 8
"""Sessions that are remembered of one life: there are as many as boxes of one name, and those that began anew."""
MOST_HOLES = 2_000
"""Lost spans of one life that are asked for again, the lowest that are kept."""
_MOST_AT_ONCE = 50
_LOOK = 20
"""A look at a span costs about as much as to read so many numbers."""


@dataclass(slots=True)
class Asked:
    """What one session was asked for of what is said to be lost of one life."""

    newest: int
    """The last number that it kept when it reported last."""
    once: list[Span] = field(default_factory=list)
    """Where it was asked for what is not here, and where all is here."""
    twice: list[Span] = field(default_factory=list)
    asked_at: datetime | None = None
    unsent: list[Span] = field(default_factory=list)
    """What the next question asks for."""
    looked_at: list[Span] = field(default_factory=list)
    """Where that was found; it counts when the question has left."""

    def note_asked(self, now: datetime) -> None:
        """Count a request that has left."""
        self.asked_at = now
        for span in self.looked_at:
            again = events.without(span, list(events.without(span, self.once)))
            self.twice = events.merged([*self.twice, *again])
        self.once = events.merged([*self.once, *self.looked_at])

    def done(self, now: datetime) -> list[Span]:
        """Return where nothing is to be asked now."""
        has_waited = self.asked_at is None or not timedelta() <= now - self.asked_at < RETRY
        return self.twice if has_waited else self.once

    def settle(self, span: Span) -> None:
        """Ask no more where all is here."""
        self.once = events.merged([*self.once, span])
        self.twice = events.merged([*self.twice, span])

    def forget_below(self, lowest: int) -> None:
        """Forget what is not kept any more."""
        self.once = [span for span in self.once if span[1] >= lowest]
        self.twice = [span for span in self.twice if span[1] >= lowest]


class Found(NamedTuple):
    """What a look at one life came to."""

    asked: Asked | None = None
    """Who is to be asked, with what; None if nothing."""
    read: int = 0
    """Numbers that were read, or what it cost otherwise."""


class Holes:
    """Finds what to ask again of what was said to be lost. It remembers whom it asked, and writes nothing."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], dict[str, Asked]] = {}

    def asked_of(self, row: StreamRow, session: str, newest: int) -> Asked:
        """Return what a session was asked for of a life; the one that reported longest ago makes room."""
        of = self._asked.setdefault((row.terminal, row.epoch), {})
        asked = of.pop(session, None) or Asked(newest)
        of[session] = asked
        if len(of) > MOST_SESSIONS:
            del of[next(iter(of))]
        return asked

    def find(
        self,
        connection: Connection,
        row: StreamRow,
        kept: KeptEpoch,
        session: str,
        now: datetime,
        *,
        most: int,
        left: int,
    ) -> Found:
        """Return what to ask of a session that keeps what is said to be lost: `most` spans, `left` numbers looked at.

        Of a chain that is known to have forked each branch is followed, and asked for where nothing is here.
        """
        if row.lost_from is None or row.is_broken or most <= 0 or left <= 0:
            return Found()
        told = events.load_told_lost(connection, row.id, (kept.first, kept.last), limit=MOST_HOLES)
        if not told:
            return Found()
        asked = self.asked_of(row, session, kept.last)
        # What is newer than the report before may still be on its way.
        newest, asked.newest = min(asked.newest, kept.last), kept.last
        asked.forget_below(kept.first)
        asked.unsent, asked.looked_at = [], []
        done = asked.done(now)
        look = _Look(connection, row.id, min(most, _MOST_AT_ONCE), left)
        for first, last in events.merged((first, last) for first, last, _ in told):
            # What is done comes in order: what lies below needs no look, and there may be thousands of either.
            near = done[bisect_left(done, first, key=itemgetter(1)) :]
            for span in events.without((max(first, kept.first), min(last, newest)), near):
                if look.is_over:
                    break
                look.go_through(span, asked)
            if look.is_over:
                break
        return Found(asked if asked.unsent else None, left - look.left)


@dataclass(slots=True)
class _Look:
    """One bounded look at what of lost spans is not here."""

    connection: Connection
    stream: int
    room: int
    """Spans that may still be asked for."""
    left: int
    """Numbers that may still be read."""

    @property
    def is_over(self) -> bool:
        """Tell whether the rest has to wait for the next report."""
        return self.room <= 0 or self.left <= 0

    def go_through(self, span: Span, asked: Asked) -> None:
        """Add what is not here of a span, or of its beginning if that is as much as there is room for."""
        here = events.load_closed(self.connection, self.stream, span, self.left)
        first, last = span
        if len(here) == self.left:
            last = here[-1]
        self.left -= _LOOK + len(here)
        absent = list(events.without((first, last), ((seq, seq) for seq in here)))
        if len(absent) > self.room:
            last = absent[self.room][0] - 1
        if absent:
            asked.unsent += absent[: self.room]
            asked.looked_at.append((first, last))
            self.room -= len(absent[: self.room])
        else:
            asked.settle((first, last))
