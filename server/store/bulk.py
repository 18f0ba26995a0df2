"""Many rows in one statement: `executemany` on SQLite, arrays through `unnest` on PostgreSQL, a few as values.

Statements are built once per table from its columns; rows are tuples in the order of `columns_of`. Never
`insert().values([...])`: it compiles every row anew and is ten times slower.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, LargeBinary, Table, Text

from codes.words import Words
from server.errors import StoreContentionError
from server.store import direct
from server.store.schema import Serial

Row = tuple[Any, ...]
_KEYS_PER_STATEMENT = 10_000
_FEW = 8
"""So many rows cost PostgreSQL less as values than as arrays."""
_ARRAY_TYPES: tuple[tuple[type, str], ...] = (
    (BigInteger, "%b::bigint[]"),
    (Integer, "%b::integer[]"),
    (Boolean, "%b::boolean[]"),
    (Text, "%b::text[]"),
    (LargeBinary, "%b::bytea[]"),
)


class _OnConflict(Enum):
    """What happens to a row whose key is there already."""

    FAIL = "fail"
    SKIP = "skip"
    REPLACE = "replace"
    ADD = "add"


def columns_of(table: Table) -> list[str]:
    """Return the columns that a row for `table` holds, in order: all but a number that the database gives out."""
    return [column.name for column in table.columns if column.type is not Serial]


def insert_all(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose keys must all be free."""
    _write(connection, table, _OnConflict.FAIL, rows)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows whose keys are free, leave the others as they are, and return how many were inserted."""
    return _write(connection, table, _OnConflict.SKIP, rows)


def insert_or_replace(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, or overwrite those that have the same key."""
    _write(connection, table, _OnConflict.REPLACE, rows)


def insert_or_add(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, or add their numbers to those of the rows that have the same key; no key stands there twice."""
    _write(connection, table, _OnConflict.ADD, rows)


def claim(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows that were free when this transaction looked.

    On SQLite nobody else can have written since. On PostgreSQL another worker can: then the statement waits for its
    commit, and the caller starts again, now seeing what it wrote.

    Raises:
        StoreContentionError: Another worker inserted one of the keys meanwhile.
    """
    if not _is_postgresql(connection):
        insert_all(connection, table, rows)
    elif rows and _write(connection, table, _OnConflict.SKIP, rows) != len(rows):
        raise StoreContentionError(
            Words(f"{table.name} 中的键刚被另一进程占用", f"Another worker just took a key of {table.name}")
        )


def fetch(
    connection: Connection, columns: tuple[Column[Any], ...], key: Column[Any], keys: Collection[Any]
) -> list[Any]:
    """Return `columns` of the rows whose `key` is one of `keys`."""
    return _fetch(connection, _Selection(columns, key, is_locking=False), keys)


def fetch_locked(
    connection: Connection, columns: tuple[Column[Any], ...], key: Column[Any], keys: Collection[Any]
) -> list[Any]:
    """Return them as `fetch` does, and keep other writers off these rows until the transaction ends."""
    return _fetch(connection, _Selection(columns, key, is_locking=True), keys)


class _Selection(NamedTuple):
    columns: tuple[Column[Any], ...]
    key: Column[Any]
    is_locking: bool


def _fetch(connection: Connection, selection: _Selection, keys: Collection[Any]) -> list[Any]:
    is_postgresql = _is_postgresql(connection)
    sql = _select_statement(selection, is_postgresql=is_postgresql)
    listed = sorted(keys)
    found: list[Any] = []
    for start in range(0, len(listed), _KEYS_PER_STATEMENT):
        part = listed[start : start + _KEYS_PER_STATEMENT]
        if is_postgresql:
            found += direct.rows(connection, sql, (part,))
        else:
            found += direct.rows(connection, sql.format(places=",".join("?" * len(part))), tuple(part))
    return found


def _write(connection: Connection, table: Table, on_conflict: _OnConflict, rows: Sequence[Row]) -> int:
    if not rows:
        return 0
    if not _is_postgresql(connection):
        sql = _insert_statement(table, on_conflict, "?", 1)
        return direct.changed(connection, sql, rows if isinstance(rows, list) else list(rows))
    if len(rows) <= _FEW:
        sql = _insert_statement(table, on_conflict, "%s", len(rows))
        return direct.changed(connection, sql, tuple(_as_text(value) for row in rows for value in row))
    arrays = tuple(list(values) for values in zip(*rows, strict=True))
    return direct.changed(connection, _insert_statement(table, on_conflict, "unnest", 1), arrays)


def _as_text(value: Any) -> Any:
    """Return a value for a mark that has no type of its own: the database reads it as what its column is.

    A number would have a type by its size, and the statement be prepared anew for each mixture of sizes.
    """
    return value if value is None or isinstance(value, bytes) else str(value)


@cache
def _insert_statement(table: Table, on_conflict: _OnConflict, mark: str, rows: int) -> str:
    columns = [column for column in table.columns if column.type is not Serial]
    names = ", ".join(f'"{column.name}"' for column in columns)
    if mark == "unnest":
        arrays = ", ".join(_array(column) for column in columns)
        source = f"SELECT * FROM unnest({arrays})"  # noqa: S608 - names and types of our own tables, no values
    else:
        row = f"({', '.join([mark] * len(columns))})"
        source = f"VALUES {', '.join([row] * rows)}"
    return f'INSERT INTO "{table.name}" ({names}) {source} {_conflict_clause(table, columns, on_conflict)}'


@cache
def _select_statement(selection: _Selection, *, is_postgresql: bool) -> str:
    key = selection.key
    names = ", ".join(f'"{column.name}"' for column in selection.columns)
    test = f"= ANY({_array(key)})" if is_postgresql else "IN ({places})"
    # Rows are locked in one order, whoever asks for them, so that two workers cannot wait for each other.
    order = ", ".join(f'"{name}"' for name in dict.fromkeys((key.name, *key.table.primary_key.columns.keys())))
    tail = f"ORDER BY {order} FOR UPDATE" if selection.is_locking and is_postgresql else ""
    return f'SELECT {names} FROM "{key.table.name}" WHERE "{key.name}" {test} {tail}'  # noqa: S608 - our own names


def _conflict_clause(table: Table, columns: list[Column[Any]], on_conflict: _OnConflict) -> str:
    if on_conflict is _OnConflict.FAIL:
        return ""
    if on_conflict is _OnConflict.SKIP:
        return "ON CONFLICT DO NOTHING"
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    before = f'"{table.name}"."{{0}}" + ' if on_conflict is _OnConflict.ADD else ""
    values = ", ".join(f'"{c.name}" = {before.format(c.name)}excluded."{c.name}"' for c in columns if not c.primary_key)
    return f"ON CONFLICT ({key}) DO UPDATE SET {values}"


def _array(column: Column[Any]) -> str:
    return next(text for kind, text in _ARRAY_TYPES if isinstance(column.type, kind))


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"
