"""Rows of undertakings: what takes several messages, where it is, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

_COLUMNS = "id, kind, sale, step, plan, operator, shift, begun_at, msgid, ended_at, outcome, told"
PUT = """
INSERT INTO undertaking (id, kind, sale, step, plan, operator, shift, begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT = f"SELECT {_COLUMNS} FROM undertaking WHERE id = ?"  # noqa: S608 - ours
SELECT_OPEN_OF_SALE = f"SELECT {_COLUMNS} FROM undertaking WHERE sale = ? AND ended_at IS NULL"  # noqa: S608 - ours
SELECT_OPEN = f"SELECT {_COLUMNS} FROM undertaking WHERE ended_at IS NULL ORDER BY begun_at, id"  # noqa: S608 - ours
SELECT_OF_SALE = f"SELECT {_COLUMNS} FROM undertaking WHERE sale = ? ORDER BY begun_at, id"  # noqa: S608 - ours
SET_STEP = "UPDATE undertaking SET step = ?, msgid = NULL, told = ? WHERE id = ?"
SET_MESSAGE = "UPDATE undertaking SET step = ?, msgid = ? WHERE id = ?"
SET_PLAN = "UPDATE undertaking SET plan = ? WHERE id = ?"
SET_INTO_DRAWER = "UPDATE undertaking SET into_drawer = ? WHERE id = ?"
SELECT_SELF_PAID = "SELECT max(ended_at) FROM undertaking WHERE sale = ? AND outcome = 'self_paid'"
END = "UPDATE undertaking SET step = 'ended', msgid = NULL, ended_at = ?, outcome = ?, told = ? WHERE id = ?"


class Kind(StrEnum):
    """What is undertaken."""

    RETURN = "return"
    """Packs of an insured sale come back."""
    INSURE = "insure"
    """A sale that was paid in cash is turned into an insured one (补刷)."""
    TELL = "tell"
    """A settlement that the centre has lost is told to it once more."""


@dataclass(frozen=True, slots=True)
class Undertaking:
    """One undertaking."""

    id: str
    kind: Kind
    sale: str
    step: str
    plan: bytes
    """Sealed; its place is `plan_place`."""
    operator: str
    shift: str | None
    begun_at: datetime
    msgid: str | None
    """The message whose outcome it waits for."""
    ended_at: datetime | None
    outcome: str | None
    told: str | None
    """What the centre said last, for a person to read."""


def plan_place(number: str) -> str:
    """Return the place to which the seal of a plan is bound."""
    return f"undertaking.plan/{number}"


def put_undertaking(tx: Connection, one: Undertaking) -> None:
    """Keep one that begins; a sale has one at a time."""
    values = (one.id, one.kind, one.sale, one.step, one.plan, one.operator, one.shift, to_us(one.begun_at))
    sql.change(tx, PUT, values)


def find_undertaking(tx: Connection, number: str) -> Undertaking | None:
    """Return one."""
    found = sql.first(tx, SELECT, (number,))
    return None if found is None else _undertaking(found)


def open_undertaking_of(tx: Connection, sale: str) -> Undertaking | None:
    """Return the one of a sale that has not ended."""
    found = sql.first(tx, SELECT_OPEN_OF_SALE, (sale,))
    return None if found is None else _undertaking(found)


def open_undertakings(tx: Connection) -> list[Undertaking]:
    """Return those that have not ended, the oldest first."""
    return [_undertaking(row) for row in sql.rows(tx, SELECT_OPEN)]


def undertakings_of(tx: Connection, sale: str) -> list[Undertaking]:
    """Return all of a sale, the oldest first."""
    return [_undertaking(row) for row in sql.rows(tx, SELECT_OF_SALE, (sale,))]


def set_step(tx: Connection, number: str, step: str, told: str | None = None) -> None:
    """Note where it is, and what was said; it waits for no message any more."""
    sql.change(tx, SET_STEP, (step, told, number))


def set_message(tx: Connection, number: str, step: str, msgid: str) -> None:
    """Note which message the step that begins now sends."""
    sql.change(tx, SET_MESSAGE, (step, msgid, number))


def set_plan(tx: Connection, number: str, plan: bytes) -> None:
    """Keep what is planned now."""
    sql.change(tx, SET_PLAN, (plan, number))


def set_into_drawer(tx: Connection, number: str, yuan: Decimal) -> None:
    """Note what the person pays in cash for what stays, or beyond what was paid before; below nought: gets back."""
    sql.change(tx, SET_INTO_DRAWER, (str(yuan), number))


def self_paid_since(tx: Connection, sale: str) -> datetime | None:
    """Return since when the person pays for what stayed of a sale when packs came back; None: it is not so."""
    (at,) = sql.one(tx, SELECT_SELF_PAID, (sale,))
    return None if at is None else from_us(at)


def end_undertaking(tx: Connection, number: str, at: datetime, outcome: str, told: str | None = None) -> None:
    """Note that it has ended, and how."""
    sql.change(tx, END, (to_us(at), outcome, told, number))


def _undertaking(row: sql.Row) -> Undertaking:
    number, kind, sale, step, plan, operator, shift, begun_at, msgid, ended_at, outcome, told = row
    ended = None if ended_at is None else from_us(ended_at)
    return Undertaking(
        number, Kind(kind), sale, step, plan, operator, shift, from_us(begun_at), msgid, ended, outcome, told
    )
