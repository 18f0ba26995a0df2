"""A branch of a life that the centre was never told, because its numbers were taken already, is asked for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pytest
from sqlalchemy import Connection

from server.ingest import branches
from server.ingest.asking import BETWEEN, Asking
from server.ingest.branches import AGAIN, MOST_TRIES
from server.store import alarms, events
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre
from wire.envelope import open_sealed
from wire.presence import Health, KeptEpoch
from wire.receipts import Wanted, decode_ask

pytestmark = pytest.mark.req("T-71")


class Branch:
    """One of two boxes that went on from copies of one store."""

    def __init__(self, trunk: FakeTerminal, told: list[bytes], number: int, sale: str) -> None:
        self.terminal = FakeTerminal(key=trunk.key, seq=trunk.seq, prev=trunk.prev, hlc=trunk.hlc)
        self.events = told + [self.terminal.say(scanned(code_of(one), sale=sale)) for one in range(number)]

    def kept(self, first: int = 1) -> KeptEpoch:
        return KeptEpoch("e1", first, self.terminal.seq, self.terminal.prev)


def asked(
    centre: Centre, asking: Asking, kept: KeptEpoch, *, times: int = 1, now: datetime = NOW, has_left: bool = True
) -> list[Wanted]:
    topics = FakeTerminal().topics
    said = Health(1, "T-001", "s1", NOW, 0, 0, None, [], [kept])
    question = asking.question(topics, said, now + times * BETWEEN)
    if question is None:
        return []
    if has_left:
        asking.note_asked(topics, now + times * BETWEEN)
    return decode_ask(open_sealed(question.frame, question.topic, lambda _: centre.key.public).body).wanted


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


@pytest.mark.parametrize(("ours", "theirs"), [(8, 8), (3, 8), (8, 3), (1, 1)], ids=["even", "short", "long", "one"])
def test_the_branch_that_was_never_told_is_asked_for_until_it_is_here(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch, ours: int, theirs: int
) -> None:
    monkeypatch.setattr(branches, "WINDOW", 3)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(5)]
    told, untold = Branch(terminal, trunk, theirs, "S-B"), Branch(terminal, trunk, ours, "S-A")
    centre.take(told.terminal.frame(*told.events))
    assert heal(centre, told) == 0

    assert heal(centre, untold) >= 1

    assert looking.stored_bytes(centre.store) == {*told.events, *untold.events}
    assert {"chain.fork", "chain.broken"} & set(looking.alarm_codes(centre.store))
    assert heal(centre, untold) == heal(centre, told) == 0


def test_a_chain_that_broke_vouches_for_nothing_whatever_alarms_are_kept(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One branch is told but for its first number, which stands for an event of the other; its end is here."""
    monkeypatch.setattr(alarms, "MOST_PER_TERMINAL", 0)
    monkeypatch.setattr(alarms, "NEVER_CROWDED_OUT", ("nothing",))
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    other, one = Branch(terminal, trunk, 1, "S-B"), Branch(terminal, trunk, 4, "S-A")
    centre.take(terminal.frame(*other.events), terminal.frame(*one.events[4:]))
    assert looking.alarm_codes(centre.store) == ["alarms.too_many"]
    assert looking.stream(centre.store).is_broken
    assert asked(centre, Asking(centre.store, centre.key), one.kept()) == [Wanted("e1", [(1, 4)])]


def test_nothing_is_asked_where_the_end_is_known_or_not_named(centre: Centre, terminal: FakeTerminal) -> None:
    events = [terminal.say(scanned(code_of(step))) for step in range(6)]
    centre.take(terminal.frame(*events))
    asking = Asking(centre.store, centre.key)
    assert asked(centre, asking, KeptEpoch("e1", 1, 6, terminal.prev)) == []
    assert asked(centre, asking, KeptEpoch("e1", 1, 6)) == []
    # A report that was overtaken by what it reports.
    early = FakeTerminal(key=terminal.key)
    for step in range(4):
        early.say(scanned(code_of(step)))
    assert asked(centre, asking, KeptEpoch("e1", 1, 4, early.prev)) == []


def test_what_the_terminal_does_not_have_any_more_is_not_asked_for(centre: Centre, terminal: FakeTerminal) -> None:
    trunk = [terminal.say(scanned(code_of(step))) for step in range(5)]
    told, untold = Branch(terminal, trunk, 4, "S-B"), Branch(terminal, trunk, 4, "S-A")
    centre.take(told.terminal.frame(*told.events))
    assert asked(centre, Asking(centre.store, centre.key), untold.kept(8)) == [Wanted("e1", [(8, 9)])]


