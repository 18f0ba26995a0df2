"""What has arrived and waits for the worker: batches of events, and notes (births, deaths, health reports).

Each kind has a bound of its own. When a broker or a network was away, every terminal has something to say of itself at
one moment; that must not push out the events of a counter at which somebody is being served.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field

Frame = tuple[str, bytes]
"""Topic and bytes."""

MOST_BYTES = 32 * 1024 * 1024
"""Of each kind: some forty thousand reports, or as many batches of one scan each."""
BATCHES_AT_ONCE = 64
BATCH_BYTES_AT_ONCE = 96 * 1024
"""Compressed, and one batch more: some 1,500 events, so that who comes next waits no longer than a counter may."""
NOTES_AT_ONCE = 100
NOTES_BESIDE_BATCHES = 8
"""In a turn that leaves batches waiting. Somebody is being served where they come from; a note says how a box is."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """What the worker takes in one turn, each kind in the order in which it came."""

    batches: list[Frame] = field(default_factory=list)
    notes: list[Frame] = field(default_factory=list)


class Inbox:
    """Filled by one thread, emptied by another."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._batches: deque[Frame] = deque()
        self._notes: deque[Frame] = deque()
        self._batch_bytes = 0
        self._note_bytes = 0
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """Frames that have not been taken yet."""
        return len(self._batches) + len(self._notes)

    def put_batch(self, frame: Frame) -> bool:
        """Keep a batch for the worker, if there is room."""
        with self._news:
            if self._batch_bytes + len(frame[1]) > MOST_BYTES:
                return False
            self._batches.append(frame)
            self._batch_bytes += len(frame[1])
            self._news.notify()
        return True

    def put_note(self, frame: Frame) -> bool:
        """Keep a note for the worker, if there is room."""
        with self._news:
            if self._note_bytes + len(frame[1]) > MOST_BYTES:
                return False
            self._notes.append(frame)
            self._note_bytes += len(frame[1])
            self._news.notify()
        return True

    def close(self) -> None:
        """Say that nothing more comes. Batches that wait can still be taken; a note comes again to the next centre.

        The broker repeats the last presence of each terminal, and every terminal reports within half a minute.
        """
        with self._news:
            self._is_closed = True
            self._notes.clear()
            self._note_bytes = 0
            self._news.notify()

    def gather(self, timeout_s: float) -> Gathered | None:
        """Return what has come, waiting for it a while; None once all is taken and nothing more comes."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self.waiting, timeout_s)
            if self._is_closed and not self.waiting:
                return None
            batches = self._take_batches()
            most = NOTES_BESIDE_BATCHES if self._batches else NOTES_AT_ONCE
            notes = [self._notes.popleft() for _ in range(min(most, len(self._notes)))]
            self._note_bytes -= sum(len(frame) for _, frame in notes)
        return Gathered(batches, notes)

    def _take_batches(self) -> list[Frame]:
        taken: list[Frame] = []
        left = BATCH_BYTES_AT_ONCE
        while self._batches and left > 0 and len(taken) < BATCHES_AT_ONCE:
            taken.append(self._batches.popleft())
            left -= len(taken[-1][1])
        self._batch_bytes -= BATCH_BYTES_AT_ONCE - left
        return taken
