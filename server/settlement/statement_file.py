"""The files of reconciliation: an institution's statement as it comes up, our differences as they go down.

Both are text in a zip, one record a line, columns separated by tabs, `null` where nothing is. What institutions really
send differs a little, so these are read too: a text without zip, a byte order mark, GB 18030, a line of column names,
columns after the seventh.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Final

from codes.words import Words
from server.settlement.errors import StatementFileError

UP: Final = ("setl_id", "mdtrt_id", "psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay", "refd_setl_flag")
DOWN: Final = (
    "psn_no",
    "mdtrt_id",
    "setl_id",
    "msgid",
    "stmt_rslt",
    "refd_setl_flag",
    "memo",
    "medfee_sumamt",
    "fund_pay_sumamt",
    "acct_pay",
)
NULL: Final = "null"
_MOST_BYTES: Final = 64 * 1024 * 1024
"""Of the text: more than half a million records. What would unpack to more is no statement."""
_MOST_LINES: Final = 600_000
"""Short lines would be so many that reading them takes all memory there is."""
_LONGEST_ID: Final = 30
"""As the interface has it of each of the three."""
_AMOUNT: Final = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,2})?")
"""`N16.2` of the interface; no other spelling of a number means money."""
_TOO_MUCH: Final = Decimal(10) ** 14
_FEN: Final = Decimal("0.01")
_MOST_FAULTS: Final = 5
_MADE: Final = (1980, 1, 1, 0, 0, 0)
"""Date of every file in our zips: the same differences are the same bytes."""

_BROKEN: Final = (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError)
"""A password is a RuntimeError there; what was damaged is told by whichever part of the library comes upon it."""
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Others can be made to ask for any amount of memory."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The three amounts that are compared."""

    total: Decimal
    """`medfee_sumamt`."""
    fund: Decimal
    """`fund_pay_sumamt`, as the area reads it."""
    account: Decimal
    """`acct_pay`, as the area reads it."""

    def plus(self, other: Figures) -> Figures:
        """Return the sums."""
        return Figures(self.total + other.total, self.fund + other.fund, self.account + other.account)


NOTHING: Final = Figures(Decimal("0.00"), Decimal("0.00"), Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One record of an institution's books."""

    number: int
    """Of the line in the file, from 1."""
    setl_id: str
    mdtrt_id: str
    """Empty if the institution wrote null."""
    psn_no: str
    figures: Figures
    is_refund: bool


def parse_statement(content: bytes) -> tuple[StatementLine, ...]:
    """Return the records of an uploaded statement.

    Raises:
        StatementFileError: It cannot be read; the error names the lines and what is wrong with them.
    """
    lines: list[StatementLine] = []
    faults: list[Words] = []
    for number, text in enumerate(_text(content).splitlines(), start=1):
        if number > _MOST_LINES:
            raise _too_large()
        cells = [cell.strip() for cell in text.split("\t")]
        if not any(cells) or (number == 1 and cells[0].lower() == UP[0]):
            continue
        fault = _fault(cells)
        if fault is None:
            lines.append(_line(number, cells))
        else:
            faults.append(Words(f"第 {number} 行{fault.zh}", f"line {number} {fault.en}"))
    faults += _faults_of_sums(lines)
    if faults:
        raise _unreadable(faults)
    return tuple(lines)


def write_table(rows: Iterable[Iterable[str]], filename: str) -> bytes:
    """Return a zip with one text of the given rows; the same rows are the same bytes."""
    text = "".join("\t".join(_cell(cell) for cell in row) + "\n" for row in rows)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(filename, _MADE), text.encode())
    return packed.getvalue()


def _cell(cell: str) -> str:
    return " ".join(cell.split()) or NULL


def _text(content: bytes) -> str:
    raw = _unpacked(content) if content.startswith(b"PK") else content
    if len(raw) > _MOST_BYTES:
        raise _too_large()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError as exc:
        words = Words("对账文件既非 UTF-8 也非 GB 18030 文本", "The statement is text in neither UTF-8 nor GB 18030")
        raise StatementFileError(words) from exc


