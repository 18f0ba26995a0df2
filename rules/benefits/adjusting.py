"""Adjustments of a case for one fund, taken together: points are added, then factors multiply."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from rules.benefits.facts import Facts
from rules.benefits.figures import Value
from rules.benefits.rule_set import Adjustment, Layer
from rules.benefits.sentences import StepKind
from rules.benefits.worksheet import Worksheet
from rules.money import ONE, ZERO


@dataclass(slots=True)
class Adjusted:
    """What the adjustments come to."""

    points: Decimal = ZERO
    rate_factor: Decimal = ONE
    deductible_factor: Decimal = ONE
    cap_factor: Decimal = ONE
    lifts_caps: bool = False
    by: list[Adjustment] = field(default_factory=list)
    """What was taken together."""

    def rate(self, rate: Decimal) -> Decimal:
        """Return a rate as adjusted: never above one, and a rate of nought stays so."""
        return min(max((rate + self.points) * self.rate_factor, ZERO), ONE) if rate else rate


def adjust(sheet: Worksheet, layer: Layer, facts: Facts) -> Adjusted:
    """Return the adjustments that a layer meets in a case, and write them down."""
    adjusted = Adjusted()
    for one in sheet.rules.adjustments:
        if layer.fund in one.funds and one.when.fits(facts):
            adjusted.by.append(one)
            adjusted.points += one.points
            adjusted.rate_factor *= one.rate_factor
            adjusted.deductible_factor *= one.deductible_factor
            adjusted.cap_factor *= one.cap_factor
            adjusted.lifts_caps = adjusted.lifts_caps or one.lifts_caps
            sheet.write(StepKind.ADJUST, one.id, one.title, _given(one), {"layer": layer.id})
    return adjusted


def _given(adjustment: Adjustment) -> dict[str, Value]:
    """Return what an adjustment changes."""
    given: dict[str, Value] = {"points": adjustment.points} if adjustment.points else {}
    for name in ("rate_factor", "deductible_factor", "cap_factor"):
        factor: Decimal = getattr(adjustment, name)
        if factor != ONE:
            given[name] = factor
    if adjustment.lifts_caps:
        given["lifts_caps"] = 1
    return given
