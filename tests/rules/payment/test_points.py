"""Payment by points, DIP and DRG, and by heads."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.money import to_places
from rules.payment import capitation, dip, drg
from rules.payment.quotient import DivisorError

D = Decimal
COSTS = st.decimals(min_value=1, max_value=10**6, places=2)
NORM = dip.Edges()


@pytest.mark.parametrize(
    ("cost", "score"),
    [(4999, "499.9"), (5000, 1000), (5001, 1000), (20000, 1000), (20001, "1000.1"), (25000, 1500), (0, 0)],
)
def test_both_edges_of_the_range_count_as_normal(cost, score):
    assert dip.case_score(D(1000), D(cost), D(10000), NORM) == D(score)


def test_an_edge_may_be_said_to_lie_outside():
    edges = dip.Edges(D("0.4"), D(3), is_low_normal=False, is_high_normal=False)

    assert dip.case_score(D(100), D(40), D(100), edges) == 40
    assert dip.case_score(D(100), D(300), D(100), edges) == 100
    assert edges.is_high(D(3))
    assert edges.is_low(D("0.4"))


def test_edges_that_cross_are_refused():
    with pytest.raises(dip.EdgesError):
        dip.Edges(D(3), D(2))


@given(COSTS, COSTS)
def test_a_dearer_case_never_has_fewer_points(cost, more):
    assert dip.case_score(D(900), cost + more, D(8000), NORM) >= dip.case_score(D(900), cost, D(8000), NORM)


def test_a_weight_is_the_weighted_mean_against_that_of_all():
    group, everything = (D(9000), D(9500), D(10500)), (D(9800), D(10000), D(10200))

    assert dip.weighted_mean(group) == 10150
    assert dip.weighted_mean(everything, (D(1), D(1), D(2))) == 10050
    assert to_places(dip.relative_weight(group, everything), dip.WEIGHT_PLACES) == D("1.0030")


def test_means_of_other_years_than_the_weights_are_refused():
    with pytest.raises(dip.YearsError) as refused:
        dip.weighted_mean((D(1), D(2)))
    assert "2" in refused.value.words.zh
    assert "3" in refused.value.words.en


def test_point_values_of_the_budget_and_of_the_year():
    assert dip.settlement_point_value(D(420000000), D("0.6"), D(8750000)) == 80
    assert dip.settlement_point_value(D(105), D("0.5"), D(10), reserve=D(5)) == 20
    assert dip.budget_point_value(D(1200), D(1000)) == D("1.2")
    assert dip.settlement_rate(D(9477), D(10000)) == D("0.9477")


def test_half_a_fen_of_a_payment_is_not_lost_in_a_third():
    assert dip.payment(D("0.015"), D(1), D(3)) == D("0.01")


@pytest.mark.parametrize(
    "divided",
    [
        lambda: dip.cost_ratio(D(1), D(0)),
        lambda: dip.weighted_mean((D(1),), (D(0),)),
        lambda: dip.relative_weight((D(1),), (D(1),), (D(0),)),
        lambda: dip.relative_weight((D(1),), (D(0),), (D(1),)),
        lambda: dip.settlement_point_value(D(1), D(0), D(1)),
        lambda: dip.settlement_point_value(D(1), D(1), D(-1)),
        lambda: dip.payment(D(1), D(1), D(0)),
        lambda: drg.complete_points(D(0), D(1), D(1)),
        lambda: drg.base_points(D(1), D(0)),
        lambda: capitation.per_head(D(1), D(0)),
    ],
)
def test_nothing_is_shared_among_none(divided):
    with pytest.raises(DivisorError) as refused:
        divided()
    assert refused.value.words.zh
    assert refused.value.divisor <= 0


def test_points_of_a_complete_stay_follow_the_hospital():
    assert drg.base_points(D(12000), D(10000)) == 120
    assert drg.hospital_coefficient(D(13200), D(12000)) == D("1.1")
    assert drg.complete_points(D(12000), D(10000), D(13200)) == 132


@pytest.mark.parametrize(("actual", "points"), [(6000, 60), (12000, 120), (15000, 120), (0, 0)])
def test_an_incomplete_stay_has_at_most_the_points_of_its_group(actual, points):
    assert drg.incomplete_points(D(12000), D(10000), D(actual)) == points


@pytest.mark.parametrize(
    ("days", "same_group", "chemo_radio", "is_early"),
    [
        (0, True, False, True),
        (10, True, False, True),
        (11, True, False, False),
        (3, False, False, False),
        (3, True, True, False),
    ],
)
def test_the_last_day_of_the_window_lies_within_it(days, same_group, chemo_radio, is_early):
    assert drg.is_early_return(D(days), D(10), same_group=same_group, chemo_radio=chemo_radio) is is_early


def test_an_early_return_halves_the_first_stay():
    assert drg.points_of_first_stay(D("87.5"), is_halved=True) == D("43.75")
    assert drg.points_of_first_stay(D("87.5"), is_halved=False) == D("87.5")


def test_capitation_is_by_the_covered_population():
    assert to_places(capitation.per_head(D(281684), D(46298)), capitation.PER_HEAD_PLACES) == D("6.08")
    assert capitation.budget(D("612.345"), D(3)) == D("1837.04")
    assert capitation.surplus(D(100), D(10), D(1200)) == -200
