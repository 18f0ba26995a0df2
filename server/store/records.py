"""Rows and what they stand for: one frozen dataclass for a table, its fields in the order of the columns.

The type of a field says how its column is kept: an aware time as microseconds, a day as `2026-01-31`, an exact amount
as a whole number whose scale the column's name ends with, an enumeration as its value, a mapping as JSON. Names agree
but for that ending (`amount_fen` is `amount`, `from_us` is `from_at`), so that a slip is found when the program starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from types import UnionType
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import Column, Table

from server.store import bulk
from server.store.amounts import COUNT, FEN, PRICE, SHARE, Scale
from server.store.times import micros, moment

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")

_SCALES: Mapping[str, Scale] = {"_fen": FEN, "_e4": COUNT, "_e6": PRICE}
_Change = Callable[[Any], Any]
_PLAIN: Mapping[type, tuple[_Change | None, _Change | None]] = {
    datetime: (moment, micros),
    date: (date.fromisoformat, date.isoformat),
    # Bulk statements of SQLite give 0 and 1.
    bool: (bool, None),
}

assert SHARE == COUNT  # noqa: S101 - both end with `_e4`


class Records(Generic[Record]):
    """How the rows of a table become records, and records rows."""

    def __init__(self, table: Table, record: type[Record]) -> None:
        self.table = table
        self._record = record
        columns: list[Column[Any]] = [table.c[name] for name in bulk.columns_of(table)]
        hints = get_type_hints(record)
        names = [field.name for field in fields(record)]
        if names != [_field_name(column.name) for column in columns]:
            raise TypeError(f"{record.__name__} does not follow the columns of {table.name}")
        self.columns: tuple[Column[Any], ...] = tuple(columns)
        """What to select, in the order of the fields."""
        changes = [_changes(hints[name], column) for name, column in zip(names, columns, strict=True)]
        # Most columns are kept as they are: only the others are looked at, row by row.
        self._loads = [(place, load) for place, (load, _) in enumerate(changes) if load is not None]
        self._saves = [(place, save) for place, (_, save) in enumerate(changes) if save is not None]
        self._values_of: Callable[[Record], tuple[Any, ...]] = attrgetter(*names)
        self._column_names = tuple(column.name for column in columns)

    def record(self, row: Iterable[Any]) -> Record:
        """Return what one row of `columns` stands for."""
        return self._record(*_changed(row, self._loads))

    def records(self, rows: Iterable[Iterable[Any]]) -> list[Record]:
        """Return what rows stand for, in their order."""
        return [self.record(row) for row in rows]

    def row(self, record: Record) -> bulk.Row:
        """Return a record as the bulk statements take it.

        Raises:
            StoreRefusedError: An amount is finer than it is kept.
        """
        return tuple(_changed(self._values_of(record), self._saves))

    def rows(self, records: Iterable[Record]) -> list[bulk.Row]:
        """Return records as the bulk statements take them."""
        return [self.row(one) for one in records]

    def values(self, record: Record) -> dict[str, Any]:
        """Return a record as a single INSERT or UPDATE takes it."""
        return dict(zip(self._column_names, self.row(record), strict=True))


def _changed(values: Iterable[Any], changes: Sequence[tuple[int, _Change]]) -> list[Any]:
    changed = list(values)
    for place, change in changes:
        if (value := changed[place]) is not None:
            changed[place] = change(value)
    return changed


def json_text(value: object) -> str:
    """Return a value as the store keeps JSON: readable, and without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _field_name(column: str) -> str:
    for ending in _SCALES:
        column = column.removesuffix(ending)
    return f"{column.removesuffix('_us')}_at" if column.endswith("_us") else column


def _changes(hint: Any, column: Column[Any]) -> tuple[_Change | None, _Change | None]:
    """Return how a value is loaded and how it is saved; None where it is kept as it is."""
    kind = next(one for one in get_args(hint) if one is not type(None)) if isinstance(hint, UnionType) else hint
    if kind is Decimal:
        scale = next(scale for ending, scale in _SCALES.items() if column.name.endswith(ending))
        return scale.amount, scale.stored
    if get_origin(kind) is Mapping:
        return json.loads, json_text
    if issubclass(kind, StrEnum):
        return kind, str
    return _PLAIN.get(kind, (None, None))
