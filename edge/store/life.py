"""The lives of a store: each has an epoch of its own, in which events are numbered without a gap.

A store begins a new life when its numbers can no longer be its own: it was copied or restored, so that another box may
give out the same numbers, or it was damaged, so that nobody knows which were given out last. What is left of earlier
lives is still sent. Nothing is overwritten on either side.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from edge.store.terminal import read_state
from wire.events import GENESIS, Span

MACHINE_ID = Path("/etc/machine-id")

Why = Literal["damaged", "copied", "forked"]
"""Why a life ended."""

READ_HOME = "SELECT home FROM terminal_state"
SET_HOME = "UPDATE terminal_state SET home = ?"
READ_CENTRE = "SELECT centre FROM terminal_state"
SET_CENTRE = "UPDATE terminal_state SET centre = ?"
BEGIN_EPOCH = "UPDATE terminal_state SET epoch = ?, next_seq = 1, last_hash = ?"
# Two lives that left not even their names are one entry.
KEEP_FORMER = "INSERT OR REPLACE INTO former_store (epoch, ended_at, why, kept, lost, folder) VALUES (?, ?, ?, ?, ?, ?)"
COUNT_ROWS = "SELECT count(*) FROM outbox"
SET_LISTS_ASIDE = "UPDATE sale SET state = 'cancelled', ended_at = ?, is_waiting = 0 WHERE state = 'open'"
# A life has no event 0: set aside under that number is the whole of it, by who looked at what became of it.
SELECT_FORMER = """
SELECT f.epoch, f.ended_at, f.why, f.kept, f.lost, f.folder, s.at
FROM former_store AS f LEFT JOIN set_aside AS s ON s.epoch = f.epoch AND s.seq = 0
ORDER BY f.ended_at DESC, f.epoch DESC
"""
SET_SEEN = """
INSERT OR IGNORE INTO set_aside (epoch, seq, operator, reason, at)
SELECT epoch, 0, ?, 'store.salvaged', ? FROM former_store WHERE why = 'damaged'
"""
FORGET_SEEN = "DELETE FROM set_aside WHERE epoch = ? AND seq = 0"


@dataclass(frozen=True, slots=True)
class FormerStore:
    """A life of the store that ended by an accident."""

    epoch: str
    ended_at: datetime
    """Device clock."""
    why: Why
    kept: int
    """Events that were still here when it ended."""
    lost: Sequence[Span]
    """Numbers that are known to be lost."""
    folder: str | None
    """Where the damaged files were put."""
    seen_at: datetime | None = None
    """When a person acknowledged it."""


def home_of(database: Path) -> str:
    """Return what tells this file on this machine from a copy of it: machine id and inode."""
    try:
        machine = MACHINE_ID.read_text(encoding="ascii").strip()
    except OSError:
        # Without an identity of the machine the file's own must do.
        machine = ""
    return f"{machine}:{database.stat().st_ino}"


def is_at_home(tx: Connection, home: str) -> bool:
    """Tell whether the store lives where it lived before; one that has no home yet takes this one."""
    (known,) = sql.one(tx, READ_HOME)
    if known is None:
        sql.change(tx, SET_HOME, (home,))
    return known in {None, home}


def begin_epoch(
    tx: Connection, epoch: str, why: Why, *, now: datetime, lost: Sequence[Span] = (), folder: str | None = None
) -> FormerStore:
    """Begin a new life and note what ended the old one. The clock of events goes on; the numbers begin at 1.

    A list that was open is set aside: whether the life before closed it, nobody here knows.
    """
    state = read_state(tx)
    (kept,) = sql.one(tx, COUNT_ROWS)
    former = FormerStore(state.epoch, now, why, kept, tuple(lost), folder)
    sql.change(tx, BEGIN_EPOCH, (epoch, GENESIS))
    keep_former(tx, former)
    sql.change(tx, SET_LISTS_ASIDE, (to_us(now),))
    return former


def move_home(tx: Connection, home: str) -> None:
    """Note where the store lives from now on."""
    sql.change(tx, SET_HOME, (home,))


def keep_former(tx: Connection, former: FormerStore) -> None:
    """Keep what became of a former life."""
    sql.change(tx, FORGET_SEEN, (former.epoch,))
    cells = (former.epoch, to_us(former.ended_at), former.why, former.kept, json.dumps(former.lost), former.folder)
    sql.change(tx, KEEP_FORMER, cells)


def former_stores(tx: Connection) -> list[FormerStore]:
    """Return the lives that ended by an accident, newest first."""
    return [
        FormerStore(epoch, from_us(at), why, kept, _spans_in(lost), folder, from_us(seen) if seen else None)
        for epoch, at, why, kept, lost, folder, seen in sql.rows(tx, SELECT_FORMER)
    ]


def _spans_in(text: str) -> tuple[Span, ...]:
    """Return the numbers that are known to be lost; none if the text is damaged: the centre was told once already."""
    try:
        return msgspec.json.decode(text, type=tuple[Span, ...])
    except (msgspec.DecodeError, UnicodeError):
        return ()


def acknowledge_damage(tx: Connection, operator: str, now: datetime) -> int:
    """Note that a person has looked at every damage so far; return how many nobody had looked at before."""
    return sql.change(tx, SET_SEEN, (operator, to_us(now)))


def note_centre(tx: Connection, centre: str) -> str | None:
    """Keep the life of the centre's store that answers; return the one before if it is another, else None."""
    (before,) = sql.one(tx, READ_CENTRE)
    if before == centre:
        return None
    sql.change(tx, SET_CENTRE, (centre,))
    return str(before) if before is not None else None
