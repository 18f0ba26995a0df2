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

from server.store.settlements import MonthSums

EVERY: Final = ""
"""Kind of treatment of a row that sums over all of them."""
_PLACES: Final = Decimal("0.0001")
_NOTHING: Final = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Ratios:
    """What the settlements of one month come to, for one kind of insurance and of treatment."""

    sums: MonthSums

    @property
    def is_whole(self) -> bool:
        """Whether this is the row over all kinds of treatment."""
        return self.sums.med_type == EVERY

    @property
    def in_scope(self) -> Decimal | None:
        """政策范围内报销比例, to four places; None where nothing was in scope."""
        return _ratio(self.sums.fund, self.sums.in_scope)

    @property
    def real(self) -> Decimal | None:
        """实际报销比例, to four places; None where nothing was charged."""
        return _ratio(self.sums.fund, self.sums.total)


def ratios_of(rows: Iterable[MonthSums]) -> tuple[Ratios, ...]:
    """Return the rows with their ratios; before those of each month and insurance stands the row over all of them.

    `rows` are in the order of month and insurance.
    """
    found: list[Ratios] = []
    for _, group in groupby(rows, key=lambda row: (row.month, row.insutype)):
        kinds = list(group)
        found.append(Ratios(_whole(kinds)))
        found.extend(Ratios(one) for one in kinds)
    return tuple(found)


def _whole(kinds: Sequence[MonthSums]) -> MonthSums:
    return MonthSums(
        kinds[0].month,
        kinds[0].insutype,
        EVERY,
        sum(one.settlements for one in kinds),
        sum((one.total for one in kinds), _NOTHING),
        sum((one.in_scope for one in kinds), _NOTHING),
        sum((one.fund for one in kinds), _NOTHING),
    )


def _ratio(part: Decimal, whole: Decimal) -> Decimal | None:
    # A month in which more was cancelled than settled has no ratio that means anything.
    return (part / whole).quantize(_PLACES, ROUND_HALF_UP) if whole > 0 else None
