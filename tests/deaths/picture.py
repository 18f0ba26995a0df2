"""Everything that a store holds, row by row: to be compared, and to be put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Table, delete, insert, select

from server.store.database import Store
from server.store.tables import metadata

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The rows of every table that has any, in an order of their own."""

    rows: Mapping[str, tuple[Row, ...]]

    def without(self, columns: frozenset[str]) -> Picture:
        """Leave columns out, named `table.column`: what is drawn by lot, so that no two runs have the same."""
        return Picture({name: _ordered(_rows_without(name, rows, columns)) for name, rows in self.rows.items()})

    def differences(self, other: Picture) -> list[str]:
        """Say in which tables another picture, which is later, differs, and in how many rows."""
        return list(self._differences(other))

    def _differences(self, other: Picture) -> Iterator[str]:
        for name in sorted(self.rows.keys() | other.rows.keys()):
            ours, theirs = list(self.rows.get(name, ())), list(other.rows.get(name, ()))
            if ours != theirs:
                gone, new = sum(row not in theirs for row in ours), sum(row not in ours for row in theirs)
                yield f"{name}: {gone} rows are gone or changed, {new} are new or changed"


def picture_of(store: Store) -> Picture:
    """Look at a store."""
    with store.reading_steadily() as connection:
        found = {table.name: connection.execute(select(table)).all() for table in metadata.sorted_tables}
    return Picture({name: _ordered([tuple(row) for row in rows]) for name, rows in found.items() if rows})


def put_back(store: Store, picture: Picture) -> None:
    """Let a store hold what it held."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for table in metadata.sorted_tables:
            if rows := picture.rows.get(table.name):
                connection.execute(insert(table), [dict(zip(table.columns.keys(), row, strict=True)) for row in rows])


def _rows_without(name: str, rows: tuple[Row, ...], columns: frozenset[str]) -> list[Row]:
    table: Table = metadata.tables[name]
    kept = [n for n, column in enumerate(table.columns) if f"{name}.{column.name}" not in columns]
    return [tuple(row[n] for n in kept) for row in rows]


def _ordered(rows: list[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=repr))
