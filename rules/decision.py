"""A decision as a table: rows of conditions, the first that fits decides.

The table is data, so that one text serves the counter, the manual and the test that goes over every cell. It decides
nothing by itself: the facts are handed in, each with one value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Generic, TypeVar

_Then = TypeVar("_Then")

When = Mapping[str, frozenset[object]]
"""Fact to the values for which a row fits. A fact that is not named may be anything."""


@dataclass(frozen=True, slots=True)
class Row(Generic[_Then]):
    """One row of a decision table."""

    name: str
    """How the manual and the tests call it."""
    when: When
    then: _Then


def when(**facts: object) -> When:
    """Return the conditions of a row; several values of one fact stand in a set.

    >>> when(mode="dispense", level={"inner"})["mode"]
    frozenset({'dispense'})
    """
    return MappingProxyType(
        {name: frozenset(value if isinstance(value, set | frozenset) else (value,)) for name, value in facts.items()}
    )


def fits(conditions: When, facts: object) -> bool:
    """Tell whether each named fact has one of its values."""
    # A plain loop: this is asked up to thirty times for each scan.
    for name, values in conditions.items():  # noqa: SIM110
        if getattr(facts, name) not in values:
            return False
    return True


def first_fit(rows: Iterable[Row[_Then]], facts: object) -> Row[_Then]:
    """Return the row that decides. The last row of a table has no conditions, so there always is one."""
    return next(row for row in rows if fits(row.when, facts))


def conditions_of(row: Row[_Then]) -> str:
    """Return the conditions of a row for the manual: `mode` dispense, `level` inner or carton."""
    said = [f"`{name}` {_either(values)}" for name, values in row.when.items()]
    return ", ".join(said) or "anything else"


def as_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows as a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _either(values: Iterable[object]) -> str:
    return " or ".join(sorted(_word(value) for value in values))


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value.value if isinstance(value, Enum) else value)
