"""A visit to a hospital by one 医保码 (一码通行): each step proves the person again, in its order, and once.

The national list of uses (businessType, 用码业务类型) names the steps. A step says which steps it needs; one that is
done for something of its own, such as each of two examinations, is done once for each of them, and drugs are handed
out, or a report, for what was settled or examined, not for something else of the visit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from codes.words import Words


class VisitStep(StrEnum):
    """A step of a visit, by its businessType."""

    REGISTER = "01101"
    CHECK_IN = "01201"
    BOOK_EXAM = "01202"
    EXAM = "01203"
    TREAT = "01204"
    SETTLE = "01301"
    PICK_UP_DRUGS = "01302"
    PICK_UP_REPORT = "01303"
    PRINT_RECEIPT = "01304"


@dataclass(frozen=True, slots=True)
class StepRule:
    """What holds of a step."""

    words: Words
    needs: tuple[VisitStep, ...]
    """Steps that were done before, whatever for."""
    needs_for_it: tuple[VisitStep, ...] = ()
    """Steps that were done before for the very same thing."""
    is_itemised: bool = False
    """It is done for something of its own, once for each."""


_S = VisitStep
RULES: Mapping[VisitStep, StepRule] = MappingProxyType(
    {
        _S.REGISTER: StepRule(Words("挂号", "registration"), ()),
        _S.CHECK_IN: StepRule(Words("就诊签到", "check-in"), (_S.REGISTER,)),
        _S.BOOK_EXAM: StepRule(Words("检查预约", "booking of an examination"), (_S.REGISTER,), is_itemised=True),
        _S.EXAM: StepRule(Words("检查", "examination"), (_S.CHECK_IN,), is_itemised=True),
        _S.TREAT: StepRule(Words("治疗", "treatment"), (_S.CHECK_IN,), is_itemised=True),
        _S.SETTLE: StepRule(Words("结算", "settlement"), (_S.REGISTER,), is_itemised=True),
        _S.PICK_UP_DRUGS: StepRule(Words("取药", "picking up drugs"), (), (_S.SETTLE,), is_itemised=True),
        _S.PICK_UP_REPORT: StepRule(Words("取报告", "picking up a report"), (), (_S.EXAM,), is_itemised=True),
        _S.PRINT_RECEIPT: StepRule(Words("打印票据", "printing a receipt"), (), (_S.SETTLE,), is_itemised=True),
    }
)
"""An examination may be paid before or after it, so settling needs the registration alone."""


class StepVerdict(StrEnum):
    """Whether a step may be done now."""

    GOES = "goes"
    NO_ITEM = "no_item"
    """It is not said what for."""
    DONE = "done"
    """For this, it was done before: one use for each step."""
    TOO_EARLY = "too_early"
    OTHER_PERSON = "other_person"
    """Somebody else began the visit."""


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was done."""

    step: VisitStep
    item: str
    """What it was done for; empty if the step has nothing of its own."""


def judge_step(step: VisitStep, item: str, before: Iterable[Done], *, is_same_person: bool) -> StepVerdict:
    """Return whether a step may be done.

    Args:
        step: Which.
        item: What it is to be done for; not looked at for a step that has nothing of its own.
        before: What was done of this visit.
        is_same_person: Whether the credential is of whoever began the visit; true if nobody has.
    """
    done = tuple(before)
    rule = RULES[step]
    if done and not is_same_person:
        return StepVerdict.OTHER_PERSON
    if lacks_item(step, item):
        return StepVerdict.NO_ITEM
    for one in done:
        if one.step is step and (not rule.is_itemised or is_same_item(one.item, item)):
            return StepVerdict.DONE
    if missing_before(step, item, done):
        return StepVerdict.TOO_EARLY
    return StepVerdict.GOES


def lacks_item(step: VisitStep, item: str) -> bool:
    """Say whether a step wants to know what for, and is not told."""
    return RULES[step].is_itemised and not _folded(item)


def is_same_item(one: str, other: str) -> bool:
    """Say whether two people who typed a number meant the same: blanks, width and case are none of it."""
    return _folded(one) == _folded(other)


def missing_before(step: VisitStep, item: str, before: Iterable[Done]) -> tuple[VisitStep, ...]:
    """Return the steps that a step needs and that were not done: some of them for the same thing."""
    rule, done = RULES[step], tuple(before)
    steps = {one.step for one in done}
    for_it = {one.step for one in done if is_same_item(one.item, item)}
    return (
        *(needed for needed in rule.needs if needed not in steps),
        *(needed for needed in rule.needs_for_it if needed not in for_it),
    )


def _folded(item: str) -> str:
    return "".join(unicodedata.normalize("NFKC", item).casefold().split())


ENDS = frozenset({VisitStep.PICK_UP_DRUGS, VisitStep.PRINT_RECEIPT})
"""After one of these nothing has to follow."""


def broke_off_after(done: Iterable[VisitStep]) -> VisitStep | None:
    """Return the last step of a visit that ended there; None if it came to an end.

    Steps are in the order of the day, so the last one of the list is where somebody went away.
    """
    steps = set(done)
    if not steps or steps & ENDS:
        return None
    return max(steps, key=list(VisitStep).index)
