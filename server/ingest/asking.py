"""Asking a terminal for what the centre does not have.

A health report names what the terminal keeps of each life of its store. Whatever the centre lacks of it was lost on
the way, or by the centre itself when its store was restored from a backup: it is asked for. The terminal sends the
rows again, or says that they are gone. What waits at the terminal anyway is asked for in vain, at no cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from server.errors import StoreRefusedError
from server.ingest import branches
from server.ingest.branches import Branches
from server.ingest.holes import Asked, Holes
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

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Question(NamedTuple):
    """A sealed request and where it goes."""

    topic: str
    frame: bytes


@dataclass(slots=True)
class _Findings:
    """What a report of a terminal came to."""

    session: str
    left: int
    """Numbers that may still be looked at for branches."""
    wanted: list[Wanted] = field(default_factory=list)
    sought: list[Sought | Asked] = field(default_factory=list)
    """What of it is wanted for the sake of a branch, or once more."""
    is_at_work: bool = False
    """Something is missing, or has to be looked for, although nothing may be wanted now."""
    room: int = MAX_SPANS_PER_ASK
    stuck: set[tuple[str, str]] = field(default_factory=set)
    """Lives by terminal and epoch of which nothing is missing, although their unbroken run ends below."""


class Asking:
    """Compares what terminals keep with what is here. Writes alarms, and how far a life has come."""

    def __init__(self, store: Store, key: SigningKey) -> None:
        self._store = store
        self._key = key
        self._asked_at: dict[str, dict[str, datetime]] = {}
        """When each session of a terminal was asked: two boxes of one name do not wait for each other."""
        self._branches = Branches()
        self._holes = Holes()
        self._unsent: dict[str, list[Sought | Asked]] = {}
        """What the last question to a terminal asks for the sake of a branch, or once more, until it has left."""
        self._untold: list[Alarm] = []
        """What was found and is not written yet; it is found only once."""

    def doubtful(self, reports: Sequence[tuple[TerminalTopics, Health]]) -> list[tuple[TerminalTopics, Health]]:
        """Return the reports after which something may have to be asked, by one look at all of them together.

        A report of a terminal of which all is here is the rule: it has to cost next to nothing when thousands come.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        if self._untold or not reports:
            return list(reports)
        with self._store.reading() as connection:
            rows = events.load_streams(connection, *{said.terminal for _, said in reports})
        known = {(row.terminal, row.epoch): row for row in rows}
        return [
            (topics, said)
            for topics, said in reports
            if not all(_is_whole(known.get((said.terminal, kept.epoch)), kept) for kept in said.kept)
        ]

    def question(self, topics: TerminalTopics, said: Health, now: datetime) -> Question | None:
        """Return what to ask of a terminal after its report `said`; None if nothing is missing."""
        asked = self._asked_at.get(topics.terminal, {})
        recently = {one: at for one, at in asked.items() if timedelta() <= now - at < BETWEEN}
        if said.session in recently:
            return None
        findings = self._compare(said, now)
        self._raise_alarms(now)
        self._mend(findings.stuck)
        self._unsent[topics.terminal] = findings.sought
        if findings.is_at_work:
            recently[said.session] = now
        self._asked_at[topics.terminal] = recently
        if not findings.wanted:
            return None
        ask = Ask(BATCH_VERSION, topics.terminal, self._store.epoch, now, findings.wanted, said.at)
        topic = topics.on(Channel.ASK)
        return Question(topic, seal(encode(ask), topic, self._key))

    def note_asked(self, topics: TerminalTopics, now: datetime) -> None:
        """Note that the last question to a terminal has left: only those count that it could hear."""
        for sought in self._unsent.pop(topics.terminal, ()):
            sought.note_asked(now)

    def _raise_alarms(self, now: datetime) -> None:
        try:
            self._write_alarms(self._untold, now)
        except StoreRefusedError:
            # One of them is what the store cannot keep: it must not stop the others, nor every question after it.
            for alarm in self._untold.copy():
                self._write_alarm_alone(alarm, now)
                self._untold.remove(alarm)
        self._untold.clear()

    def _write_alarms(self, found: list[Alarm], now: datetime) -> None:
        if found:
            with self._store.writing() as connection:
                alarms.raise_alarms(connection, found, micros(now))

    def _write_alarm_alone(self, alarm: Alarm, now: datetime) -> None:
        try:
            self._write_alarms([alarm], now)
        except StoreRefusedError as exc:
            key = alarm.key
            _logger.error("asking.alarm_dropped", terminal=key.terminal, alarm=key.code, reason=exc.words.en)

    def _mend(self, stuck: set[tuple[str, str]]) -> None:
        """Move on lives of which nothing is missing, although their unbroken run ends below: a loss was told early."""
        if stuck:
            with self._store.writing() as connection:
                rows = events.open_streams(connection, stuck).values()
                for row in rows:
                    row.contiguous_to = events.contiguous_from(connection, row.id, row.contiguous_to)
                events.save_streams(connection, rows)

    def _compare(self, said: Health, now: datetime) -> _Findings:
        findings = _Findings(said.session, left=branches.MOST_READ)
        with self._store.reading() as connection:
            streams = {row.epoch: row for row in events.load_streams(connection, said.terminal)}
            for kept in {kept.epoch: kept for kept in said.kept}.values():
                if kept.epoch not in streams and len(streams) >= events.MOST_LIVES:
                    continue
                # Of a life that was never heard of, everything is missing.
                row = streams.get(kept.epoch) or StreamRow(0, said.terminal, kept.epoch, 0, 0, NO_HASH)
                spans = self._compare_life(connection, row, kept, findings, now)
                if spans:
                    findings.wanted.append(Wanted(kept.epoch, spans))
                    findings.room -= len(spans)
        findings.is_at_work = findings.is_at_work or bool(findings.wanted)
        return findings

    def _compare_life(
        self, connection: Connection, row: StreamRow, kept: KeptEpoch, findings: _Findings, now: datetime
    ) -> list[Span]:
        """Return numbers of one life to ask for, and note what else was found."""
        if findings.room <= 0:
            return []
        if row.contiguous_to < max(row.tip_seq, kept.last):
            gaps = events.load_gaps(connection, row, findings.room, up_to=kept.last)
            if gaps:
                return gaps
            findings.stuck.add((row.terminal, row.epoch))
        found = self._branches.follow(connection, row, kept, now, most=findings.left, alarms=self._untold)
        findings.left -= found.read
        findings.is_at_work = findings.is_at_work or found.is_at_work
        spans = set()
        if found.sought is not None:
            findings.sought.append(found.sought)
            # It would say that the rest is lost.
            spans.add((max(kept.first, found.sought.span[0]), found.sought.span[1]))
        most, left = findings.room - len(spans), findings.left
        again = self._holes.find(connection, row, kept, findings.session, now, most=most, left=left)
        findings.left -= again.read
        findings.is_at_work = findings.is_at_work or again.read > 0
        if again.asked is not None:
            findings.sought.append(again.asked)
            spans.update(again.asked.unsent)
        return sorted(spans)


def _is_whole(row: StreamRow | None, kept: KeptEpoch) -> bool:
    """Tell whether all of a life is here and its end is the one that the terminal names: it vouches for the rest."""
    if row is None or row.is_broken or row.lost_from is not None:
        return False
    return row.contiguous_to == row.tip_seq == kept.last and kept.last_hash == row.tip_hash.hex()
