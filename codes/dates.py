"""Dates as codes write them, turned into ISO without asking any clock.

A two-digit year belongs to the century that puts it between 49 years before and 50 years after a reference year
(GS1 General Specifications 7.12). The reference year is a parameter: the same scan reads the same for ever.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange

from codes.check import is_digits

REFERENCE_YEAR = 2026
"""The window then holds 1977 to 2076, which covers every pack made before the 2050s."""


def full_year(two_digits: int, reference_year: int = REFERENCE_YEAR) -> int:
    """Return the year that a two-digit year means, seen from `reference_year`."""
    century, now = divmod(reference_year, 100)
    difference = two_digits - now
    if difference > 50:
        century -= 1
    elif difference < -49:
        century += 1
    return 100 * century + two_digits


def is_date(year: int, month: int, day: int) -> bool:
    """Say whether the day exists."""
    return 1 <= month <= 12 and year >= 1 and 1 <= day <= monthrange(year, month)[1]


def iso(year: int, month: int, day: int) -> str | None:
    """Return the day as ISO text, day 0 meaning the last of the month, or `None` if there is no such day."""
    if not 1 <= month <= 12 or year < 1:
        return None
    last = monthrange(year, month)[1]
    return f"{year:04}-{month:02}-{day or last:02}" if day <= last else None


def iso_of_yymmdd(value: str, reference_year: int = REFERENCE_YEAR) -> str | None:
    """Return YYMMDD as ISO text, or `None` if there is no such day."""
    return iso(full_year(int(value[:2]), reference_year), int(value[2:4]), int(value[4:6]))


def iso_of_day(value: str, reference_year: int = REFERENCE_YEAR) -> str | None:
    """Return YYMMDD or YYYYMMDD as ISO text where there is no day 00, or `None` if it is no such day."""
    if not is_digits(value) or value.endswith("00"):
        return None
    if len(value) == 6:
        return iso_of_yymmdd(value, reference_year)
    return iso(int(value[:4]), int(value[4:6]), int(value[6:])) if len(value) == 8 else None


def iso_of_day_in_year(year: int, day: int) -> str | None:
    """Return the n-th day of a year as ISO text, or `None` if the year has no such day."""
    if not 1 <= day <= 366:
        return None
    date = dt.date.fromordinal(dt.date(year, 1, 1).toordinal() + day - 1)
    return date.isoformat() if date.year == year else None
