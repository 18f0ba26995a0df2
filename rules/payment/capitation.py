"""Capitation (按人头付费): a quota for each head of the covered population, whether or not the person was ill.

What is not used is kept, what is used beyond it is overrun; who shares either is `rules.payment.surplus`. The divisor
of every use per head is the covered population, never the patients seen, or thrift would look like waste.
"""

from __future__ import annotations

from decimal import Decimal

from codes.words import Words
from rules.money import to_cent
from rules.payment.quotient import quotient

PER_HEAD_PLACES = 2
"""Visits and stays per head are published with two decimals."""

_POPULATION = Words("覆盖人数", "covered population")


def per_head(used: Decimal, population: Decimal) -> Decimal:
    """Return the use per head of the covered population, not rounded."""
    return quotient(used, population, _POPULATION)


def budget(quota: Decimal, population: Decimal) -> Decimal:
    """Return the year's money for the covered population."""
    return to_cent(quota * population)


def surplus(quota: Decimal, population: Decimal, spent: Decimal) -> Decimal:
    """Return what was not used of the year's money; below zero, what was overrun."""
    return budget(quota, population) - spent
