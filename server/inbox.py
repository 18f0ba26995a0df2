"""What has arrived and waits for the worker: batches of events, and notes (births, deaths, health reports).

Each kind has a bound of its own. When a broker or a network was away, every terminal has something to say of itself at
one moment; that must not push out the events of a counter at which somebody is being served.

A terminal that waits long for its receipt sends the same frame again. While the first still waits, the second is not
kept: otherwise a centre that falls behind would get ever more to do.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

Frame = tuple[str, bytes]
"""Topic and bytes."""


class Note(NamedTuple):
    """What a terminal, or the broker in its place, says of it."""

    topic: str
    frame: bytes
    at: datetime
    """When it came, on the centre's clock: it may wait here, and must not look younger than it is."""


MOST_BYTES = 32 * 1024 * 1024
"""Of each kind: some forty thousand reports, or as many batches of one scan each."""
FRAME_BYTES = 250
"""What a waiting frame takes besides its bytes, roughly."""
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
    notes: list[Note] = field(default_factory=list)


class Inbox:
    """Filled by the links' threads, emptied by the worker's."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        # In the order in which they came; a dict also knows what waits already.
        self._batches: dict[Frame, None] = {}
        self._notes: deque[Note] = deque()
        self._batch_bytes = 0
        self._note_bytes = 0
        self._is_closed = False

    @property
    def waiting(self) -> int:
        """Frames that have not been taken yet."""
        return len(self._batches) + len(self._notes)

    def put_batch(self, batch: Frame) -> bool:
        """Keep a batch for the worker, once; False only if there is no room for it. A closed inbox forgets it."""
        with self._news:
            if self._is_closed or batch in self._batches:
                return True
            size = _size(batch[1])
            if self._batch_bytes + size > MOST_BYTES:
                return False
            self._batches[batch] = None
            self._batch_bytes += size
            self._news.notify()
        return True

    def put_note(self, note: Note) -> bool:
        """Keep a note for the worker; False only if there is no room for it. A closed inbox forgets it."""
        with self._news:
            if self._is_closed:
                return True
            size = _size(note.frame)
            if self._note_bytes + size > MOST_BYTES:
                return False
            self._notes.append(note)
            self._note_bytes += size
            self._news.notify()
        return True

    def close(self) -> None:
        """Say that nothing more is taken, not even what waits or comes yet: all of it comes again to the next centre.

        Terminals send again what has no receipt, after a minute at most, and report within half a minute, and the
        broker repeats their last presence.
        """
        with self._news:
            self._is_closed = True
            self._batches.clear()
            self._notes.clear()
            self._batch_bytes = self._note_bytes = 0
            self._news.notify()

    def gather(self, timeout_s: float) -> Gathered | None:
        """Return what has come, waiting for it a while; None once nothing more comes."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self.waiting, timeout_s)
            if self._is_closed:
                return None
            batches = self._take_batches()
            most = NOTES_BESIDE_BATCHES if self._batches else NOTES_AT_ONCE
            notes = [self._notes.popleft() for _ in range(min(most, len(self._notes)))]
            self._note_bytes -= sum(_size(note.frame) for note in notes)
        return Gathered(batches, notes)

    def _take_batches(self) -> list[Frame]:
        taken: list[Frame] = []
        left = BATCH_BYTES_AT_ONCE
        for batch in self._batches:
            if left <= 0 or len(taken) == BATCHES_AT_ONCE:
                break
            taken.append(batch)
            left -= len(batch[1])
        for batch in taken:
            del self._batches[batch]
            self._batch_bytes -= _size(batch[1])
        return taken


def _size(frame: bytes) -> int:
    return FRAME_BYTES + len(frame)
