"""What one box said is lost is asked once more of each other that reports: it may have it.

A box that replaced another kept fewer rows, or a damaged store was repaired: its session is another than that of the
box that spoke of the loss. Who spoke is not stored; so every session that begins is asked, twice at most, because a
request may get lost. A box that cannot help says so, which changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
_TRIES = 2


@dataclass(slots=True)
class Asked:
    """How often one session was asked for what is said to be lost of one life."""

    tries: dict[Span, int] = field(default_factory=dict)
    asked_at: datetime | None = None
    unsent: list[Span] = field(default_factory=list)
    """What the next question asks for; it counts when that has left."""

    def note_asked(self, now: datetime) -> None:
        """Count a request that has left."""
        self.asked_at = now
        for span in self.unsent:
            self.tries[span] = self.tries.get(span, 0) + 1

    def is_due(self, span: Span, now: datetime) -> bool:
        """Tell whether to ask for a span now."""
        times = self.tries.get(span, 0)
        has_waited = self.asked_at is None or not timedelta() <= now - self.asked_at < RETRY
        return not times or (times < _TRIES and has_waited)

    def settle(self, span: Span) -> None:
        """Ask no more for a span."""
        self.tries[span] = _TRIES


class Holes:
    """Finds what to ask again of what was said to be lost. It remembers whom it asked, and writes nothing."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, str], dict[str, Asked]] = {}

    def asked_of(self, row: StreamRow, session: str) -> Asked:
        """Return what a session was asked for of a life; the one that began longest ago makes room."""
        of = self._asked.setdefault((row.terminal, row.epoch), {})
        asked = of.setdefault(session, Asked())
        if len(of) > MOST_SESSIONS:
            del of[next(iter(of))]
        return asked

    def find(
        self, connection: Connection, row: StreamRow, kept: KeptEpoch, session: str, now: datetime, *, most: int
    ) -> Asked | None:
        """Return what to ask of a session that keeps what is said to be lost, `most` spans or fewer; None if nothing.

        Of a chain that is known to have forked each branch is followed, and asked for where nothing is here.
        """
        if row.lost_from is None or row.is_broken:
            return None
        told = events.load_told_lost(connection, row.id, (kept.first, kept.last))
        if not told:
            return None
        asked = self.asked_of(row, session)
        asked.unsent = []
        for first, last, _ in told[:MOST_HOLES]:
            if len(asked.unsent) >= min(most, _MOST_AT_ONCE):
                break
            span = (max(first, kept.first), min(last, kept.last))
            if not asked.is_due(span, now):
                continue
            if events.count_closed(connection, row.id, span) == span[1] - span[0] + 1:
                asked.settle(span)
            else:
                asked.unsent.append(span)
        return asked if asked.unsent else None
