"""Two kinds of frames wait side by side, each within its own bound."""

from __future__ import annotations

import threading

import pytest

from server import inbox as module
from server.inbox import (
    BATCH_BYTES_AT_ONCE,
    BATCHES_AT_ONCE,
    NOTES_AT_ONCE,
    NOTES_BESIDE_BATCHES,
    Gathered,
    Inbox,
)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.mark.req("T-14")
def test_a_flood_of_notes_pushes_out_no_batch_and_a_flood_of_batches_no_note(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    assert [inbox.put_note(("n", bytes(30))) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [inbox.put_batch(("b", bytes(1))) for _ in range(102)] == [True] * 100 + [False] * 2
    assert inbox.waiting == 103
    assert inbox.gather(0) == Gathered([("b", bytes(1))] * BATCHES_AT_ONCE, [("n", bytes(30))] * 3)
    assert inbox.put_note(("n", bytes(100)))
    assert inbox.put_batch(("b", bytes(BATCHES_AT_ONCE)))
    assert not inbox.put_batch(("b", bytes(1)))


def test_what_is_taken_in_one_turn_is_bounded_and_keeps_its_order(inbox: Inbox) -> None:
    for number in range(NOTES_AT_ONCE + 2):
        assert inbox.put_note(("n", b"%d" % number))
    first, second = inbox.gather(0), inbox.gather(0)
    assert first is not None
    assert second is not None
    assert [int(frame) for _, frame in first.notes + second.notes] == list(range(NOTES_AT_ONCE + 2))
    assert len(second.notes) == 2


@pytest.mark.req("T-14")
def test_while_batches_wait_most_of_a_turn_is_theirs(inbox: Inbox) -> None:
    for _ in range(NOTES_AT_ONCE):
        assert inbox.put_note(("n", b"x"))
    for _ in range(BATCHES_AT_ONCE + 1):
        assert inbox.put_batch(("b", b"x"))
    turns = [inbox.gather(0) for _ in range(2)]
    notes = [NOTES_BESIDE_BATCHES, NOTES_AT_ONCE - NOTES_BESIDE_BATCHES]
    assert [(len(turn.batches), len(turn.notes)) for turn in turns if turn] == [
        (BATCHES_AT_ONCE, notes[0]),
        (1, notes[1]),
    ]


def test_large_batches_are_committed_a_few_at_a_time_and_the_largest_alone(inbox: Inbox) -> None:
    for size in (BATCH_BYTES_AT_ONCE // 2, BATCH_BYTES_AT_ONCE // 2, 1, 2 * BATCH_BYTES_AT_ONCE, 1):
        assert inbox.put_batch(("b", bytes(size)))
    turns = [inbox.gather(0) for _ in range(3)]
    assert [len(turn.batches) for turn in turns if turn] == [2, 2, 1]


def test_a_stop_is_not_held_up_by_notes_which_the_next_centre_hears_again(inbox: Inbox) -> None:
    assert inbox.put_note(("n", b"x"))
    assert inbox.put_batch(("b", b"x"))
    inbox.close()
    assert inbox.gather(0) == Gathered([("b", b"x")])
    assert inbox.gather(0) is None


def test_nothing_came_is_said_by_an_empty_turn_and_the_end_only_once_all_is_taken(inbox: Inbox) -> None:
    assert inbox.gather(0) == Gathered()
    assert inbox.put_batch(("b", b"last"))
    inbox.close()
    assert inbox.gather(0) == Gathered([("b", b"last")])
    assert inbox.gather(0) is None


def test_a_frame_wakes_who_waits(inbox: Inbox) -> None:
    taken: list[Gathered | None] = []
    waiting = threading.Thread(target=lambda: taken.append(inbox.gather(60)))
    waiting.start()
    assert inbox.put_note(("n", b"x"))
    waiting.join(10)
    assert taken == [Gathered(notes=[("n", b"x")])]
