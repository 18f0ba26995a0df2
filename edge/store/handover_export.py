"""Writing what a box never sent into a file for the box that replaces it.

What is not an event any more, or not the one that the next event names, is left out and told by its number: one
damaged record must not keep a thousand whole ones from being taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import IO

from sqlalchemy import Connection

from edge.store import sql
from edge.store.chain import event_at
from edge.store.handover import (
    NO_EVENT,
    ROWS_PER_CHUNK,
    ExportedRow,
    Told,
    begun,
    is_in_its_place,
    thawed,
    write_export,
)
from edge.store.life import known_ends
from edge.store.salvage_proof import Place, is_near, named_by_follower
from wire.events import sm3_hex

SELECT_AFTER = """
SELECT epoch, seq, id, kind, hlc, created_at, bytes FROM outbox
WHERE (epoch, seq) > (?, ?) AND state <> 'delivered' ORDER BY epoch, seq LIMIT ?
"""
SELECT_ALL_AFTER = """
SELECT epoch, seq, id, kind, hlc, created_at, bytes FROM outbox WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?
"""
_NEIGHBOURS = 4
"""Events kept in memory: each is asked for by the one before and by the one before that."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What went into an export."""

    terminal: str
    epoch: str
    """The life that the store was in."""
    events: int
    left_out: Sequence[Place]
    """Events that are not what was written any more."""


def export_events(
    tx: Connection,
    out: IO[bytes],
    *,
    now: datetime,
    with_delivered: bool = False,
    wrong: frozenset[Place] = frozenset(),
    told: Told = lambda _: None,
) -> Exported:
    """Write what was not delivered, refused records included, to `out`.

    Args:
        tx: The transaction to read in.
        out: The file.
        now: Device clock.
        with_delivered: Write delivered events too.
        wrong: Events that are known to be damaged.
        told: Hears how many were written.

    Raises:
        NothingBegunError: No terminal has used this store.
    """
    terminal, epoch = begun(tx)
    sound = _Sound(tx, SELECT_ALL_AFTER if with_delivered else SELECT_AFTER, wrong, told)
    write_export(out, terminal, epoch, now, sound.rows())
    return Exported(terminal, epoch, sound.count, sound.left_out)


class _Sound:
    """The rows that hold what was frozen, read by the chunk, and the places of the others.

    A row is sound if it fits its place and is what its successor names, as far as that one can be believed; delivered
    neighbours are asked as well. No two rows are given out that contradict each other: who adopts refuses such a file.
    """

    def __init__(self, tx: Connection, statement: str, wrong: frozenset[Place], told: Told) -> None:
        self._tx = tx
        self._statement = statement
        self._wrong = wrong
        self._told = told
        self._ends = known_ends(tx)
        self._read = lru_cache(_NEIGHBOURS)(partial(event_at, tx))
        self.count = 0
        self.left_out: list[Place] = []

    def rows(self) -> Iterator[ExportedRow]:
        after: Place = ("", 0)
        before: tuple[Place, str] | None = None
        while cells := sql.rows(self._tx, self._statement, (*after, ROWS_PER_CHUNK)):
            for row in (ExportedRow(*one) for one in cells):
                after = (row.epoch, row.seq)
                # A damaged cell may hold a text.
                digest = sm3_hex(self._read(after) or b"")
                if not self._is_sound(row, digest, before):
                    self.left_out.append(after)
                    continue
                before = (after, digest)
                self.count += 1
                if self.count % ROWS_PER_CHUNK == 0:
                    self._told(self.count)
                yield row

    def _is_sound(self, row: ExportedRow, digest: str, before: tuple[Place, str] | None) -> bool:
        place = (row.epoch, row.seq)
        try:
            event = thawed(row)
            if place in self._wrong or not is_in_its_place(row, event):
                return False
        except NO_EVENT:
            return False
        named = self._named(*place)
        if named is not None and not is_near(digest, named):
            return False
        return event is None or before is None or before[0] != (row.epoch, row.seq - 1) or before[1] == event.prev

    def _named(self, epoch: str, seq: int) -> str | None:
        """Return the hash that an event should have."""
        last_seq, last_hash = self._ends.get(epoch, (None, None))
        if seq == last_seq:
            return last_hash
        return named_by_follower(seq, lambda at: self._read((epoch, at)), last_seq, last_hash)
