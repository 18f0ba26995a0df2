"""An example, its cases, and what a kind is handed to work one case out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rules.examples.given import Given
from rules.examples.worked import Worked
from rules.payment.subsidy import SubsidyYear


@dataclass(frozen=True, slots=True)
class Case:
    """One set of inputs with what is expected of it."""

    name: str
    """Empty where the example is its own only case."""
    kind: str
    inputs: Mapping[str, object]
    """The example's inputs, and over them the case's own."""
    expected: Mapping[str, object]
    """By the figure's name; the empty name stands for a number or a list without one."""
    note: str


@dataclass(frozen=True, slots=True)
class Example:
    """One entry of a file."""

    id: str
    section: str
    title: str
    place: str
    note: str
    rule: str
    """The rule as the file states it; a few kinds read their edges from it."""
    cases: tuple[Case, ...]
    aggregate: Mapping[str, object]
    """Figures over all cases together."""


@dataclass(frozen=True, slots=True)
class Task:
    """One case to be worked out."""

    given: Given
    asked: frozenset[str]
    """The figures that are expected to be something else than nothing: they name the funds that the case is about."""
    case: Case
    example: Example
    subsidy_years: tuple[SubsidyYear, ...]
    """Dated amounts for premiums, of the places that we have."""

    @property
    def prose(self) -> str:
        """What the file says about the case in sentences."""
        return f"{self.example.title} {self.example.note} {self.case.name} {self.case.note}"


Kind = Callable[[Task], Worked]
