"""The sheet on which one settlement is worked out: steps, rules used, payments and running totals, in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from codes.words import Words
from rules.benefits.case import YearTotals
from rules.benefits.figures import Value
from rules.benefits.outcome import Payment, RuleUse, Step
from rules.benefits.rule_set import RuleSet
from rules.benefits.sentences import StepKind
from rules.benefits.tally import Tally


class Worksheet:
    """What is written down while a settlement is worked out."""

    def __init__(self, rules: RuleSet, day: date, totals: YearTotals, so_far: Mapping[str, Decimal]) -> None:
        self.rules = rules
        self.day = day
        self.tally = Tally(totals, so_far)
        self.steps: list[Step] = []
        self.payments: list[Payment] = []
        self._used: dict[str, RuleUse] = {}

    @property
    def used(self) -> tuple[RuleUse, ...]:
        """Return the rules that had a say, in the order of their first use."""
        return tuple(self._used.values())

    def write(
        self, kind: StepKind, rule: str, title: Words, given: Mapping[str, Value], result: Mapping[str, Value]
    ) -> None:
        """Write a step down; the rule counts as used."""
        version = self.rules.version
        if rule not in self._used:
            self._used[rule] = RuleUse(rule, version)
        self.steps.append(Step(kind, rule, version, title, tuple(given.items()), tuple(result.items())))

    def write_whole(self, kind: StepKind, given: Mapping[str, Value], result: Mapping[str, Value]) -> None:
        """Write down a step that belongs to no single rule."""
        self.write(kind, self.rules.area, self.rules.title, given, result)
