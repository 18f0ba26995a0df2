"""A number as a file of examples writes it: plain, quoted, with thousands commas, or in per cent; never a float.

A program that counted with floats dumps 30.03 as 30.029999999999998. Such a number has more digits than anybody writes,
and more than a float keeps, so it is taken at the fifteen digits that a float does keep: 30.03.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from codes.words import Words
from rules.examples.errors import NotANumberError, OutOfRangeError

_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_PER_CENT = Decimal("0.01")
_MOST_DIGITS = 15
"""Before the point; the interface's amounts have fourteen."""
_MOST_DECIMALS = 12
_SURE_DIGITS = 15
"""A float keeps so many decimal digits whatever they are."""
_MONEY_DECIMALS = 4
"""Amounts have no more; a long amount with so many was written by hand, not dumped."""
_MOST_NOISE_DECIMALS = 15
_FIGURE_DECIMALS = 9
_TOO_LARGE = Words(f"整数部分最多 {_MOST_DIGITS} 位", f"a number of at most {_MOST_DIGITS} digits before the point")
_TOO_FINE = Words(f"最多 {_MOST_DECIMALS} 位小数", f"a number of at most {_MOST_DECIMALS} decimals")


def number_of(name: str, raw: object) -> Decimal:
    """Return the exact number.

    >>> number_of("rate", "85%"), number_of("fee", "12,000.50"), number_of("fee", 3)
    (Decimal('0.85'), Decimal('12000.50'), Decimal('3'))
    >>> number_of("rate", Decimal("0.30000000000000004"))
    Decimal('0.3')

    Raises:
        NotANumberError: It is none, or it is not finite.
        OutOfRangeError: It has more digits than any amount.
    """
    number = _written(name, raw)
    return _without_noise(number) if is_dumped(number) else number


def figure_of(name: str, raw: object) -> Decimal:
    """Return a number that a result is compared with.

    One that a program dumped is taken at nine decimals, for beyond those the errors of its sums show.

    Raises:
        NotANumberError: It is none, or it is not finite.
        OutOfRangeError: It has more digits than any amount.
    """
    number = _written(name, raw)
    return _without_noise(number, _FIGURE_DECIMALS) if is_dumped(number) else number


def _written(name: str, raw: object) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, (int, str, Decimal)):
        raise NotANumberError(name, raw)
    try:
        number = _of_text(raw) if isinstance(raw, str) else Decimal(raw)
    except InvalidOperation as exc:
        raise NotANumberError(name, raw) from exc
    if not number.is_finite():
        raise NotANumberError(name, raw)
    if number.adjusted() >= _MOST_DIGITS:
        raise OutOfRangeError(name, raw, _TOO_LARGE)
    if decimals_of(number) > _MOST_DECIMALS and not is_dumped(number):
        raise OutOfRangeError(name, raw, _TOO_FINE)
    return number


def is_dumped(number: Decimal) -> bool:
    """Return whether a finite number has the digits of a float that a program wrote out.

    >>> is_dumped(Decimal("30.029999999999998")), is_dumped(Decimal("12345678901234.56"))
    (True, False)
    """
    return len(number.as_tuple().digits) > _SURE_DIGITS and decimals_of(number) > _MONEY_DECIMALS


def _without_noise(number: Decimal, most: int = _MOST_NOISE_DECIMALS) -> Decimal:
    """Return a number at the digits that a float keeps; what is left of a difference that should be zero is zero."""
    if number.adjusted() < -_FIGURE_DECIMALS:
        return Decimal(0)
    places = min(most, max(0, _SURE_DIGITS - 1 - number.adjusted()))
    return number.quantize(Decimal(1).scaleb(-places)).normalize() + 0


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
