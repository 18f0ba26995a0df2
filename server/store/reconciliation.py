"""Comparisons of an institution's books with the centre's, and each difference found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select

from server.store import bulk
from server.store.amounts import FEN
from server.store.records import Records
from server.store.settlement_tables import reconciliation, reconciliation_difference, settlement
from server.store.settlements import Settlement, SettlementState
from server.store.times import micros

_ROWS_PER_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Books:
    """What is compared."""

    institution: str
    first: date
    last: date
    insutype: str = ""
    """Empty for every kind."""
    clr_type: str = ""
    """Empty for every kind."""
    clr_optins: str = ""
    """The office; one whose code ends in pairs of noughts stands for those below it, and the empty one for all."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What some settlements come to, negatives included."""

    medfee: Decimal
    fund: Decimal
    account: Decimal
    """Own account; mutual aid apart."""
    mutual_aid: Decimal
    cash: Decimal
    settlements: int
    refunds: int
    """How many of them are negatives."""


@dataclass(frozen=True, slots=True)
class Booked:
    """One settlement as the books have it."""

    setl_id: str
    mdtrt_id: str
    psn_no: str
    msgid: str
    cancels: str | None
    """The settlement that this one is the negative of."""
    day: date
    """Of settling or cancelling, in Beijing."""
    medfee: Decimal
    fund: Decimal
    account: Decimal
    mutual_aid: Decimal


@dataclass(frozen=True, slots=True)
class Comparison:
    """An institution's totals against ours."""

    id: str
    infno: str
    """3201 or 3202."""
    institution: str
    insutype: str
    clr_type: str
    clr_optins: str
    """As in `Books`."""
    from_day: date
    to_day: date
    result: str
    """`stmt_rslt`."""
    medfee: Decimal
    """As the institution says."""
    fund: Decimal
    account: Decimal
    settlements: int
    our_medfee: Decimal
    our_fund: Decimal
    our_account: Decimal
    our_settlements: int
    file: str | None
    """`file_qury_no` of the differences."""
    msgid: str
    compared_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """A settlement on which the books do not agree."""

    run: str
    n: int
    result: str
    """`stmt_rslt`."""
    setl_id: str
    mdtrt_id: str
    psn_no: str
    msgid: str
    is_refund: bool
    memo: str
    medfee: Decimal | None
    """As the institution says; None if it has none."""
    fund: Decimal | None
    account: Decimal | None
    our_medfee: Decimal | None
    """None if we have none."""
    our_fund: Decimal | None
    our_account: Decimal | None


_COMPARISONS = Records(reconciliation, Comparison)
_DIFFERENCES = Records(reconciliation_difference, Difference)


_BOOKED = (
    settlement.c.setl_id,
    settlement.c.mdtrt_id,
    settlement.c.psn_no,
    settlement.c.msgid,
    settlement.c.cancels,
    settlement.c.day,
    settlement.c.medfee_sumamt_fen,
    settlement.c.fund_pay_sumamt_fen,
    settlement.c.acct_pay_fen,
    settlement.c.acct_mulaid_pay_fen,
)


def load_totals(connection: Connection, books: Books) -> Totals:
    """Return what the settlements of these books come to; what was struck out counts nowhere."""
    found = settlement.c
    sums = (
        func.coalesce(func.sum(column), 0)
        for column in (
            found.medfee_sumamt_fen,
            found.fund_pay_sumamt_fen,
            found.acct_pay_fen,
            found.acct_mulaid_pay_fen,
            found.psn_cash_pay_fen,
        )
    )
    counts = (func.count(), func.count(found.cancels))
    *fen, number, refunds = connection.execute(select(*sums, *counts).where(*_among(books))).one()
    medfee, fund, account, mutual_aid, cash = (FEN.amount(int(one)) for one in fen)
    return Totals(medfee, fund, account, mutual_aid, cash, settlements=number, refunds=refunds)


