"""Two boxes that went on from copies of one store, and what the centre asks them for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection

from server.ingest.asking import BETWEEN, Asking, Question
from server.store import events
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire.envelope import open_sealed
from wire.events import EventsLost, Span
from wire.presence import Health, KeptEpoch
from wire.receipts import Wanted, decode_ask, ranges
from wire.topics import TerminalTopics


class Branch:
    """One of two boxes that went on from copies of one store."""

    def __init__(self, trunk: FakeTerminal, told: list[bytes], number: int, sale: str) -> None:
        self.terminal = FakeTerminal(key=trunk.key, seq=trunk.seq, prev=trunk.prev, hlc=trunk.hlc)
        self.events = told + [self.terminal.say(scanned(code_of(one), sale=sale)) for one in range(number)]

    def kept(self, first: int = 1) -> KeptEpoch:
        return KeptEpoch("e1", first, self.terminal.seq, self.terminal.prev)


def question_after(asking: Asking, topics: TerminalTopics, said: Health, now: datetime) -> Question | None:
    """Return what is asked after a report, as the receiver does it: only where a first look leaves a doubt."""
    doubtful = asking.doubtful([(topics, said)])
    return asking.question(topics, said, now) if doubtful else None


def asked(
    centre: Centre,
    asking: Asking,
    kept: KeptEpoch,
    *,
    times: int = 1,
    now: datetime = NOW,
    has_left: bool = True,
    session: str = "s1",
) -> list[Wanted]:
    topics = FakeTerminal().topics
    said = Health(1, "T-001", session, NOW, 0, 0, None, [], [kept])
    question = question_after(asking, topics, said, now + times * BETWEEN)
    if question is None:
        return []
    if has_left:
        asking.note_asked(topics, now + times * BETWEEN)
    return decode_ask(open_sealed(question.frame, question.topic, lambda _: centre.key.public).body).wanted


def answered(centre: Centre, branch: Branch, *, gone: Collection[int], turns: int = 40) -> list[Span]:
    """Let a terminal report each minute, send what it has and say what is gone; return what it was asked for."""
    life, asking = FakeTerminal(key=branch.terminal.key, epoch="e2"), Asking(centre.store, centre.key)
    said: set[Span] = set()
    asks: list[Span] = []
    for turn in range(turns):
        now = NOW + turn * timedelta(minutes=1)
        for span in (span for one in asked(centre, asking, branch.kept(), now=now, times=0) for span in one.spans):
            asks.append(span)
            numbers = range(span[0], span[1] + 1)
            lost = set(ranges(seq for seq in numbers if seq in gone)) - said
            if lost:
                said |= lost
                centre.take(life.frame(life.say(EventsLost("e1", sorted(lost)))), now=now)
            rows = [branch.events[seq - 1] for seq in numbers if seq not in gone]
            centre.take(branch.terminal.frame(*rows), now=now)
    return asks


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many numbers are read at a time to follow chains."""
    read: list[int] = []
    load_links = events.load_links

    def noted(connection: Connection, stream: int, span: Span) -> dict[int, dict[bytes, bytes]]:
        read.append(span[1] - span[0] + 1)
        return load_links(connection, stream, span)

    monkeypatch.setattr(events, "load_links", noted)
    return read


def heal(centre: Centre, branch: Branch, *, first: int = 1) -> int:
    """Let the terminal report and send what is asked for until nothing is; return how often it was asked."""
    asking, times = Asking(centre.store, centre.key), 0
    while wanted := asked(centre, asking, branch.kept(first), times=times):
        times += 1
        spans = [span for one in wanted for span in one.spans]
        again = [event for low, high in spans for event in branch.events[low - 1 : high]]
        centre.take(branch.terminal.frame(*again))
        assert times < 20
    return times


def until_told(centre: Centre, asking: Asking, *kept: KeptEpoch, now: datetime = NOW) -> tuple[int, datetime]:
    """Let reports come in turn, two a minute, until a person is told; return the number of asks, and when that was."""
    asks, before = 0, len(ringing(centre))
    for turn in range(60):
        at = now + turn * timedelta(seconds=30)
        asks += bool(asked(centre, asking, kept[turn % len(kept)], now=at, times=0))
        if len(ringing(centre)) > before:
            return asks, at
    pytest.fail("nobody is told")


def ringing(centre: Centre) -> list[int]:
    return [time for one in looking.alarms_of(centre.store) for time in [one.last_us] * one.times]


def told_five(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*(terminal.say(scanned(code_of(step))) for step in range(5))))
