"""Forms of a file: what is no example fails by itself with the reason, and the others go on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.examples.errors import ShapeError
from rules.examples.reading import read_examples
from rules.examples.shown import shown

D = Decimal
GOOD = {"id": "G", "kind": "simple", "inputs": {"amount": 10, "rate": 1}, "expected": {"hifp_pay": 10}}

STAY = {"points_first": 1, "days_between": 1, "window": 1}
HUGE = {"budget": 10**14, "total_score": D("1e-12"), "case_score": 10**14, "case_cost": 1}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({**GOOD, "kind": "magic"}, "example.unknown_kind"),
        ({"id": "G", "inputs": {}, "expected": 1}, "example.unknown_kind"),
        ({**GOOD, "expected": {}}, "example.nothing_expected"),
        ({**GOOD, "expected": {"note": "only"}}, "example.nothing_expected"),
        ({**GOOD, "inputs": {"amount": 10}}, "example.missing"),
        ({**GOOD, "inputs": {"amount": None, "rate": 1}}, "example.missing"),
        ({**GOOD, "inputs": {"amount": "ten", "rate": 1}}, "example.not_a_number"),
        ({**GOOD, "inputs": {"amount": -1, "rate": 1}}, "example.out_of_range"),
        ({**GOOD, "inputs": {"amount": 1, "rate": 60}}, "example.out_of_range"),
        ({**GOOD, "inputs": [1]}, "example.shape"),
        ({**GOOD, "cases": []}, "example.shape"),
        ({**GOOD, "cases": [1]}, "example.shape"),
        ({**GOOD, "cases": {"a": 1}}, "example.shape"),
        ({**GOOD, "aggregate": [1]}, "example.shape"),
        ({**GOOD, "kind": "banded", "inputs": {"amount": 1, "bands": 3}}, "example.shape"),
        ({**GOOD, "kind": "banded", "inputs": {"amount": 1, "bands": []}}, "example.shape"),
        ({**GOOD, "kind": "banded", "inputs": {"amount": 1, "bands": [1]}}, "example.shape"),
        ({**GOOD, "kind": "banded", "inputs": {"amount": 1, "bands": [{"rate": 1}, {"rate": 1}]}}, "example.missing"),
        ({**GOOD, "kind": "drg_readmit", "inputs": {**STAY, "same_group": "?"}}, "example.shape"),
        ({**GOOD, "kind": "ratio", "inputs": {"population": 0, "stays": 1}}, "payment.divisor"),
        (
            {**GOOD, "kind": "dip_score", "inputs": {"group_mean_by_year": [1], "all_mean_by_year": [1]}},
            "payment.years",
        ),
        ({**GOOD, "kind": "dip_keep", "inputs": HUGE}, "example.too_large"),
        ("no table", "example.shape"),
    ],
)
def test_an_example_that_cannot_be_worked_out_fails_with_its_reason(verdicts, entry, code):
    found = list(verdicts({"examples": [entry, {**GOOD, "id": "after"}]}).values())

    assert found[0].problem.code == code
    assert found[0].problem.words.zh
    assert not found[0].is_passed
    assert found[-1].is_passed


def test_numbers_that_a_program_dumped_are_compared_as_they_were_meant(work):
    inputs = {"amount": D("100.10000000000001"), "rate": D("0.30000000000000004")}

    assert work(
        "simple", inputs, {"hifp_pay": D("30.029999999999998"), "psn_part_amt": D("70.07000000000001")}
    ).is_passed
    assert not work("simple", inputs, {"hifp_pay": D("30.039999999999998")}).is_passed
    assert work("rate", {"paid_by_points": 2, "recorded_by_items": 3}, D("0.6666666666666666")).is_passed
    assert not work("rate", {"paid_by_points": 2, "recorded_by_items": 3}, D("0.6666666766666666")).is_passed


def test_a_figure_that_agrees_as_far_as_it_goes_fails_and_says_why(work):
    (check,) = work(
        "ratio", {"population": 46298, "outpatient_visits": 281684}, {"outpatient_per_head": D("6.1")}
    ).checks

    assert not check.is_equal
    assert check.got == "6.08"
    assert "至少按 2 位比较" in check.why.zh


def test_a_case_that_cannot_be_worked_out_leaves_its_neighbours_alone(verdicts):
    cases = [
        {"amount": 1, "rate": 1, "expected": 1},
        {"amount": "?", "rate": 1, "expected": 1},
        {"amount": 2, "rate": 1, "expected": 2},
    ]
    found = verdicts({"examples": [{"id": "E", "kind": "multi", "cases": cases}]})

    assert [verdict.is_passed for verdict in found.values()] == [True, False, True]
    assert list(found) == ["E · 1", "E · 2", "E · 3"]


def test_a_section_that_is_no_list_fails(verdicts):
    (verdict,) = verdicts({"examples": {"id": 1}}).values()

    assert verdict.problem.code == "example.shape"


def test_what_is_not_run_is_said_and_what_holds_examples_is_run(verdicts):
    tree = {
        "meta": {"kinds": {}},
        "field_identities": [],
        "dip": None,
        "trace_cases": [{"id": 1}, {"id": 2}],
        "remarks": "text",
        "more": [GOOD],
    }
    file = read_examples(tree)

    assert [(one.name, one.entries) for one in file.skipped] == [("trace_cases", 2), ("remarks", 0)]
    assert verdicts(tree)["G"].is_passed


def test_a_file_that_is_no_table_is_refused():
    with pytest.raises(ShapeError):
        read_examples([GOOD])


def test_an_example_without_id_is_named_by_its_place(verdicts):
    entry = {key: value for key, value in GOOD.items() if key != "id"}

    assert list(verdicts({"dip": [GOOD, entry]})) == ["G", "dip[2]"]


def test_an_example_may_have_a_result_of_its_own_beside_its_cases(verdicts):
    entry = {
        **GOOD,
        "cases": [{"name": "a", "amount": 3, "expected": 3}, {"name": "a", "amount": 4, "expected": {"hifp_pay": 4}}],
    }
    found = verdicts({"examples": [entry]})

    assert list(found) == ["G", "G · a 1", "G · a 2"]
    assert all(verdict.is_passed for verdict in found.values())


def test_expectations_may_stand_in_the_order_of_the_cases(verdicts):
    entry = {
        "id": "E",
        "kind": "multi",
        "rate": 1,
        "cases": [{"amount": 3}, {"amount": 4}],
        "expected": [3, {"hifp_pay": 5}],
    }

    assert [verdict.is_passed for verdict in verdicts({"examples": [entry]}).values()] == [True, False]


def test_a_case_may_be_of_another_kind(verdicts):
    entry = {
        "id": "E",
        "kind": "simple",
        "cases": [{"kind": "rate", "paid_by_points": 1, "recorded_by_items": 2, "expected": "0.5"}],
    }

    assert all(verdict.is_passed for verdict in verdicts({"examples": [entry]}).values())


def test_a_figure_that_nobody_computes_is_a_failure_and_names_those_there_are(work):
    verdict = work("simple", GOOD["inputs"], {"hifp_pay": 10, "happiness": 1})

    assert [check.is_equal for check in verdict.checks] == [True, False]
    assert "happiness" in verdict.checks[1].why.zh
    assert "psn_part_amt" in verdict.checks[1].why.en


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("simple", GOOD["inputs"], [10]),
        ("simple", GOOD["inputs"], {"hifp_pay": [10]}),
        ("simple", GOOD["inputs"], {"hifp_pay": None}),
        ("simple", GOOD["inputs"], {"hifp_pay": D("10.001")}),
        ("split", {"surplus": 1, "shares": [1, 1]}, {"parts": 1}),
        ("split", {"surplus": 1, "shares": [1, 1]}, [D("0.5")]),
        ("split", {"surplus": 1, "shares": [1, 1]}, [D("0.5"), D("0.5"), 0]),
        ("split", {"surplus": 1, "shares": [1, 0]}, [1]),
        ("banded", {"amount": 1, "bands": [{"rate": 1}]}, [1, 0]),
    ],
)
def test_what_is_not_exactly_what_was_got_fails(work, kind, inputs, expected):
    verdict = work(kind, inputs, expected)

    assert verdict.problem is None
    assert not verdict.is_passed


@pytest.mark.parametrize(("expected", "is_equal"), [(True, True), (False, False), (1, False)])
def test_a_truth_value_is_compared_as_one(work, expected, is_equal):
    inputs = {"points_first": 1, "days_between": 1, "window": 1, "same_group": "是"}

    assert work("drg_readmit", inputs, {"halved": expected}).is_passed is is_equal


@pytest.mark.parametrize(
    ("printed", "is_equal"),
    [("0.7721", True), ("0.772051", True), ("0.772", False), ("0.7720", False), ("0.77205102", False)],
)
def test_a_ratio_is_compared_at_its_own_decimals_or_as_many_as_are_printed(work, printed, is_equal):
    inputs = {"paid_by_points": 7265, "recorded_by_items": 9410}

    assert work("rate", inputs, D(printed)).is_passed is is_equal


def test_an_input_that_no_rule_used_is_told(work):
    verdict = work("item_classes", {"coinsurence": 1, "classes": [{"amount": 1, "fist_pay": 1, "coins": False}]}, 0)

    assert "coinsurence, classes[1].fist_pay" in verdict.remarks[0].en


def test_an_input_that_is_no_number_is_not_used_per_head(work):
    verdict = work("ratio", {"population": 2, "visits": 4, "as_of": "spring"}, {"visits_per_head": 2})

    assert verdict.is_passed
    assert "as_of" in verdict.remarks[0].en


AGGREGATES = [
    ({"people": 10, "total_subsidy": 25, "mean": "2.50"}, {"mean"}, True),
    ({"people": 10, "total_subsidy": 25, "mean": "2.51"}, {"mean"}, False),
    ({"people": 10, "total_a": 25, "total_b": 5, "mean_b": "0.5"}, {"mean_b"}, True),
    ({"people": 10, "total_a": 25, "total_b": 5, "mean": 3}, set(), False),
    ({"people": 0, "total_a": 25, "mean": 3}, set(), False),
    ({"people": "many", "total_a": 25}, set(), False),
    ({"total_hifp_pay": 30, "mean": 15, "cases": 2}, {"mean"}, True),
    ({"total_nothing": 30}, set(), False),
    ({"mean": 3}, set(), False),
    ({"median": 3}, set(), False),
    ({"note": "only"}, set(), False),
]


@pytest.mark.parametrize(("aggregate", "figures", "is_passed"), AGGREGATES)
def test_figures_over_all_cases(verdicts, aggregate, figures, is_passed):
    cases = [{"amount": 10, "rate": 1, "expected": 10}, {"amount": 20, "rate": 1, "expected": 20}]
    entry = {"id": "E", "kind": "multi", "cases": cases, "aggregate": aggregate}
    verdict = verdicts({"examples": [entry]})["E · aggregate"]

    assert verdict.is_passed is is_passed
    assert figures <= {check.name for check in verdict.checks}


def test_cases_that_say_how_many_people_they_stand_for_are_weighed(verdicts):
    cases = [
        {"amount": 10, "rate": 1, "people": 3, "expected": 10},
        {"amount": 20, "rate": 1, "people": 1, "expected": 20},
    ]
    aggregate = {"people": 4, "total_hifp_pay": 50, "mean": "12.5", "total": 50}
    entry = {"id": "E", "kind": "multi", "cases": cases, "aggregate": aggregate}

    verdict = verdicts({"examples": [entry]})["E · aggregate"]
    assert {check.name for check in verdict.checks if not check.is_equal} == set()


def test_values_are_shown_as_a_file_writes_them():
    value = {"a": [D("0.10"), None, True, False], "b": {"c": "text"}, "d": date(2026, 1, 2), "e": D("NaN")}

    assert shown(value) == "{a: [0.10, null, true, false], b: {c: text}, d: 2026-01-02, e: NaN}"


@pytest.mark.parametrize("end", [D("Infinity"), float("inf"), ".inf"])
def test_a_band_to_infinity_is_one_without_end(verdicts, end):
    bands = [{"to": 100, "rate": D("0.5")}, {"to": end, "rate": D("0.9")}]
    entry = {**GOOD, "kind": "banded", "inputs": {"amount": 300, "bands": bands}, "expected": {"hifp_pay": 230}}
    (found,) = verdicts({"examples": [entry]}).values()
    assert found.is_passed, found
