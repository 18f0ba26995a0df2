"""Statements and rows, without detour.

A scan takes fifteen statements, all constant. SQLAlchemy keeps the connection and its transactions; the statements go
straight to the driver underneath, because a result object costs more than the statement itself, and together that
would spend the margin of a commit (P-01). `docs/adr/0005-statements-below-sqlalchemy.md` has the figures.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection

Values = Sequence[object]
Row = tuple[Any, ...]


class NoTransactionError(RuntimeError):
    """A statement was about to run outside a transaction: a bug, because it would be committed by itself."""


def change(tx: Connection, statement: str, values: Values = ()) -> int:
    """Run a statement that writes; return how many rows it touched."""
    return _driver(tx).execute(statement, values).rowcount


def change_many(tx: Connection, statement: str, values: Iterable[Values]) -> None:
    """Run one statement for each set of values."""
    _driver(tx).executemany(statement, values)


def insert(tx: Connection, statement: str, values: Values) -> int:
    """Run an insert; return the number of the new row."""
    return int(_driver(tx).execute(statement, values).lastrowid or 0)


def rows(tx: Connection, statement: str, values: Values = ()) -> list[Row]:
    """Return every row."""
    return _driver(tx).execute(statement, values).fetchall()


def first(tx: Connection, statement: str, values: Values = ()) -> Row | None:
    """Return the first row, or None."""
    found: Row | None = _driver(tx).execute(statement, values).fetchone()
    return found


def one(tx: Connection, statement: str, values: Values = ()) -> Row:
    """Return the row that must be there."""
    found = first(tx, statement, values)
    if found is None:
        raise LookupError(f"no row: {statement.strip()}")
    return found


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection, in a transaction or not."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment] # it is SQLite's
    return driver


def _driver(tx: Connection) -> sqlite3.Connection:
    driver = driver_of(tx)
    if not driver.in_transaction:
        raise NoTransactionError("statement outside a transaction")
    return driver
