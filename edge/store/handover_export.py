"""Writing what a box never sent into a file for the box that replaces it.

What is not an event any more, or not the one that the next event names, is left out and told by its number: one
damaged record must not keep a thousand whole ones from being taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import Connection

from edge.store import sql
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
from wire.events import sm3_hex

SELECT_AFTER = """
SELECT epoch, seq, id, kind, hlc, created_at, bytes FROM outbox
WHERE (epoch, seq) > (?, ?) AND state <> 'delivered' ORDER BY epoch, seq LIMIT ?
"""
SELECT_ALL_AFTER = """
SELECT epoch, seq, id, kind, hlc, created_at, bytes FROM outbox WHERE (epoch, seq) > (?, ?) ORDER BY epoch, seq LIMIT ?
"""

Place = tuple[str, int]
"""Life and number of an event."""


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
    """The rows that hold what was frozen, read by the chunk, and the places of the others."""

    def __init__(self, tx: Connection, statement: str, wrong: frozenset[Place], told: Told) -> None:
        self._tx = tx
        self._statement = statement
        self._wrong = wrong
        self._told = told
        self.count = 0
        self.left_out: list[Place] = []

    def rows(self) -> Iterator[ExportedRow]:
        waiting: ExportedRow | None = None
        for row, named in self._readable():
            # A row is given out once the next one has not said otherwise.
            if waiting is not None and self._is_kept(waiting, row, named):
                yield waiting
            waiting = row
        if waiting is not None and self._is_kept(waiting, None, None):
            yield waiting

    def _is_kept(self, row: ExportedRow, following: ExportedRow | None, named: str | None) -> bool:
        is_next = following is not None and (row.epoch, row.seq + 1) == (following.epoch, following.seq)
        if is_next and named is not None and named != sm3_hex(row.frozen):
            self.left_out.append((row.epoch, row.seq))
            return False
        self.count += 1
        if self.count % ROWS_PER_CHUNK == 0:
            self._told(self.count)
        return True

    def _readable(self) -> Iterator[tuple[ExportedRow, str | None]]:
        """Yield each row that is an event in its place, and the hash that it names."""
        after: Place = ("", 0)
        while cells := sql.rows(self._tx, self._statement, (*after, ROWS_PER_CHUNK)):
            for row in (ExportedRow(*one) for one in cells):
                after = (row.epoch, row.seq)
                try:
                    event = thawed(row)
                    is_sound = after not in self._wrong and is_in_its_place(row, event)
                except NO_EVENT:
                    is_sound = False
                if is_sound:
                    yield row, None if event is None else event.prev
                else:
                    self.left_out.append(after)
