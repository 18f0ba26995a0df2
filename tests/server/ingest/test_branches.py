"""A branch of a life that the centre was never told, because its numbers were taken already, is asked for."""

from __future__ import annotations

import pytest

from server.ingest import branches
from server.ingest.asking import BETWEEN, MOST_TRIES, Asking
from server.store import alarms
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


def asked(centre: Centre, asking: Asking, kept: KeptEpoch, *, times: int = 1) -> list[Wanted]:
    topics = FakeTerminal().topics
    said = Health(1, "T-001", "s1", NOW, 0, 0, None, [], [kept])
    question = asking.question(topics, said, NOW + times * BETWEEN)
    if question is None:
        return []
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


def test_what_does_not_come_is_not_asked_for_for_ever(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*(terminal.say(scanned(code_of(step))) for step in range(5))))
    asking = Asking(centre.store, centre.key)
    made_up = KeptEpoch("e1", 1, 5, "ab" * 32)
    answers = [asked(centre, asking, made_up, times=number) for number in range(MOST_TRIES + 3)]
    assert [bool(one) for one in answers] == [True] * MOST_TRIES + [False] * 3
