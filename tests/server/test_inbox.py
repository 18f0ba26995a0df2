"""Two kinds of frames wait side by side, each within its own bound."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from server import inbox as module
from server.inbox import (
    BATCH_BYTES_AT_ONCE,
    BATCHES_AT_ONCE,
    FRAME_BYTES,
    NOTES_AT_ONCE,
    NOTES_BESIDE_BATCHES,
    Frame,
    Gathered,
    Inbox,
    Note,
)

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def note(frame: bytes) -> Note:
    return Note("n", frame, AT)


def batches(count: int, size: int = 8) -> list[Frame]:
    return [("b", number.to_bytes(size)) for number in range(count)]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.mark.req("T-14")
def test_a_flood_of_notes_pushes_out_no_batch_and_a_flood_of_batches_no_note(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 3 * (FRAME_BYTES + 8))
    assert [inbox.put_note(note(bytes(8))) for _ in range(5)] == [True] * 3 + [False] * 2
    assert [inbox.put_batch(one) for one in batches(5)] == [True] * 3 + [False] * 2
    assert inbox.waiting == 6
    assert inbox.gather(0) == Gathered(batches(3), [note(bytes(8))] * 3)
    assert inbox.put_note(note(bytes(2 * FRAME_BYTES)))
    assert inbox.put_batch(("b", bytes(2 * FRAME_BYTES)))
    assert not inbox.put_batch(("b", b"x"))


@pytest.mark.req("T-14")
def test_frames_without_content_take_room_too(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 3 * FRAME_BYTES)
    assert [inbox.put_batch((f"b{number}", b"")) for number in range(4)] == [True] * 3 + [False]
    assert [inbox.put_note(note(b"")) for _ in range(4)] == [True] * 3 + [False]


@pytest.mark.req("T-14")
def test_a_frame_that_is_sent_again_while_it_waits_is_kept_once_and_in_its_place(inbox: Inbox) -> None:
    first, second = batches(2)
    for one in (first, second, first, ("c", first[1])):
        assert inbox.put_batch((one[0], bytes(bytearray(one[1]))))
    assert inbox.gather(0) == Gathered([first, second, ("c", first[1])])
    assert inbox.put_batch(first), "it is answered again, for the receipt may be lost"
    assert inbox.gather(0) == Gathered([first])


def test_what_is_taken_in_one_turn_is_bounded_and_keeps_its_order(inbox: Inbox) -> None:
    for number in range(NOTES_AT_ONCE + 2):
        assert inbox.put_note(note(b"%d" % number))
    first, second = inbox.gather(0), inbox.gather(0)
    assert first is not None
    assert second is not None
    assert [int(one.frame) for one in first.notes + second.notes] == list(range(NOTES_AT_ONCE + 2))
    assert len(second.notes) == 2


@pytest.mark.req("T-14")
def test_while_batches_wait_most_of_a_turn_is_theirs(inbox: Inbox) -> None:
    for _ in range(NOTES_AT_ONCE):
        assert inbox.put_note(note(b"x"))
    for one in batches(BATCHES_AT_ONCE + 1):
        assert inbox.put_batch(one)
    turns = [inbox.gather(0) for _ in range(2)]
    notes = [NOTES_BESIDE_BATCHES, NOTES_AT_ONCE - NOTES_BESIDE_BATCHES]
    assert [(len(turn.batches), len(turn.notes)) for turn in turns if turn] == [
        (BATCHES_AT_ONCE, notes[0]),
        (1, notes[1]),
    ]


def test_large_batches_are_committed_a_few_at_a_time_and_the_largest_alone(inbox: Inbox) -> None:
    sizes = (BATCH_BYTES_AT_ONCE // 2, BATCH_BYTES_AT_ONCE // 2, 1, 2 * BATCH_BYTES_AT_ONCE, 1)
    for number, size in enumerate(sizes):
        assert inbox.put_batch((f"b{number}", bytes(size)))
    turns = [inbox.gather(0) for _ in range(3)]
    assert [len(turn.batches) for turn in turns if turn] == [2, 2, 1]


def test_a_stop_is_not_held_up_by_what_the_next_centre_hears_again(inbox: Inbox) -> None:
    assert inbox.put_note(note(b"x"))
    assert inbox.put_batch(("b", b"x"))
    inbox.close()
    assert inbox.put_note(note(b"y"))
    assert inbox.put_batch(("b", b"y"))
    assert (inbox.waiting, inbox.gather(0)) == (0, None)


def test_nothing_came_is_said_by_an_empty_turn(inbox: Inbox) -> None:
    assert inbox.gather(0) == Gathered()


def test_a_frame_wakes_who_waits(inbox: Inbox) -> None:
    taken: list[Gathered | None] = []
    waiting = threading.Thread(target=lambda: taken.append(inbox.gather(60)))
    waiting.start()
    assert inbox.put_note(note(b"x"))
    waiting.join(10)
    assert taken == [Gathered(notes=[note(b"x")])]
