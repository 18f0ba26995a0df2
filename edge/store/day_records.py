"""What was settled and cancelled here within a time, record by record, and what went through the drawer meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Connection

from edge.clock import SHOP_TIME, to_us
from edge.store import sql
from rules.business_day import calendar_days
from rules.day_sheet import Group, Sheet, Sums, sheet_of
from wire.errors import WireError
from wire.events import Dispensed, Fact, SaleReturned, SplitDispensed, thaw

_FEN = Decimal("0.01")

SELECT_RECORDS = """
SELECT sale, asked, setl_id, mdtrt_id, insutype, clr_type, clr_optins, fee, funds, account, cash, 0 FROM settlement
WHERE settled_at >= ?1 AND settled_at < ?2 AND is_elsewhere = 0
UNION ALL
SELECT sale, asked, setl_id, mdtrt_id, insutype, clr_type, clr_optins, fee, funds, account, cash, 1 FROM settlement
WHERE undone_at >= ?1 AND undone_at < ?2
"""
SELECT_CASH_FACTS = """
SELECT bytes FROM outbox
WHERE kind IN ('dispensed', 'split_dispensed', 'sale_returned') AND created_at >= ? AND created_at < ?
"""
SELECT_PRICE = """
SELECT l.price, EXISTS (SELECT 1 FROM settlement AS s WHERE s.sale = l.sale AND s.settled_at IS NOT NULL)
FROM sale_line AS l WHERE l.sale = ? AND l.line = ?
"""
SELECT_INSURED_LATER = """
SELECT s.fee FROM undertaking AS u JOIN settlement AS s ON s.sale = u.sale AND s.settled_at IS NOT NULL
WHERE u.kind = 'insure' AND s.settled_at >= ?1 AND s.settled_at < ?2 AND s.nth = 1
"""


SELECT_GROUPS = """
SELECT DISTINCT insutype, clr_type, clr_optins FROM settlement
WHERE settled_at >= ? AND clr_type IS NOT NULL AND clr_optins IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A settlement, or a cancellation with negative figures."""

    sale: str
    group: Group
    sums: Sums
    asked: bytes
    """Sealed: whose it is."""
    setl_id: str
    mdtrt_id: str
    is_refund: bool


@dataclass(frozen=True, slots=True)
class SelfPaid:
    """What went through the drawer for self-pay sales."""

    total: Decimal
    """Yuan."""
    unread: int
    """Facts that are damaged, or of a newer program: the sum lacks them."""


def records_between(tx: Connection, start: datetime, end: datetime) -> tuple[Record, ...]:
    """Return what this terminal settled and cancelled from `start` until before `end`.

    A settlement that another terminal made and this one cancelled counts here with its cancellation alone.
    """
    return tuple(_record(row) for row in sql.rows(tx, SELECT_RECORDS, (to_us(start), to_us(end))))


def sums_of_days(tx: Connection, first: date, last: date) -> Sheet:
    """Return the sums of what this terminal settled and cancelled on calendar days, the first to the last."""
    within = calendar_days(first, last, SHOP_TIME)
    return sheet_of((one.group, one.sums) for one in records_between(tx, *within))


def groups_since(tx: Connection, start: datetime) -> list[Group]:
    """Return the groups in which something was settled since."""
    return sorted(Group(*row) for row in sql.rows(tx, SELECT_GROUPS, (to_us(start),)))


def self_paid_between(tx: Connection, start: datetime, end: datetime) -> SelfPaid:
    """Return what self-pay sales brought into the drawer, less what was given back for packs that came back.

    A sale that was turned into an insured one was given back whole: what its settlement cost is among the records.
    """
    within = (to_us(start), to_us(end))
    facts = [_fact(frozen) for (frozen,) in sql.rows(tx, SELECT_CASH_FACTS, within)]
    total = sum(_self_paid(tx, facts), Decimal("0.00"))
    insured_later = sum((Decimal(fee) for (fee,) in sql.rows(tx, SELECT_INSURED_LATER, within)), Decimal("0.00"))
    return SelfPaid(total - insured_later, facts.count(None))


def _fact(frozen: bytes) -> Fact | None:
    try:
        return thaw(frozen).fact
    except WireError:
        return None


def _self_paid(tx: Connection, facts: Iterable[Fact | None]) -> Iterator[Decimal]:
    for fact in facts:
        match fact:
            case Dispensed(paid_by="self_pay", price=price, packs=packs) if price is not None:
                yield (price * len(packs)).quantize(_FEN, ROUND_HALF_UP)
            case SplitDispensed(paid_by="self_pay", price=price, packs=packs) if price is not None:
                yield (price * sum(pack.units or 0 for pack in packs)).quantize(_FEN, ROUND_HALF_UP)
            case SaleReturned(sale=sale, line=line, packs=packs):
                found = sql.first(tx, SELECT_PRICE, (sale, line))
                if found is not None and found[0] is not None and not found[1]:
                    yield -(Decimal(found[0]) * len(packs)).quantize(_FEN, ROUND_HALF_UP)
            case _:
                pass


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
