"""Rows of the ends of business days, of the differences that were found, and of the counter's hand-overs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

_COLUMNS = "day, nth, state, operator, ended_at, first_date, last_date, figures, reopened_by, reopened_at, reason"
PUT_DAY_END = """
INSERT INTO day_end (day, nth, state, operator, ended_at, first_date, last_date, figures)
VALUES (?1, (SELECT coalesce(max(nth), 0) + 1 FROM day_end WHERE day = ?1), ?2, ?3, ?4, ?5, ?6, ?7)
RETURNING nth
"""
PUT_DIFFERENCE = """
INSERT INTO day_difference (day, nth, number, result, setl_id, msgid, is_refund, desk, fee, memo)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_LATEST = f"SELECT {_COLUMNS} FROM day_end WHERE day = ? ORDER BY nth DESC LIMIT 1"  # noqa: S608 - ours
SELECT_DAYS = f"SELECT {_COLUMNS} FROM day_end ORDER BY day DESC, nth DESC LIMIT ?"  # noqa: S608 - ours
SELECT_DIFFERENCES = """
SELECT result, setl_id, msgid, is_refund, desk, fee, memo FROM day_difference WHERE day = ? AND nth = ? ORDER BY number
"""
REOPEN = "UPDATE day_end SET state = 'reopened', reopened_by = ?, reopened_at = ?, reason = ? WHERE day = ? AND nth = ?"
PUT_HAND_OVER = """
INSERT INTO hand_over (shift, giver, taker, at, cash_expected, cash_counted, unfinished, note)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_HAND_OVERS = """
SELECT shift, giver, taker, at, cash_expected, cash_counted, unfinished, note FROM hand_over ORDER BY id DESC LIMIT ?
"""


COUNTED_TWICE = "counted_twice"
"""Of a difference that the centre cannot see: several terminals count the same record."""


class DayState(StrEnum):
    """How the end of a day came out."""

    CLOSED = "closed"
    """The books agree."""
    INCOMPLETE = "incomplete"
    """Nothing differs, and not every terminal was asked: to be ended again once they are on."""
    CHANGED = "changed"
    """It was closed, and records came in since. Never kept: it is seen when the day is looked at."""
    DIFFERS = "differs"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Difference:
    """One record in which the books differ."""

    result: str
    """`stmt_rslt`: 000102 only here, 000103 other figures or only at the centre; or `COUNTED_TWICE`."""
    setl_id: str
    msgid: str
    """The message that made it, where the centre tells it."""
    is_refund: bool
    desk: str
    """Of the message: empty if it is not told, or no number of ours. Of what is counted twice, all that count it."""
    fee: Decimal
    memo: str


@dataclass(frozen=True, slots=True)
class DayEnd:
    """One end of a business day."""

    day: date
    nth: int
    state: DayState
    operator: str
    ended_at: datetime
    first_date: date
    """Of the calendar days that were compared."""
    last_date: date
    figures: bytes
    """What it came to, JSON as the screen shows it."""
    reopened_by: str | None = None
    reopened_at: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver:
    """The counter went from one person to the next; or whoever has it counted the drawer: `giver` is `taker` then."""

    shift: str
    """The shift that ended with it."""
    giver: str
    taker: str
    at: datetime
    cash_expected: Decimal
    cash_counted: Decimal
    unfinished: bytes
    """What was not finished, JSON as the screen shows it."""
    note: str


def put_day_end(tx: Connection, end: DayEnd, differences: Sequence[Difference]) -> int:
    """Keep the end of a day; return which of that day's it is (`nth` of `end` is not looked at)."""
    day = end.day.isoformat()
    values = (day, end.state, end.operator, to_us(end.ended_at), end.first_date.isoformat(), end.last_date.isoformat())
    nth = int(sql.one(tx, PUT_DAY_END, (*values, end.figures.decode()))[0])
    sql.change_many(
        tx,
        PUT_DIFFERENCE,
        (
            (day, nth, number, one.result, one.setl_id, one.msgid, one.is_refund, one.desk, str(one.fee), one.memo)
            for number, one in enumerate(differences, start=1)
        ),
    )
    return nth


def latest_day_end(tx: Connection, day: date) -> DayEnd | None:
    """Return the newest end of a day."""
    row = sql.first(tx, SELECT_LATEST, (day.isoformat(),))
    return None if row is None else _day_end(row)


def latest_day_ends(tx: Connection, most: int) -> list[DayEnd]:
    """Return the newest ends of days, the newest first."""
    return [_day_end(row) for row in sql.rows(tx, SELECT_DAYS, (most,))]


def differences_of(tx: Connection, end: DayEnd) -> list[Difference]:
    """Return in what the books differed."""
    rows = sql.rows(tx, SELECT_DIFFERENCES, (end.day.isoformat(), end.nth))
    return [
        Difference(result, setl_id, msgid, bool(is_refund), desk, Decimal(fee), memo)
        for result, setl_id, msgid, is_refund, desk, fee, memo in rows
    ]


def reopen_day(tx: Connection, end: DayEnd, *, by: str, at: datetime, reason: str) -> None:
    """Note who opened a day again, and why."""
    sql.change(tx, REOPEN, (by, to_us(at), reason, end.day.isoformat(), end.nth))


def put_hand_over(tx: Connection, one: HandOver) -> None:
    """Keep a hand-over."""
    money = (str(one.cash_expected), str(one.cash_counted))
    sql.change(
        tx,
        PUT_HAND_OVER,
        (one.shift, one.giver, one.taker, to_us(one.at), *money, one.unfinished.decode(), one.note),
    )


def latest_hand_overs(tx: Connection, most: int) -> list[HandOver]:
    """Return the newest hand-overs, the newest first."""
    return [
        HandOver(shift, giver, taker, from_us(at), Decimal(expected), Decimal(counted), unfinished.encode(), note)
        for shift, giver, taker, at, expected, counted, unfinished, note in sql.rows(tx, SELECT_HAND_OVERS, (most,))
    ]


def _day_end(row: sql.Row) -> DayEnd:
    day, nth, state, operator, ended_at, first_date, last_date, figures, by, reopened_at, reason = row
    return DayEnd(
        date.fromisoformat(day),
        nth,
        DayState(state),
        operator,
        from_us(ended_at),
        date.fromisoformat(first_date),
        date.fromisoformat(last_date),
        figures.encode(),
        by,
        None if reopened_at is None else from_us(reopened_at),
        reason,
    )
