"""What was settled and cancelled here within a time, record by record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Connection

from edge.clock import SHOP_TIME, to_us
from edge.store import sql
from rules.business_day import calendar_days
from rules.day_sheet import Group, Sheet, Sums, sheet_of

SELECT_RECORDS = """
SELECT sale, asked, setl_id, mdtrt_id, insutype, clr_type, clr_optins, fee, funds, account, cash, 0 FROM settlement
WHERE settled_at >= ?1 AND settled_at < ?2 AND is_elsewhere = 0
  AND (is_by_pos = 0 OR (clr_type <> '' AND setl_id IS NOT NULL))
UNION ALL
SELECT sale, asked, setl_id, mdtrt_id, insutype, clr_type, clr_optins, fee, funds, account, cash, 1 FROM settlement
WHERE undone_at >= ?1 AND undone_at < ?2 AND (is_by_pos = 0 OR (clr_type <> '' AND setl_id IS NOT NULL))
ORDER BY sale, setl_id
"""
SELECT_GROUPS = """
SELECT DISTINCT insutype, clr_type, clr_optins FROM settlement
WHERE settled_at >= ? AND clr_type IS NOT NULL AND clr_optins IS NOT NULL
"""
SELECT_ANY = """
SELECT EXISTS (SELECT 1 FROM settlement WHERE settled_at >= ?1 AND settled_at < ?2)
    OR EXISTS (SELECT 1 FROM settlement WHERE undone_at >= ?1 AND undone_at < ?2)
    OR EXISTS (
      SELECT 1 FROM outbox
      WHERE kind IN ('dispensed', 'split_dispensed', 'sale_returned') AND created_at >= ?1 AND created_at < ?2)
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A settlement, or a cancellation with negative figures."""

    sale: str
    group: Group
    sums: Sums
    asked: bytes
    """Sealed: whose it is; empty where another terminal told of it."""
    setl_id: str
    mdtrt_id: str
    is_refund: bool


@dataclass(frozen=True, slots=True)
class DayBook:
    """The records of one terminal, as another one is told them: `asked` and `mdtrt_id` are empty then."""

    desk: str
    """In two digits."""
    records: tuple[Record, ...]


def records_between(tx: Connection, start: datetime, end: datetime) -> tuple[Record, ...]:
    """Return what this terminal settled and cancelled from `start` until before `end`, and its proxy passed on.

    A settlement that another terminal made and this one cancelled counts here with its cancellation alone; one of the
    institution's own software that its answer did not name, or not how it is cleared, is left to the centre.
    """
    return tuple(_record(row) for row in sql.rows(tx, SELECT_RECORDS, (to_us(start), to_us(end))))


def sums_between(tx: Connection, start: datetime, end: datetime) -> Sheet:
    """Return the sums of what this terminal settled and cancelled from `start` until before `end`."""
    return sheet_of((one.group, one.sums) for one in records_between(tx, start, end))


def sums_of_days(tx: Connection, first: date, last: date) -> Sheet:
    """Return the sums of what this terminal settled and cancelled on calendar days, the first to the last."""
    return sums_between(tx, *calendar_days(first, last, SHOP_TIME))


def is_busy_between(tx: Connection, start: datetime, end: datetime) -> bool:
    """Say whether anything was sold, settled, cancelled or taken back from `start` until before `end`."""
    return bool(sql.one(tx, SELECT_ANY, (to_us(start), to_us(end)))[0])


def groups_since(tx: Connection, start: datetime) -> list[Group]:
    """Return the groups in which something was settled since."""
    return sorted(Group(*row) for row in sql.rows(tx, SELECT_GROUPS, (to_us(start),)))


def _record(row: sql.Row) -> Record:
    sale, asked, setl_id, mdtrt_id, insutype, clr_type, clr_optins, fee, funds, account, cash, is_refund = row
    sign = -1 if is_refund else 1
    money = (sign * Decimal(value or "0") for value in (fee, funds, account, cash))
    return Record(
        sale,
        Group(insutype, clr_type or "", clr_optins or ""),
        Sums(1, *money),
        asked,
        setl_id or "",
        mdtrt_id or "",
        bool(is_refund),
    )
