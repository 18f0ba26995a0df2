"""3201 and 3202: an institution's books against the centre's, by totals and record by record.

3201 is answered with one of the dictionary's results, and with both sides' figures where they differ. For 3202 the
statement was uploaded with 9101; the answer names the file of differences, which 9102 gives: empty if there are none.
Both compare before the transaction, so that nobody waits for a year's books to be read.
"""

from __future__ import annotations

from typing import Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Handler, Output, prepared
from server.fsi.transactions.files import FileRefusedError, keep_file
from server.fsi.transactions.reversers import caller_of
from server.settlement.comparing import Result, Totals, totals_of
from server.settlement.reconciling import Sides, keep_comparison, reconcile_details, reconcile_totals
from server.settlement.statement_file import Figures, parse_statement, write_table
from server.store import fsi_sessions
from server.store.reconciliation import Books
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record

_LONGEST_TEXT: Final = 200
"""Characters of `stmt_rslt_dscr`."""


def totals(desk: Desk, request: Request, message: Message) -> Handler:
    """Compare totals (3201); what is left to do is to keep what was found.

    Raises:
        StatementFileError: The days do not do.
    """
    said = message.one("data")
    books = _books(request, said, said.text("insutype"))
    theirs = Totals(
        int(said.number("fixmedins_setl_cnt")),
        Figures(said.number("medfee_sumamt"), said.number("fund_pay_sumamt"), said.number("acct_pay")),
    )
    compared, ours = reconcile_totals(desk.connection, books, theirs, desk.area)

    def keep(desk: Desk, request: Request, _message: Message) -> Output:
        keep_comparison(desk.connection, books, caller_of(desk, request), compared, Sides(theirs, ours))
        if compared.result is not Result.EQUAL:
            told = compared.words
            desk.warn(Words(f"{told.zh}。请用 3202 对明细", f"{told.en}. Compare record by record with 3202"))
        return {
            "stmtinfo": {
                "setl_optins": said.text("setl_optins"),
                "stmt_rslt": compared.result,
                "stmt_rslt_dscr": _described(compared.words),
            }
        }

    return keep


def details(desk: Desk, request: Request, message: Message) -> Handler:
    """Compare record by record (3202); what is left to do is to keep what was found, and the file of it.

    Raises:
        FileRefusedError: There is no such upload of this institution.
        StatementFileError: It cannot be read, or the days do not do.
    """
    said = message.one("data")
    books = _books(request, said, "")
    statement = parse_statement(_uploaded(desk, request, said.text("file_qury_no")))
    refunds = said.text_or("refd_setl_flag", "")
    only_refunds = refunds == "1" if refunds in {"0", "1"} else None
    compared, ours = reconcile_details(desk.connection, books, statement, desk.area, only_refunds=only_refunds)
    name = f"differences-{books.first:%Y%m%d}-{books.last:%Y%m%d}"
    content = write_table([one.row() for one in compared.differences], f"{name}.txt")
    in_file = totals_of(statement)
    # The message has no account in it: the statement's own stands in.
    stated = Totals(
        int(said.number("fixmedins_setl_cnt")),
        Figures(said.number("medfee_sumamt"), said.number("fund_pay_sumamt"), in_file.figures.account),
    )

    def keep(desk: Desk, request: Request, _message: Message) -> Output:
        file = keep_file(desk, request, f"{name}.zip", content, purpose="differences", institution=request.institution)
        by = caller_of(desk, request)
        keep_comparison(desk.connection, books, by, compared, Sides(stated, ours), file=file.number)
        _warn_of_itself(desk, stated, in_file)
        if compared.differences:
            told = compared.words
            desk.warn(Words(f"{told.zh}，请用 9102 下载差异文件", f"{told.en}; fetch them with 9102"))
        return {"fileinfo": {"file_qury_no": file.number, "filename": file.filename, "dld_endtime": file.until_at}}

    return keep


def _described(words: Words) -> str:
    """Return both languages if there is room, else Chinese."""
    both = str(words)
    return both if len(both) <= _LONGEST_TEXT else words.zh[:_LONGEST_TEXT]


def _books(request: Request, said: Record, insutype: str) -> Books:
    return Books(
        institution=request.institution,
        first=said.day("stmt_begndate"),
        last=said.day("stmt_enddate"),
        insutype=insutype,
        clr_type=said.text_or("clr_type", ""),
        clr_optins=said.text("setl_optins"),
    )


def _uploaded(desk: Desk, request: Request, number: str) -> bytes:
    found = fsi_sessions.load_file(desk.connection, number)
    if found is None or found.institution != request.institution or found.purpose != "upload":
        raise FileRefusedError(
            Words(
                f"没有本机构上传的文件 {number}，请先用 9101 上传",
                f"This institution uploaded no file {number}: upload it with 9101 first",
            )
        )
    return found.content


def _warn_of_itself(desk: Desk, stated: Totals, in_file: Totals) -> None:
    """Say so if the message and its own file do not agree; the file is what is compared."""
    if stated == in_file:
        return
    rows = [(str(one.count), f"{one.figures.total:.2f}", f"{one.figures.fund:.2f}") for one in (stated, in_file)]
    (said, found), (also, there) = (["、".join(row) for row in rows], [", ".join(row) for row in rows])
    desk.warn(
        Words(
            f"报文的笔数、总额、基金为 {said}，文件合计为 {found}，以文件为准",
            f"Records, total and funds are {also} in the message and {there} in its file; the file was compared",
        )
    )


TRANSACTIONS: Deeds = {
    "3201": prepared(totals, is_always_open=True),
    "3202": prepared(details, is_always_open=True),
}
