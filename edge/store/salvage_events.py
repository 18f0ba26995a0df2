"""The events of a damaged store: found wherever their bytes are, proved one by one, and what is missing named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from edge.clock import to_us
from edge.store.chain import READ_EVENT
from edge.store.salvage_fill import Taken, add_events
from edge.store.salvage_proof import Found, event_in, is_near, prove, restored
from edge.store.salvage_remains import Head, Remains
from edge.store.wal import Verdict
from wire.events import Span, sm3_hex
from wire.receipts import ranges

FORMER_EPOCHS = "SELECT epoch FROM former_store UNION SELECT epoch FROM adopted"
_MOST_AHEAD = 100_000
"""A state that is further ahead of every event than this is damaged itself."""
_MOST_UNPROVED_AHEAD = 1_000
"""The same for bytes that were not proved: their number may be what is damaged."""
_YOUNG_US = 29 * 24 * 3_600 * 1_000_000
"""What is younger cannot have been put away, and neither can what follows on it."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What became of the events."""

    head: Head | None
    """Where the history stood; None if nothing says so."""
    lost: Mapping[str, Sequence[Span]]
    """Numbers that are missing and were not delivered as far as is known, by life."""
    unproved: Sequence[Found]
    """Bytes that look like events and cannot be proved to be what was frozen."""
    kept: int


def recover_events(target: sqlite3.Connection, remains: Remains, taken: Taken, now_us: int) -> Recovered:
    """Put every event that proves itself into the outbox of the new store, inside the caller's transaction."""
    heads = [taken.head] if taken.head else []
    if not heads or remains.log.verdict is not Verdict.WHOLE:
        heads += remains.heads()
    search = _Search(target, taken, heads)
    search.add(taken.open_rows)
    search.prove()
    if taken.stopped or remains.log.verdict is not Verdict.WHOLE or search.is_incomplete:
        _logger.info(
            "salvage.pages", megabytes=remains.database.size_bytes // 1_000_000, frames=len(remains.log.frames)
        )
        search.add(remains.events(search.numbers))
        search.prove()
    add_events(target, search.events)
    lost = search.lost(now_us)
    unknown = _unknown_end(remains, taken, search.head)
    if search.head and unknown:
        last = max(search.head.next_seq - 1, *search.numbers[search.head.epoch], 0)
        lost[search.head.epoch] = [*lost.get(search.head.epoch, ()), (last + 1, last + unknown)]
    return Recovered(search.head, lost, search.unproved, len(search.events))


def _unknown_end(remains: Remains, taken: Taken, head: Head | None) -> int:
    """Return how many numbers to give up behind the last that is known, because commits are gone without a trace.

    Nobody can know how many events they held. A commit of one event writes several pages, so the pages are enough; a
    number that was never given out does no harm in a life that is over.
    """
    if remains.log.verdict is not Verdict.DAMAGED:
        return 0
    if remains.log.behind and (head is None or (taken.head is not None and head.last_hash == taken.head.last_hash)):
        # Not even the state of the history could be read in what follows.
        return remains.log.gone + len(remains.log.behind)
    return remains.log.gone


