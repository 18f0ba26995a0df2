"""The files of 3202: the records that go up, and the differences that come down.

Both are UTF-8 text in a zip, one record a line, cells separated by tabs, `null` where nothing is.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from edge.errors import EdgeError
from edge.store.day_ends import Difference
from edge.store.day_records import Record
from rules.day_sheet import Sums
from wire.fsi.areas import Area

NAME = "statement.zip"
_TEXT = "statement.txt"
_NULL = "null"
_DOWN = (
    "psn_no", "mdtrt_id", "setl_id", "msgid", "stmt_rslt", "refd_setl_flag", "memo", "medfee_sumamt", "fund_pay_sumamt",
    "acct_pay",
)  # fmt: skip
_MOST_BYTES = 64 * 1024 * 1024


class DifferencesUnreadableError(EdgeError, RejectedError):
    """The file of differences is none."""

    code: ClassVar[str] = "day_end.differences_unreadable"
    next_step: ClassVar[Words] = Words(
        "请稍后重新日结；仍出现时请联系中心。", "End the day again later; if it comes again, call the centre."
    )


def statement_zip(records: Iterable[Record], person_of: Mapping[bytes, str], area: Area) -> bytes:
    """Return the file that goes up.

    Args:
        records: The records that are compared.
        person_of: The person's number of each, by its sealed text; of what other terminals told it is not known.
        area: How amounts are read.
    """
    lines = (_line(one, person_of.get(one.asked, ""), area) for one in records)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_TEXT, "".join(lines))
    return packed.getvalue()


def read_differences(packed: bytes, desk_of: Callable[[str], str]) -> list[Difference]:
    """Return the differences that came down.

    Args:
        packed: The file.
        desk_of: Returns the desk that gave out a msgid; empty if it is no number of ours.

    Raises:
        DifferencesUnreadableError: It is no such file.
    """
    try:
        with zipfile.ZipFile(BytesIO(packed)) as archive:
            names = archive.infolist()
            if len(names) != 1 or names[0].file_size > _MOST_BYTES:
                raise _unreadable(f"{len(names)} entries")
            text = archive.read(names[0]).decode()
        return [_difference(line, desk_of) for line in text.splitlines() if line.strip()]
    except (zipfile.BadZipFile, InvalidOperation, KeyError, ValueError) as exc:
        raise _unreadable(str(exc)) from exc


def funds_as_told(sums: Sums, area: Area) -> Decimal:
    """Return `fund_pay_sumamt` of a sum: with the account, where the area counts it among the funds."""
    return sums.funds + sums.account if area.fund_pay_includes_account else sums.funds


def _line(one: Record, person: str, area: Area) -> str:
    funds = funds_as_told(one.sums, area)
    cells = (
        one.setl_id, one.mdtrt_id, person, str(one.sums.fee), str(funds), str(one.sums.account),
        "1" if one.is_refund else "0",
    )  # fmt: skip
    return "\t".join(cell or _NULL for cell in cells) + "\n"


def _difference(line: str, desk_of: Callable[[str], str]) -> Difference:
    cells = dict(zip(_DOWN, ("" if cell == _NULL else cell for cell in line.split("\t")), strict=False))
    return Difference(
        result=cells["stmt_rslt"],
        setl_id=cells["setl_id"],
        msgid=cells["msgid"],
        is_refund=cells["refd_setl_flag"] == "1",
        desk=desk_of(cells["msgid"]),
        fee=Decimal(cells.get("medfee_sumamt") or "0"),
        memo=cells["memo"],
    )


def _unreadable(why: str) -> DifferencesUnreadableError:
    return DifferencesUnreadableError(
        Words(f"差异文件无法读取：{why}", f"The file of differences cannot be read: {why}")
    )
