"""Statements straight to the driver, for what every sale asks: no more of SQLAlchemy than connection and transaction.

A settlement asks for some thirty small things. What SQLAlchemy makes around the rows of one of them takes ten times as
long as the database does. Here a statement is compiled once for each kind of database, and its rows are the driver's
own tuples: whoever asks turns them into records (`server.store.records`), which knows how each column is kept.

Failures are SQLAlchemy's all the same, and a connection that broke is given up. If somebody listens to statements, they
go SQLAlchemy's way, so that nothing is hidden from him.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

Row = tuple[Any, ...]
Said = Mapping[str, Any]


class Among(FunctionElement[Any]):
    """Whether a column is one of a list of texts, which is one parameter whatever its length."""

    inherit_cache = True
    # As a truth value it would be compared with 1 on SQLite, and no index be used.
    type: TypeEngine[Any] = NullType()


@compiles(Among, "sqlite")
def _among_of_sqlite(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, listed = (compiler.process(one, **more) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - our own names


@compiles(Among, "postgresql")
def _among_of_postgresql(element: Among, compiler: SQLCompiler, **more: Any) -> str:
    column, listed = (compiler.process(one, **more) for one in element.clauses)
    return f"{column} = ANY(CAST({listed} AS TEXT[]))"


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement as one driver takes it."""

    sql: str
    fixed: Mapping[str, Any]
    """Values that stand in the statement itself."""
    places: tuple[str, ...] | None
    """Names in the order of their marks; None where the driver takes names."""

    def parameters(self, said: Said) -> Any:
        """Return the values as the driver takes them."""
        values = {**self.fixed, **said}
        return values if self.places is None else tuple(_held(values[name]) for name in self.places)


class Asked:
    """A statement that is asked again and again; its parameters have names."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, connection: Connection, said: Said) -> list[Row]:
        """Return all rows."""
        compiled = self._for(connection)
        return rows(connection, compiled.sql, compiled.parameters(said))

    def row(self, connection: Connection, said: Said) -> Row | None:
        """Return the first row, if there is one."""
        return next(iter(self.rows(connection, said)), None)

    def value(self, connection: Connection, said: Said) -> Any:
        """Return the first value of the first row; None if there is no row."""
        row = self.row(connection, said)
        return None if row is None else row[0]

    def run(self, connection: Connection, said: Said) -> int:
        """Carry it out, and return how many rows it changed."""
        compiled = self._for(connection)
        return changed(connection, compiled.sql, compiled.parameters(said))

    def _for(self, connection: Connection) -> _Compiled:
        # Two threads may both compile it: they find the same.
        found = self._compiled.get(connection.dialect.name)
        if found is None:
            found = self._compiled[connection.dialect.name] = self._as_taken_by(connection)
        return found

    def _as_taken_by(self, connection: Connection) -> _Compiled:
        compiled = self._statement.compile(dialect=connection.dialect)
        assert isinstance(compiled, SQLCompiler)  # noqa: S101 - statements are no DDL
        places = tuple(compiled.positiontup) if compiled.positiontup is not None else None
        return _Compiled(compiled.string, dict(compiled.params), places)


def rows(connection: Connection, sql: str, parameters: Any) -> list[Row]:
    """Return all rows of a statement in the driver's own words.

    Raises:
        DBAPIError: It failed.
    """
    if _is_listened_to(connection):
        return [tuple(row) for row in connection.exec_driver_sql(sql, parameters)]
    cursor = _cursor(connection)
    try:
        cursor.execute(sql, parameters)
        found: list[Row] = cursor.fetchall()
    except _errors(connection) as exc:
        raise _failure(connection, sql, exc) from exc
    finally:
        cursor.close()
    return found


def changed(connection: Connection, sql: str, parameters: Any) -> int:
    """Carry out a statement in the driver's own words, and return how many rows it changed.

    A list of parameters is one for each time that it is carried out.

    Raises:
        DBAPIError: It failed.
    """
    if _is_listened_to(connection):
        return connection.exec_driver_sql(sql, parameters).rowcount
    cursor = _cursor(connection)
    try:
        if isinstance(parameters, list):
            cursor.executemany(sql, parameters)
        else:
            cursor.execute(sql, parameters)
        count: int = cursor.rowcount
    except _errors(connection) as exc:
        raise _failure(connection, sql, exc) from exc
    finally:
        cursor.close()
    return count


def _cursor(connection: Connection) -> Any:
    if not connection.in_transaction():
        connection.begin()
    driver = connection.connection.dbapi_connection
    assert driver is not None  # noqa: S101 - one that is given up begins no transaction
    return driver.cursor()


def _is_listened_to(connection: Connection) -> bool:
    return bool(connection.dispatch.before_cursor_execute)


def _errors(connection: Connection) -> Any:
    return connection.dialect.loaded_dbapi.Error


def _failure(connection: Connection, sql: str, error: Exception) -> DBAPIError:
    """Return a failure as SQLAlchemy tells it; what was asked for, which may name people, is left out."""
    dialect = connection.dialect
    if dialect.is_disconnect(error, connection.connection.dbapi_connection, None):  # type: ignore[arg-type]
        connection.invalidate(error)
    told = DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect)
    assert isinstance(told, DBAPIError)  # noqa: S101 - so are all failures of drivers
    return told


def _held(value: Any) -> Any:
    """Return a value as SQLite takes it: a list as JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, list) else value
