"""Taking over what a dead box never sent, as former lives of this terminal.

First the whole file is looked at, then it is taken, a chunk to a transaction: a counter that scans meanwhile never
waits long. A kill in the midst leaves the first chunks; taking the file again adds the others and doubles nothing. An
event that was damaged here since is put right and sent anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import IO, ClassVar

from sqlalchemy import Connection

from codes.errors import ConfigError
from codes.words import Words
from edge.clock import corrected_us, to_us
from edge.errors import EdgeError
from edge.store import sql
from edge.store.asked import ROW_DAMAGED
from edge.store.chain import event_at
from edge.store.dead_letters import TAKE_BACK
from edge.store.handover import (
    NO_EVENT,
    BadExportError,
    ExportedRow,
    Succession,
    bad_export,
    begun,
    other_terminals,
    read_export,
)
from edge.store.life import known_ends
from edge.store.outbox import Outbox, RandomBytes
from edge.store.salvage_proof import Descent
from edge.store.terminal import advance, read_state
from wire.errors import NewerMessageError
from wire.events import thaw

PUT_TAKEN = """
INSERT INTO outbox (epoch, seq, id, kind, hlc, created_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (epoch, seq) DO UPDATE SET
  id = excluded.id, kind = excluded.kind, hlc = excluded.hlc, created_at = excluded.created_at, bytes = excluded.bytes,
  state = 'pending', held_until = NULL, dead_code = NULL, delivered_at = NULL
"""
# A damaged cell may hold a text, and one that is none.
SELECT_HERE = f"""
SELECT iif(typeof(bytes) = 'blob', bytes, x''), dead_code IS '{ROW_DAMAGED}' FROM outbox WHERE epoch = ? AND seq = ?
"""  # noqa: S608 - the code is ours
SELECT_OPEN_LIST = "SELECT 1 FROM sale WHERE state = 'open'"
NOTE_ADOPTED = """
INSERT INTO adopted (epoch, at, source, events) VALUES (?, ?, ?, ?)
ON CONFLICT (epoch) DO UPDATE SET at = excluded.at, source = excluded.source, events = events + excluded.events
"""

Told = Callable[[str, int, int], None]
"""Hears what is being done (`checking` or `taking`), how many events are done, and of how many; 0 if nobody knows."""

_FRESH_BOX = Words(
    "两台机器用相同的编号记了不同的事。请在数据目录为空的机器上（terminal.id 相同）接收；本机数据未改动。",
    "Two boxes gave the same numbers to different facts. Adopt it on a box whose data folder was empty at its first "
    "start, with the same terminal.id. Nothing was changed on this machine.",
)


class OpenListError(EdgeError, ConfigError):
    """A list is open, which the new life that must begin would set aside."""

    code: ClassVar[str] = "outbox.open_list"
    next_step: ClassVar[Words] = Words(
        "请先在收银屏上结清或取消这张清单，再接收；确要作废它，请加 --set-aside。本机数据未改动。",
        "Finish or cancel the list at the counter first, then adopt; to set it aside all the same, add --set-aside. "
        "Nothing was changed on this machine.",
    )


@dataclass(frozen=True, slots=True)
class Adopted:
    """What came of an export."""

    taken: int
    known: int
    """Were here already."""
    epochs: Sequence[str]
    """Lives of which something was taken."""
    began: str | None = None
    """The new life of this store, where the events are those of the life that it was in."""


@dataclass(slots=True)
class _Survey:
    """What a look at the whole file found."""

    rows: int = 0
    missing: int = 0
    """Not here yet, or damaged since."""
    newest: int = 0
    """Clock of the newest event."""
    is_of_present_life: bool = False


def adopt_events(
    connection: Connection,
    source: IO[bytes],
    *,
    name: str,
    now: datetime,
    random: RandomBytes,
    may_set_aside: bool = False,
    told: Told = lambda _what, _done, _of: None,
) -> Adopted:
    """Take the events of an export as former lives of this terminal, and put right what was damaged here since.

    A file that cannot be believed changes nothing. Events of the life that this store is in were written by another
    box: then a new life begins first, so that no number is given out twice.

    Args:
        connection: Of the replacement's store, outside of any transaction.
        source: The export.
        name: What the file is called, for the record.
        now: Device clock.
        random: Where the name of a new life comes from.
        may_set_aside: Begin a new life, if one must begin, even while a list is open.
        told: Hears how far it is.

    Raises:
        BadExportError: It cannot be believed.
        OtherTerminalsExportError: The events are another terminal's.
        NothingBegunError: No terminal has used this store.
        OpenListError: A new life must begin, and a list is open.
    """
    survey = _survey(connection, source, told)
    if not survey.missing:
        return Adopted(0, survey.rows, [])
    with connection.begin():
        if survey.is_of_present_life and not may_set_aside and sql.first(connection, SELECT_OPEN_LIST) is not None:
            raise OpenListError(
                Words(
                    "接收这些记录须另起新纪元，而本机有未结的清单",
                    "To take these records a new epoch must begin, and a list is open here",
                )
            )
        _move_clock_on(connection, survey.newest, now)
        began = (
            Outbox(connection, random=random).begin_epoch(connection, "copied", now)
            if survey.is_of_present_life
            else None
        )
    taken: dict[str, int] = {}
    done = 0
    for rows in read_export(source)[1]:
        with connection.begin():
            _take(connection, rows, taken, name, now)
        done += len(rows)
        told("taking", done, survey.rows)
    count = sum(taken.values())
    return Adopted(count, survey.rows - count, sorted(taken), began)


def _survey(connection: Connection, source: IO[bytes], told: Told) -> _Survey:
    """Look at every event of the file, and for each at what is here in its place. Changes nothing."""
    with connection.begin():
        terminal, _ = begun(connection)
    head, chunks = read_export(source)
    if head.terminal != terminal:
        raise other_terminals(head.terminal, terminal)
    survey, order = _Survey(), Succession(terminal)
    for rows in chunks:
        for row in rows:
            order.refuse_wrong(row)
        with connection.begin():
            present = read_state(connection).epoch
            missing = [row for row in rows if not _is_here(connection, row)]
        survey.is_of_present_life |= any(row.epoch == present for row in missing)
        survey.newest = max(survey.newest, *(row.hlc for row in rows))
        survey.rows += len(rows)
        survey.missing += len(missing)
        told("checking", survey.rows, 0)
    with connection.begin():
        survey.is_of_present_life |= head.epoch == read_state(connection).epoch
    return survey


def _take(tx: Connection, rows: Sequence[ExportedRow], taken: dict[str, int], name: str, now: datetime) -> None:
    fresh: dict[str, int] = {}
    for row in rows:
        if not _is_here(tx, row):
            cells = (row.epoch, row.seq, row.id, row.kind, row.hlc, row.created_at, row.frozen)
            sql.change(tx, PUT_TAKEN, cells)
            # Whoever set the damaged one aside saw another record.
            sql.change(tx, TAKE_BACK, (row.epoch, row.seq))
            fresh[row.epoch] = fresh.get(row.epoch, 0) + 1
    for epoch, count in fresh.items():
        sql.change(tx, NOTE_ADOPTED, (epoch, to_us(now), name, count))
        taken[epoch] = taken.get(epoch, 0) + count


def _is_here(tx: Connection, row: ExportedRow) -> bool:
    """Tell whether the event is here already, and is what was frozen.

    Raises:
        BadExportError: Another one is in its place.
    """
    found = sql.first(tx, SELECT_HERE, (row.epoch, row.seq))
    if found is None or found == (row.frozen, False):
        return found is not None
    here, is_parked = found
    if not _is_proved(tx, row, row.frozen) or (not is_parked and _is_proved(tx, row, here)):
        raise _differs(row)
    return False


def _is_proved(tx: Connection, row: ExportedRow, frozen: bytes) -> bool:
    """Tell whether these bytes may be the event of a place, as far as they and what follows here say so."""
    try:
        thaw(frozen)
    except NewerMessageError:
        # This program cannot judge it.
        return True
    except NO_EVENT:
        return False
    descent = Descent(partial(event_at, tx), known_ends(tx))
    return descent.proved((row.epoch, row.seq), frozen) is not None


def _differs(row: ExportedRow) -> BadExportError:
    return bad_export(
        f"第 {row.seq} 号与本机已有的不同", f"number {row.seq} differs from the one that is here", next_step=_FRESH_BOX
    )


def _move_clock_on(tx: Connection, newest: int, now: datetime) -> None:
    """Let what happens here from now on come after what happened there, unless that box was days ahead."""
    state = read_state(tx)
    ahead_ms = -((to_us(now) - newest) // 1_000)
    hlc = corrected_us(now, ahead_ms)
    if hlc > state.hlc:
        advance(tx, next_seq=state.next_seq, last_hash=state.last_hash, hlc=hlc)