def _unpacked(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            inside = [one for one in archive.infolist() if not one.is_dir()]
            if len(inside) != 1:
                raise StatementFileError(
                    Words(
                        f"压缩包内应只有 1 个文件，实有 {len(inside)} 个",
                        f"The zip should hold 1 file, it holds {len(inside)}",
                    )
                )
            if inside[0].compress_type not in _METHODS:
                raise StatementFileError(
                    Words("压缩包应以 deflate 方式压缩", "The zip should be packed by deflate, the usual method")
                )
            with archive.open(inside[0]) as file:
                return file.read(_MOST_BYTES + 1)
    except _BROKEN as exc:
        raise StatementFileError(Words(f"压缩包无法打开：{exc}", f"The zip cannot be opened: {exc}")) from exc


def _fault(cells: list[str]) -> Words | None:
    if len(cells) < len(UP):
        return Words(f"应有 {len(UP)} 列，实有 {len(cells)} 列", f"should have {len(UP)} columns, has {len(cells)}")
    if _or_empty(cells[0]) == "":
        return Words("没有 setl_id", "has no setl_id")
    for name, cell in zip(UP[:3], cells[:3], strict=True):
        if not _is_id(cell):
            said = _shown(cell)
            return Words(
                f"的 {name} 应为 {_LONGEST_ID} 个以内的可见字符：{said}",
                f"has a {name} that is not up to {_LONGEST_ID} visible characters: {said}",
            )
    for name, cell in zip(UP[3:6], cells[3:6], strict=True):
        if _or_empty(cell) and not _AMOUNT.fullmatch(cell):
            said = _shown(cell)
            return Words(f"的 {name} 不是两位小数以内的金额：{said}", f"has a {name} that is no amount: {said}")
    if _or_empty(cells[6]) not in {"", "0", "1"}:
        said = _shown(cells[6])
        return Words(f"的 refd_setl_flag 应为 0 或 1：{said}", f"has a refd_setl_flag that is not 0 or 1: {said}")
    return None


def _faults_of_sums(lines: Sequence[StatementLine]) -> Iterator[Words]:
    """Yield what is larger in sum than the message has room for."""
    sums = NOTHING
    for line in lines:
        sums = sums.plus(line.figures)
    for name, amount in zip(UP[3:6], (sums.total, sums.fund, sums.account), strict=True):
        if abs(amount) >= _TOO_MUCH:
            yield Words(f"的 {name} 合计超过 14 位", f"has a {name} of more than 14 digits in sum")


def _is_id(cell: str) -> bool:
    return len(cell) <= _LONGEST_ID and cell.isprintable() and " " not in cell


def _shown(cell: str) -> str:
    """Return what can be shown of a cell in a few words."""
    shown = "".join(one if one.isprintable() else "?" for one in cell[:_LONGEST_ID])
    return f"{shown}…" if len(cell) > _LONGEST_ID else shown


def _line(number: int, cells: list[str]) -> StatementLine:
    total, fund, account = (Decimal(_or_empty(cell) or "0").quantize(_FEN) for cell in cells[3:6])
    # Some tills leave the flag out and let the sign say it.
    is_refund = _or_empty(cells[6]) == "1" or (_or_empty(cells[6]) == "" and total < 0)
    return StatementLine(
        number, cells[0], _or_empty(cells[1]), _or_empty(cells[2]), Figures(total, fund, account), is_refund
    )


def _or_empty(cell: str) -> str:
    return "" if cell.lower() == NULL else cell


def _too_large() -> StatementFileError:
    return StatementFileError(
        Words("对账文件过大，请按日分批对账", "The statement is too large; reconcile fewer days at a time")
    )


def _unreadable(faults: list[Words]) -> StatementFileError:
    def joined(parts: Iterator[str], sign: str) -> str:
        return sign.join(parts)

    first, rest = faults[:_MOST_FAULTS], len(faults) - _MOST_FAULTS
    zh = joined((one.zh for one in first), "；") + (f"；另有 {rest} 处" if rest > 0 else "")
    en = joined((one.en for one in first), "; ") + (f"; and {rest} more" if rest > 0 else "")
    return StatementFileError(Words(f"对账文件{zh}", f"The statement: {en}"))
