from __future__ import annotations

import pytest

from rules.visit_flow import RULES, Done, StepVerdict, VisitStep, broke_off_after, judge_step, missing_before

S = VisitStep
REGISTERED = Done(S.REGISTER, "")
SIGNED_IN = Done(S.CHECK_IN, "")
EXAMINED = Done(S.EXAM, "X1")


@pytest.mark.parametrize(
    ("step", "item", "before", "verdict"),
    [
        (S.REGISTER, "", [], StepVerdict.GOES),
        (S.REGISTER, "", [REGISTERED], StepVerdict.DONE),
        (S.CHECK_IN, "", [], StepVerdict.TOO_EARLY),
        (S.CHECK_IN, "ignored", [REGISTERED, SIGNED_IN], StepVerdict.DONE),
        (S.EXAM, "X1", [REGISTERED], StepVerdict.TOO_EARLY),
        (S.EXAM, "X1", [REGISTERED, SIGNED_IN], StepVerdict.GOES),
        (S.EXAM, "X1", [REGISTERED, SIGNED_IN, EXAMINED], StepVerdict.DONE),
        (S.EXAM, "X2", [REGISTERED, SIGNED_IN, EXAMINED], StepVerdict.GOES),
        (S.PICK_UP_REPORT, "X1", [REGISTERED, SIGNED_IN], StepVerdict.TOO_EARLY),
        (S.PICK_UP_REPORT, "X1", [REGISTERED, SIGNED_IN, EXAMINED], StepVerdict.GOES),
        (S.SETTLE, "B1", [REGISTERED], StepVerdict.GOES),
        (S.EXAM, "", [REGISTERED, SIGNED_IN], StepVerdict.NO_ITEM),
        (S.EXAM, " \u3000", [REGISTERED, SIGNED_IN], StepVerdict.NO_ITEM),
        (S.EXAM, " x1", [REGISTERED, SIGNED_IN, EXAMINED], StepVerdict.DONE),
        (S.PICK_UP_REPORT, "X2", [REGISTERED, SIGNED_IN, EXAMINED], StepVerdict.TOO_EARLY),
        (S.PICK_UP_REPORT, "x1", [REGISTERED, SIGNED_IN, EXAMINED], StepVerdict.GOES),
        (S.PICK_UP_REPORT, "X1", [REGISTERED, SIGNED_IN, Done(S.SETTLE, "X1")], StepVerdict.TOO_EARLY),
        (S.PICK_UP_DRUGS, "B1", [REGISTERED], StepVerdict.TOO_EARLY),
        (S.PICK_UP_DRUGS, "", [REGISTERED, Done(S.SETTLE, "B1")], StepVerdict.NO_ITEM),
        (S.PICK_UP_DRUGS, "R1", [REGISTERED, Done(S.SETTLE, "B1")], StepVerdict.TOO_EARLY),
        (S.PICK_UP_DRUGS, "B1", [REGISTERED, Done(S.SETTLE, "B1")], StepVerdict.GOES),
        (S.PICK_UP_DRUGS, "ｂ1 ", [REGISTERED, Done(S.SETTLE, "B1")], StepVerdict.GOES),
        (S.PICK_UP_DRUGS, "b1", [Done(S.SETTLE, "B1"), Done(S.PICK_UP_DRUGS, "B1")], StepVerdict.DONE),
        (S.PRINT_RECEIPT, "B2", [REGISTERED, Done(S.SETTLE, "B1")], StepVerdict.TOO_EARLY),
    ],
)
def test_each_step_once_in_its_order(step: S, item: str, before: list[Done], verdict: StepVerdict) -> None:
    assert judge_step(step, item, before, is_same_person=True) is verdict


def test_another_person_is_refused_before_anything_else_is_said() -> None:
    assert judge_step(S.REGISTER, "", [REGISTERED], is_same_person=False) is StepVerdict.OTHER_PERSON


def test_every_step_has_a_rule_and_needs_only_what_can_be_done() -> None:
    assert set(RULES) == set(S)
    for step, rule in RULES.items():
        needed = [*(Done(one, "") for one in rule.needs), *(Done(one, "N1") for one in rule.needs_for_it)]
        assert missing_before(step, "N1", needed) == ()
        assert step not in {*rule.needs, *rule.needs_for_it}
        # What is needed for the same thing is done for something itself.
        assert not rule.needs_for_it or rule.is_itemised
        assert all(RULES[one].is_itemised for one in rule.needs_for_it)


@pytest.mark.parametrize(
    ("done", "last"),
    [
        ([], None),
        ([S.REGISTER], S.REGISTER),
        ([S.REGISTER, S.CHECK_IN, S.EXAM], S.EXAM),
        ([S.REGISTER, S.SETTLE, S.PICK_UP_DRUGS], None),
    ],
)
def test_a_visit_broke_off_after_its_last_step_unless_it_came_to_an_end(done: list[S], last: S | None) -> None:
    assert broke_off_after(done) is last
