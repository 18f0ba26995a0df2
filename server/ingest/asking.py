"""Asking a terminal for what the centre does not have.

A health report names what the terminal keeps of each life of its store. Whatever the centre lacks of it was lost on
the way, or by the centre itself when its store was restored from a backup: it is asked for. The terminal sends the
rows again, or says that they are gone. What waits at the terminal anyway is asked for in vain, at no cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from server.ingest import branches
from server.ingest.branches import Branches
from server.ingest.seeking import Sought
from server.store import alarms, events
from server.store.alarms import Alarm
from server.store.database import Connection, Store
from server.store.events import NO_HASH, StreamRow
from server.store.times import micros
from wire.envelope import seal
from wire.events import Span
from wire.keys import SigningKey
from wire.presence import Health, KeptEpoch
from wire.receipts import BATCH_VERSION, MAX_SPANS_PER_ASK, Ask, Wanted, encode
from wire.topics import Channel, TerminalTopics

BETWEEN = timedelta(seconds=20)
"""A terminal of which something is missing is looked at no more often than this: it reports on every change as well."""


class Question(NamedTuple):
    """A sealed request and where it goes."""

    topic: str
    frame: bytes


@dataclass(slots=True)
class _Look:
    """What a report of a terminal came to."""

    left: int
    """Numbers that may still be looked at for branches."""
    wanted: list[Wanted] = field(default_factory=list)
    sought: list[Sought] = field(default_factory=list)
    """What of it is wanted for the sake of a branch."""
    alarms: list[Alarm] = field(default_factory=list)
    is_at_work: bool = False
    """Something is missing, or has to be looked for, although nothing may be wanted now."""
    room: int = MAX_SPANS_PER_ASK


class Asking:
    """Compares what terminals keep with what is here. Writes nothing but the alarm for what never comes."""

    def __init__(self, store: Store, key: SigningKey) -> None:
        self._store = store
        self._key = key
        self._asked_at: dict[str, datetime] = {}
        self._branches = Branches()
        self._unsent: dict[str, list[Sought]] = {}
        """What the last question to a terminal asks for the sake of a branch, until it has left."""
        self._untold: list[Alarm] = []
        """What could not be written yet."""

    def question(self, topics: TerminalTopics, said: Health, now: datetime) -> Question | None:
        """Return what to ask of a terminal after its report `said`; None if nothing is missing."""
        asked_at = self._asked_at.get(topics.terminal)
        if asked_at is not None and timedelta() <= now - asked_at < BETWEEN:
            return None
        look = self._look(said, now)
        self._raise_alarms(look.alarms, now)
        self._unsent[topics.terminal] = look.sought
        if not look.is_at_work:
            self._asked_at.pop(topics.terminal, None)
            return None
        self._asked_at[topics.terminal] = now
        if not look.wanted:
            return None
        ask = Ask(BATCH_VERSION, topics.terminal, self._store.epoch, now, look.wanted, said.at)
        topic = topics.on(Channel.ASK)
        return Question(topic, seal(encode(ask), topic, self._key))

    def note_asked(self, topics: TerminalTopics, now: datetime) -> None:
        """Note that the last question to a terminal has left: only those count that it could hear."""
        for sought in self._unsent.pop(topics.terminal, ()):
            sought.note_asked(now)

    def _raise_alarms(self, found: list[Alarm], now: datetime) -> None:
        self._untold += found
        if self._untold:
            with self._store.writing() as connection:
                alarms.raise_alarms(connection, self._untold, micros(now))
            self._untold.clear()

    def _look(self, said: Health, now: datetime) -> _Look:
        look = _Look(left=branches.MOST_READ)
        with self._store.reading() as connection:
            streams = {row.epoch: row for row in events.load_streams(connection, said.terminal)}
            for kept in {kept.epoch: kept for kept in said.kept}.values():
                if kept.epoch not in streams and len(streams) >= events.MOST_LIVES:
                    continue
                # Of a life that was never heard of, everything is missing.
                row = streams.get(kept.epoch) or StreamRow(0, said.terminal, kept.epoch, 0, 0, NO_HASH)
                spans = self._look_at(connection, row, kept, look, now)
                if spans:
                    look.wanted.append(Wanted(kept.epoch, spans))
                    look.room -= len(spans)
        look.is_at_work = look.is_at_work or bool(look.wanted)
        return look

    def _look_at(
        self, connection: Connection, row: StreamRow, kept: KeptEpoch, look: _Look, now: datetime
    ) -> list[Span]:
        """Return numbers of one life to ask for, and note what else was found."""
        if look.room <= 0:
            return []
        if row.contiguous_to < max(row.tip_seq, kept.last):
            return events.load_gaps(connection, row, look.room, up_to=kept.last)
        found = self._branches.look(connection, row, kept, now, most=look.left)
        look.left -= found.read
        look.alarms += found.alarms
        look.is_at_work = look.is_at_work or found.is_at_work
        if found.sought is None:
            return []
        look.sought.append(found.sought)
        # It would say that the rest is lost.
        return [(max(kept.first, found.sought.span[0]), found.sought.span[1])]
