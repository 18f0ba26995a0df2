"""Reconciling an institution's books with the centre's: totals (3201), then record by record (3202).

The days are those on which a record was made: a settlement on its day, its cancellation on its own, with negative
figures. Every record counts as one, refunds too. What a reversal struck out is in neither book. What was compared and
found is kept, for whoever asks later why a month was paid as it was.

Comparing only reads, and a year may take a while: it is done before the transaction that keeps what was found, with the
books as they are at one moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from codes.words import Words
from server.settlement.answers import figures_of
from server.settlement.comparing import Difference, Record, Result, Totals, compare, compare_totals, totals_of
from server.settlement.errors import StatementFileError
from server.settlement.kept import id_of
from server.settlement.sale import Caller
from server.settlement.statement_file import StatementLine
from server.store import reconciliation
from server.store.database import Connection
from server.store.reconciliation import Booked, Books, Comparison
from server.store.reconciliation import Difference as KeptDifference
from wire.fsi.areas import Area

_MOST_DAYS: Final = 366
_MIND_THE_DAYS: Final = Words("请核对对账日期。", "Check the days.")


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found."""

    result: Result
    words: Words
    """Both sides' figures, if they differ."""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Sides:
    """What both sides' books come to."""

    theirs: Totals
    """As the institution says in its message."""
    ours: Totals


def reconcile_totals(connection: Connection, books: Books, theirs: Totals, area: Area) -> tuple[Compared, Totals]:
    """Compare totals; return what was found, and our own.

    Raises:
        StatementFileError: The days are the wrong way round, or too many.
    """
    _check_days(books)
    found = reconciliation.load_totals(connection, books)
    ours = Totals(found.settlements, figures_of(found.medfee, found.fund, found.account, found.mutual_aid, area))
    result, words = compare_totals(theirs, ours, found.refunds)
    return Compared(result, words), ours


def reconcile_details(
    connection: Connection, books: Books, theirs: Sequence[StatementLine], area: Area, *, only_refunds: bool | None
) -> tuple[Compared, Totals]:
    """Compare a statement with our books record by record; return what was found, and our own totals.

    Args:
        connection: For reading.
        books: What is compared.
        theirs: The statement.
        area: Whose reading of the amounts is used.
        only_refunds: Whether the statement holds refunds alone, or none; None if it holds both.

    Raises:
        StatementFileError: The days are the wrong way round, or too many.
    """
    _check_days(books)
    records = [
        one for one in _records(connection, books, area) if only_refunds is None or one.is_refund is only_refunds
    ]

    def elsewhere(setl_id: str) -> Sequence[Record]:
        found = reconciliation.load_records_of(connection, books.institution, setl_id)
        return [_record(one, area) for one in found]

    differences = compare(theirs, records, elsewhere, only_refunds=only_refunds)
    told = Words(f"共 {len(differences)} 笔不符", f"Records that differ: {len(differences)}")
    return Compared(_worst(differences), told, differences), totals_of(records)


def keep_comparison(
    connection: Connection, books: Books, by: Caller, compared: Compared, sides: Sides, *, file: str | None = None
) -> None:
    """Keep what was compared and found."""
    run = id_of("comparison", by)
    one = Comparison(
        id=run,
        infno=by.infno,
        institution=books.institution,
        insutype=books.insutype,
        clr_type=books.clr_type,
        clr_optins=books.clr_optins,
        from_day=books.first,
        to_day=books.last,
        result=compared.result,
        medfee=sides.theirs.figures.total,
        fund=sides.theirs.figures.fund,
        account=sides.theirs.figures.account,
        settlements=sides.theirs.count,
        our_medfee=sides.ours.figures.total,
        our_fund=sides.ours.figures.fund,
        our_account=sides.ours.figures.account,
        our_settlements=sides.ours.count,
        file=file,
        msgid=by.msgid,
        compared_at=by.at,
    )
    found = [_kept(run, n, one) for n, one in enumerate(compared.differences, start=1)]
    reconciliation.add_comparison(connection, one, found)


def _worst(differences: Sequence[Difference]) -> Result:
    """Return the result of a whole statement: what the institution alone has weighs most, since it would be paid."""
    found = {one.result for one in differences}
    return next((one for one in (Result.INSTITUTION_ALONE, Result.DIFFERS) if one in found), Result.EQUAL)


def _kept(run: str, n: int, one: Difference) -> KeptDifference:
    theirs, ours = (side.figures if side else None for side in (one.theirs, one.ours))
    return KeptDifference(
        run=run,
        n=n,
        result=one.result,
        setl_id=one.setl_id,
        mdtrt_id=one.ours.mdtrt_id if one.ours else one.theirs.mdtrt_id if one.theirs else "",
        psn_no=one.ours.psn_no if one.ours else one.theirs.psn_no if one.theirs else "",
        msgid=one.ours.msgid if one.ours else "",
        is_refund=one.is_refund,
        memo=str(one.memo),
        medfee=theirs.total if theirs else None,
        fund=theirs.fund if theirs else None,
        account=theirs.account if theirs else None,
        our_medfee=ours.total if ours else None,
        our_fund=ours.fund if ours else None,
        our_account=ours.account if ours else None,
    )


def _records(connection: Connection, books: Books, area: Area) -> Iterator[Record]:
    for one in reconciliation.load_booked(connection, books):
        yield _record(one, area)


def _record(one: Booked, area: Area) -> Record:
    return Record(
        setl_id=one.cancels or one.setl_id,
        own_id=one.setl_id,
        mdtrt_id=one.mdtrt_id,
        psn_no=one.psn_no,
        msgid=one.msgid,
        day=one.day,
        figures=figures_of(one.medfee, one.fund, one.account, one.mutual_aid, area),
        is_refund=one.cancels is not None,
    )


def _check_days(books: Books) -> None:
    if books.first > books.last:
        raise StatementFileError(
            Words(
                f"stmt_begndate（对账开始日期）{books.first} 晚于 stmt_enddate（对账结束日期）{books.last}",
                f"stmt_begndate {books.first} is after stmt_enddate {books.last}",
            ),
            next_step=_MIND_THE_DAYS,
        )
    if (books.last - books.first).days >= _MOST_DAYS:
        raise StatementFileError(
            Words(f"一次对账不超过 {_MOST_DAYS} 天", f"At most {_MOST_DAYS} days are reconciled at once"),
            next_step=_MIND_THE_DAYS,
        )
