from __future__ import annotations

import pytest
from sqlalchemy import update

from server.ingest import chain
from server.ingest.chain import NewLink
from server.store import tables
from server.store.events import NO_HASH, Stored, StreamRow
from tests.server.fake_terminal import FakeTerminal, code_of, dispensed, scanned
from tests.server.ingest import looking
from tests.server.ingest.conftest import Centre


def frozen(terminal: FakeTerminal, number: int) -> list[bytes]:
    return [terminal.say(scanned(code_of(step))) for step in range(number)]


def copy_of(terminal: FakeTerminal) -> FakeTerminal:
    """The same store, restored from an image taken now."""
    return FakeTerminal(key=terminal.key, seq=terminal.seq, prev=terminal.prev, hlc=terminal.hlc)


def test_a_chain_in_order_is_complete_and_quiet(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 10)
    centre.take(terminal.frame(*events[:4]), terminal.frame(*events[4:7]))
    centre.take(terminal.frame(*events[7:]))

    row = looking.stream(centre.store)
    assert (row.contiguous_to, row.tip_seq, row.tip_hash.hex()) == (10, 10, terminal.prev)
    assert looking.gaps(centre.store) == []
    assert looking.alarms_of(centre.store) == []


@pytest.mark.req("T-07")
def test_gaps_are_seen_and_close_when_the_missing_events_come(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 12)

    centre.take(terminal.frame(*events[2:4]), terminal.frame(*events[7:9]), terminal.frame(events[11]))
    assert looking.gaps(centre.store) == [(1, 2), (5, 7), (10, 11)]
    assert looking.stream(centre.store).contiguous_to == 0
    centre.take(terminal.frame(*events[0:2]))
    assert looking.gaps(centre.store) == [(5, 7), (10, 11)]
    assert looking.stream(centre.store).contiguous_to == 4
    centre.take(terminal.frame(*events[9:11], *events[4:7]))

    assert looking.gaps(centre.store) == []
    assert looking.stream(centre.store).contiguous_to == 12
    assert looking.alarms_of(centre.store) == []


def test_a_long_run_behind_a_gap_is_closed_at_once(centre: Centre, terminal: FakeTerminal) -> None:
    events = [terminal.say(scanned(None)) for _ in range(2_500)]
    centre.take(*[terminal.frame(*events[start : start + 500]) for start in range(1, 2_500, 500)])
    assert looking.stream(centre.store).contiguous_to == 0

    centre.take(terminal.frame(events[0]))

    assert looking.stream(centre.store).contiguous_to == 2_500


@pytest.mark.parametrize("split", [True, False], ids=["two calls", "one call"])
@pytest.mark.req("T-71")
def test_a_fork_keeps_both_branches_and_raises_an_alarm(centre: Centre, terminal: FakeTerminal, split: bool) -> None:
    shared = frozen(terminal, 3)
    twin = copy_of(terminal)
    ours = [terminal.say(dispensed(code_of(101))), terminal.say(dispensed(code_of(102)))]
    theirs = [twin.say(dispensed(code_of(201), sale="S9")), twin.say(dispensed(code_of(202), sale="S9"))]

    frames = [terminal.frame(*shared, *ours), twin.frame(*shared, *theirs)]
    receipts = [receipt for frame in frames for receipt in centre.take(frame)] if split else centre.take(*frames)

    assert [receipt.accepted for receipt in receipts] == [[(1, 5)], [(1, 5)]]
    assert looking.stored_bytes(centre.store) == {*shared, *ours, *theirs}
    sold = {code for code, state in looking.states(centre.store).items() if state == "sold"}
    assert sold == {code_of(101), code_of(102), code_of(201), code_of(202)}
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.terminal, alarm.code, alarm.subject, alarm.times) == ("T-001", "chain.fork", "e1", 2)


def test_other_bytes_under_a_known_id_are_a_fork_too(centre: Centre, terminal: FakeTerminal) -> None:
    original = terminal.say(dispensed(code_of(1)))
    altered = original.replace(code_of(1).encode(), code_of(2).encode())

    receipts = centre.take(terminal.frame(original), terminal.frame(altered))

    assert [receipt.accepted for receipt in receipts] == [[(1, 1)], [(1, 1)]]
    assert looking.stored_bytes(centre.store) == {original, altered}
    assert looking.alarm_codes(centre.store) == ["chain.fork"]


def test_a_restored_store_that_goes_on_after_the_fork_is_one_alarm_not_many(
    centre: Centre, terminal: FakeTerminal
) -> None:
    frozen(terminal, 2)
    twin = copy_of(terminal)
    centre.take(terminal.frame(terminal.say(scanned(code_of(1)))))
    centre.take(twin.frame(twin.say(scanned(code_of(2)))))

    # The branch that came second is the one that lives on: its next event follows a number that stands for two.
    centre.take(twin.frame(twin.say(scanned(code_of(3)))))

    assert looking.alarm_codes(centre.store) == ["chain.fork"]


