"""A branch of a life that the centre was never told, because its numbers were taken already, is asked for."""

from __future__ import annotations

import msgspec
import pytest

from server.ingest import branches
from server.ingest.asking import BETWEEN, Asking
from server.ingest.following import Numbers, Told
from server.ingest.seeking import AGAIN, PATIENCE, RETRY
from server.store import alarms, events
from server.store.times import micros
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, scanned
from tests.server.ingest import looking
from tests.server.ingest.branching import Branch, answered, asked, counted, heal, told_five
from tests.server.ingest.conftest import Centre
from wire.events import EventsLost
from wire.presence import KeptEpoch
from wire.receipts import Wanted

pytestmark = pytest.mark.req("T-71")


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


def test_nothing_is_asked_where_the_end_is_known(centre: Centre, terminal: FakeTerminal) -> None:
    events = [terminal.say(scanned(code_of(step))) for step in range(6)]
    centre.take(terminal.frame(*events))
    asking = Asking(centre.store, centre.key)
    assert asked(centre, asking, KeptEpoch("e1", 1, 6, terminal.prev)) == []
    # A report that was overtaken by what it reports.
    early = FakeTerminal(key=terminal.key)
    for step in range(4):
        early.say(scanned(code_of(step)))
    assert asked(centre, asking, KeptEpoch("e1", 1, 4, early.prev)) == []


def test_an_end_that_is_not_named_is_asked_for_and_so_is_what_is_below_if_it_is_lost(
    centre: Centre, terminal: FakeTerminal
) -> None:
    """It may have been put away, or be damaged and have been of another branch."""
    told_five(centre, terminal)
    asking, unnamed = Asking(centre.store, centre.key), KeptEpoch("e1", 1, 5)
    assert asked(centre, asking, unnamed) == [Wanted("e1", [(5, 5)])]
    life = FakeTerminal(key=terminal.key, epoch="e2")
    centre.take(life.frame(life.say(EventsLost("e1", [(5, 5)]))), now=NOW + BETWEEN)
    assert asked(centre, asking, unnamed, times=2) == [Wanted("e1", [(1, 4)])]


def test_what_the_terminal_does_not_have_any_more_is_not_asked_for(centre: Centre, terminal: FakeTerminal) -> None:
    trunk = [terminal.say(scanned(code_of(step))) for step in range(5)]
    told, untold = Branch(terminal, trunk, 4, "S-B"), Branch(terminal, trunk, 4, "S-A")
    centre.take(told.terminal.frame(*told.events))
    assert asked(centre, Asking(centre.store, centre.key), untold.kept(8)) == [Wanted("e1", [(8, 9)])]


@pytest.mark.parametrize("is_restarted", [True, False])
def test_a_branch_of_any_length_arrives_whole_a_bounded_look_at_a_time(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch, *, is_restarted: bool
) -> None:
    """The end of the long branch comes through the gap above the short one; what is below has to be walked to."""
    monkeypatch.setattr(branches, "WINDOW", 3)
    monkeypatch.setattr(branches, "MOST_READ", 5)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(5)]
    short, long = Branch(terminal, trunk, 10, "S-B"), Branch(terminal, trunk, 60, "S-A")
    centre.take(short.terminal.frame(*short.events), long.terminal.frame(*long.events[15:]))
    read = counted(monkeypatch)
    asking, times = Asking(centre.store, centre.key), 0
    while not set(long.events) <= looking.stored_bytes(centre.store):
        times += 1
        assert times < 40
        if is_restarted and times == 8:
            asking = Asking(centre.store, centre.key)
        before = len(read)
        wanted = asked(centre, asking, long.kept(), times=times)
        assert sum(read[before:]) <= 5 + 2 * 3
        spans = [span for one in wanted for span in one.spans]
        centre.take(long.terminal.frame(*(event for low, high in spans for event in long.events[low - 1 : high])))
    assert "chain.branch_missing" not in looking.alarm_codes(centre.store)


def test_a_rejected_event_is_followed_to_the_one_that_it_names(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "WINDOW", 2)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    told, untold = Branch(terminal, trunk, 6, "S-B"), Branch(terminal, trunk, 2, "S-A")
    said = msgspec.json.decode(untold.terminal.say(scanned(None)))
    untold.terminal.seq -= 1
    untold.events.append(untold.terminal.skip(msgspec.json.encode(said | {"fact": {"kind": "teleported"}})))
    untold.events += [untold.terminal.say(scanned(None, sale="S-A")) for _ in range(3)]
    centre.take(told.terminal.frame(*told.events))
    heal(centre, untold)
    assert looking.count(centre.store, "rejected_event") == 1
    assert set(untold.events) - looking.stored_bytes(centre.store) == {untold.events[5]}


