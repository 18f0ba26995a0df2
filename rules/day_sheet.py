"""The sums of a day, as an institution and the centre compare them (3201): by insurance, kind of clearing and office.

A cancellation is a record of its own with negative figures, on its own day, and is counted like any other record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

_NOUGHT = Decimal("0.00")


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """What is compared at once."""

    insutype: str
    """Insurance kind (险种)."""
    clr_type: str
    """Kind of clearing (清算类别)."""
    clr_optins: str
    """Clearing office (清算经办机构): the district of insurance."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What records of one group come to, in yuan."""

    count: int = 0
    """Records, cancellations too."""
    fee: Decimal = _NOUGHT
    funds: Decimal = _NOUGHT
    account: Decimal = _NOUGHT
    cash: Decimal = _NOUGHT
    """What the people paid in cash; the centre compares it in 3202 alone."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(
            self.count + other.count, self.fee + other.fee, self.funds + other.funds, self.account + other.account,
            self.cash + other.cash,
        )  # fmt: skip


Sheet = Mapping[Group, Sums]


def sheet_of(records: Iterable[tuple[Group, Sums]]) -> Sheet:
    """Return the sums of records by group, in the order of the groups."""
    sheet: dict[Group, Sums] = {}
    for group, sums in records:
        sheet[group] = sheet.get(group, Sums()) + sums
    return dict(sorted(sheet.items()))


def together(sheets: Iterable[Sheet]) -> Sheet:
    """Return the sheets of several terminals as one."""
    return sheet_of(pair for sheet in sheets for pair in sheet.items())
