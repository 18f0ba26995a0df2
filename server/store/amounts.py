"""Amounts in the store: whole numbers of the smallest unit, because SQLite has no decimals and sums must be exact."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from codes.words import Words
from server.errors import StoreRefusedError


@dataclass(frozen=True, slots=True)
class Scale:
    """How finely one kind of amount is kept."""

    places: int
    """Decimals."""

    def stored(self, amount: Decimal) -> int:
        """Return an amount as it is kept.

        Raises:
            StoreRefusedError: It is finer than is kept here, or no number. Rounding is for who knows the rule.
        """
        if amount.is_finite() and (scaled := amount.scaleb(self.places)) == scaled.to_integral_value():
            return int(scaled)
        raise StoreRefusedError(
            Words(f"{amount} 不能按 {self.places} 位小数保存", f"{amount} cannot be kept with {self.places} decimals")
        )

    def stored_or_none(self, amount: Decimal | None) -> int | None:
        """Return it, or None where there is none."""
        return None if amount is None else self.stored(amount)

    def amount(self, stored: int) -> Decimal:
        """Return what is kept as `stored`, with all its decimals."""
        return Decimal(stored).scaleb(-self.places)

    def amount_or_none(self, stored: int | None) -> Decimal | None:
        """Return it, or None where nothing is kept."""
        return None if stored is None else self.amount(stored)


FEN = Scale(2)
"""Money."""
COUNT = Scale(4)
"""Quantities: `cnt` has four decimals."""
PRICE = Scale(6)
"""Unit prices: `pric` has six decimals."""
SHARE = Scale(4)
"""Ratios."""
