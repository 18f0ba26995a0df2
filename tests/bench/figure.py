"""One figure of a bench: what was measured, beside its floor of the same run, and held to its target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Figure = dict[str, Any]
"""As it stands in docs/figures/bench.json."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is promised to be (docs/requirements.md)."""

    limit: float
    is_least: bool = False
    """It may not be less; else it may not be more."""
    is_of_floor: bool = False
    """The limit is a multiple of the floor; else it has the unit of the value."""

    def is_met(self, value: float, ratio: float | None) -> bool:
        """Tell whether the promise holds."""
        measured = ratio if self.is_of_floor else value
        if measured is None:
            return False
        return measured >= self.limit if self.is_least else measured <= self.limit

    def text(self, unit: str) -> str:
        """Say it."""
        return f"{'≥' if self.is_least else '≤'} {self.limit:,g} {'× floor' if self.is_of_floor else unit}".rstrip()


def at_most(limit: float) -> Target:
    """Return the target of a figure that may not be more."""
    return Target(limit)


def at_least(limit: float) -> Target:
    """Return the target of a figure that may not be less."""
    return Target(limit, is_least=True)


def of_floor_at_most(limit: float) -> Target:
    """Return the target of a figure that may not be more than so many times its floor."""
    return Target(limit, is_of_floor=True)


def of_floor_at_least(limit: float) -> Target:
    """Return the target of a figure that may not be less than this share of its floor."""
    return Target(limit, is_least=True, is_of_floor=True)


def figure(
    id_: str,
    what: str,
    value: float,
    unit: str,
    *,
    floor: float | None = None,
    target: Target | None = None,
    note: str = "",
) -> Figure:
    """Return a figure, rounded to what means something.

    Args:
        id_: The requirement.
        what: What was measured.
        value: What came out, in `unit`.
        unit: The unit.
        floor: The same without what we add, in the same unit, measured in the same run.
        target: What is promised, if it is.
        note: What a reader has to know to read it.
    """
    ratio = value / floor if floor else None
    return {
        "id": id_,
        "what": what,
        "value": _rounded(value),
        "unit": unit,
        "floor": None if floor is None else _rounded(floor),
        "ratio": None if ratio is None else _rounded(ratio),
        "target": None if target is None else target.text(unit),
        "is_met": None if target is None else target.is_met(value, ratio),
        "note": note,
    }


def not_run(id_: str, what: str, why: str) -> Figure:
    """Return what stands for a figure that could not be measured here."""
    return {"id": id_, "what": what, "value": None, "unit": "", "note": why}


def _rounded(value: float) -> float:
    """Keep four digits: more of them would be noise."""
    return float(f"{value:.4g}") if abs(value) < 1_000 else round(value)
