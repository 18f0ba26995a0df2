"""What was sent of a visit or a line: kept without what names the person, and compared field by field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from codes.words import Words
from server.settlement.labels import changed

_PERSONAL: Final = frozenset(
    {"mdtrt_cert_type", "mdtrt_cert_no", "card_sn", "certno", "psn_name", "coner_name", "tel", "fpsc_no"}
)
"""Names and numbers of people, which are kept nowhere in clear; a credential is another one at the next try, too."""


def without_persons(sent: Mapping[str, object]) -> dict[str, object]:
    """Return what may be kept of a record."""
    return {name: value for name, value in sent.items() if name not in _PERSONAL}


def differing(before: Mapping[str, object], now: Mapping[str, object], ignoring: Collection[str] = ()) -> list[str]:
    """Return the fields in which two records differ, in order; a number is equal whatever its closing zeros.

    >>> differing({"cnt": "1", "rxno": "7"}, {"cnt": "1.0000", "rxno": "8"})
    ['rxno']
    """
    names = sorted({*before, *now} - {*ignoring})
    return [name for name in names if not _is_equal(before.get(name), now.get(name))]


def told_differences(before: Mapping[str, object], now: Mapping[str, object]) -> Words | None:
    """Return the differences for a person to read; None if there are none."""
    names = differing(before, now)
    if not names:
        return None
    told = [changed(name, _told(before.get(name)), _told(now.get(name))) for name in names]
    return Words("；".join(one.zh for one in told), "; ".join(one.en for one in told))


def _is_equal(one: object, other: object) -> bool:
    if one == other:
        return True
    try:
        return Decimal(str(one)) == Decimal(str(other))
    except InvalidOperation:
        return False


def _told(value: object) -> tuple[str, ...]:
    return () if value is None or value == "" else (str(value),)
