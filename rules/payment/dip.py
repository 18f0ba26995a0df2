"""DIP: payment by points of the diagnosis and its procedures (按病种分值付费).

A group has a weight, its mean cost against the mean of all. A case has the score of its group, bent where its cost
lies far outside what hospitals of the same level spent. A year's fund by all scores gives the value of a point. None
of these figures is money, so none is rounded on its way: the payment is rounded, once. Which decimals a figure is
shown with is said beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from codes.words import Words
from rules.money import ZERO, to_cent, total
from rules.payment.quotient import PaymentError, above_zero, quotient

YEAR_WEIGHTS = (Decimal(1), Decimal(2), Decimal(7))
"""The national norm's weights of three years, the oldest first."""
WEIGHT_PLACES = 4
"""A relative weight (RW), a point value and a settlement rate are published with four decimals."""

_MEAN_COST = Words("病种次均费用", "mean cost of the group")
_ALL_MEAN = Words("全部病例次均费用", "mean cost of all cases")
_WEIGHTS = Words("年份权重之和", "sum of the years' weights")
_TOTAL_SCORE = Words("总分值", "total score")
_FUND_SHARE = Words("基金支付占比", "share of costs that the fund pays")
_BY_ITEMS = Words("按项目记账金额", "amount recorded by items")


class YearsError(PaymentError):
    """Means and weights are not of the same years."""

    code: ClassVar[str] = "payment.years"

    def __init__(self, means: int, weights: int) -> None:
        super().__init__(
            Words(
                f"次均费用有 {means} 年，权重有 {weights} 年，两者须一致。",
                f"There are means of {means} years and weights of {weights}; they must be the same.",
            )
        )


class EdgesError(PaymentError):
    """A lower edge above the upper one."""

    code: ClassVar[str] = "payment.edges"

    def __init__(self, low: Decimal, high: Decimal) -> None:
        super().__init__(
            Words(f"下限 {low:f} 高于上限 {high:f}。", f"The lower edge {low:f} is above the upper edge {high:f}.")
        )


@dataclass(frozen=True, slots=True)
class Edges:
    """Between which ratios of cost to mean cost a case counts as normal."""

    low: Decimal = Decimal("0.5")
    high: Decimal = Decimal(2)
    is_low_normal: bool = True
    """Whether the lower edge itself counts as normal: the published text says "below"."""
    is_high_normal: bool = True
    """Whether the upper edge itself counts as normal: the published text says "above"."""

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise EdgesError(self.low, self.high)

    def is_low(self, ratio: Decimal) -> bool:
        """Return whether the case was so cheap that its score shrinks."""
        return ratio < self.low or (ratio == self.low and not self.is_low_normal)

    def is_high(self, ratio: Decimal) -> bool:
        """Return whether the case was so dear that its score grows."""
        return ratio > self.high or (ratio == self.high and not self.is_high_normal)


def cost_ratio(case_cost: Decimal, mean_cost: Decimal) -> Decimal:
    """Return the cost against the mean cost of the group in hospitals of the same level in the year before."""
    return quotient(case_cost, mean_cost, _MEAN_COST)


def case_score(score: Decimal, case_cost: Decimal, mean_cost: Decimal, edges: Edges) -> Decimal:
    """Return the case's score: by its ratio below the range, the group's own inside, the excess added above it."""
    ratio = cost_ratio(case_cost, mean_cost)
    if edges.is_low(ratio):
        return score * case_cost / mean_cost
    if edges.is_high(ratio):
        return score * (case_cost - (edges.high - 1) * mean_cost) / mean_cost
    return score


def weighted_mean(by_year: Sequence[Decimal], weights: Sequence[Decimal] = YEAR_WEIGHTS) -> Decimal:
    """Return the mean of the years, the later ones weighing more.

    Raises:
        YearsError: There are not as many years as weights.
    """
    return quotient(_weighed(by_year, weights), total(weights), _WEIGHTS)


def relative_weight(
    group_by_year: Sequence[Decimal], all_by_year: Sequence[Decimal], weights: Sequence[Decimal] = YEAR_WEIGHTS
) -> Decimal:
    """Return RW: the weighted mean cost of the group against that of all cases.

    Raises:
        YearsError: There are not as many years as weights.
    """
    above_zero(total(weights), _WEIGHTS)
    return quotient(_weighed(group_by_year, weights), _weighed(all_by_year, weights), _ALL_MEAN)


def settlement_point_value(
    fund: Decimal, fund_share: Decimal, total_score: Decimal, *, reserve: Decimal = ZERO
) -> Decimal:
    """Return the yuan of a point at the year's end: the costs that the fund carries its share of, by all scores."""
    return (fund - reserve) / (above_zero(fund_share, _FUND_SHARE) * above_zero(total_score, _TOTAL_SCORE))


def budget_point_value(budget: Decimal, total_score: Decimal) -> Decimal:
    """Return the yuan of a point in the year's plan."""
    return quotient(budget, total_score, _TOTAL_SCORE)


def payment(score: Decimal, budget: Decimal, total_score: Decimal) -> Decimal:
    """Return what is paid for a case, or for a hospital's year, at the budget's point value: in whole fen."""
    return to_cent(quotient(score * budget, total_score, _TOTAL_SCORE))


def settlement_rate(paid_by_points: Decimal, recorded_by_items: Decimal) -> Decimal:
    """Return what points paid against what the items would have cost (结算率)."""
    return quotient(paid_by_points, recorded_by_items, _BY_ITEMS)


def _weighed(by_year: Sequence[Decimal], weights: Sequence[Decimal]) -> Decimal:
    if len(by_year) != len(weights):
        raise YearsError(len(by_year), len(weights))
    return total(mean * weight for mean, weight in zip(by_year, weights, strict=True))
