"""Asking a terminal for what the centre does not have.

A health report names what the terminal keeps of each life of its store. Whatever the centre lacks of it was lost on
the way, or by the centre itself when its store was restored from a backup: it is asked for. The terminal sends the
rows again, or says that they are gone. What waits at the terminal anyway is asked for in vain, at no cost.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from server.ingest.branches import Branches, Life
from server.store import alarms, events
from server.store.database import Store
from server.store.events import NO_HASH, StreamRow
from server.store.times import micros
from wire.envelope import seal
from wire.keys import SigningKey
from wire.presence import Health
from wire.receipts import BATCH_VERSION, MAX_SPANS_PER_ASK, Ask, Wanted, encode
from wire.topics import Channel, TerminalTopics

BETWEEN = timedelta(seconds=20)
"""A terminal with gaps is asked no more often than this: it reports on every change as well."""


class Question(NamedTuple):
    """A sealed request and where it goes."""

    topic: str
    frame: bytes


class Asking:
    """Compares what terminals keep with what is here. Writes nothing but the alarm for what never comes."""

    def __init__(self, store: Store, key: SigningKey) -> None:
        self._store = store
        self._key = key
        self._asked_at: dict[str, datetime] = {}
        self._branches = Branches()
        self._branches_in: dict[str, list[Life]] = {}
        """Lives of a terminal that its last question names for the sake of a branch."""

    def question(self, topics: TerminalTopics, said: Health, now: datetime) -> Question | None:
        """Return what to ask of a terminal after its report `said`; None if nothing is missing."""
        asked_at = self._asked_at.get(topics.terminal)
        if asked_at is not None and timedelta() <= now - asked_at < BETWEEN:
            return None
        wanted = self._wanted(said, now)
        self._raise_alarms(now)
        if not wanted:
            self._asked_at.pop(topics.terminal, None)
            return None
        self._asked_at[topics.terminal] = now
        ask = Ask(BATCH_VERSION, topics.terminal, self._store.epoch, now, wanted, said.at)
        topic = topics.on(Channel.ASK)
        return Question(topic, seal(encode(ask), topic, self._key))

    def note_asked(self, topics: TerminalTopics, now: datetime) -> None:
        """Note that the last question to a terminal has left: only those count that it could hear."""
        for life in self._branches_in.pop(topics.terminal, ()):
            self._branches.note_asked(life, now)

    def _wanted(self, said: Health, now: datetime) -> list[Wanted]:
        wanted: list[Wanted] = []
        branches: list[Life] = []
        room = MAX_SPANS_PER_ASK
        with self._store.reading() as connection:
            streams = {row.epoch: row for row in events.load_streams(connection, said.terminal)}
            for kept in {kept.epoch: kept for kept in said.kept}.values():
                if kept.epoch not in streams and len(streams) >= events.MOST_LIVES:
                    continue
                # Of a life that was never heard of, everything is missing.
                row = streams.get(kept.epoch) or StreamRow(0, said.terminal, kept.epoch, 0, 0, NO_HASH)
                if row.contiguous_to < max(row.tip_seq, kept.last):
                    spans = events.load_gaps(connection, row, room, up_to=kept.last) if room else []
                else:
                    span = self._branches.missing(connection, row, kept, now) if room else None
                    spans = [] if span is None else [span]
                    branches += [(row.terminal, row.epoch)] * len(spans)
                if spans:
                    wanted.append(Wanted(kept.epoch, spans))
                    room -= len(spans)
        self._branches_in[said.terminal] = branches
        return wanted

    def _raise_alarms(self, now: datetime) -> None:
        untold = self._branches.untold
        if untold:
            with self._store.writing() as connection:
                alarms.raise_alarms(connection, untold, micros(now))
            untold.clear()