def load_booked(connection: Connection, books: Books) -> Iterator[Booked]:
    """Yield the settlements of these books, negatives too, in the order of their ids."""
    asked = select(*_BOOKED).where(*_among(books)).order_by(settlement.c.setl_id)
    # An option of the statement: one of the connection would hold for everything that follows in the transaction.
    for row in connection.execute(asked.execution_options(yield_per=_ROWS_PER_CHUNK)):
        yield _booked(*row)


def load_records_of(connection: Connection, institution: str, setl_id: str) -> Sequence[Booked]:
    """Return a settlement of an institution and its negative, of whatever day; what was struck out is not there."""
    found = settlement.c
    asked = select(*_BOOKED).where(
        found.institution == institution,
        or_(found.setl_id == setl_id, found.cancels == setl_id),
        found.state != SettlementState.REVERSED.value,
    )
    return [_booked(*row) for row in connection.execute(asked.order_by(found.settled_us, found.setl_id))]


def add_comparison(connection: Connection, one: Comparison, differences: Sequence[Difference]) -> None:
    """Keep a comparison and what it found."""
    connection.execute(insert(reconciliation).values(_COMPARISONS.values(one)))
    bulk.insert_all(connection, reconciliation_difference, _DIFFERENCES.rows(differences))


def load_comparison_page(connection: Connection, institution: str | None = None, *, limit: int) -> Sequence[Comparison]:
    """Return the newest comparisons, of one institution or of all."""
    found = reconciliation.c
    asked = select(reconciliation).order_by(found.compared_us.desc(), found.id.desc()).limit(limit)
    if institution is not None:
        asked = asked.where(found.institution == institution)
    return _COMPARISONS.records(connection.execute(asked))


def find_agreed(connection: Connection, one: Settlement, equal: str) -> Comparison | None:
    """Return the first comparison of totals that found books equal in which a record already stood.

    One that found nothing on either side vouches for nothing.
    """
    found = reconciliation.c
    asked = select(reconciliation).where(
        found.institution == one.institution,
        found.compared_us >= micros(one.settled_at),
        found.infno == "3201",
        found.result == equal,
        found.our_settlements > 0,
        found.from_day <= one.day.isoformat(),
        found.to_day >= one.day.isoformat(),
        found.insutype.in_(("", one.insutype)),
        found.clr_type.in_(("", one.clr_type)),
    )
    runs = _COMPARISONS.records(connection.execute(asked.order_by(found.compared_us, found.id)))
    return next((run for run in runs if one.clr_optins.startswith(_all_below(run.clr_optins))), None)


def load_differences(connection: Connection, run: str) -> Sequence[Difference]:
    """Return what a comparison found."""
    asked = select(reconciliation_difference).where(reconciliation_difference.c.run == run)
    return _DIFFERENCES.records(connection.execute(asked.order_by(reconciliation_difference.c.n)))


def _booked(  # noqa: PLR0917 - the columns of `_BOOKED`
    setl_id: str, mdtrt_id: str, psn_no: str, msgid: str, cancels: str | None, day: str, *fen: int
) -> Booked:
    medfee, fund, account, mutual_aid = (FEN.amount(one) for one in fen)
    return Booked(setl_id, mdtrt_id, psn_no, msgid, cancels, date.fromisoformat(day), medfee, fund, account, mutual_aid)


def _among(books: Books) -> Iterator[ColumnElement[bool]]:
    found = settlement.c
    yield found.state != SettlementState.REVERSED.value
    yield found.institution == books.institution
    yield found.day >= books.first.isoformat()
    yield found.day <= books.last.isoformat()
    if books.insutype:
        yield found.insutype == books.insutype
    if books.clr_type:
        yield found.clr_type == books.clr_type
    if books.clr_optins:
        yield found.clr_optins.startswith(_all_below(books.clr_optins), autoescape=True)


def _all_below(office: str) -> str:
    """Return how the codes of an office and of those below it begin."""
    while office.endswith("00"):
        office = office[:-2]
    return office
