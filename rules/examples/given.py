"""The inputs of one case, read by name; it remembers which names were asked for.

An input that no rule asked for is told to the reader: it may be a misspelt name, and a misspelt optional input would
otherwise be silently left out of the sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from decimal import Decimal

from codes.words import Words
from rules.examples.errors import ExampleError, MissingError, OutOfRangeError, ShapeError
from rules.examples.numbers import number_of
from rules.money import ZERO

AMOUNT = Words("不得为负", "0 or more")
RATIO = Words("应在 0 与 1 之间", "between 0 and 1")
LIST = Words("列表", "a list")
TABLE = Words("“名称: 值”的表", "a table of names and values")
FLAG = Words("是或否（true/false）", "true or false")

_TRUE = frozenset({"true", "yes", "1", "是"})
_FALSE = frozenset({"false", "no", "0", "否"})

_ENDLESS = frozenset({"inf", "infinity"})


class Given:
    """Inputs by name. A name whose value is null counts as not given."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._asked: set[str] = set()
        self._inside: dict[str, Given] = {}

    def has(self, *names: str) -> bool:
        """Return whether one of the names is given."""
        return self._first(names) is not None

    def unused(self) -> tuple[str, ...]:
        """Return the names that nobody asked for, those inside of tables too."""
        here = tuple(name for name in self._values if name not in self._asked)
        inside = (f"{label}.{name}" for label, one in self._inside.items() for name in one.unused())
        return (*here, *inside)

    def raw(self, *names: str) -> object:
        """Return the value of the first of the names that is given.

        Raises:
            MissingError: None is.
        """
        name = self._first(names)
        if name is None:
            raise MissingError(" / ".join(names))
        return self._values[name]

    def signed(self, *names: str) -> Decimal:
        """Return a number that may be below zero."""
        return number_of(self._first(names) or names[0], self.raw(*names))

    def amount(self, *names: str) -> Decimal:
        """Return a number of zero or more."""
        number = self.signed(*names)
        if number < 0:
            raise OutOfRangeError(names[0], number, AMOUNT)
        return number

    def amount_or(self, otherwise: Decimal, *names: str) -> Decimal:
        """Return a number of zero or more, or what stands for it when it is not given."""
        return self.amount(*names) if self.has(*names) else otherwise

    def amount_or_none(self, *names: str) -> Decimal | None:
        """Return a number of zero or more, if it is given; `.inf`, as YAML writes what has no end, is none."""
        if not self.has(*names) or str(self.raw(*names)).lower().lstrip("+.") in _ENDLESS:
            return None
        return self.amount(*names)

    def ratio(self, *names: str) -> Decimal:
        """Return a number between 0 and 1."""
        number = self.signed(*names)
        if not ZERO <= number <= 1:
            raise OutOfRangeError(names[0], number, RATIO)
        return number

    def ratio_or(self, otherwise: Decimal, *names: str) -> Decimal:
        """Return a number between 0 and 1, or what stands for it when it is not given."""
        return self.ratio(*names) if self.has(*names) else otherwise

    def flag(self, name: str) -> bool:
        """Return a truth value.

        Raises:
            ShapeError: It is none.
        """
        raw = self.raw(name)
        if isinstance(raw, bool):
            return raw
        text = str(raw).strip().casefold()
        if text in _TRUE | _FALSE:
            return text in _TRUE
        raise ShapeError(name, FLAG)

    def flag_or(self, name: str, *, otherwise: bool) -> bool:
        """Return a truth value, or what stands for it when it is not given."""
        return self.flag(name) if self.has(name) else otherwise

    def sequence(self, name: str) -> Sequence[object]:
        """Return a list that is not empty.

        Raises:
            ShapeError: It is none, or nothing is in it.
        """
        raw = self.raw(name)
        if not isinstance(raw, list) or not raw:
            raise ShapeError(name, LIST)
        return raw

    def amounts(self, name: str) -> tuple[Decimal, ...]:
        """Return a list of numbers of zero or more."""
        return tuple(Given({label: one}).amount(label) for label, one in self._labelled(name))

    def tables(self, name: str) -> tuple[Given, ...]:
        """Return a list of tables.

        Raises:
            ShapeError: Something else is in the list.
        """
        found = {label: Given(table_of(label, one)) for label, one in self._labelled(name)}
        self._inside |= found
        return tuple(found.values())

    def table_or_none(self, name: str) -> dict[str, object] | None:
        """Return an input that is a table itself; none if it is something else or not given."""
        value = self._values.get(name)
        if not isinstance(value, dict):
            return None
        self._asked.add(name)
        return table_of(name, value)

    def numbers(self, *, but: str) -> Mapping[str, Decimal]:
        """Return all that is a number of zero or more, except under one name."""
        found: dict[str, Decimal] = {}
        for name in self._values:
            with suppress(ExampleError):
                found[name] = self.amount(name)
        self._asked -= self._values.keys() - found.keys()
        return {name: number for name, number in found.items() if name != but}

    def _labelled(self, name: str) -> tuple[tuple[str, object], ...]:
        return tuple((f"{name}[{place}]", one) for place, one in enumerate(self.sequence(name), 1))

    def _first(self, names: tuple[str, ...]) -> str | None:
        self._asked |= set(names)
        return next((name for name in names if name in self._values), None)


def table_of(name: str, raw: object) -> dict[str, object]:
    """Return a table whose names are text.

    Raises:
        ShapeError: It is none.
    """
    if not isinstance(raw, dict):
        raise ShapeError(name, TABLE)
    return {str(key): value for key, value in raw.items()}
