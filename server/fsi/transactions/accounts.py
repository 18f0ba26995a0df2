"""3201 and 3202: an institution's books against the centre's, by totals and record by record.

3201 is answered with one of the dictionary's results, and with both sides' figures where they differ. For 3202 the
statement was uploaded with 9101; the answer names the file of differences, which 9102 gives: empty if there are none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.transactions.files import FileRefusedError, keep_file
from server.fsi.transactions.reversers import caller_of
from server.settlement.comparing import Totals
from server.settlement.reconciling import Sides, keep_comparison, reconcile_details, reconcile_totals
from server.settlement.statement_file import Figures, StatementLine, parse_statement, write_table
from server.store import fsi_sessions
from server.store.reconciliation import Books
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record

_LONGEST_TEXT: Final = 200
"""Characters of `stmt_rslt_dscr`."""
_NOTHING: Final = Decimal("0.00")


def totals(desk: Desk, request: Request, message: Message) -> Output:
    """Compare totals (3201).

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
    keep_comparison(desk.connection, books, caller_of(desk, request), compared, Sides(theirs, ours))
    return {
        "stmtinfo": {
            "setl_optins": said.text("setl_optins"),
            "stmt_rslt": compared.result,
            "stmt_rslt_dscr": compared.words.zh[:_LONGEST_TEXT],
        }
    }


def details(desk: Desk, request: Request, message: Message) -> Output:
    """Compare record by record (3202).

    Raises:
        FileRefusedError: There is no such upload of this institution.
        StatementFileError: It cannot be read, or the days do not do.
    """
    said = message.one("data")
    books = _books(request, said, "")
    statement = parse_statement(_uploaded(desk, request, said.text("file_qury_no")))
    _check_against_itself(desk, said, statement)
    refunds = said.text_or("refd_setl_flag", "")
    compared, ours = reconcile_details(
        desk.connection, books, statement, desk.area, only_refunds=refunds == "1" if refunds in {"0", "1"} else None
    )
    name = f"differences-{books.first:%Y%m%d}-{books.last:%Y%m%d}"
    content = write_table([one.row() for one in compared.differences], f"{name}.txt")
    file = keep_file(desk, request, f"{name}.zip", content, purpose="differences", institution=request.institution)
    stated = Totals(
        int(said.number("fixmedins_setl_cnt")),
        # The message has no account in it: the statement's own stands in.
        Figures(
            said.number("medfee_sumamt"),
            said.number("fund_pay_sumamt"),
            sum((one.figures.account for one in statement), _NOTHING),
        ),
    )
    keep_comparison(desk.connection, books, caller_of(desk, request), compared, Sides(stated, ours), file=file.number)
    if compared.differences:
        desk.warn(Words(f"{compared.words.zh}，请用 9102 下载差异文件", f"{compared.words.en}; fetch them with 9102"))
    return {"fileinfo": {"file_qury_no": file.number, "filename": file.filename, "dld_endtime": file.until_at}}


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


def _check_against_itself(desk: Desk, said: Record, statement: tuple[StatementLine, ...]) -> None:
    """Say so if the message and its own file do not agree; the file is what is compared."""
    stated = (int(said.number("fixmedins_setl_cnt")), said.number("medfee_sumamt"), said.number("fund_pay_sumamt"))
    in_file = (
        len(statement),
        sum((one.figures.total for one in statement), _NOTHING),
        sum((one.figures.fund for one in statement), _NOTHING),
    )
    if stated != in_file:
        desk.warn(
            Words(
                f"报文的笔数、总额、基金为 {stated[0]}、{stated[1]:.2f}、{stated[2]:.2f}，"
                f"文件合计为 {in_file[0]}、{in_file[1]:.2f}、{in_file[2]:.2f}，以文件为准",
                f"The message says {stated[0]} records, {stated[1]:.2f} and {stated[2]:.2f}, its file {in_file[0]}, "
                f"{in_file[1]:.2f} and {in_file[2]:.2f}; the file was compared",
            )
        )


TRANSACTIONS: Deeds = {
    "3201": writing(totals, is_always_open=True),
    "3202": writing(details, is_always_open=True),
}
