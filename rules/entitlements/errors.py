"""What can go wrong with the rules of entitlement: a file is faulty, or none holds on a day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from codes.errors import ConfigError
from codes.words import Words
from rules.benefits.errors import SHOWN, BookFault


class EntitlementRulesError(ConfigError):
    """Rule files contradict themselves or the schema: none of them is used."""

    code: ClassVar[str] = "entitlement.rules"
    next_step: ClassVar[Words] = Words(
        "请按 docs/entitlements.md 改正所列文件、规则和键。",
        "Correct the files, rules and keys listed; see docs/entitlements.md.",
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


class NoEntitlementRulesError(ConfigError):
    """No version holds on the day."""

    code: ClassVar[str] = "entitlement.no_rules"
    next_step: ClassVar[Words] = Words(
        "请为该日期补上规则文件（config/entitlements）。", "Add a rule file for that day (config/entitlements)."
    )

    def __init__(self, day: date) -> None:
        super().__init__(Words(f"{day} 没有有效的购药规则", f"No rules of entitlement hold on {day}"))
        self.day = day
