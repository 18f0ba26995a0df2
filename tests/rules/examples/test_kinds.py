"""Figures of the kinds that a file may ask for, and their edges."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.examples.bill import FUNDS
from rules.examples.given import Given
from rules.examples.kinds import KINDS
from rules.examples.task import Case, Example, Task
from rules.examples.worked import Figure, Parts

D = Decimal
BANDS = [{"from": 0, "to": 100, "rate": "0.5"}, {"from": 100, "rate": "0.8"}]
MONEY = st.decimals(min_value=0, max_value=10**6, places=2)
RATE = st.decimals(min_value=0, max_value=1, places=3)


def worked(kind, inputs, asked=()):
    case = Case("", kind, inputs, {}, "")
    example = Example("X", "examples", "", "", "", "", (case,), {})
    return KINDS[kind](Task(Given(inputs), frozenset(asked), case, example, ()))


@pytest.mark.parametrize(
    ("kind", "inputs", "figure", "result"),
    [
        ("simple", {"amount": 10, "excluded": 30, "rate": 1}, "hifp_pay", "0.00"),
        ("simple", {"amount": 10, "excluded": 30, "rate": 1}, "fulamt_ownpay_amt", "10.00"),
        ("simple", {"amount": 10, "deductible": 4, "rate": "0.5"}, "in_scope_ratio", "0.30"),
        ("simple", {"amount": 10, "deductible": 40, "rate": "0.5"}, "act_pay_dedc", "10.00"),
        ("simple", {"amount": 10, "rate": 0, "acct_pay": 4, "acct_mulaid_pay": 9}, "acct_mulaid_pay", "6.00"),
        ("simple", {"amount": 10, "rate": 0, "acct_pay": 4, "acct_mulaid_pay": 9}, "psn_cash_pay", "0.00"),
        ("banded", {"amount": 200, "bands": BANDS}, "psn_part_amt", "70.00"),
        ("banded", {"amount": 200, "bands": BANDS, "cap": 100}, "fund_pay_sumamt", "100.00"),
        ("banded", {"amount": 200, "bands": BANDS, "deductible": 150}, "hifp_pay", "40.00"),
        ("banded", {"amount": 60, "bands": BANDS, "deductible": 150}, "act_pay_dedc", "60.00"),
        ("banded_above", {"total": 200, "basic_paid": 50, "bands": BANDS, "cap": 80}, "hifmi_pay", "80.00"),
        ("banded_above", {"total": 200, "basic_paid": 50, "bands": BANDS}, "hifp_pay", "50.00"),
        ("banded_above", {"total": 200, "basic_paid": 50, "bands": BANDS}, "fund_pay_sumamt", "140.00"),
        ("age_ratio", {"fee": 10, "base_rate": "0.9", "per_year": "0.01", "age": 30}, "hifp_pay", "10.00"),
        ("age_ratio", {"fee": 10, "deductible_share": "0.5", "base_wage": "1.05", "base_rate": 1}, "base", "9.47"),
        ("three_layers", {"inscp_scp_amt": 100, "basic_rate": "0.5", "ci_rate": "0.1"}, "after_ci", "45.00"),
        ("three_layers", {"inscp_scp_amt": 100, "basic_rate": "0.5", "basic_cap": 60}, "psn_part_amt", "50.00"),
        ("ratio", {"population": 4, "stays": 2}, "stays_per_head", "0.50"),
        ("ratio", {"population": 4, "stays": 2, "as_of": "2024 年"}, "per_head", "0.50"),
        ("dip_deviation", {"score": 9, "mean_cost": 2, "case_cost": 3, "low": 1, "high": "1.5"}, "score", "9.00"),
        ("rate", {"paid_by_points": 9, "recorded_by_items": 10}, "difference", "-1.00"),
    ],
)
def test_a_figure_that_may_be_asked_for(got, kind, inputs, figure, result):
    assert got(kind, inputs, figure) == result


def test_a_bill_smaller_than_its_deductible_leaves_the_fund_nothing_to_pay(got):
    inputs = {"medfee_sumamt": 5, "deductible": 9, "classes": [{"amount": 5, "coins": False}]}

    assert got("item_classes", inputs, "fund_pay_sumamt") == "0.00"
    assert got("item_classes", inputs, "psn_part_amt") == "5.00"


@pytest.mark.parametrize(
    ("inputs", "expected", "note"),
    [
        ({"hifob_from": 100}, {"hifob_pay": 80}, ""),
        ({"hifob_above": 150}, {"hifp_pay": 90, "hifob_pay": 40, "fund_pay_sumamt": 130}, ""),
        ({"hifob_above": 150, "cap": 120}, {"hifp_pay": 90, "hifob_pay": 30}, ""),
        ({}, {"hifp_pay": 50, "hifob_pay": 80}, ""),
        ({}, {"fund_pay_sumamt": 130, "hifob_pay": 80}, "自 100 元起由大额基金支付"),
        ({}, {"fund_pay_sumamt": 130, "hifob_pay": 80}, "in 2024 another edge of 99"),
        ({}, {"hifob_pay": 130, "psn_part_amt": 70}, "the large-sum fund pays all"),
        ({}, {"hifmi_pay": 130, "hifp_pay": 0, "hifob_pay": 0}, ""),
    ],
)
def test_the_large_sum_fund_pays_above_the_band_that_is_named(work, inputs, expected, note):
    verdict = work("banded", {"amount": 200, "bands": BANDS, **inputs}, expected, note=note)

    assert [check.name for check in verdict.checks if not check.is_equal] == []


def test_ten_thousands_name_an_edge_too(work):
    bands = [{"from": 0, "to": 100000, "rate": "0.5"}, {"to": 200000, "rate": "0.6"}, {"rate": "0.7"}]
    inputs = {"amount": 300000, "bands": bands}
    verdict = work("banded", inputs, {"hifp_pay": 50000, "hifob_pay": 130000}, note="10万元以上由大额基金支付")

    assert verdict.is_passed
    assert "按说明文字" in verdict.remarks[0].zh


def test_one_band_alone_has_no_part_for_the_large_sum_fund(work):
    inputs = {"amount": 10, "bands": [{"from": 0, "rate": "0.5"}]}

    assert work("banded", inputs, {"hifp_pay": 5, "hifob_pay": 0}).is_passed
    assert not work("banded", inputs, {"hifp_pay": 4, "hifob_pay": 1}).is_passed


def test_basic_insurance_may_pay_both_parts_above_a_deductible(work):
    inputs = {"total": 200, "basic_paid": 50, "bands": BANDS}

    assert work("banded_above", inputs, {"hifob_pay": 90, "hifp_pay": 50}).is_passed


def test_bands_that_overlap_fail_the_case_with_the_reason(work):
    verdict = work("banded", {"amount": 9, "bands": [{"from": 0, "to": 9, "rate": 1}, {"from": 5, "rate": 1}]}, 9)

    assert verdict.problem.code == "bands.wrong"


def test_points_of_a_group_without_a_hospital_are_enough_for_an_incomplete_stay(got):
    inputs = {"group_mean": 90, "city_mean": 100, "complete": False, "actual": 45, "hospital_mean": 99}

    assert got("drg_points", inputs, "points") == "45.00"
    assert got("drg_points", inputs, "coefficient") == "1.10"


def test_shares_may_be_named_beside_the_list(work):
    inputs = {"surplus": 10, "shares": [1, 1], "names": ["county", "town"]}

    assert work("split", inputs, {"county": 5, "town": 5, "total": 10}).is_passed
    assert work("split", inputs, {"shares": {"county": 5, "town": 5}}).is_passed
    assert not work("split", inputs, {"shares": {"county": 5, "village": 5}}).is_passed


@given(MONEY, MONEY, MONEY, st.tuples(RATE, RATE), st.sampled_from(FUNDS))
def test_the_identities_of_a_bill_hold(fee, deductible, own, rates, fund):
    rate, first = rates
    inputs = {
        "medfee_sumamt": fee,
        "inscp_scp_amt": fee,
        "deductible": deductible,
        "basic_deductible": deductible,
        "basic_rate": rate,
        "base_rate": rate,
        "ci_rate": first,
        "rate": rate,
        "own_drug": own,
        "coinsurance": rate,
        "acct_pay": own,
        "classes": [{"amount": fee, "first_pay": first}],
        "bands": [{"from": deductible, "rate": rate}],
    }
    for kind in ("simple", "age_ratio", "item_classes", "three_layers", "banded", "banded_above"):
        figures = worked(kind, inputs, {fund}).figures
        value = {name: figure.value for name, figure in figures.items() if isinstance(figure, Figure)}
        assert value["fund_pay_sumamt"] == sum(value[name] for name in FUNDS)
        assert value["medfee_sumamt"] == value["fund_pay_sumamt"] + value["psn_part_amt"] + value["hosp_part_amt"]
        assert value["psn_part_amt"] == value["acct_pay"] + value["acct_mulaid_pay"] + value["psn_cash_pay"]
        assert all(value[name] >= 0 for name in (*FUNDS, "psn_part_amt", "psn_cash_pay"))


@given(MONEY, st.lists(st.tuples(st.integers(1, 10**5), RATE), min_size=1, max_size=6))
def test_the_parts_of_bands_are_what_is_paid_but_for_the_rounding_of_each(amount, stretches):
    edge, bands = D(0), []
    for width, rate in stretches:
        bands.append({"from": edge, "to": edge + width, "rate": rate})
        edge += width
    figures = worked("banded", {"amount": amount, "bands": bands}).figures
    parts, paid = figures["parts"], figures["fund_pay_sumamt"]

    assert isinstance(parts, Parts)
    assert isinstance(paid, Figure)
    assert abs(sum(one.value for one in parts.figures) - paid.value) <= D("0.005") * (len(bands) + 1)


@pytest.mark.parametrize(
    ("kind", "inputs", "gap"),
    [
        ("banded", {"amount": 90, "bands": [{"from": 0, "to": 30, "rate": 1}, {"from": 31, "rate": 1}]}, "30–31"),
        ("banded", {"amount": 90, "deductible": 5, "bands": [{"from": 10, "to": 30, "rate": 1}]}, "5–10"),
        ("banded_above", {"total": 90, "bands": [{"from": 20, "rate": 1}]}, "0–20"),
    ],
)
def test_money_that_no_band_covers_is_told(work, kind, inputs, gap):
    (remark,) = work(kind, inputs, 1).remarks

    assert gap in remark.zh
    assert gap in remark.en


def test_bands_that_end_or_lie_below_the_deductible_have_no_gap(work):
    bands = [{"from": 0, "to": 100, "rate": 1}, {"from": 100, "to": 200, "rate": 1}]

    assert work("banded", {"amount": 900, "deductible": 150, "bands": bands}, 50).remarks == ()


def test_a_rate_by_age_beyond_one_is_followed_and_told(work):
    inputs = {"fee": 20000, "deductible": 840, "base_rate": "0.85", "per_year": "0.002", "age": 80}
    verdict = work("age_ratio", inputs, {"hifp_pay": "19351.60", "rate": "1.01", "psn_part_amt": "648.40"})

    assert verdict.is_passed
    assert "超过 1" in verdict.remarks[0].zh


def test_the_fund_never_pays_more_than_was_charged(work):
    verdict = work("age_ratio", {"fee": 10, "base_rate": "0.9", "per_year": "0.01", "age": 30}, 10)

    assert verdict.is_passed
    assert "min(12.00, 10) = 10.00" in [step.working for step in verdict.steps]


@pytest.mark.parametrize(
    "rule",
    [
        "r < 0.4: score*r; 0.4 <= r <= 3: score; r > 3: more",
        "0.4 <= r <= 3: score; r < 0.4: score*r; r > 3: more",
        "3>=r>=0.4: score; r>3: more; r<0.4: score*r",
        "0.4≤r≤3：原分值；r＞3 以上 r>3：加成；r<0.4：按比例",
    ],
)
@pytest.mark.parametrize(("cost", "score"), [(39, "39.00"), (40, "100.00"), (300, "100.00"), (350, "150.00")])
def test_the_edges_of_the_rule_are_read_in_any_order(got, rule, cost, score):
    assert got("dip_deviation", {"score": 100, "mean_cost": 100, "case_cost": cost}, "score", rule=rule) == score