def test_what_does_not_come_is_asked_for_hourly_and_a_person_is_told(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*(terminal.say(scanned(code_of(step))) for step in range(5))))
    asking = Asking(centre.store, centre.key)
    made_up = KeptEpoch("e1", 1, 5, "ab" * 32)
    answers = [asked(centre, asking, made_up, times=number) for number in range(MOST_TRIES + 3)]
    assert [bool(one) for one in answers] == [True] * MOST_TRIES + [False] * 3
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.code, alarm.subject, alarm.times) == ("chain.branch_missing", "e1", 1)

    from_then = NOW + MOST_TRIES * BETWEEN + AGAIN
    later = [asked(centre, asking, made_up, now=from_then + number * AGAIN / 2) for number in range(5)]
    assert [bool(one) for one in later] == [True, False, True, False, True]
    (alarm,) = looking.alarms_of(centre.store)
    assert alarm.times == 3


def test_only_requests_that_left_count(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*(terminal.say(scanned(code_of(step))) for step in range(5))))
    asking = Asking(centre.store, centre.key)
    made_up = KeptEpoch("e1", 1, 5, "ab" * 32)
    unsent = [asked(centre, asking, made_up, times=number, has_left=False) for number in range(MOST_TRIES + 3)]
    assert all(unsent)
    left = [asked(centre, asking, made_up, times=number) for number in range(10, 11 + MOST_TRIES)]
    assert [bool(one) for one in left] == [True] * MOST_TRIES + [False]


def test_a_branch_that_comes_late_after_all_is_followed_on_at_once(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "WINDOW", 2)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    told, untold = Branch(terminal, trunk, 6, "S-B"), Branch(terminal, trunk, 6, "S-A")
    centre.take(told.terminal.frame(*told.events))
    asking = Asking(centre.store, centre.key)
    for number in range(MOST_TRIES + 1):
        asked(centre, asking, untold.kept(), times=number)
    for wanted in ([(8, 9)], [(6, 7)], [(4, 5)]):
        (one,) = asked(centre, asking, untold.kept(), now=NOW + AGAIN, times=10 - wanted[0][0])
        assert one.spans == wanted
        centre.take(untold.terminal.frame(*untold.events[wanted[0][0] - 1 : wanted[0][1]]))
    assert asked(centre, asking, untold.kept(), now=NOW + AGAIN, times=20) == []


def test_a_broken_chain_is_followed_once_and_then_only_what_is_new(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    one, other = Branch(terminal, trunk, 40, "S-A"), Branch(terminal, trunk, 1, "S-B")
    centre.take(terminal.frame(*other.events), one.terminal.frame(*one.events[4:]))
    centre.take(one.terminal.frame(one.events[3]))
    assert looking.stream(centre.store).is_broken
    read: list[int] = []
    load_links = events.load_links

    def counted(connection: Connection, stream: int, seqs: Collection[int]) -> dict[int, dict[bytes, bytes | None]]:
        read.append(len(seqs))
        return load_links(connection, stream, seqs)

    monkeypatch.setattr(events, "load_links", counted)
    asking = Asking(centre.store, centre.key)
    for number in range(3):
        assert asked(centre, asking, one.kept(), times=number) == []
    assert read == [43]
    centre.take(one.terminal.frame(*(one.terminal.say(scanned(None)) for _ in range(2))))
    assert asked(centre, asking, one.kept(), times=4) == []
    assert read == [43, 2]
    assert asked(centre, asking, one.kept(), now=NOW + AGAIN) == []
    assert read == [43, 2, 45]


def test_another_branch_is_found_beside_one_that_was_followed(centre: Centre, terminal: FakeTerminal) -> None:
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    one, other = Branch(terminal, trunk, 6, "S-A"), Branch(terminal, trunk, 1, "S-B")
    third = Branch(terminal, trunk, 6, "S-C")
    centre.take(terminal.frame(*other.events), one.terminal.frame(*one.events[4:]))
    centre.take(one.terminal.frame(one.events[3]))
    asking = Asking(centre.store, centre.key)
    assert asked(centre, asking, one.kept()) == []
    centre.take(third.terminal.frame(*third.events[7:]))
    assert asked(centre, asking, third.kept(), times=2) == [Wanted("e1", [(1, 7)])]
