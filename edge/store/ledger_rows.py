"""Rows for the centre's ledger: what of a sale or a return is still to be told, and what became of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

_COLUMNS = "id, infno, sale, nth, line, product, operator, state, fields, lacks, after, msgid, due_at, tries, told"
PUT_ROW = """
INSERT INTO ledger_row (id, infno, sale, nth, line, product, operator, state, fields, lacks, after, due_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
NEXT_ID = "SELECT coalesce(max(id), 0) + 1 FROM ledger_row"
SELECT_ROW = f"SELECT {_COLUMNS} FROM ledger_row WHERE id = ?"  # noqa: S608 - ours
SELECT_OF_SALE = f"SELECT {_COLUMNS} FROM ledger_row WHERE sale = ? ORDER BY id"  # noqa: S608 - ours
SELECT_OPEN = f"""
SELECT {_COLUMNS} FROM ledger_row WHERE state IN ('waiting', 'due', 'asked', 'refused') ORDER BY id LIMIT ?
"""  # noqa: S608 - ours
SELECT_WAITING = f"SELECT {_COLUMNS} FROM ledger_row WHERE state = 'waiting' ORDER BY id"  # noqa: S608 - ours
SELECT_DUE = f"""
SELECT {_COLUMNS} FROM ledger_row AS r WHERE state = 'due' AND due_at <= ? AND NOT EXISTS (
  SELECT 1 FROM ledger_row AS b WHERE b.id = r.after
    AND (b.state IN ('waiting', 'due', 'asked') OR (b.state = 'refused' AND b.told NOT LIKE '%[stock.claimed]%'))
) ORDER BY id LIMIT ?
"""  # noqa: S608 - ours
# As SELECT_DUE asks it.
SELECT_BEFORE = f"""
SELECT {_COLUMNS} FROM ledger_row WHERE id = ?
  AND (state IN ('waiting', 'due', 'asked') OR (state = 'refused' AND told NOT LIKE '%[stock.claimed]%'))
"""  # noqa: S608 - ours
SET_STATE = "UPDATE ledger_row SET state = ?, told = ? WHERE id = ?"
SET_ASKED = "UPDATE ledger_row SET state = 'asked', msgid = ?, tries = tries + 1 WHERE id = ?"
SET_LATER = "UPDATE ledger_row SET state = 'due', due_at = ?, told = ? WHERE id = ?"
SET_FIELDS = "UPDATE ledger_row SET fields = ?, lacks = ?, state = ? WHERE id = ?"
COUNT_STATES = """
SELECT state, count(*), min(due_at) FROM ledger_row
WHERE state IN ('waiting', 'due', 'asked', 'refused') GROUP BY state
"""


class RowState(StrEnum):
    """Where a row stands."""

    WAITING = "waiting"
    """It lacks something that nobody here knows yet."""
    DUE = "due"
    ASKED = "asked"
    """It was sent, and no answer is known yet."""
    TAKEN = "taken"
    REFUSED = "refused"
    """The centre says no, for a person to read."""
    DROPPED = "dropped"
    """It never has to be told: the packs came back before, or somebody decided so."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row."""

    id: int
    infno: str
    sale: str
    nth: int | None
    """Which settlement of the sale it names; None: none."""
    line: int
    product: str
    operator: str
    state: RowState
    fields: bytes
    """Sealed; its place is `fields_place`."""
    lacks: str
    after: int | None
    msgid: str | None
    due_at: datetime
    tries: int
    told: str | None


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row that is to be kept."""

    infno: str
    sale: str
    nth: int | None
    line: int
    product: str
    operator: str
    fields: bytes
    lacks: str
    after: int | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RowCount:
    """How many rows are in one state, and since when the oldest of them is due."""

    count: int
    oldest: datetime


def fields_place(number: int) -> str:
    """Return the place to which the seal of a row's fields is bound."""
    return f"ledger_row.fields/{number}"


def next_id(tx: Connection) -> int:
    """Return the number that the next row will have."""
    return int(sql.one(tx, NEXT_ID)[0])


def put_row(tx: Connection, number: int, row: NewRow) -> None:
    """Keep a row under the number that `next_id` gave; it waits if it lacks something."""
    state = RowState.WAITING if row.lacks else RowState.DUE
    named = (number, row.infno, row.sale, row.nth, row.line, row.product, row.operator)
    sql.change(tx, PUT_ROW, (*named, state, row.fields, row.lacks, row.after, to_us(row.due_at)))


def find_row(tx: Connection, number: int) -> LedgerRow | None:
    """Return a row."""
    found = sql.first(tx, SELECT_ROW, (number,))
    return None if found is None else _row(found)


def rows_of(tx: Connection, sale: str) -> list[LedgerRow]:
    """Return the rows of a sale, in their order."""
    return [_row(row) for row in sql.rows(tx, SELECT_OF_SALE, (sale,))]


def open_rows(tx: Connection, *, most: int) -> list[LedgerRow]:
    """Return the rows that are not at their end, in their order."""
    return [_row(row) for row in sql.rows(tx, SELECT_OPEN, (most,))]


def waiting_rows(tx: Connection) -> list[LedgerRow]:
    """Return the rows that lack something."""
    return [_row(row) for row in sql.rows(tx, SELECT_WAITING)]


def due_rows(tx: Connection, now: datetime, *, most: int) -> list[LedgerRow]:
    """Return rows that may be sent now: nothing that goes before them is still to be told."""
    return [_row(row) for row in sql.rows(tx, SELECT_DUE, (to_us(now), most))]


def row_before(tx: Connection, row: LedgerRow) -> LedgerRow | None:
    """Return the row that has to reach its end before this one is sent; None if it waits for none."""
    found = None if row.after is None else sql.first(tx, SELECT_BEFORE, (row.after,))
    return None if found is None else _row(found)


def set_state(tx: Connection, number: int, state: RowState, told: str | None = None) -> None:
    """Note where a row stands, and why."""
    sql.change(tx, SET_STATE, (state, told, number))


def set_asked(tx: Connection, number: int, msgid: str) -> None:
    """Note with which message it is sent."""
    sql.change(tx, SET_ASKED, (msgid, number))


def put_off(tx: Connection, number: int, until: datetime, told: str | None) -> None:
    """Send it again later."""
    sql.change(tx, SET_LATER, (to_us(until), told, number))


def set_fields(tx: Connection, number: int, fields: bytes, lacks: str) -> None:
    """Keep what a row says now; it is due once it lacks nothing."""
    sql.change(tx, SET_FIELDS, (fields, lacks, RowState.WAITING if lacks else RowState.DUE, number))


def count_rows(tx: Connection) -> dict[RowState, RowCount]:
    """Return how many rows are open, by state."""
    return {RowState(state): RowCount(count, from_us(oldest)) for state, count, oldest in sql.rows(tx, COUNT_STATES)}


def drop_unsent(tx: Connection, rows: Collection[LedgerRow], told: str) -> None:
    """Let rows go that the centre never has to hear of."""
    for row in rows:
        set_state(tx, row.id, RowState.DROPPED, told)


def _row(row: sql.Row) -> LedgerRow:
    number, infno, sale, nth, line, product, operator, state, fields, lacks, after, msgid, due_at, tries, told = row
    stands = RowState(state)
    return LedgerRow(
        number, infno, sale, nth, line, product, operator, stands, fields, lacks, after, msgid, from_us(due_at), tries,
        told,
    )  # fmt: skip
