"""What stands in a step: amounts, counts, codes and words; and a ratio as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from codes.words import Words

Value = Decimal | int | str | Words
Values = Mapping[str, Value]
HUNDRED = Decimal(100)


def percent(ratio: Decimal) -> str:
    """Return a ratio as people write it.

    >>> percent(Decimal("0.675")), percent(Decimal("0.9"))
    ('67.5%', '90%')
    """
    return f"{(ratio * HUNDRED).normalize():f}%"


def ratio_of(value: Value) -> Decimal:
    """Return the ratio that a value of a step is."""
    return Decimal(str(value))


def words_of(value: Value) -> Words:
    """Return a value of a step as words."""
    return value if isinstance(value, Words) else Words(str(value), str(value))
