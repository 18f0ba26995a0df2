"""What can go wrong with benefits: a rule file is faulty, no rules hold on a day, or a case cannot be reckoned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from codes.errors import ConfigError, RejectedError, YimaError
from codes.words import Words

SHOWN = 20
"""Faults spelled out in the words of an error; all of them are in its fields."""


class BenefitError(YimaError):
    """Benefits could not be worked out."""

    code: ClassVar[str] = "benefits.error"


@dataclass(frozen=True, slots=True)
class BookFault:
    """One thing that is wrong with a rule file."""

    file: str
    rule: str
    """Id of the rule, or its place if it has none; empty for the head of the file."""
    key: str
    """Path of the key inside the rule; empty if the rule as a whole is meant."""
    words: Words

    def told(self) -> Words:
        """Return the fault with where it is."""
        zh = "，".join(part for part in (self.rule and f"规则 {self.rule}", self.key and f"键 {self.key}") if part)
        en = ", ".join(part for part in (self.rule and f"rule {self.rule}", self.key and f"key {self.key}") if part)
        return Words(
            f"{self.file}：{zh}：{self.words.zh}" if zh else f"{self.file}：{self.words.zh}",
            f"{self.file}: {en}: {self.words.en}" if en else f"{self.file}: {self.words.en}",
        )


class BookError(BenefitError, ConfigError):
    """Rule files contradict themselves or the schema: none of them is used."""

    code: ClassVar[str] = "benefits.book"
    next_step: ClassVar[Words] = Words(
        "请按 docs/benefits.md 改正所列文件、规则和键；改正前原有规则继续有效。",
        "Correct the files, rules and keys listed, see docs/benefits.md; until then the rules in use stay.",
    )

    def __init__(self, faults: Sequence[BookFault]) -> None:
        told = [fault.told() for fault in faults[:SHOWN]]
        more = len(faults) - len(told)
        super().__init__(
            Words(
                "；".join(words.zh for words in told) + (f"；另有 {more} 处" if more else ""),
                "; ".join(words.en for words in told) + (f"; and {more} more" if more else ""),
            )
        )
        self.faults = tuple(faults)


class NoRulesError(BenefitError, ConfigError):
    """A book has no version for the day."""

    code: ClassVar[str] = "benefits.no_rules"
    next_step: ClassVar[Words] = Words(
        "请为该日期补上待遇规则文件（config/benefits）。", "Add a rule file for that day (config/benefits)."
    )

    def __init__(self, area: str, day: date) -> None:
        super().__init__(
            Words(f"统筹区 {area} 在 {day} 没有有效的待遇规则", f"Pooling area {area} has no benefit rules on {day}")
        )
        self.area = area
        self.day = day


class UnknownAreaError(BenefitError, ConfigError):
    """No book of this name is loaded."""

    code: ClassVar[str] = "benefits.unknown_area"

    def __init__(self, area: str, known: Sequence[str]) -> None:
        names = "、".join(known)
        super().__init__(
            Words(
                f"没有名为 {area} 的待遇规则；已有：{names}",
                f"There is no book of rules named {area}; there are: {names}",
            )
        )
        self.area = area


class CaseError(BenefitError, RejectedError):
    """What is to be settled contradicts itself; nothing was reckoned."""

    code: ClassVar[str] = "benefits.case"
    next_step: ClassVar[Words] = Words(
        "请改正所指的明细或字段后重试。", "Correct the line or field named and try again."
    )

    def __init__(self, field: str, words: Words) -> None:
        super().__init__(words)
        self.field = field
        """What is wrong, such as `line 3 amount` or `visit level`."""
