"""A formula with its numbers put in, which is worth what it says: a step that is printed is a true equation.

Numbers are written with all their decimals and the value is an exact fraction, so a division on the way loses nothing.
Whether the figure that a rule got is exactly the formula's value, or that value rounded, the step tells by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from rules.examples.numbers import decimals_of

_SUM, _PRODUCT, _ATOM = range(3)
_MONEY_PLACES = 2


@dataclass(frozen=True, slots=True)
class Formula:
    """Text and worth of a formula."""

    text: str
    value: Fraction
    binds: int = _ATOM
    """How closely its outermost sign binds, for the parentheses around it."""

    def __add__(self, other: Formula) -> Formula:
        return Formula(f"{self.text} + {other.inside(_PRODUCT)}", self.value + other.value, _SUM)

    def __sub__(self, other: Formula) -> Formula:
        return Formula(f"{self.text} − {other.inside(_PRODUCT)}", self.value - other.value, _SUM)

    def __mul__(self, other: Formula) -> Formula:
        return Formula(f"{self.inside(_PRODUCT)} × {other.inside(_ATOM)}", self.value * other.value, _PRODUCT)

    def __truediv__(self, other: Formula) -> Formula:
        return Formula(f"{self.inside(_PRODUCT)} ÷ {other.inside(_ATOM)}", self.value / other.value, _PRODUCT)

    def inside(self, binds: int) -> str:
        """Return the text as a part of something that binds so closely."""
        return self.text if self.binds >= binds else f"({self.text})"

    def or_zero(self) -> Formula:
        """Return the formula, and at least nothing: said only where it would be less."""
        return self if self.value >= 0 else most(number(Decimal(0)), self)


def number(amount: Decimal) -> Formula:
    """Return a plain number, with every decimal that says something.

    >>> ((number(Decimal(100)) - number(Decimal("0.50"))) * number(Decimal("0.6500"))).text
    '(100 − 0.50) × 0.65'
    """
    places = decimals_of(amount)
    text = f"{amount:.{places}f}"
    while places > _MONEY_PLACES and text.endswith("0"):
        text, places = text[:-1], places - 1
    return Formula(text, Fraction(amount), _ATOM if amount >= 0 else _SUM)


def added(*amounts: Decimal) -> Formula:
    """Return the sum of some numbers."""
    first, *others = (number(amount) for amount in amounts)
    for other in others:
        first += other
    return first


def left_of(amount: Decimal, *deductions: Decimal) -> Formula:
    """Return what deductions leave of an amount."""
    left = number(amount)
    for deduction in deductions:
        left -= number(deduction)
    return left


def least(*formulas: Formula) -> Formula:
    """Return the smallest of some formulas; of one, itself."""
    return _chosen("min", min(one.value for one in formulas), formulas)


def most(*formulas: Formula) -> Formula:
    """Return the largest of some formulas; of one, itself."""
    return _chosen("max", max(one.value for one in formulas), formulas)


def _chosen(name: str, value: Fraction, formulas: tuple[Formula, ...]) -> Formula:
    if len(formulas) == 1:
        return formulas[0]
    return Formula(f"{name}({', '.join(one.text for one in formulas)})", value)