def test_what_a_branch_lost_is_said_and_what_is_below_is_asked_for(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "WINDOW", 3)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    told, untold = Branch(terminal, trunk, 12, "S-B"), Branch(terminal, trunk, 12, "S-A")
    centre.take(told.terminal.frame(*told.events))
    asks = answered(centre, untold, gone={11})
    assert set(untold.events) - looking.stored_bytes(centre.store) == {untold.events[10]}
    assert (13, 15) in asks
    assert len(asks) < 12
    (alarm,) = [one for one in looking.alarms_of(centre.store) if one.code == "chain.events_lost"]
    assert (alarm.subject, alarm.times) == ("e1", 1)
    assert "1 events are lost (between numbers 11 and 11)" in alarm.words.en
    assert looking.count(centre.store, "lost_span") == 1
    assert "chain.branch_missing" not in looking.alarm_codes(centre.store)


def test_a_branch_below_a_hole_is_found_although_the_number_next_to_the_hole_is_lost(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "WINDOW", 2)
    told, untold = Branch(terminal, [], 4, "S-B"), Branch(terminal, [], 7, "S-A")
    centre.take(told.terminal.frame(*told.events), untold.terminal.frame(*untold.events[5:]))
    asks = answered(centre, untold, gone={4, 5}, turns=120)
    assert list(dict.fromkeys(asks))[:3] == [(5, 5), (4, 4), (2, 3)]
    assert set(untold.events) - looking.stored_bytes(centre.store) == set(untold.events[3:5])
    (alarm,) = [one for one in looking.alarms_of(centre.store) if one.code == "chain.events_lost"]
    # Of the second a person hears once it is known that the event which is here under its number is another.
    assert "between numbers 4 and 4" in alarm.words.en


