"""Building the new store of a salvage: filled with what was found, in a new life, with an account of what was lost."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from edge.clock import to_us
from edge.store import sql
from edge.store.database import FILE_NAME, apply_history, connected, make_empty
from edge.store.life import home_of, move_home, note_incomplete
from edge.store.outbox import Outbox, RandomBytes
from edge.store.salvage_cells import MOST_NUMBER, tables_of
from edge.store.salvage_events import Recovered, recover_events
from edge.store.salvage_fill import STATE, Taken, fill, indexed_afterwards
from edge.store.salvage_outbox import take_outbox
from edge.store.salvage_remains import Head, Remains
from edge.store.salvage_report import write_report
from edge.store.salvage_sales import SALES, tell_sales_anew
from edge.store.salvage_schema import put_schema_right, tables_made_after
from edge.store.wal import Verdict
from rules.scan_judgement import Mode
from wire.events import GENESIS, MAX_SPANS

REPORT = "salvage.txt"
_UNSAFE = ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -32000")
"""Four times as fast; whoever puts the store in its place waits for the disk first."""

ADD_STATE = """
INSERT INTO terminal_state (only_row, terminal, epoch, next_seq, last_hash, hlc, clock_offset_ms, mode,
  credentials_seen, centre)
VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
LAST_EVENT = "SELECT epoch, max(hlc), max(seq) FROM outbox GROUP BY epoch ORDER BY max(hlc) DESC LIMIT 1"
HLC_OF = "SELECT hlc FROM outbox WHERE epoch = ? AND seq = ?"
# An older program noted the home without the generation of the inode.
MOVE_LAST_RUN = "UPDATE last_run SET home = ?1 WHERE ?2 = home OR ?2 LIKE home || ':%'"
COUNT_OPERATORS = "SELECT count(*) FROM operator"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose store it is, where the store itself cannot say so any more, and when and by which chance it is mended."""

    terminal: str
    mode: Mode
    now: datetime
    random: RandomBytes


def build_store(new: Path, image: Path, remains: Remains, folder: Path, owner: Owner) -> dict[str, object]:
    """Make the store `new` of what is left; return what to log.

    Raises:
        sqlite3.Error: The disk refused.
    """
    make_empty(new)
    with connected(new) as connection:
        target = sql.driver_of(connection)
        # Until it takes its place it is nothing: a build that is cut off begins again.
        for setting in _UNSAFE:
            target.execute(f"PRAGMA {setting}").fetchall()
        apply_history(connection, 0)
        found = put_schema_right(image)
        with indexed_afterwards(target):
            taken = fill(target, image, to_us(owner.now))
            # What an older store never had is not missing.
            never_there = tables_made_after(remains.versions()[1], found)
            taken.stopped -= never_there
            take_outbox(target, image, remains.free_pages, taken)
        with connection.begin():
            recovered = recover_events(target, remains, taken, to_us(owner.now))
            told_anew = _tell_anew(target, remains, taken)
            if remains.is_log_cut_short:
                # Each table was read as it stood some commits ago.
                taken.stopped |= {*tables_of(target)} - {STATE} - never_there
            _begin_life(connection, taken, recovered, folder, owner)
            move_home(connection, home_of(new))
            # What ran here did so in the damaged file: else the power cut that damaged it would be taken for another
            # machine's.
            sql.change(connection, MOVE_LAST_RUN, (home_of(new), home_of(folder / FILE_NAME)))
            operators = target.execute(COUNT_OPERATORS).fetchone()[0]
    lost = sum(last - first + 1 for spans in recovered.lost.values() for first, last in spans)
    summary: dict[str, object] = {
        "kept": recovered.kept,
        "delivered": sum(len(numbers) for numbers in taken.delivered.values()),
        "lost": lost,
        "unproved": len(recovered.unproved),
        "operators": operators,
        "packs_told_anew": told_anew,
        "incomplete": sorted(taken.stopped),
    }
    write_report(folder / REPORT, summary, taken, recovered)
    return summary


def _tell_anew(target: sqlite3.Connection, remains: Remains, taken: Taken) -> int:
    """Put back the sales whose own rows could not be read; return how many packs they name."""
    if taken.stopped & SALES:
        return tell_sales_anew(target)
    if remains.log.verdict is Verdict.WHOLE:
        return 0
    # The rows are whole up to the commit of the event that the state read with them names.
    last = (taken.head.epoch, taken.head.next_seq - 1) if taken.head else ("", 0)
    found = target.execute(HLC_OF, last).fetchone()
    return tell_sales_anew(target, after_hlc=found[0] if found else -1)


def _begin_life(tx: Connection, taken: Taken, recovered: Recovered, folder: Path, owner: Owner) -> None:
    """Put the state of the former life in its place, then begin the new one."""
    head = recovered.head or _unknown_head(tx, owner)
    offset = taken.state.get("clock_offset_ms")
    mode = taken.state.get("mode")
    credentials = taken.state.get("credentials_seen")
    centre = taken.state.get("centre")
    state = (
        head.terminal,
        head.epoch,
        head.next_seq,
        head.last_hash,
        head.hlc,
        offset if isinstance(offset, int) and abs(offset) < MOST_NUMBER else None,
        mode if mode in set(Mode) else owner.mode,
        credentials if isinstance(credentials, int) and abs(credentials) < MOST_NUMBER else 0,
        centre if isinstance(centre, str) and centre.isprintable() else None,
    )
    sql.change(tx, ADD_STATE, state)
    outbox = Outbox(tx, random=owner.random)
    lost = dict(recovered.lost)
    spans = lost.pop(head.epoch, ())
    outbox.begin_epoch(tx, "damaged", owner.now, lost=spans[:MAX_SPANS], folder=name_of(folder))
    note_incomplete(tx, head.epoch, sorted(taken.stopped - {"outbox"}))
    for epoch, more in {head.epoch: spans[MAX_SPANS:], **lost}.items():
        outbox.tell_lost(tx, epoch, more, owner.now)


def name_of(folder: Path) -> str:
    """Return how the store names the folder to which its damaged files were moved."""
    return f"{folder.parent.name}/{folder.name}"


def _unknown_head(tx: Connection, owner: Owner) -> Head:
    """Return where the history stood as far as the events say; a life without a name if there are none."""
    epoch, hlc, last = sql.first(tx, LAST_EVENT) or ("", 0, 0)
    return Head(owner.terminal, epoch, last + 1, GENESIS, hlc)
