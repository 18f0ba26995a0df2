"""What the year has brought, and what this visit adds to it, while the visit is being settled.

A visit may be settled in portions; each sees what the ones before it have used of deductibles, bands and caps. What is
kept "for the visit" ends with it, but a stay that is settled in parts hands it on from each part to the next; what is
kept for the year becomes the settlement's increments.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from rules.benefits.case import YearTotals
from rules.benefits.rule_set import Cap, Counts, Reach, Span
from rules.money import ZERO, at_least_zero

STAYS = "stays"
"""Key of the number of stays."""
MONTHS_OF_QUARTER = 3


class Tally:
    """Running totals of a visit and of its year."""

    def __init__(self, before: YearTotals, so_far: Mapping[str, Decimal]) -> None:
        self._before = before
        self._so_far = so_far
        self.carries: dict[str, Decimal] = {}
        self.increments: dict[str, Decimal] = {}

    def of(self, key: str, reach: Reach) -> Decimal:
        """Return what has come together under a key; totals that a reversal left below nothing count as nothing."""
        if reach is Reach.VISIT:
            return self._so_far.get(key, ZERO) + self.carries.get(key, ZERO)
        return at_least_zero(self._before.of(key)) + self.increments.get(key, ZERO)

    def grow(self, key: str, reach: Reach, amount: Decimal) -> None:
        """Add to a key."""
        if amount:
            kept = self.carries if reach is Reach.VISIT else self.increments
            kept[key] = kept.get(key, ZERO) + amount


def deductible_key(pool: str) -> str:
    """Return the key of the deductible paid in a pool."""
    return f"dedc:{pool}"


def position_key(group: str, *, is_from_zero: bool) -> str:
    """Return the key of how far a group has come in its bands."""
    return f"laid:{group}" if is_from_zero else f"above:{group}"


def rest_key(slot: str) -> str:
    """Return the key of the basic deductible that what is left for a slot could not take in yet."""
    return f"rest:{slot}"


def cap_key(cap: Cap, day: date) -> str:
    """Return the key of what was used of a cap in the period of a day."""
    periods = {
        Span.VISIT: "@visit",
        Span.DAY: f"@{day:%Y-%m-%d}",
        Span.MONTH: f"@{day:%Y-%m}",
        Span.QUARTER: f"@{day.year}Q{(day.month - 1) // MONTHS_OF_QUARTER + 1}",
        Span.YEAR: "",
    }
    return f"{'paid' if cap.counts is Counts.PAID else 'used'}:{cap.pool}{periods[cap.span]}"


def cap_reach(cap: Cap) -> Reach:
    """Tell whether a cap begins anew with each visit."""
    return Reach.VISIT if cap.span is Span.VISIT else Reach.YEAR