class _Search:
    """The candidates of each life, and what was proved of them."""

    def __init__(self, target: sqlite3.Connection, taken: Taken, heads: Sequence[Head]) -> None:
        self._target = target
        self._taken = taken
        self._heads = heads
        self._candidates: dict[str, dict[int, list[Found]]] = {}
        self._lives = {epoch for (epoch,) in target.execute(FORMER_EPOCHS)} | {head.epoch for head in heads}
        self._proved: dict[tuple[str, int], Found] = {}
        self.unproved: list[Found] = []
        self.head: Head | None = None
        self.numbers: Mapping[str, set[int]] = taken.delivered
        """The numbers that are here, by life."""

    @property
    def events(self) -> list[Found]:
        """What was proved."""
        return list(self._proved.values())

    @property
    def is_incomplete(self) -> bool:
        """Something is missing that may still be found on some page."""
        return bool(self.unproved) or self.head is None or any(self._missing(epoch) for epoch in self.numbers)

    def add(self, found: Iterable[Found]) -> None:
        """Take candidates in, under the number that they say themselves."""
        for spoiled in found:
            event = event_in(spoiled.bytes)
            one = spoiled if event is None else restored(spoiled, event)
            known = self._candidates.setdefault(one.epoch, {}).setdefault(one.seq, [])
            if one.seq not in self.numbers.get(one.epoch, ()) and all(one.bytes != other.bytes for other in known):
                known.append(one)

    def prove(self) -> None:
        """Choose among the candidates of each life."""
        head = self._best_head()
        self.head = self._as_its_event_says(head) if head else None
        self._proved.clear()
        self.unproved.clear()
        for epoch, candidates in self._candidates.items():
            # A life that nobody else names, with a single event, is a damaged name.
            named = self._lives | ({self.head.epoch} if self.head else set())
            if named and epoch not in named and len(candidates) == 1:
                self.unproved += [one for found in candidates.values() for one in found]
                continue
            head = self.head if self.head and self.head.epoch == epoch else None
            last_seq, last_hash = (head.next_seq - 1, head.last_hash) if head else (None, None)
            proved = prove(candidates, last_seq, last_hash, lambda seq, epoch=epoch: self._delivered(epoch, seq))  # type: ignore[misc]
            self._proved.update({(one.epoch, one.seq): one for one in proved.taken})
            self.unproved += proved.refused
        self.numbers = self._numbers()

    def lost(self, now_us: int) -> dict[str, Sequence[Span]]:
        """Return the numbers that are missing, by life."""
        lost: dict[str, Sequence[Span]] = {}
        for epoch in self.numbers:
            missing = self._missing(epoch) | self._missing_front(epoch, now_us)
            if missing:
                lost[epoch] = ranges(sorted(missing))
        return lost

    def _best_head(self) -> Head | None:
        """Return the latest state that events bear out; where none does, the latest."""
        newest = max((max(found) for found in self._candidates.values() if found), default=0)
        newest = max([newest, *(max(seqs) for seqs in self._taken.delivered.values() if seqs)])
        likely = [head for head in self._heads if head.next_seq - 1 <= newest + _MOST_AHEAD]
        borne_out = [head for head in likely if self._is_borne_out(head)]
        return max(borne_out or likely, key=lambda head: (head.hlc, head.next_seq), default=None)

    def _as_its_event_says(self, head: Head) -> Head:
        """Return the state with the terminal and the life of the very event that it names, where that is here."""
        lives = [head.epoch, *self._candidates.keys() | self._taken.delivered.keys()]
        for frozen in (one for life in lives for one in self._found(life, head.next_seq - 1)):
            event = event_in(frozen) if sm3_hex(frozen) == head.last_hash else None
            if event is not None:
                return replace(head, terminal=event.terminal, epoch=event.epoch)
        return head

    def _is_borne_out(self, head: Head) -> bool:
        return any(is_near(sm3_hex(one), head.last_hash) for one in self._found(head.epoch, head.next_seq - 1))

    def _found(self, epoch: str, seq: int) -> list[bytes]:
        """Return everything that may be the event of a number."""
        delivered = self._delivered(epoch, seq)
        found = [one.bytes for one in self._candidates.get(epoch, {}).get(seq, ())]
        return [*found, *([delivered] if delivered else [])]

    def _delivered(self, epoch: str, seq: int) -> bytes | None:
        if seq not in self._taken.delivered.get(epoch, ()):
            return None
        row = self._target.execute(READ_EVENT, (epoch, seq)).fetchone()
        return row[0] if row else None

    def _numbers(self) -> dict[str, set[int]]:
        here = {epoch: set(seqs) for epoch, seqs in self._taken.delivered.items()}
        for epoch, seq in self._proved:
            here.setdefault(epoch, set()).add(seq)
        if self.head:
            here.setdefault(self.head.epoch, set())
        for epoch, _ in self._taken.named:
            here.setdefault(epoch, set())
        return here

    def _missing(self, epoch: str) -> set[int]:
        """Return what the index names, and in the present life every number that is skipped, up to the last."""
        here = self.numbers[epoch]
        last = self._last(epoch, here)
        missing = {seq for life, seq in self._taken.named if life == epoch and 0 < seq <= last}
        if self.head is None or self.head.epoch == epoch:
            missing |= set(range(min(here, default=1), last + 1))
        return missing - here

    def _missing_front(self, epoch: str, now_us: int) -> set[int]:
        """Return the numbers before the first that is here, unless it is so old that they were put away."""
        here = self.numbers[epoch]
        first = min(here, default=1)
        if (self.head and self.head.epoch != epoch) or first == 1:
            return set()
        found = self._proved.get((epoch, first))
        at = found.created_at if found else self._created_at(epoch, first)
        return set(range(1, first)) if now_us - at < _YOUNG_US else set()

    def _created_at(self, epoch: str, seq: int) -> int:
        frozen = self._delivered(epoch, seq)
        event = event_in(frozen) if frozen else None
        return to_us(event.occurred_at) if event else 0

    def _last(self, epoch: str, here: set[int]) -> int:
        newest = max(here, default=0)
        likely = newest + _MOST_UNPROVED_AHEAD
        newest = max([newest, *(one.seq for one in self.unproved if one.epoch == epoch and one.seq < likely)])
        if self.head and self.head.epoch == epoch:
            return max(newest, self.head.next_seq - 1)
        return newest
