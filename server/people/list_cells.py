"""What may stand in one cell of a list of people or institutions: each rule returns the value or says why not.

Lists come out of spreadsheets and out of other offices' systems: days with dashes, slashes or none, months where a
whole month is meant, numbers that a spreadsheet has turned into scientific notation.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from codes.words import Words
from wire.fsi.values import BEIJING

_LONGEST_TEXT = 200
_LONGEST_NUMBER = 50
_YES = frozenset({"是", "Y", "YES", "TRUE", "1"})
_NO = frozenset({"否", "N", "NO", "FALSE", "0", ""})
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_DAY = re.compile(
    r"([0-9]{4})(?:[-/.年])([0-9]{1,2})(?:[-/.月])([0-9]{1,2})日?(?: 0?0:00(?::00)?)?|([0-9]{4})([0-9]{2})([0-9]{2})"
)
_MOMENT = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?[ T]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?:\.[0-9]+)?"
)
_MONTH = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})月?")
_INSTITUTION = re.compile(r"[A-Za-z0-9]{1,26}")
_YEAR = re.compile(r"20[0-9]{2}")
_DISTRICT = re.compile(r"[0-9]{6}")
_MOST_FEN = 16
"""Digits of an amount, as the interface has them."""
_CARD = re.compile(r"[0-9]{17}[0-9X]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"

Rule = Callable[[str], object]


class CellError(Exception):
    """A cell that cannot be used."""

    def __init__(self, code: str, words: Words) -> None:
        super().__init__(code)
        self.code = code
        self.words = words


def clean(cell: str) -> str:
    """Take off what is not the value: blanks, and the marks with which spreadsheets keep long numbers as text."""
    bare = cell.strip().strip("\ufeff\u3000").removeprefix("'")
    return bare[2:-1].strip() if bare.startswith('="') and bare.endswith('"') else bare


def text(cell: str) -> str:
    """Return a text."""
    if len(cell) > _LONGEST_TEXT or not cell.isprintable():
        raise CellError(
            "people.text",
            Words(f"应为不超过 {_LONGEST_TEXT} 个可见字符", f"must have at most {_LONGEST_TEXT} printable characters"),
        )
    return cell


def number(written: str) -> str:
    """Return what names something: a person, an institution, a certificate, a card."""
    cell = _narrow(written)
    if _SCIENTIFIC.fullmatch(cell):
        raise CellError(
            "people.scientific",
            Words(f"{cell} 已被表格软件改成科学计数法", f"{cell} was turned into scientific notation by a spreadsheet"),
        )
    if not 1 <= len(cell) <= _LONGEST_NUMBER or not cell.isprintable() or " " in cell:
        raise CellError(
            "people.number",
            Words(
                f"应为 1–{_LONGEST_NUMBER} 个字符，不含空格",
                f"must have 1 to {_LONGEST_NUMBER} characters and no blank",
            ),
        )
    return cell


def institution_code(cell: str) -> str:
    """Return the code of an institution, which becomes part of every message's id."""
    found = number(cell)
    if not _INSTITUTION.fullmatch(found):
        raise CellError(
            "people.institution_code",
            Words(f"{cell!r} 应为不超过 26 个字母或数字", f"{cell!r} must have up to 26 letters and digits"),
        )
    return found


def first_day(cell: str) -> date:
    """Return a day; of a month its first."""
    found = _MONTH.fullmatch(_narrow(cell))
    return _date(cell, int(found[1]), int(found[2]), 1) if found else day(cell)


def last_day(cell: str) -> date:
    """Return a day; of a month its last."""
    found = _MONTH.fullmatch(_narrow(cell))
    if found is None:
        return day(cell)
    first = _date(cell, int(found[1]), int(found[2]), 1)
    return first.replace(day=calendar.monthrange(first.year, first.month)[1])


def day(cell: str) -> date:
    """Return a day."""
    found = _DAY.fullmatch(_narrow(cell))
    if found is None:
        raise _no_day(cell)
    year, month, day_of_month = (int(part) for part in found.groups() if part is not None)
    return _date(cell, year, month, day_of_month)


def moment(cell: str) -> datetime:
    """Return a moment, in Beijing's time; a day alone does not say which one."""
    found = _MOMENT.fullmatch(_narrow(cell))
    if found is None:
        raise _no_moment(cell)
    parts = [int(part or 0) for part in found.groups()]
    try:
        return datetime(*parts, tzinfo=BEIJING)  # type: ignore[misc,arg-type]
    except ValueError as exc:
        raise _no_moment(cell) from exc


def money(cell: str) -> Decimal:
    """Return an amount of money, not negative, in fen at most."""
    amount = _decimal(cell)
    is_exact = -int(amount.as_tuple().exponent) <= len("00")
    if amount < 0 or not is_exact or len(amount.as_tuple().digits) > _MOST_FEN:
        raise CellError("people.money", Words(f"{cell!r} 不是金额", f"{cell!r} is not an amount of money"))
    return amount


