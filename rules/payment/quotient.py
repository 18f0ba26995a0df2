"""Division in payment rules: the divisor has a name, and one that is not above zero is refused under that name.

A third has no exact decimal, and a third times three is then no longer one: half a fen may fall to the wrong side. So
a rule multiplies first and divides once, at the end; a figure that lies exactly on the half is then exact.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words


class PaymentError(RejectedError):
    """The figures given cannot be paid by the rule."""

    code: ClassVar[str] = "payment.wrong"
    next_step: ClassVar[Words] = Words("请改正所列数字后重算。", "Correct the figures and work it out again.")


class DivisorError(PaymentError):
    """Something would be shared among none."""

    code: ClassVar[str] = "payment.divisor"

    def __init__(self, name: Words, divisor: Decimal) -> None:
        super().__init__(
            Words(
                f"{name.zh}为 {divisor:f}，须大于 0。",
                f"The {name.en} is {divisor:f}; it must be above 0.",
            )
        )
        self.divisor = divisor


def above_zero(divisor: Decimal, name: Words) -> Decimal:
    """Return a divisor that something can be divided by.

    Raises:
        DivisorError: It is zero or below.
    """
    if divisor <= 0:
        raise DivisorError(name, divisor)
    return divisor


def quotient(amount: Decimal, divisor: Decimal, name: Words) -> Decimal:
    """Return the amount by the divisor, not rounded.

    Raises:
        DivisorError: The divisor is zero or below.
    """
    return amount / above_zero(divisor, name)