def test_below_an_old_hole_what_was_put_away_is_not_asked_for_on_and_on(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead letter keeps the first number; the rest of a month was delivered and put away, a hole was told of then."""
    monkeypatch.setattr(branches, "WINDOW", 2)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(30)]
    centre.take(terminal.frame(*trunk[:19], *trunk[20:], terminal.say(EventsLost("e1", [(20, 20)]))))
    rows = Branch(terminal, [*trunk, b""], 0, "S1")
    asks = answered(centre, rows, gone=range(2, 21), turns=90)
    # Of the old hole itself, in case that another box told of it, no more than twice.
    assert [one for one in asks if one != (20, 20)] == [(19, 19), (17, 18), (15, 16), (13, 14), (11, 12)]
    assert asks.count((20, 20)) == 2
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.code, alarm.times) == ("chain.events_lost", 1)


def test_where_a_broken_chain_is_torn_asking_for_what_was_put_away_has_an_end(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(branches, "WINDOW", 2)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(30)]
    told, untold = Branch(terminal, trunk, 6, "S-B"), Branch(terminal, trunk, 6, "S-A")
    centre.take(told.terminal.frame(*told.events))
    asks = answered(centre, untold, gone=range(2, 32), turns=90)
    assert min(first for first, _ in asks) > 15
    assert set(untold.events) - looking.stored_bytes(centre.store) == {untold.events[30]}
    (alarm,) = [one for one in looking.alarms_of(centre.store) if one.code == "chain.branch_missing"]
    assert "nobody can tell" in alarm.words.en


def test_a_broken_chain_is_followed_once_and_then_only_what_is_new(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    one, other = Branch(terminal, trunk, 40, "S-A"), Branch(terminal, trunk, 1, "S-B")
    centre.take(terminal.frame(*other.events), one.terminal.frame(*one.events[4:]))
    centre.take(one.terminal.frame(one.events[3]))
    assert looking.stream(centre.store).is_broken
    read = counted(monkeypatch)
    asking = Asking(centre.store, centre.key)
    for number in range(3):
        assert asked(centre, asking, one.kept(), times=number) == []
    assert read == [43]
    centre.take(one.terminal.frame(*(one.terminal.say(scanned(None)) for _ in range(2))))
    assert asked(centre, asking, one.kept(), times=4) == []
    assert read == [43, 3]
    assert asked(centre, asking, one.kept(), now=NOW + AGAIN) == []
    assert read == [43, 3]


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


@pytest.mark.parametrize("is_longer", [False, True], ids=["same end", "later end"])
def test_what_is_whole_where_little_is_kept_is_followed_on_where_more_is_kept(
    centre: Centre, terminal: FakeTerminal, *, is_longer: bool
) -> None:
    """A box that adopted the newest rows reports first; then the one that it replaced, or its own rows from before."""
    trunk = [terminal.say(scanned(code_of(step))) for step in range(5)]
    told, untold = Branch(terminal, trunk, 9, "S-B"), Branch(terminal, trunk, 15, "S-A")
    centre.take(told.terminal.frame(*told.events), untold.terminal.frame(*untold.events[14:]))
    asking = Asking(centre.store, centre.key)
    assert asked(centre, asking, untold.kept(15)) == []
    if is_longer:
        centre.take(untold.terminal.frame(untold.terminal.say(scanned(None))))
    assert asked(centre, asking, untold.kept(1), times=2) == [Wanted("e1", [(1, 14)])]
    # Nobody is asked for what it does not keep, and the other goes on where it was.
    assert asked(centre, asking, untold.kept(15), times=3) == []
    centre.take(untold.terminal.frame(*untold.events[5:14]))
    assert asked(centre, asking, untold.kept(1), times=30) == []
    assert set(untold.events[5:14]) <= looking.stored_bytes(centre.store)
    assert looking.alarm_codes(centre.store).count("chain.branch_missing") == 0


def test_what_came_is_seen_although_the_thread_went_on_and_the_oldest_is_put_away(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted are the numbers that were asked for, also above where it is followed on, and below what is kept now."""
    monkeypatch.setattr(branches, "MOST_READ", 20)
    trunk = [terminal.say(scanned(code_of(step))) for step in range(3)]
    told, untold = Branch(terminal, trunk, 12, "S-B"), Branch(terminal, trunk, 12, "S-A")
    centre.take(told.terminal.frame(*told.events))
    asking = Asking(centre.store, centre.key)
    for turn in range(7):
        # Nothing is believed to be missing for good while something comes, from the top.
        assert asked(centre, asking, untold.kept(1 + turn), now=NOW + turn * PATIENCE / 2)
        centre.take(untold.terminal.frame(untold.events[14 - turn]))
    read = counted(monkeypatch)
    for turn in range(3):
        asked(centre, asking, untold.kept(5), now=NOW + 7 * PATIENCE / 2 + turn * RETRY)
    assert all(0 < numbers <= 20 for numbers in read)
    assert "chain.branch_missing" not in looking.alarm_codes(centre.store)


def test_a_report_that_was_overtaken_costs_one_look_at_its_end(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre.take(terminal.frame(terminal.say(scanned(code_of(1)))))
    early = KeptEpoch("e1", 1, 1, terminal.prev)
    centre.take(terminal.frame(terminal.say(scanned(code_of(2)))))
    read, asking = counted(monkeypatch), Asking(centre.store, centre.key)
    assert asked(centre, asking, early) == []
    assert read == []


def test_what_was_told_of_each_of_two_thousand_holes_is_known(centre: Centre, terminal: FakeTerminal) -> None:
    holes = [Told((seq, seq), NOW) for seq in range(1, 4_000, 2)]
    with centre.store.writing() as connection:
        row = events.open_streams(connection, {("T-001", "e1")})["T-001", "e1"]
        events.add_lost(connection, row.id, (one.span for one in holes), micros(NOW))
    with centre.store.reading() as connection:
        numbers = Numbers(connection, row, 1, 500)
        for seq in range(4_000, 0, -1):
            numbers.at(seq)
        assert [numbers.told(seq) for seq in (1, 2, 3_999)] == [holes[0], None, holes[-1]]
        assert numbers.read == 4_000
        assert numbers.at(0) == {}
        assert numbers.told_last((2, 2)) is None


def test_what_came_of_a_search_is_counted_once_for_each_look(
    centre: Centre, terminal: FakeTerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each of its numbers that is lost."""
    trunk = [terminal.say(scanned(None)) for _ in range(3)]
    told, untold = Branch(terminal, trunk, 60, "S-B"), Branch(terminal, trunk, 60, "S-A")
    centre.take(told.terminal.frame(*told.events))
    counts: list[tuple[int, int]] = []
    count = Numbers.count

    def noted(numbers: Numbers, span: tuple[int, int]) -> int:
        counts.append(span)
        return count(numbers, span)

    monkeypatch.setattr(Numbers, "count", noted)
    asks = answered(centre, untold, gone=range(5, 60), turns=6)
    assert asks
    assert looking.count(centre.store, "lost_span") == 1
    assert len(counts) <= 2 * 6


def test_a_report_that_overtakes_its_newest_event_in_a_span_that_is_lost_begins_no_search(
    centre: Centre, terminal: FakeTerminal
) -> None:
    """A box was restored from before the loss, and records on under numbers that were said to be lost."""
    centre.take(terminal.frame(*(terminal.say(scanned(None)) for _ in range(9))))
    life = FakeTerminal(key=terminal.key, epoch="e2")
    centre.take(life.frame(life.say(EventsLost("e1", [(10, 1_000)]))))
    asking, asks = Asking(centre.store, centre.key), list[Wanted]()
    for turn in range(9):
        newest = terminal.say(scanned(None))
        asks += asked(centre, asking, KeptEpoch("e1", 1, terminal.seq, terminal.prev), times=turn)
        centre.take(terminal.frame(newest))
    assert asks == [Wanted("e1", [(10, 10)])]
    # What does not come by the next report is looked for.
    terminal.say(scanned(None))
    kept = KeptEpoch("e1", 1, terminal.seq, terminal.prev)
    assert asked(centre, asking, kept, times=20) == []
    assert asked(centre, asking, kept, times=30) == [Wanted("e1", [(1, 9), (19, 19)])]
