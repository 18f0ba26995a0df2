"""What went through the drawer within a time: self-pay sales, what people paid beside the insurance, what went back.

By the device's clock, as whoever stands at the drawer sees it: the centre's own times say on which of its days a record
counts, and nothing else. What the institution's own software rings up or pays back lies where that software counts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sqlalchemy import Connection

from edge.clock import to_us
from edge.store import sql
from wire.errors import WireError
from wire.events import Dispensed, Fact, SaleReturned, SplitDispensed, thaw

_FEN = Decimal("0.01")
_NOUGHT = Decimal("0.00")
_LATE = timedelta(days=31)
"""So long after the centre settled something its outcome may become known here."""

SELECT_CASH_FACTS = """
SELECT bytes, created_at FROM outbox
WHERE kind IN ('dispensed', 'split_dispensed', 'sale_returned') AND created_at >= ? AND created_at < ?
"""
# What comes back of a sale is given back in cash unless the insurance pays for it: from its settlement on, until what
# stays of it is paid by the person.
SELECT_RETURNED = """
SELECT l.price, EXISTS (
  SELECT 1 FROM settlement AS s WHERE s.sale = coalesce((SELECT told_as FROM sale WHERE id = l.sale), l.sale)
    AND s.settled_at IS NOT NULL AND s.begun_at <= ?3
    AND s.begun_at > coalesce((
      SELECT max(u.ended_at) FROM undertaking AS u
      WHERE u.sale = l.sale AND u.outcome = 'self_paid' AND u.ended_at < ?3), -1)
) FROM sale_line AS l WHERE l.sale = ?1 AND l.line = ?2
"""
SELECT_RESTS = """
SELECT into_drawer FROM undertaking WHERE outcome = 'self_paid' AND ended_at >= ? AND ended_at < ?
"""
SELECT_TOLD_AGAIN = """
SELECT into_drawer FROM undertaking WHERE kind = 'tell' AND outcome = 'done' AND ended_at >= ? AND ended_at < ?
"""
# A sale that was turned into an insured one was given back whole: what its settlement costs is taken anew.
SELECT_INSURED_LATER = """
SELECT s.fee FROM undertaking AS u JOIN settlement AS s ON s.sale = u.sale
WHERE u.kind = 'insure' AND u.outcome = 'done' AND u.ended_at >= ?1 AND u.ended_at < ?2 AND s.nth = (
  SELECT min(t.nth) FROM settlement AS t
  WHERE t.sale = u.sale AND t.settled_at IS NOT NULL AND t.begun_at >= u.begun_at)
"""
SELECT_INSURED_CASH = """
SELECT coalesce(s.first_cash, s.cash), coalesce(s.first_at, m.answered_at, s.settled_at) AS at FROM settlement AS s
LEFT JOIN fsi_message AS m ON m.msgid = s.ask_msgid
WHERE s.settled_at >= ?3 AND s.is_elsewhere = 0 AND s.is_by_pos = 0 AND at >= ?1 AND at < ?2
"""
SELECT_CASH_UNDONE = """
SELECT s.cash, coalesce(s.first_undone_at, m.answered_at, s.undone_at) AS at FROM settlement AS s
LEFT JOIN fsi_message AS m ON m.msgid = s.undo_msgid
WHERE s.undone_at >= ?3 AND s.is_by_pos = 0 AND s.is_undone_by_pos = 0 AND at >= ?1 AND at < ?2
"""
IS_RUNG_UP = "SELECT 1 FROM sale WHERE told_as = ?"


@dataclass(frozen=True, slots=True)
class Cash:
    """What went through the drawer, in yuan."""

    self_paid: Decimal
    """For self-pay sales, less what was given back."""
    insured: Decimal
    """Beside the insurance, less what was given back."""
    unread: int
    """Facts that are damaged, or of a newer program: the sum lacks them."""


def cash_between(tx: Connection, start: datetime, end: datetime) -> Cash:
    """Return what went through the drawer from `start` until before `end`."""
    within = (to_us(start), to_us(end))
    facts = [(_fact(frozen), at) for frozen, at in sql.rows(tx, SELECT_CASH_FACTS, within)]
    paid = sum(_self_paid(tx, facts), _NOUGHT)
    rests = _sum(sql.rows(tx, SELECT_RESTS, within))
    insured_later = _sum(sql.rows(tx, SELECT_INSURED_LATER, within))
    since = within[0] - _LATE // timedelta(microseconds=1)
    insured = _sum(sql.rows(tx, SELECT_INSURED_CASH, (*within, since)))
    undone = _sum(sql.rows(tx, SELECT_CASH_UNDONE, (*within, since)))
    unread = sum(1 for fact, _ in facts if fact is None)
    told_again = _sum(sql.rows(tx, SELECT_TOLD_AGAIN, within))
    return Cash(paid + rests - insured_later, insured + told_again - undone, unread)


def _sum(rows: Iterable[sql.Row]) -> Decimal:
    return sum((Decimal(row[0] or "0") for row in rows), _NOUGHT)


def _fact(frozen: bytes) -> Fact | None:
    try:
        return thaw(frozen).fact
    except WireError:
        return None


def _self_paid(tx: Connection, facts: Iterable[tuple[Fact | None, int]]) -> Iterator[Decimal]:
    for fact, at in facts:
        match fact:
            case Dispensed(sale=sale) | SplitDispensed(sale=sale) if sql.first(tx, IS_RUNG_UP, (sale,)) is not None:
                pass
            case Dispensed(paid_by="self_pay", price=price, packs=packs) if price is not None:
                yield _yuan(price * len(packs))
            case SplitDispensed(paid_by="self_pay", price=price, packs=packs) if price is not None:
                yield _yuan(price * sum(pack.units or 0 for pack in packs))
            case SaleReturned(sale=sale, line=line, packs=packs):
                found = sql.first(tx, SELECT_RETURNED, (sale, line, at))
                if found is not None and found[0] is not None and not found[1]:
                    yield -_yuan(Decimal(found[0]) * sum(pack.units or 1 for pack in packs))
            case _:
                pass


def _yuan(amount: Decimal) -> Decimal:
    return amount.quantize(_FEN, ROUND_HALF_UP)