def test_an_altered_predecessor_breaks_the_chain_and_the_event_is_taken(centre: Centre, terminal: FakeTerminal) -> None:
    first = terminal.say(scanned(code_of(1)))
    terminal.prev = "ab" * 32
    second = terminal.say(dispensed(code_of(1)))

    (receipt,) = centre.take(terminal.frame(first, second))

    assert receipt.accepted == [(1, 2)]
    assert looking.states(centre.store) == {code_of(1): "sold"}
    (alarm,) = looking.alarms_of(centre.store)
    assert (alarm.code, alarm.subject) == ("chain.broken", "e1")
    assert "2" in alarm.words.en


def test_a_break_is_found_when_the_predecessor_comes_last(centre: Centre, terminal: FakeTerminal) -> None:
    first = terminal.say(scanned(code_of(1)))
    terminal.prev = "ab" * 32
    second = terminal.say(dispensed(code_of(1)))

    centre.take(terminal.frame(second))
    assert looking.alarms_of(centre.store) == []
    centre.take(terminal.frame(first))

    assert looking.alarm_codes(centre.store) == ["chain.broken"]


def test_a_stored_event_that_cannot_be_read_any_more_stops_nothing(centre: Centre, terminal: FakeTerminal) -> None:
    events = frozen(terminal, 3)
    centre.take(terminal.frame(events[0], events[2]))
    with centre.store.writing() as connection:
        connection.execute(update(tables.event).where(tables.event.c.seq == 3).values(frozen=b"archived"))

    assert centre.take(terminal.frame(events[1]))[0].accepted == [(2, 2)]
    assert looking.stream(centre.store).contiguous_to == 3


def test_a_first_event_must_name_no_predecessor(centre: Centre, terminal: FakeTerminal) -> None:
    terminal.prev = "ab" * 32

    centre.take(terminal.frame(terminal.say(scanned(None))))

    assert looking.alarm_codes(centre.store) == ["chain.broken"]


def test_a_new_epoch_is_a_new_chain(centre: Centre, terminal: FakeTerminal) -> None:
    centre.take(terminal.frame(*frozen(terminal, 3)))
    rebuilt = FakeTerminal(epoch="e2", key=terminal.key)

    (receipt,) = centre.take(rebuilt.frame(*frozen(rebuilt, 2)))

    assert (receipt.epoch, receipt.accepted) == ("e2", [(1, 2)])
    assert looking.alarms_of(centre.store) == []
    assert looking.stream(centre.store, epoch="e1").tip_seq == 3
    assert looking.stream(centre.store, epoch="e2").tip_seq == 2


def h(number: int) -> bytes:
    return bytes([number]) * 32


class TestRules:
    """The rules by themselves."""

    stream = StreamRow(1, "T", "e", 5, 5, h(5))

    @pytest.mark.parametrize(
        ("new", "expected"),
        [
            ([NewLink(6, h(6), h(5)), NewLink(7, h(7), h(6))], True),
            ([NewLink(6, h(6), None), NewLink(7, h(7), h(6))], False),
            ([], True),
            ([NewLink(6, h(6), h(4))], False),
            ([NewLink(7, h(7), h(6))], False),
            ([NewLink(5, h(9), h(4))], False),
            ([NewLink(6, h(6), h(5)), NewLink(6, h(9), h(5))], False),
        ],
    )
    def test_going_on_needs_no_look_back(self, new: list[NewLink], expected: bool) -> None:
        assert chain.is_next(self.stream, new) is expected

    def test_what_is_not_there_cannot_be_wrong(self) -> None:
        assert chain.find_faults([NewLink(9, h(9), h(8))], [], []) == ([], [], True)

    def test_an_event_whose_predecessor_is_illegible_is_a_link_that_vouches_for_nothing(self) -> None:
        faults = chain.find_faults([NewLink(6, h(6), None), NewLink(7, h(7), h(6))], [Stored(5, h(5))], [])

        assert faults == ([], [], False)

    @pytest.mark.parametrize("is_new", [True, False])
    def test_a_rejected_event_that_names_another_is_no_alarm_and_vouches_for_nothing(self, *, is_new: bool) -> None:
        before, after = NewLink(6, h(6), h(5)), NewLink(7, h(7), h(4), is_rejected=True)
        faults = chain.find_faults([before, after] if is_new else [before], [], [] if is_new else [after])

        assert faults == ([], [], False)

    def test_a_link_to_any_of_two_twins_holds(self) -> None:
        assert chain.find_faults([NewLink(6, h(6), h(4))], [Stored(5, h(5)), Stored(5, h(4))], []).broken == []

    def test_the_tip_is_the_highest_number(self) -> None:
        stream = StreamRow(1, "T", "e", 0, 0, NO_HASH)
        chain.advance_tip(stream, [NewLink(3, h(3), None), NewLink(2, h(2), None)])

        assert (stream.tip_seq, stream.tip_hash) == (3, h(3))
