"""A checked message: its nodes as immutable records, whose values are known to fit their fields.

Asking for a field that is absent is a `KeyError`, since the check has made sure of everything that is required: it is
a fault of the asker. What may be absent is asked for with what stands in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from wire.fsi.values import Value, written

T = TypeVar("T")
Held: TypeAlias = "Value | tuple[Record, ...] | Record | Loose"
"""What a record may hold under a name."""


class Loose:
    """A value whose inside no table describes, kept as it came."""

    __slots__ = ("raw",)

    def __init__(self, raw: object) -> None:
        self.raw = raw


class Record:
    """One checked node. Fields are asked for by their base names, whatever the sender's spelling was."""

    __slots__ = ("_held", "path")

    def __init__(self, path: str, held: Mapping[str, Held]) -> None:
        self.path = path
        """Where the record stands in the message: `drugdetail[2]`."""
        self._held = MappingProxyType(dict(held))

    def __contains__(self, name: str) -> bool:
        return name in self._held

    def __repr__(self) -> str:
        # No values: they are people's names and numbers, and a repr ends up in logs.
        return f"Record({self.path!r}, {sorted(self._held)})"

    def text(self, name: str) -> str:
        return self._of(name, str)

    def text_or(self, name: str, otherwise: T) -> str | T:
        return self._of(name, str) if name in self._held else otherwise

    def number(self, name: str) -> Decimal:
        return self._of(name, Decimal)

    def number_or(self, name: str, otherwise: T) -> Decimal | T:
        return self._of(name, Decimal) if name in self._held else otherwise

    def moment(self, name: str) -> datetime:
        """Return a time, aware, in Beijing time."""
        return self._of(name, datetime)

    def moment_or(self, name: str, otherwise: T) -> datetime | T:
        return self._of(name, datetime) if name in self._held else otherwise

    def day(self, name: str) -> date:
        return self._of(name, date)

    def day_or(self, name: str, otherwise: T) -> date | T:
        return self._of(name, date) if name in self._held else otherwise

    def flag(self, name: str) -> bool:
        """Tell whether the field says 1; no field says no."""
        return self._held.get(name) == "1"

    def content(self, name: str) -> bytes:
        """Return the content of a file."""
        return self._of(name, bytes)

    def rows(self, name: str) -> tuple[Record, ...]:
        """Return the nested records of a list; none, if the list is absent."""
        held = self._held.get(name, ())
        if not isinstance(held, tuple):
            raise TypeError(f"{self.path}.{name} is no list of records")
        return held

    def loose(self, name: str) -> object:
        """Return, as it came, what no table describes; nothing, if it is absent."""
        held = self._held.get(name)
        return held.raw if isinstance(held, Loose) else held

    def as_json(self) -> dict[str, object]:
        """Return plain values by base names; numbers as text, so that nothing is lost on the way."""
        return {name: _plain(held) for name, held in self._held.items()}

    def _of(self, name: str, kind: type[T]) -> T:
        held = self._held[name]
        if not isinstance(held, kind):
            raise TypeError(f"{self.path}.{name} is no {kind.__name__}")
        return held


def _plain(held: Held) -> object:
    match held:
        case Record():
            return held.as_json()
        case tuple():
            return [one.as_json() for one in held]
        case Loose():
            return held.raw
        case _:
            return str(written(held))


class Message:
    """A checked input: the records of each node."""

    __slots__ = ("_nodes",)

    def __init__(self, nodes: Mapping[str, tuple[Record, ...]]) -> None:
        self._nodes = MappingProxyType(dict(nodes))

    def one(self, node: str) -> Record:
        """Return the record of a node that has exactly one."""
        return self._nodes[node][0]

    def one_or_none(self, node: str) -> Record | None:
        rows = self._nodes.get(node, ())
        return rows[0] if rows else None

    def many(self, node: str) -> tuple[Record, ...]:
        """Return the records of a node, in the sender's order; none, if the node is absent."""
        return self._nodes.get(node, ())

    def names(self) -> tuple[str, ...]:
        """Return the names of all nodes."""
        return tuple(self._nodes)

    def as_json(self) -> dict[str, object]:
        """Return plain values by nodes and base names."""
        return {name: [one.as_json() for one in rows] for name, rows in self._nodes.items()}
