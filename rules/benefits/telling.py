"""The process text (`setl_proc_info`): every step of a settlement in Chinese, in at most 4,000 characters.

The text begins with the area and the version of its rules and ends with the result. Between them stand the steps, each
with its rule. If there is room, the lines follow that the person pays something of. What does not fit is left out in
whole sentences, and the text says how many; beginning and end always stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.benefits.outcome import Settlement, SplitLine, Step
from rules.benefits.sentences import StepKind

LONGEST = 4_000


def process_info(settlement: Settlement, longest: int = LONGEST) -> str:
    """Return how a settlement came about, in Chinese.

    Args:
        settlement: The settlement.
        longest: Most characters; 400 are enough for beginning and end.
    """
    head = f"【待遇计算】{settlement.area} 版本 {settlement.version}"
    *steps, last = settlement.steps
    told = [_step(number, step) for number, step in enumerate(steps, 1)]
    end = _step(len(settlement.steps), last)
    room = longest - len(head) - len(end) - 2
    body = _fit(told, room, "步")
    details = [_line(one) for one in settlement.lines if one.line.amount != one.in_scope]
    room -= sum(len(text) + 1 for text in body)
    after = _fit(details, room, "行明细") if len(body) == len(told) else []
    return "\n".join((head, *body, *after, end))


def _step(number: int, step: Step) -> str:
    rule = "" if step.kind in {StepKind.CASE, StepKind.SPLIT, StepKind.RESULT} else f"〔{step.rule}@{step.version}〕"
    return f"{number}. {step.sentence}{rule}"


def _line(one: SplitLine) -> str:
    parts = (
        ("超限价", one.over_limit),
        ("全自费", one.outside),
        ("先行自付", one.pays_first),
        ("范围内", one.in_scope),
    )
    told = " + ".join(f"{name} {amount}" for name, amount in parts if amount)
    return f"明细 {one.line.serial} {one.line.item}：{one.line.amount} = {told}"


def _fit(texts: Sequence[str], room: int, unit: str) -> list[str]:
    """Return the texts, or as many as there is room for with a word on how many are left out."""
    if sum(len(text) + 1 for text in texts) <= room:
        return list(texts)
    fitting: list[str] = []
    note = f"（另有 {len(texts)} {unit}从略）"
    room -= len(note) + 1
    for text in texts:
        room -= len(text) + 1
        if room < 0:
            break
        fitting.append(text)
    left_out = f"（另有 {len(texts) - len(fitting)} {unit}从略）"
    return [*fitting, left_out]
