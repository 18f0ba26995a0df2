"""How values are written on a page: codes, money, times, ages. The scripts write them alike (`js/format.js`)."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from markupsafe import Markup

from web.i18n import Messages

CHINA: Final = timezone(timedelta(hours=8), "CST")
"""One time for the whole country, without summer time; needs no table of zones."""
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400
_JUST_NOW_S: Final = 5
_DIGITS: Final = re.compile(r"(\d{8,})")


def code_groups(code: str) -> Markup:
    """Return `code` with its long runs of digits set in groups of four.

    The groups are elements without blanks between them, so that a copied code is the code.
    """
    return Markup("").join(_run(part) for part in _DIGITS.split(code) if part)


def _run(part: str) -> Markup:
    if not _DIGITS.fullmatch(part):
        return Markup("<span>{}</span>").format(part)
    groups = (part[start : start + 4] for start in range(0, len(part), 4))
    return Markup("").join(Markup('<span class="y-four">{}</span>').format(group) for group in groups)


def amount(yuan: Decimal | None) -> str:
    """Return an amount of money; a dash if it is not known.

    >>> amount(Decimal("1234.5")), amount(None)
    ('¥1,234.50', '—')
    """
    return "—" if yuan is None else f"¥{yuan:,.2f}"


def local_time(then: datetime | None, *, has_seconds: bool = True) -> str:
    """Return a time as a clock in China shows it; a dash if there is none."""
    if then is None:
        return "—"
    # The last hours of the year 9999, from a clock that is out of order, have no local time: never a broken page.
    with suppress(OverflowError):
        then = then.astimezone(CHINA)
    return then.strftime("%Y-%m-%d %H:%M:%S" if has_seconds else "%Y-%m-%d %H:%M")


def utc_iso(then: datetime) -> str:
    """Return a time for the `datetime` attribute, from which the scripts go on counting."""
    return then.isoformat(timespec="seconds")


def age(messages: Messages, then: datetime | None, now: datetime) -> str:
    """Return how long ago `then` was, in words."""
    if then is None:
        return messages.text("age.never")
    seconds = max(0, int((now - then).total_seconds()))
    if seconds < _JUST_NOW_S:
        return messages.text("age.now")
    for unit_s, key in ((_DAY_S, "age.days"), (_HOUR_S, "age.hours"), (_MINUTE_S, "age.minutes")):
        if seconds >= unit_s:
            return messages.count(key, seconds // unit_s)
    return messages.count("age.seconds", seconds)
