"""A surplus, or an overrun, shared in proportion: no fen is lost and none is made.

Each share is rounded half up; the last one takes what rounding left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from codes.words import Words
from rules.money import ZERO, to_cent, total
from rules.payment.quotient import PaymentError, above_zero

_SHARES = Words("份额之和", "sum of the shares")


class SharesError(PaymentError):
    """A share is below zero, or there is none."""

    code: ClassVar[str] = "payment.shares"

    def __init__(self) -> None:
        super().__init__(Words("份额须至少一份，且不得为负。", "There must be a share, and none may be below zero."))


def split(surplus: Decimal, shares: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Return each party's part; together they are exactly the surplus.

    The last party with a share takes the rounding rest. Where a few fen are split among many, rounding up stops when
    nothing is left, so that nobody is asked to pay into a surplus.

    >>> split(Decimal("1000.01"), (Decimal(5), Decimal(3), Decimal(2)))
    (Decimal('500.01'), Decimal('300.00'), Decimal('200.00'))

    Raises:
        SharesError: A share is below zero, or there is none.
        DivisorError: All shares are zero.
    """
    if not shares or min(shares) < 0:
        raise SharesError
    whole = above_zero(total(shares), _SHARES)
    last = max(place for place, one in enumerate(shares) if one > 0)
    sign = Decimal(1).copy_sign(surplus)
    left = abs(surplus)
    parts: list[Decimal] = []
    for place, one in enumerate(shares):
        part = left if place == last else min(to_cent(abs(surplus) * one / whole), left)
        left -= part
        parts.append(ZERO.quantize(part) if not part else part * sign)
    return tuple(parts)
