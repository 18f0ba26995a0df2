"""DRG by points (按疾病诊断相关分组的点数法): points of a stay, and of an earlier stay when the person comes back.

Nothing is rounded here: points are no money.
"""

from __future__ import annotations

from decimal import Decimal

from codes.words import Words
from rules.payment.quotient import above_zero, quotient

POINTS_OF_THE_CITY_MEAN = Decimal(100)
"""A group that costs as much as the city's mean case has a hundred points."""

_CITY_MEAN = Words("全市例均费用", "mean cost of the city's cases")
_GROUP_MEAN = Words("全市该组例均费用", "mean cost of the group in the city")
_HALF = Decimal("0.5")


def base_points(group_mean: Decimal, city_mean: Decimal) -> Decimal:
    """Return the points of the group: its mean cost against the city's."""
    return quotient(POINTS_OF_THE_CITY_MEAN * group_mean, city_mean, _CITY_MEAN)


def hospital_coefficient(hospital_mean: Decimal, group_mean: Decimal) -> Decimal:
    """Return how dear the group is in this hospital against the city."""
    return quotient(hospital_mean, group_mean, _GROUP_MEAN)


def complete_points(group_mean: Decimal, city_mean: Decimal, hospital_mean: Decimal) -> Decimal:
    """Return the points of a stay that was carried through: the group's, times the hospital's coefficient."""
    costs = above_zero(group_mean, _GROUP_MEAN) * above_zero(city_mean, _CITY_MEAN)
    return POINTS_OF_THE_CITY_MEAN * group_mean * hospital_mean / costs


def incomplete_points(group_mean: Decimal, city_mean: Decimal, actual: Decimal) -> Decimal:
    """Return the points of a stay that was broken off: the group's, by what it cost, and never more than those."""
    return min(base_points(group_mean, city_mean), complete_points(group_mean, city_mean, actual))


def is_early_return(days_between: Decimal, window: Decimal, *, same_group: bool, chemo_radio: bool) -> bool:
    """Return whether a second stay speaks against the first one.

    The last day of the window still lies within it. Chemotherapy and radiotherapy come in courses; their returns are
    planned.
    """
    return same_group and not chemo_radio and days_between <= window


def points_of_first_stay(points: Decimal, *, is_halved: bool) -> Decimal:
    """Return what is left of the first stay's points."""
    return points * _HALF if is_halved else points
