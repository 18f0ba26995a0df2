"""Tickets as they are shown and printed: from the store, and from what is remembered of the person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.lines import show_line, totals_of
from edge.store import sales
from edge.store.sales import PackState, SaleRow, SaleState
from edge.store.settlements import Paid, SettlementRow, is_overtaken, settlements_of
from edge.till.basket import lacks_of_gone
from edge.till.errors import TicketUnknownError
from edge.till.persons import Persons, show_person
from edge.till.views import Amounts, PaidShown, TicketShown, TicketsShown
from rules.scan_judgement import Mode
from rules.settling import Standing, is_open_question, told

_SETTLED = Words("已医保结算", "settled with the insurance")
_SELF_PAID = Words("已自费结算", "closed as self-pay")
_NOT_SETTLED = Words("未结算，凭此单取号，不作为收款凭证", "not settled; this slip is no receipt")
_OVERTAKEN = Words("结算已由其他终端或 POS 撤销", "its settlement was cancelled at another terminal or POS")
_SHOWN = frozenset({PackState.LISTED, PackState.SOLD, PackState.RETURNED})


def show_ticket(tx: Connection, number: str, persons: Persons, now: datetime) -> TicketShown:
    """Return one sale, as it is now.

    Raises:
        TicketUnknownError: There is none of this number.
    """
    sale = sales.find_sale(tx, number)
    if sale is None or sale.mode is not Mode.DISPENSE:
        raise TicketUnknownError(number)
    lines = sales.lines_of(tx, number)
    codes: dict[int, list[str]] = defaultdict(list)
    packs = sales.packs_of(tx, number)
    for pack in packs:
        if pack.state in _SHOWN:
            codes[pack.line].append(pack.code)
    came_back = tuple(pack.code for pack in packs if pack.state is PackState.RETURNED)
    rows = settlements_of(tx, number)
    # What came to nothing after a settlement that stood is not what the person holds a receipt of.
    latest = next((row for row in reversed(rows) if row.standing is not Standing.NONE), rows[-1] if rows else None)
    standing = Standing.NONE if latest is None else latest.standing
    notice = _OVERTAKEN if is_overtaken(rows) else _notice(sale, standing)
    bound = persons.of(number, sales.see_desk(tx).shift)
    return TicketShown(
        sale=number,
        place=sale.state.value,
        standing=standing,
        lines=tuple(show_line(line, codes) for line in lines),
        totals=totals_of(lines, sale.alarms),
        opened_at=sale.opened_at,
        notice=_with_returned(notice, came_back),
        aside_at=sale.aside_at,
        note=sale.note,
        told="" if latest is None else latest.told or "",
        person=None if bound is None else show_person(number, bound.person),
        paid=_paid(latest),
        paid_by="insured" if is_overtaken(rows) else _paid_by(sale, standing),
        works=_works(sale, standing, is_identified=bound is not None),
        came_back=came_back,
        lacks=tuple(lacks_of_gone(tx, number, now)),
    )


def show_aside(tx: Connection, persons: Persons, now: datetime) -> TicketsShown:
    """Return the sales that lie aside, the one that lies longest first."""
    return TicketsShown(tuple(show_ticket(tx, sale.id, persons, now) for sale in sales.sales_aside(tx)))


def _notice(sale: SaleRow, standing: Standing) -> Words:
    if is_open_question(standing):
        return told(standing)
    if sale.state is not SaleState.CLOSED:
        return _NOT_SETTLED
    return _SETTLED if standing is Standing.SETTLED else told(standing) if standing is Standing.UNDONE else _SELF_PAID


def _with_returned(notice: Words, came_back: Sequence[str]) -> Words:
    """Say how many packs came back: the lines stay as they were sold."""
    if not came_back:
        return notice
    n = len(came_back)
    return Words(f"{notice.zh}；其中 {n} 盒已退", f"{notice.en}; {n} of its packs came back")


def _paid(latest: SettlementRow | None) -> PaidShown | None:
    paid = None if latest is None else latest.paid
    return None if latest is None or paid is None else _shown(latest, paid)


def _shown(row: SettlementRow, paid: Paid) -> PaidShown:
    amounts = Amounts(row.fee, paid.funds, paid.account, paid.mutual_aid, paid.cash)
    return PaidShown(paid.setl_id, paid.mdtrt_id, paid.at, amounts)


def _paid_by(sale: SaleRow, standing: Standing) -> str | None:
    if sale.state is not SaleState.CLOSED:
        return None
    return "self_pay" if standing in {Standing.NONE, Standing.UNDONE} else "insured"


def _works(sale: SaleRow, standing: Standing, *, is_identified: bool) -> dict[str, bool]:
    is_free = standing in {Standing.NONE, Standing.UNDONE}
    is_open = sale.state is SaleState.OPEN and is_free
    return {
        "identify": is_open,
        "trial": is_open and is_identified,
        "settle": is_open and is_identified,
        "self_pay": is_open,
        "hold": is_open,
        "take_up": sale.state is SaleState.HELD and is_free,
        "cancel": is_free and sale.state in {SaleState.OPEN, SaleState.WAITING, SaleState.HELD},
    }
