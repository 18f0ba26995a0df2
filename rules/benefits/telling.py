"""The process text (`setl_proc_info`): every step of a settlement in Chinese, in at most 4,000 characters.

The text begins with the area and the version of its rules and ends with the result. Between them stand the steps, each
with its rule, and after them, if there is room, the lines that the person pays something of. What does not fit is left
out in whole sentences, and the text says how many: first lines, then steps that moved no money, payments last. Steps
keep their numbers, so that a gap shows.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.benefits.figures import percent
from rules.benefits.outcome import Settlement, SplitLine, Step
from rules.benefits.sentences import StepKind
from rules.money import to_cent

LONGEST = 4_000
ROOM_OF_NOTE = 20
"""Enough for the note that something was left out."""
WITHOUT_RULE = frozenset({StepKind.CASE, StepKind.SPLIT, StepKind.NO_LAYER, StepKind.RESULT})
"""Steps of the book as a whole: the head names it."""


def process_info(settlement: Settlement, longest: int = LONGEST) -> str:
    """Return how a settlement came about, in Chinese.

    Args:
        settlement: The settlement.
        longest: Most characters; 500 are enough for beginning and end.
    """
    head = f"【待遇计算】{settlement.area} 版本 {settlement.version}"
    *steps, last = (_step(number, step) for number, step in enumerate(settlement.steps, 1))
    room = longest - len(head) - 1 - len(last)
    lines = [_line(one) for one in settlement.lines if one.line.amount != one.in_scope]
    note = ROOM_OF_NOTE if lines else 0
    body = _fit(steps, room - note, "步", [_weight(step) for step in settlement.steps[:-1]])
    room = room - sum(len(text) + 1 for text in body) if body == steps else 0
    body += _fit(lines, room, "行明细", [0] * len(lines))
    return "\n".join((head, *body, last))


def _step(number: int, step: Step) -> str:
    return f"{number}. {step.sentence}" + ("" if step.kind in WITHOUT_RULE else f"〔{step.rule}@{step.version}〕")


def _weight(step: Step) -> int:
    """Return how much it matters that a step is told: whether it moved money, and whose."""
    has_moved = any(value for _, value in step.result if not isinstance(value, str))
    return 2 * has_moved + (step.kind in {StepKind.SPLIT, StepKind.PAYMENT})


def _line(one: SplitLine) -> str:
    shares = "，再 ".join(percent(share) for share in one.shares)
    parts = (
        ("超限价", one.over_limit, f"（限价 {one.line.price_limit}×{one.line.quantity.normalize():f}）"),
        ("全自费", one.outside, ""),
        ("先行自付", one.pays_first, f"（{shares}）"),
        ("范围内", one.in_scope, ""),
    )
    told = " + ".join(f"{name} {amount}{how}" for name, amount, how in parts if amount)
    return f"明细 {one.line.serial}{one.line.item and ' ' + one.line.item}：{to_cent(one.line.amount)} = {told}"


def _fit(texts: Sequence[str], room: int, unit: str, weights: Sequence[int]) -> list[str]:
    """Return the texts, or those there is room for with a word on how many are left out."""
    needed = sum(len(text) + 1 for text in texts)
    if needed <= room:
        return list(texts)
    left_out: set[int] = set()
    lightest_and_last = sorted(range(len(texts)), key=lambda at: (weights[at], -at))
    for at in lightest_and_last:
        if needed <= room - ROOM_OF_NOTE:
            break
        needed -= len(texts[at]) + 1
        left_out.add(at)
    fitting = [text for at, text in enumerate(texts) if at not in left_out]
    return [*fitting, f"（另有 {len(left_out)} {unit}从略）"]
