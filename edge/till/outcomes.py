"""What follows from the outcome of a settlement, in the transaction that writes it down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.closing import close_insured
from edge.fsi.journal import Told
from edge.fsi.outcome import Agreed, NotSent, Outcome, Refused, Reversed, Unknown, news_of
from edge.store import sales
from edge.store.outbox import Outbox
from edge.store.sales import SaleState
from edge.store.settlements import SettlementRow, set_settled, set_standing, settlement_by_message
from edge.till.messages import paid_of
from rules.settling import Standing, after
from wire.fsi.areas import Area

NoteSale = Callable[[Connection, SettlementRow], None]
"""Says what the centre's ledger has to be told of a settlement that stands from now on."""


def nothing_owed(tx: Connection, row: SettlementRow) -> None:
    """Tell no ledger."""
    del tx, row


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed, for whoever tells the screens."""

    sale: str
    change: str
    """As `edge.counter.views.ListChange.change`."""


def follow(
    tx: Connection, outbox: Outbox, told: Told, now: datetime, note_sale: NoteSale, *, area: Area
) -> Followed | None:
    """Let what follows from the outcome of a 2102 follow; None if the message is no settlement's."""
    row = settlement_by_message(tx, told.msgid)
    if row is None:
        return None
    standing = after(row.standing, news_of(told.outcome))
    if isinstance(told.outcome, Agreed):
        answer = told.outcome.answer
        set_settled(tx, row.sale, row.nth, paid_of(answer, now, area), answer.warning or None)
        close_insured(tx, outbox, row.sale, operator=row.operator, shift=row.shift, now=now)
        settled = settlement_by_message(tx, told.msgid)
        note_sale(tx, row if settled is None else settled)
        return Followed(row.sale, "closed")
    set_standing(tx, row.sale, row.nth, standing, str(why_not(told.outcome)))
    if standing is Standing.UNKNOWN:
        return Followed(row.sale, _put_aside(tx, row, now))
    return Followed(row.sale, "paying")


def why_not(outcome: Outcome) -> Words:
    """Return why nothing is settled, or not known to be."""
    match outcome:
        case Refused(answer) | Agreed(answer):
            zh, _, en = answer.message.partition(" / ")
            code = f"[{answer.code}] " if answer.code else ""
            return Words(f"{code}{zh}", f"{code}{en or zh}")
        case NotSent(why) | Unknown(why):
            return why
        case Reversed():
            return Words("未结算：已冲正", "Not settled: it was taken back (2601)")


def _put_aside(tx: Connection, row: SettlementRow, now: datetime) -> str:
    """Let the next customer come: the sale lies aside until the outcome is known."""
    desk = sales.see_desk(tx)
    sale = sales.find_sale(tx, row.sale)
    if sale is None or sale.state not in {SaleState.OPEN, SaleState.WAITING}:
        return "held"
    sales.put_aside(tx, row.sale, sale.note, now)
    if desk.sale == row.sale and desk.waiting is not None:
        sales.open_waiting(tx, desk.waiting)
    return "held"
