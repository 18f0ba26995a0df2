"""The segments of HIBC secondary data: each says one or more of date, quantity, lot and serial.

A digit behind `$$` tells how the date is written; 8 and 9 announce a quantity before it. A date by month means the
last day of the month.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType

from codes.check import is_digits
from codes.dates import full_year, iso, iso_of_day, iso_of_day_in_year

_NAME = re.compile(r"[0-9A-Z.-]{0,18}")
_JULIAN = re.compile(r"([0-9]{5})(.*)")
_QUANTITY_DIGITS: Mapping[str, int] = MappingProxyType({"8": 2, "9": 5})
_LONGEST_QUANTITY = 5
_LENGTH_OF_SUPPLEMENT_DATE = 8


@dataclass(frozen=True, slots=True)
class Parts:
    """What secondary data says of a pack; `None` where it says nothing."""

    lot: str | None = None
    serial: str | None = None
    production: str | None = None
    expiry: str | None = None
    quantity: int | None = None

    def joined(self, other: Parts) -> Parts | None:
        """Return both together, or `None` if they disagree."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        if any(mine is not None and theirs is not None and mine != theirs for mine, theirs in pairs):
            return None
        return Parts(
            self.lot or other.lot,
            self.serial or other.serial,
            self.production or other.production,
            self.expiry or other.expiry,
            other.quantity if self.quantity is None else self.quantity,
        )


def read_segment(segment: str, reference_year: int) -> Parts | None:
    """Read one segment between two slashes, or return `None` if HIBC has no such segment."""
    if segment.startswith("$$+"):
        return _dated(segment[3:], reference_year, names_serial=True)
    if segment.startswith("$$"):
        return _counted(segment[2:], reference_year)
    if segment.startswith("$+"):
        return _named(segment[2:], names_serial=True)
    if segment.startswith("$"):
        return _named(segment[1:])
    julian = _JULIAN.fullmatch(segment)
    if julian:
        expiry = _julian(julian[1], reference_year)
        return _named(julian[2], expiry=expiry) if expiry else None
    return _supplement(segment)


def _supplement(segment: str) -> Parts | None:
    """Read the data that follows a data identifier: serial, production, expiry, quantity."""
    if segment.startswith("S"):
        return _named(segment[1:], names_serial=True) if len(segment) > 1 else None
    if segment.startswith("Q"):
        digits = segment[1:]
        return Parts(quantity=int(digits)) if is_digits(digits) and len(digits) <= _LONGEST_QUANTITY else None
    identifier, digits = segment[:3], segment[3:]
    date = iso_of_day(digits) if len(digits) == _LENGTH_OF_SUPPLEMENT_DATE else None
    if date is None or identifier not in {"16D", "14D"}:
        return None
    return Parts(production=date) if identifier == "16D" else Parts(expiry=date)


def _counted(text: str, reference_year: int) -> Parts | None:
    """Read a quantity where one is announced, then the date and the lot."""
    length = _QUANTITY_DIGITS.get(text[:1])
    if length is None:
        return _dated(text, reference_year)
    digits, rest = text[1 : 1 + length], text[1 + length :]
    if len(digits) != length or not is_digits(digits):
        return None
    dated = _dated(rest, reference_year) if rest else Parts()
    return dated.joined(Parts(quantity=int(digits))) if dated else None


def _dated(text: str, reference_year: int, *, names_serial: bool = False) -> Parts | None:
    """Read the date in the form that its first digit tells, then the lot or serial."""
    form = _DATE_FORMS.get(text[:1])
    if form is None:
        return None
    start, end, read = form
    digits = text[start:end]
    if len(digits) != end - start or (digits and not is_digits(digits)):
        return None
    expiry = read(digits, reference_year) if digits else None
    if digits and expiry is None:
        return None
    return _named(text[end:], expiry=expiry, names_serial=names_serial)


def _named(text: str, *, expiry: str | None = None, names_serial: bool = False) -> Parts | None:
    if not _NAME.fullmatch(text):
        return None
    name = text or None
    return Parts(serial=name, expiry=expiry) if names_serial else Parts(lot=name, expiry=expiry)


def _mmyy(digits: str, reference_year: int) -> str | None:
    return iso(full_year(int(digits[2:]), reference_year), int(digits[:2]), 0)


def _mmddyy(digits: str, reference_year: int) -> str | None:
    return iso_of_day(digits[4:] + digits[:4], reference_year)


def _day_and_hour(digits: str, reference_year: int) -> str | None:
    return iso_of_day(digits[:6], reference_year) if int(digits[6:]) < 24 else None


def _julian(digits: str, reference_year: int) -> str | None:
    return iso_of_day_in_year(full_year(int(digits[:2]), reference_year), int(digits[2:5]))


def _julian_and_hour(digits: str, reference_year: int) -> str | None:
    return _julian(digits, reference_year) if int(digits[5:]) < 24 else None


_DATE_FORMS: Mapping[str, tuple[int, int, Callable[[str, int], str | None]]] = MappingProxyType(
    {
        "0": (0, 4, _mmyy),
        "1": (0, 4, _mmyy),
        "2": (1, 7, _mmddyy),
        "3": (1, 7, iso_of_day),
        "4": (1, 9, _day_and_hour),
        "5": (1, 6, _julian),
        "6": (1, 8, _julian_and_hour),
        "7": (1, 1, iso_of_day),
    }
)
"""By the digit that announces it: where the date begins, where it ends, how it is read. 7 means no date."""
