"""Where the amounts of subsidised premiums come from, and whose they are."""

from __future__ import annotations

import pytest

from rules.examples.identities import Naming, naming_of


def entry(cases, **beside):
    inputs = {"premium": 400, **beside.pop("inputs", {})}
    return {"examples": [{"id": "X", "kind": "subsidy", "inputs": inputs, "cases": cases, **beside}]}


def case(name, subsidy, **beside):
    return {"name": name, "expected": {"subsidy": subsidy}, **beside}


@pytest.mark.parametrize(
    ("name", "together", "alike", "is_at_once"),
    [
        ("低保", ("低保",), (), False),
        ("低保 and 监测 together", ("低保", "监测"), (), True),
        ("both 低保 + 监测人口", ("低保", "监测人口"), (), True),
        ("低保与监测双重身份", ("低保", "监测"), (), True),
        ("full (特困 优抚、孤儿)", ("full",), ("特困", "优抚", "孤儿"), False),
        ("（特困）", (), ("特困",), False),
        ("special hardship", ("special hardship",), (), False),
        ("特困 优抚", ("特困", "优抚"), (), False),
        ("特困、优抚", ("特困", "优抚"), (), False),
    ],
)
def test_a_name_speaks_of_kinds(name, together, alike, is_at_once):
    assert naming_of(name) == Naming(together, alike, is_at_once)


@pytest.mark.parametrize("name", ["低保 and 监测 together", "低保和监测", "低保 + 监测", "低保、监测（双重身份）叠加"])
def test_a_combination_whose_kinds_have_no_amounts_fails_and_names_them_all(verdicts, name):
    (verdict,) = verdicts(entry([{"name": name, "expected": {"subsidy": 123, "pays": 277}}])).values()

    assert verdict.problem.code == "payment.subsidy_unknown"
    assert "低保、监测" in verdict.problem.words.zh


def test_a_kind_that_the_amounts_given_leave_out_is_unknown_even_in_parentheses(verdicts):
    (verdict,) = verdicts(entry([case("（优抚）", 0)], inputs={"subsidies": {"低保": 300}})).values()

    assert verdict.problem.code == "payment.subsidy_unknown"


def test_cases_of_one_kind_are_the_table_and_a_lower_amount_for_both_fails(verdicts):
    found = verdicts(
        entry([case("低保", 300), case("监测", 100), case("低保、监测人口", 300), case("监测 & 低保", 100)])
    )

    assert [verdict.is_passed for verdict in found.values()] == [True, True, True, False]


def test_what_is_left_to_pay_is_checked_even_where_the_amount_is_given(verdicts):
    cases = [{"name": "低保", "expected": {"subsidy": 300, "pays": 101}}, {"name": "监测", "expected": {"pays": 350}}]
    found = verdicts(entry([*cases, {"name": "低保 和 监测", "expected": 300}]))

    assert [verdict.is_passed for verdict in found.values()] == [False, True, True]


def test_kinds_that_are_listed_alike_are_no_combination(verdicts):
    found = verdicts(entry([case("特困 孤儿", 400), case("低保", 300), case("孤儿 and 低保", 400)]))

    assert all(verdict.is_passed for verdict in found.values())


def test_a_sentence_is_searched_for_the_kinds_that_are_known(verdicts):
    found = verdicts(entry([case("低保", 300), case("监测", 100), case("who is 低保 and also 监测", 300)]))

    assert all(verdict.is_passed for verdict in found.values())


def test_full_is_the_premium_whatever_the_file_says(verdicts):
    found = verdicts(entry([case("full (特困)", 399), case("全额", 400), case("none", 0), case("无", 1)]))

    assert [verdict.is_passed for verdict in found.values()] == [False, True, True, False]


def test_an_unknown_kind_fails_with_those_that_are_known(verdicts):
    found = verdicts(entry([case("低保", 300), {"name": "优抚", "expected": {"got": 1}}, case("低保 and 优抚", 300)]))

    assert [verdict.problem and verdict.problem.code for verdict in found.values()] == [
        None,
        "payment.subsidy_unknown",
        "payment.subsidy_unknown",
    ]


def test_an_amount_above_the_premium_is_not_taken(verdicts):
    found = verdicts(entry([case("低保", 500), case("监测", 100)]))

    assert [verdict.is_passed for verdict in found.values()] == [False, True]


def test_cases_of_another_premium_do_not_speak_for_this_one(verdicts):
    cases = [case("低保", 300), case("低保", 320, inputs={"premium": 420}), case("低保 和 低保", 320, premium=420)]

    assert all(verdict.is_passed for verdict in verdicts(entry(cases)).values())


@pytest.mark.parametrize(
    "inputs",
    [
        {"subsidies": {"低保": 300, "监测人口": "25%"}},
        {"table": {"低保": "75%", "监测人口": 100}},
        {"kinds": [{"name": "低保", "subsidy": 300}, {"kind": "监测人口", "amount": 100}]},
    ],
)
def test_amounts_may_be_inputs(verdicts, inputs):
    found = verdicts(entry([case("低保", 300), case("监测", 100), case("监测 and 低保", 300)], inputs=inputs))

    assert all(verdict.is_passed for verdict in found.values())
    assert all("输入" in verdict.remarks[0].zh for verdict in found.values())


def test_an_amount_among_the_inputs_is_at_most_the_premium(verdicts):
    (verdict,) = verdicts(entry([case("低保", 300)], inputs={"subsidies": {"低保": 401}})).values()

    assert verdict.problem.code == "example.out_of_range"


@pytest.mark.parametrize(
    "inputs", [{"subsidies": [300, 100]}, {"subsidy": 300}, {"subsidy": [100, 300]}, {"candidates": ["75%", 300, 1]}]
)
def test_a_person_may_list_the_amounts_that_apply(verdicts, inputs):
    cases = [{"expected": {"subsidy": 300, "pays": 100}, "inputs": inputs}]
    (verdict,) = verdicts(entry(cases)).values()

    assert verdict.is_passed or inputs == {"candidates": ["75%", 300, 1]}


def test_without_name_and_kinds_nobody_knows_who_is_meant(verdicts):
    (verdict,) = verdicts(entry([{"expected": 300}])).values()

    assert verdict.problem.code == "example.missing"


@pytest.mark.parametrize(("title", "is_ours"), [("2024", True), ("", True), ("in 2031", False)])
def test_the_dated_table_of_the_place_is_used_for_its_premium_and_year(verdicts, title, is_ours):
    cases = [case("低保", 340), case("监测", 200), case("低保边缘", 50)]
    found = verdicts(entry(cases, place="Huaibei", title=title, inputs={"premium": 380}))

    assert [verdict.is_passed for verdict in found.values()] == [True, not is_ours, True]


def test_the_year_may_be_an_input(verdicts):
    tree = entry([case("监测", 200)], place="淮北", inputs={"premium": 380, "year": 2025})

    assert all(verdict.is_passed for verdict in verdicts(tree).values())


def test_kinds_that_are_said_to_be_alike_must_be(verdicts):
    tree = entry([case("full (特困 低保)", 380)], place="Huaibei", inputs={"premium": 380})

    assert not any(verdict.is_passed for verdict in verdicts(tree).values())


def test_nobody_gets_more_than_the_premium_and_the_step_says_so(verdicts):
    (verdict,) = verdicts(entry([{"expected": {"subsidy": 400, "pays": 0}}], inputs={"subsidies": [500, 300]})).values()

    assert verdict.is_passed
    assert verdict.steps[0].working == "min(max(500, 300), 400) = 400.00"
