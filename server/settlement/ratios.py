"""How much of what was charged the funds paid, month by month: of the costs in scope, and of all costs.

政策范围内报销比例 is what all funds paid over the costs within the policy's scope (`inscp_scp_amt`); 实际报销比例 is
the same over all costs (`medfee_sumamt`). A personal account is the person's own money and is in neither. What was
cancelled counts in the month in which it was, with its negative figures; what a reversal struck out counts nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Sums:
    """What the settlements of one month, kind of insurance and kind of treatment come to."""

    month: str
    """As `2026-01`."""
    insutype: str
    med_type: str
    """Empty in a row that sums over all of them."""
    settlements: int
    """Settlements less cancellations."""
    total: Decimal
    in_scope: Decimal
    fund: Decimal

    @property
    def in_scope_ratio(self) -> Decimal | None:
        """政策范围内报销比例, to four places; None where nothing was in scope."""
        return _ratio(self.fund, self.in_scope)

    @property
    def real_ratio(self) -> Decimal | None:
        """实际报销比例, to four places; None where nothing was charged."""
        return _ratio(self.fund, self.total)


def by_insurance(rows: Iterable[Sums]) -> tuple[Sums, ...]:
    """Return one row for each month and kind of insurance, over all kinds of treatment, the newest month first."""
    sums: dict[tuple[str, str], Sums] = {}
    for row in rows:
        key = (row.month, row.insutype)
        before = sums.get(key, Sums(row.month, row.insutype, "", 0, Decimal(0), Decimal(0), Decimal(0)))
        sums[key] = Sums(
            row.month,
            row.insutype,
            "",
            before.settlements + row.settlements,
            before.total + row.total,
            before.in_scope + row.in_scope,
            before.fund + row.fund,
        )
    return tuple(sorted(sums.values(), key=lambda row: (_newest_first(row.month), row.insutype)))


def _newest_first(month: str) -> int:
    return -int(month.replace("-", ""))


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    # A month in which more was cancelled than settled has no ratio that means anything.
    return (part / whole).quantize(_PLACES, ROUND_HALF_UP) if whole > 0 else None
