"""The lives of a store: each has an epoch of its own, in which events are numbered without a gap.

A store begins a new life when its numbers can no longer be its own: it was copied or restored, so that another box may
give out the same numbers, or it was damaged, so that nobody knows which were given out last. What is left of earlier
lives is still sent. Nothing is overwritten on either side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from edge.store.chain import event_at
from edge.store.fsi_messages import doubt_open
from edge.store.generation import generation_of
from edge.store.pos_questions import doubt_questions
from edge.store.salvage_proof import End, is_near
from edge.store.terminal import TerminalState, read_state
from wire.errors import UNDECODABLE
from wire.events import GENESIS, Span, sm3_hex

MACHINE_ID = Path("/etc/machine-id")

Why = Literal["damaged", "copied", "forked"]
"""Why a life ended."""

READ_HOME = "SELECT home FROM terminal_state"
SET_HOME = "UPDATE terminal_state SET home = ?"
READ_CENTRE = "SELECT centre FROM terminal_state"
SET_CENTRE = "UPDATE terminal_state SET centre = ?"
BEGIN_EPOCH = "UPDATE terminal_state SET epoch = ?, next_seq = 1, last_hash = ?"
# Two lives that left not even their names are one entry. `lost` tells how it ended, see `_Ending`.
KEEP_FORMER = "INSERT OR REPLACE INTO former_store (epoch, ended_at, why, kept, lost, folder) VALUES (?, ?, ?, ?, ?, ?)"
COUNT_ROWS = "SELECT count(*) FROM outbox"
# What the insurance was asked to settle is ended by its answer, which still comes.
SET_LISTS_ASIDE = """
UPDATE sale SET state = 'cancelled', ended_at = ?, place = 0, aside_at = NULL WHERE state = 'open'
  AND NOT EXISTS (SELECT 1 FROM settlement AS x WHERE x.sale = sale.id AND x.standing NOT IN ('none', 'undone'))
"""
# A life has no event 0: set aside under that number is the whole of it, by who looked at what became of it.
SELECT_FORMER = """
SELECT f.epoch, f.ended_at, f.why, f.kept, f.lost, f.folder, s.at
FROM former_store AS f LEFT JOIN set_aside AS s ON s.epoch = f.epoch AND s.seq = 0
ORDER BY f.ended_at DESC, f.epoch DESC
"""
SELECT_ENDINGS = "SELECT epoch, lost FROM former_store"
SELECT_ENDING = "SELECT lost FROM former_store WHERE epoch = ?"
SET_ENDING = "UPDATE former_store SET lost = ? WHERE epoch = ?"
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
    incomplete: Sequence[str] = ()
    """Tables of a damaged store that could not be read whole."""


class _Ending(msgspec.Struct, frozen=True):
    """How a life ended. Before the last event was kept, it was the lost numbers alone."""

    lost: tuple[Span, ...]
    last: End | None = None
    """None if nobody knows."""
    incomplete: tuple[str, ...] = ()


def home_of(database: Path) -> str:
    """Return what tells this file on this machine from a copy of it: machine id, inode, and its generation if any."""
    try:
        machine = MACHINE_ID.read_text(encoding="ascii").strip()
    except OSError:
        # Without an identity of the machine the file's own must do.
        machine = ""
    generation = generation_of(database)
    home = f"{machine}:{database.stat().st_ino}"
    return home if generation is None else f"{home}:{generation}"


def is_same_home(one: str, other: str) -> bool:
    """Tell whether two homes are one. Where one has no generation, as older programs noted none, the rest decides."""
    return all(here == there for here, there in zip(one.split(":"), other.split(":"), strict=False))


def is_at_home(tx: Connection, home: str) -> bool:
    """Tell whether the store lives where it lived before; one whose home is not noted, or not in full, notes it."""
    (known,) = sql.one(tx, READ_HOME)
    is_same = known is None or is_same_home(known, home)
    if is_same and len(home) > len(known or ""):
        sql.change(tx, SET_HOME, (home,))
    return is_same


def begin_epoch(
    tx: Connection, epoch: str, why: Why, *, now: datetime, lost: Sequence[Span] = (), folder: str | None = None
) -> FormerStore:
    """Begin a new life and note what ended the old one. The clock of events goes on; the numbers begin at 1.

    A list that was open is set aside, and messages to the national interface without an outcome are doubted: whether
    the life before closed them, nobody here knows.
    """
    state = read_state(tx)
    (kept,) = sql.one(tx, COUNT_ROWS)
    former = FormerStore(state.epoch, now, why, kept, tuple(lost), folder)
    sql.change(tx, BEGIN_EPOCH, (epoch, GENESIS))
    keep_former(tx, former, _end_of(tx, state))
    sql.change(tx, SET_LISTS_ASIDE, (to_us(now),))
    doubt_open(tx)
    doubt_questions(tx)
    return former


def move_home(tx: Connection, home: str) -> None:
    """Note where the store lives from now on."""
    sql.change(tx, SET_HOME, (home,))


def keep_former(tx: Connection, former: FormerStore, last: End | None = None) -> None:
    """Keep what became of a former life, and by which event it ended: no other event names that one."""
    sql.change(tx, FORGET_SEEN, (former.epoch,))
    ending = msgspec.json.encode(_Ending(tuple(former.lost), last)).decode()
    cells = (former.epoch, to_us(former.ended_at), former.why, former.kept, ending, former.folder)
    sql.change(tx, KEEP_FORMER, cells)


def note_incomplete(tx: Connection, epoch: str, tables: Sequence[str]) -> None:
    """Keep which tables of a damaged store could not be read whole."""
    (text,) = sql.one(tx, SELECT_ENDING, (epoch,))
    ending = msgspec.structs.replace(_ending_in(text), incomplete=tuple(tables))
    sql.change(tx, SET_ENDING, (msgspec.json.encode(ending).decode(), epoch))


def _end_of(tx: Connection, state: TerminalState) -> End | None:
    if state.last_hash == GENESIS:
        return None
    last = state.next_seq - 1
    frozen = event_at(tx, (state.epoch, last))
    digest = sm3_hex(frozen) if frozen is not None else ""
    # A few digits of the hash may be what was damaged.
    return last, digest if is_near(digest, state.last_hash) else state.last_hash


def known_ends(tx: Connection) -> dict[str, End]:
    """Return the last event of each life, the present one included, where it is known."""
    state = read_state(tx)
    former = ((epoch, _ending_in(text).last) for epoch, text in sql.rows(tx, SELECT_ENDINGS))
    ends = {epoch: last for epoch, last in former if last is not None}
    if state.next_seq > 1:
        ends[state.epoch] = (state.next_seq - 1, state.last_hash)
    return ends


def former_stores(tx: Connection) -> list[FormerStore]:
    """Return the lives that ended by an accident, newest first."""
    return [_former(cells) for cells in sql.rows(tx, SELECT_FORMER)]


def _former(cells: sql.Row) -> FormerStore:
    epoch, at, why, kept, text, folder, seen = cells
    ending = _ending_in(text)
    return FormerStore(
        epoch, from_us(at), why, kept, ending.lost, folder, from_us(seen) if seen else None, ending.incomplete
    )


def _ending_in(text: str) -> _Ending:
    """Return how a life ended; of a damaged text nothing: the centre was told once already."""
    try:
        ending = msgspec.json.decode(text, type=_Ending | tuple[Span, ...])
    except UNDECODABLE:
        return _Ending(())
    return ending if isinstance(ending, _Ending) else _Ending(ending)


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
