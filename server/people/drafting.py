"""What every import of a list does: see that no two lines contradict each other, and what is new in it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Generic, TypeVar

from codes.words import Words
from server.people.list_file import Counts, Fault, Line
from wire.fsi.values import BEIJING

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@dataclass(slots=True)
class Drafted(Generic[_Key, _Value]):
    """What a list says of each key, and on which line."""

    values: dict[_Key, _Value] = field(default_factory=dict)
    lines: dict[_Key, Line] = field(default_factory=dict)

    def add(self, key: _Key, value: _Value, line: Line, column: str) -> Fault | None:
        """Take what a line says; to say the same twice is no fault, to say two things of one key is."""
        known = self.values.setdefault(key, value)
        before = self.lines.setdefault(key, line)
        if known == value:
            return None
        where = f"第 {before.number} 行", f"line {before.number}"
        return line.fault(column, "people.repeated", Words(f"与{where[0]}矛盾", f"contradicts {where[1]}"))


def sorted_out(before: Mapping[_Key, _Value], wanted: Mapping[_Key, _Value]) -> tuple[Counts, list[_Value]]:
    """Return how much of what is wanted is new, changed or there already, and what has to be written."""
    added = [value for key, value in wanted.items() if key not in before]
    changed = [value for key, value in wanted.items() if key in before and before[key] != value]
    return Counts(len(added), len(changed), len(wanted) - len(added) - len(changed)), added + changed


def midnight(day: date) -> datetime:
    """Return the moment at which a day begins in Beijing."""
    return datetime.combine(day, time(), BEIJING)
