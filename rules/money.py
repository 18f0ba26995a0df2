"""Money: yuan and fen in `Decimal`, rounded half up, and only where a payment is made.

A figure on its way through a rule keeps every decimal that it has; what a fund pays, what a person pays and what is
kept at rest has two. No float comes in here: 0.1 has no exact float, and a fen lost in each of a million settlements
is a difference that reconciliation finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)
ONE = Decimal(1)


def to_cent(amount: Decimal) -> Decimal:
    """Return the amount in whole fen, half a fen away from zero.

    >>> to_cent(Decimal("11919.375"))
    Decimal('11919.38')
    >>> to_cent(Decimal("-0.005"))
    Decimal('-0.01')
    """
    return amount.quantize(CENT, ROUND_HALF_UP)


def to_places(figure: Decimal, places: int) -> Decimal:
    """Return a figure that is no money (a ratio, a weight, a point value) at so many decimals, half up.

    >>> to_places(Decimal("1.00296442"), 4)
    Decimal('1.0030')
    """
    return figure.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share(amount: Decimal, ratio: Decimal) -> Decimal:
    """Return one payment: the ratio of the amount, rounded once."""
    return to_cent(amount * ratio)


def at_least_zero(amount: Decimal) -> Decimal:
    """Return what is left of an amount when a deduction may be larger than it: never less than nothing."""
    return max(amount, ZERO)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum, a `Decimal` even when there is nothing to add."""
    return sum(amounts, ZERO)
