"""How much of what was charged the funds paid, month by month: of the costs in scope, and of all costs.

政策范围内报销比例 is what all funds paid over the costs within the policy's scope (`inscp_scp_amt`); 实际报销比例 is
the same over all costs (`medfee_sumamt`). A personal account is the person's own money and is in neither. What was
cancelled counts in the month in which it was, with its negative figures; what a reversal struck out counts nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Final

from server.store.settlement_lists import MonthSums

EVERY: Final = ""
"""Month, kind of insurance or kind of treatment of a row that sums over all of them."""
_PLACES: Final = Decimal("0.0001")
_NOTHING: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Ratios:
    """What settlements come to, and the two shares of it."""

    sums: MonthSums

    @property
    def is_whole(self) -> bool:
        """Whether this is the row over all kinds of treatment."""
        return self.sums.med_type == EVERY

    @property
    def in_scope(self) -> Decimal | None:
        """政策范围内报销比例, to four places; None where nothing was in scope."""
        return share_of(self.sums.fund, self.sums.in_scope)

    @property
    def real(self) -> Decimal | None:
        """实际报销比例, to four places; None where nothing was charged."""
        return share_of(self.sums.fund, self.sums.total)


@dataclass(frozen=True, slots=True)
class OfInsurance:
    """One kind of insurance in one month."""

    insutype: str
    rows: tuple[Ratios, ...]
    """By kind of treatment; where there are several, the row over all of them first."""


@dataclass(frozen=True, slots=True)
class OfMonth:
    """One month."""

    month: str
    insurances: tuple[OfInsurance, ...]

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(len(one.rows) for one in self.insurances)


@dataclass(frozen=True, slots=True)
class Report:
    """Some months."""

    months: tuple[OfMonth, ...]
    by_insurance: tuple[Ratios, ...]
    """Over all of these months."""
    whole: Ratios
    """Over everything."""


def report_of(rows: Iterable[MonthSums]) -> Report:
    """Return the rows, which are in the order of month and insurance, with their ratios and sums."""
    kept = list(rows)
    months = [
        OfMonth(month, tuple(_of_insurance(list(kinds)) for _, kinds in groupby(group, key=_insutype)))
        for month, group in groupby(kept, key=_month)
    ]
    insutypes = sorted({row.insutype for row in kept})
    by_insurance = [Ratios(_sum([row for row in kept if row.insutype == one], EVERY, one)) for one in insutypes]
    return Report(tuple(months), tuple(by_insurance), Ratios(_sum(kept, EVERY, EVERY)))


def _month(row: MonthSums) -> str:
    return row.month


def _insutype(row: MonthSums) -> str:
    return row.insutype


def _of_insurance(kinds: Sequence[MonthSums]) -> OfInsurance:
    rows = [Ratios(one) for one in kinds]
    if len(kinds) > 1:
        rows.insert(0, Ratios(_sum(kinds, kinds[0].month, kinds[0].insutype)))
    return OfInsurance(kinds[0].insutype, tuple(rows))


def _sum(rows: Sequence[MonthSums], month: str, insutype: str) -> MonthSums:
    return MonthSums(
        month,
        insutype,
        EVERY,
        sum(one.settlements for one in rows),
        sum((one.total for one in rows), _NOTHING),
        sum((one.in_scope for one in rows), _NOTHING),
        sum((one.fund for one in rows), _NOTHING),
    )


def share_of(part: Decimal, whole: Decimal) -> Decimal | None:
    """Return the share of a whole to four places; None where there is no whole.

    >>> share_of(Decimal("643.50"), Decimal("1290.00")), share_of(Decimal(0), Decimal("-1.00"))
    (Decimal('0.4988'), None)
    """
    # Where more was cancelled than settled, no ratio means anything.
    return (part / whole).quantize(_PLACES, ROUND_HALF_UP) if whole > 0 else None
