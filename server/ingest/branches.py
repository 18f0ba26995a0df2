"""A branch of a life that the centre was never told: its numbers are taken, by the events of another branch.

It comes about where a store was copied, both went on, and the centre was restored to a backup from before: one branch
is told again, and for the other nothing seems to be missing. A report names the hash of the last event of each life.
From there each event names the one before, so that what is here can be followed back to the first that is not.

What was followed once is remembered for an hour, so that a report costs a look at what is new and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from codes.words import Words
from server.store import events
from server.store.alarms import Alarm, AlarmKey
from server.store.events import StreamRow
from wire.errors import WireError
from wire.events import Span, thaw
from wire.presence import KeptEpoch

WINDOW = 500
"""Numbers that are asked for at once, back from the first that is not here: branches are short."""
MOST_TRIES = 3
"""How often the same stretch is asked for after each other; then a person is told, and it is asked for `AGAIN`."""
AGAIN = timedelta(hours=1)
"""After that long nothing is taken for granted: what was whole is followed anew, what did not come is asked for."""
_MOST_FOLLOWED = 2_000

Life = tuple[str, str]
"""Terminal and epoch."""


class Place(NamedTuple):
    """One event of a chain."""

    seq: int
    hash: bytes


class _Whole(NamedTuple):
    """From here back nothing is missing."""

    end: Place
    since: datetime
    """When it was followed to its beginning."""


@dataclass(slots=True)
class _Sought:
    """A branch that is asked for."""

    seq: int
    """The last number of it that is not here."""
    asked: int = 0
    asked_at: datetime | None = None
    is_given_up: bool = False
    """It was asked for often enough, and a person was told."""

    def rests(self, now: datetime) -> bool:
        """Tell whether it was asked for often enough, and not so long ago."""
        return self.asked >= MOST_TRIES and _is_within(self.asked_at, now)


class Branches:
    """Finds what is missing of branches. It remembers a few cells of each life that is here, and writes nothing."""

    def __init__(self) -> None:
        self._whole: dict[Life, _Whole] = {}
        self._sought: dict[Life, _Sought] = {}
        self.untold: list[Alarm] = []
        """What a person should know; whoever has written it empties the list."""

    def missing(self, connection: Connection, row: StreamRow, kept: KeptEpoch, now: datetime) -> Span | None:
        """Return numbers to ask for, although all are taken here; None if there are none, or not now."""
        if kept.last_hash is None or kept.last > row.tip_seq:
            return None
        life, end = (row.terminal, row.epoch), Place(kept.last, bytes.fromhex(kept.last_hash))
        # Of a chain that was never wrong, its end vouches for the rest.
        if not row.is_broken and end == (row.tip_seq, row.tip_hash):
            self._sought.pop(life, None)
            return None
        sought = self._sought.get(life)
        if sought is not None and sought.is_given_up and sought.rests(now):
            return None
        seq = self._follow(connection, row, kept, end, now)
        if seq is None:
            self._sought.pop(life, None)
            return None
        if sought is None or sought.seq != seq:
            sought = self._sought[life] = _Sought(seq)
        elif sought.rests(now):
            sought.is_given_up = True
            self.untold.append(_unanswered(life, sought))
            return None
        return max(kept.first, seq - WINDOW + 1), seq

    def note_asked(self, life: Life, now: datetime) -> None:
        """Count a request for a branch that has left."""
        sought = self._sought.get(life)
        if sought is not None:
            sought.asked, sought.asked_at, sought.is_given_up = sought.asked + 1, now, False

    def _follow(self, connection: Connection, row: StreamRow, kept: KeptEpoch, end: Place, now: datetime) -> int | None:
        """Return the last number whose event the terminal keeps and the centre has not; None if there is none."""
        life = row.terminal, row.epoch
        known = self._whole.get(life)
        if known is None or not _is_within(known.since, now):
            known = None
        elif known.end == end:
            return None
        seq = _followed_back(connection, row, max(kept.first, kept.last - _MOST_FOLLOWED + 1), end, known)
        if seq is None:
            self._whole[life] = _Whole(end, known.since if known else now)
        return seq


def _is_within(at: datetime | None, now: datetime) -> bool:
    """Tell whether `at` is less than `AGAIN` ago; a clock that was set back makes nobody wait."""
    return at is not None and timedelta() <= now - at < AGAIN


def _followed_back(connection: Connection, row: StreamRow, lowest: int, end: Place, known: _Whole | None) -> int | None:
    seq, digest = end
    while seq >= lowest:
        first = max(lowest, seq - WINDOW + 1)
        if known is not None and known.end.seq <= seq:
            if known.end == (seq, digest):
                return None
            first = max(first, min(known.end.seq + 1, seq))
        here = events.load_links(connection, row.id, range(first, seq + 1))
        while seq >= first:
            found = here.get(seq, {})
            if digest not in found:
                return seq if found else None
            if len(found) == 1 and not row.is_broken:
                return None
            before = _predecessor(found[digest])
            if before is None:
                return None
            seq, digest = seq - 1, before
    return None


def _predecessor(frozen: bytes | None) -> bytes | None:
    """Return the SM3 that an event names; None if it was rejected, or cannot be read any more."""
    try:
        return None if frozen is None else bytes.fromhex(thaw(frozen).prev)
    except WireError:
        return None


def _unanswered(life: Life, sought: _Sought) -> Alarm:
    terminal, epoch = life
    words = Words(
        f"终端的第 {sought.seq} 号记录与中心的不同，索取 {sought.asked} 次仍未收到；以后每小时索取一次",
        f"Event {sought.seq} at the terminal is another than here and did not come in {sought.asked} asks; "
        "it is asked for every hour",
    )
    return Alarm(AlarmKey(terminal, "chain.branch_missing", epoch), words)
