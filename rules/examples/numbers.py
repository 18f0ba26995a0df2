"""A number as a file of examples writes it: plain, quoted, with thousands commas, or in per cent; never a float."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from rules.examples.errors import NotANumberError

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_PER_CENT = Decimal("0.01")
_MOST_DIGITS = 15
"""Before the point; the interface's amounts have fourteen."""
_MOST_DECIMALS = 12


def number_of(name: str, raw: object) -> Decimal:
    """Return the exact number.

    >>> number_of("rate", "85%"), number_of("fee", "12,000.50"), number_of("fee", 3)
    (Decimal('0.85'), Decimal('12000.50'), Decimal('3'))

    Raises:
        NotANumberError: It is none, it is not finite, or it has more digits than any amount.
    """
    if isinstance(raw, bool) or not isinstance(raw, (int, str, Decimal)):
        raise NotANumberError(name, raw)
    try:
        number = _of_text(raw) if isinstance(raw, str) else Decimal(raw)
    except InvalidOperation as exc:
        raise NotANumberError(name, raw) from exc
    if not number.is_finite() or number.adjusted() >= _MOST_DIGITS or decimals_of(number) > _MOST_DECIMALS:
        raise NotANumberError(name, raw)
    return number


def _of_text(raw: str) -> Decimal:
    text = raw.strip().replace("−", "-")
    if text.endswith(("%", "％")):
        return Decimal(text[:-1].strip()) * _PER_CENT
    return Decimal(text.replace(",", "") if _THOUSANDS.fullmatch(text) else text)


def decimals_of(number: Decimal) -> int:
    """Return with how many decimals a finite number is written.

    >>> decimals_of(Decimal("80.0")), decimals_of(Decimal("4E+2"))
    (1, 0)
    """
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
