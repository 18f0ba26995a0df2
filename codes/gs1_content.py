"""What the value of a GS1 element must hold beyond its length and characters.

Check digits of keys, dates and times, pieces of a total. Tables name the identifiers; each rule says in one line
what it asks. A field with a wrong content makes the entire element string unreadable: GS1's engine refuses it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from codes.check import has_gmn_pair, has_mod10, is_digits
from codes.dates import is_date
from codes.reading import Reason
from codes.words import Words

CHECK_DIGIT = Reason(
    "gs1.check_digit",
    Words("GS1 编码的校验位不对，可能误读，请重新扫码。", "A GS1 check digit is wrong: a misread; scan again."),
)
_BAD_DATE = Reason(
    "gs1.date",
    Words("GS1 日期字段不是有效日期。", "A GS1 date field is no valid date."),
)
_BAD_CONTENT = Reason(
    "gs1.content",
    Words("GS1 某个字段的内容不符合规定。", "A GS1 field holds content that its identifier does not allow."),
)

_LENGTH_OF_CHECKED: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("00", "8017", "8018"), 18),
        **dict.fromkeys(("01", "02", "03", "8003", "8006", "8026"), 14),
        **dict.fromkeys(("253", "255", *(f"41{n}" for n in range(8))), 13),
        "402": 17,
    }
)
_CENTURY_LEAP = "20"


def fault(ai: str, value: str) -> Reason | None:
    """Return what is wrong with the content of an element, or `None`."""
    length = _LENGTH_OF_CHECKED.get(ai)
    if length is not None and not has_mod10(value[:length]):
        return CHECK_DIGIT
    rule = _RULES.get(ai)
    return None if rule is None else rule(value)


def _day_or_month(value: str) -> Reason | None:
    """Ask for YYMMDD, where day 00 means the last day of the month."""
    return None if _is_yymmdd(value, may_be_month=True) else _BAD_DATE


def _day(value: str) -> Reason | None:
    return None if _is_yymmdd(value) else _BAD_DATE


def _day_range(value: str) -> Reason | None:
    """Ask for one date or two (AI 7007)."""
    return _day(value[:6]) or (_day(value[6:]) if len(value) > 6 else None)


def _day_and_minute(value: str) -> Reason | None:
    """Ask for YYMMDD and, where present, HHMM."""
    return _day(value[:6]) or _time(value[6:])


def _delivery_time(value: str) -> Reason | None:
    """Ask for YYMMDD and HHMM, where 9999 means no time."""
    return _day_or_month(value[:6]) or (None if value[6:] == "9999" else _time(value[6:]))


def _birth_day(value: str) -> Reason | None:
    """Ask for YYYYMMDD and, where present, HHMM."""
    is_valid = is_date(int(value[:4]), int(value[4:6]), int(value[6:8]))
    return _time(value[8:]) if is_valid else _BAD_DATE


def _time(value: str) -> Reason | None:
    """Ask for hours, then minutes and seconds as far as they are given."""
    limits = (24, 60, 60)
    parts = (int(value[at : at + 2]) for at in range(0, len(value), 2))
    return None if all(part < limit for part, limit in zip(parts, limits, strict=False)) else _BAD_DATE


def _piece_of_total(value: str) -> Reason | None:
    piece, total = int(value[14:16]), int(value[16:18])
    return None if 1 <= piece <= total else _BAD_CONTENT


def _company_prefix(value: str) -> Reason | None:
    """Ask for the four digits with which every GS1 key begins."""
    return None if is_digits(value[:4]) and len(value) >= 4 else _BAD_CONTENT


def _model_number(value: str) -> Reason | None:
    """Ask for a GS1 prefix and the check pair of a Global Model Number."""
    return _company_prefix(value) or (None if len(value) > 5 and has_gmn_pair(value) else CHECK_DIGIT)


def _is_yymmdd(value: str, *, may_be_month: bool = False) -> bool:
    """Say whether a date is possible; the century is unknown here, so a leap day needs only a year that may have it."""
    month, day = int(value[2:4]), int(value[4:6])
    if day == 0:
        return may_be_month and 1 <= month <= 12
    return is_date(int(_CENTURY_LEAP + value[:2]), month, day)


_RULES: Mapping[str, Callable[[str], Reason | None]] = MappingProxyType(
    {
        **dict.fromkeys(("11", "12", "13", "15", "16", "17"), _day_or_month),
        **dict.fromkeys(("4324", "4325"), _delivery_time),
        **dict.fromkeys(("4326", "7006"), _day),
        **dict.fromkeys(("7003", "7011", "8008"), _day_and_minute),
        "7007": _day_range,
        **dict.fromkeys(("7250", "7251"), _birth_day),
        **dict.fromkeys(("8006", "8026"), _piece_of_total),
        **dict.fromkeys(("401", "7023", "8004", "8010"), _company_prefix),
        "8013": _model_number,
    }
)