def quantity(cell: str) -> Decimal:
    """Return how many there are, above nothing, to four decimals."""
    try:
        count = _decimal(cell)
    except CellError:
        count = Decimal(0)
    is_exact = -int(count.as_tuple().exponent) <= len("0000")
    if count <= 0 or not is_exact or len(count.as_tuple().digits) > _MOST_FEN:
        raise CellError(
            "people.count",
            Words(
                f"{cell!r} 应为大于 0 的数量，至多四位小数", f"{cell!r} is no quantity above 0 of at most four decimals"
            ),
        )
    return count


def rank(written: str) -> int:
    """Return a place in an order, from 1."""
    cell = _narrow(written)
    if not cell.isascii() or not cell.isdigit() or not 1 <= int(cell) <= 99:  # noqa: PLR2004 - two digits
        raise CellError("people.rank", Words(f"{cell!r} 应为 1–99", f"{cell!r} is not a number from 1 to 99"))
    return int(cell)


def year(written: str) -> int:
    """Return a calendar year."""
    cell = _narrow(written).removesuffix("年")
    if not _YEAR.fullmatch(cell):
        raise CellError("people.year", Words(f"{cell!r} 不是年份", f"{cell!r} is not a year"))
    return int(cell)


def flag(cell: str) -> bool:
    """Return the answer; an empty cell is a no."""
    answer = _narrow(cell).upper()
    if answer not in _YES | _NO:
        raise CellError("people.yes_no", Words(f"{cell!r} 应为“是”或“否”", f"{cell!r} is neither yes nor no"))
    return answer in _YES


def district(written: str) -> str:
    """Return a district."""
    cell = _narrow(written)
    if not _DISTRICT.fullmatch(cell):
        raise CellError("people.district", Words(f"{cell!r} 不是 6 位区划", f"{cell!r} has not six digits"))
    return cell


def one_of(values: Mapping[str, str]) -> Rule:
    """Return a rule for a cell that holds one of some names, large or small, and means what that name stands for."""
    known = {name.upper(): value for name, value in values.items()}

    def rule(cell: str) -> str:
        found = known.get(_narrow(cell).upper())
        if found is None:
            names = "、".join(dict.fromkeys(values))
            raise CellError("people.not_in_list", Words(f"{cell!r} 应为 {names} 之一", f"{cell!r} is none of {names}"))
        return found

    return rule


def name_or_digits(values: Mapping[str, str], most: int) -> Rule:
    """Return a rule for a cell that holds one of some names, or a code of up to `most` digits."""
    pattern = re.compile(f"[0-9]{{1,{most}}}")

    def rule(written: str) -> str:
        cell = _narrow(written)
        if pattern.fullmatch(cell):
            return cell
        if cell not in values:
            names = "、".join(values)
            raise CellError(
                "people.not_in_list",
                Words(f"{cell!r} 既不是编码也不是 {names}", f"{cell!r} is no code and none of {names}"),
            )
        return values[cell]

    return rule


def identity_card(certno: str) -> tuple[date, str]:
    """Return the birth day and the sex (1 male, 2 female) that the number of an identity card says.

    Raises:
        CellError: It has not 18 places, its check digit is wrong, or its birth day is none.
    """
    if not _CARD.fullmatch(certno):
        raise CellError(
            "people.identity_card", Words("身份证号码应为 18 位", "the number of an identity card has 18 places")
        )
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, certno, strict=False))
    if _CHECK[total % 11] != certno[-1]:
        raise CellError("people.identity_card", Words("身份证号码校验位不符", "the check digit of the number is wrong"))
    born = certno[6:14]
    return _date(born, int(born[:4]), int(born[4:6]), int(born[6:])), "1" if int(certno[16]) % 2 else "2"


def _narrow(cell: str) -> str:
    """Return a cell with its full-width characters made narrow; names and remarks keep theirs."""
    return unicodedata.normalize("NFKC", cell).strip()


def _decimal(cell: str) -> Decimal:
    try:
        amount = Decimal(_narrow(cell).replace(",", ""))
    except InvalidOperation as exc:
        raise CellError("people.money", Words(f"{cell!r} 不是金额", f"{cell!r} is not an amount of money")) from exc
    if not amount.is_finite():
        raise CellError("people.money", Words(f"{cell!r} 不是金额", f"{cell!r} is not an amount of money"))
    return amount


def _date(cell: str, year: int, month: int, day_of_month: int) -> date:
    try:
        return date(year, month, day_of_month)
    except ValueError as exc:
        raise _no_day(cell) from exc


def _no_moment(cell: str) -> CellError:
    return CellError(
        "people.moment",
        Words(f"{cell!r} 应为日期和时刻，如 2026-03-01 00:00", f"{cell!r} is not day and time, as 2026-03-01 00:00"),
    )


def _no_day(cell: str) -> CellError:
    return CellError("people.day", Words(f"{cell!r} 不是日期", f"{cell!r} is not a day"))
