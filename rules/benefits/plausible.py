"""Up to which sums a sale is believed without a word. What is beyond is settled, and the sender asked to look again."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rules.benefits.reading import Table


@dataclass(frozen=True, slots=True)
class Plausible:
    """In yuan; dated like every figure of a book."""

    line: Decimal = Decimal(200_000)
    """One fee line."""
    sale: Decimal = Decimal(1_000_000)
    """All that is settled at once."""


def read_plausible(table: Table) -> Plausible:
    """Return what a file says; what it does not say is as usual."""
    usual = Plausible()
    return Plausible(line=table.amount("line", usual.line), sale=table.amount("sale", usual.sale))
