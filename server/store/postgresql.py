"""PostgreSQL: many writers, rows locked by key. Durability settings are read back, as for SQLite."""

from __future__ import annotations

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from codes.words import Words
from server.errors import (
    DamagedStoreError,
    DatabaseTooOldError,
    NotDurableError,
    ServerError,
    StoreContentionError,
    StoreRefusedError,
    StoreUnavailableError,
)

_OLDEST_VERSION = 150_000
_CONNECT_TIMEOUT_S = 5
_CORRUPT = frozenset({"XX001", "XX002"})
_CONTENTION_CLASS = "40"
"""Serialisation failure, deadlock."""
_REFUSED = (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError)
"""A value that does not fit, a constraint, a statement that is wrong; some are found before the server sees them."""


def open_engine(url: str, password: str | None, connections: int) -> Engine:
    """Return an engine on the database that `url` names."""
    address: URL = make_url(url).set(drivername="postgresql+psycopg")
    if password is not None:
        address = address.set(password=password)
    engine = create_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "yima-centre"},
    )
    event.listen(engine, "connect", _prepare)
    return engine


def set_schema_aside(connection: Connection, mark: str) -> str:
    """Rename the schema that is in use and put an empty one in its place; return the old one's new name."""
    schema = str(connection.scalar(text("SELECT current_schema()")))
    aside = f"{schema}_{mark}"
    connection.exec_driver_sql(f'ALTER SCHEMA "{schema}" RENAME TO "{aside}"')
    connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
    return aside


def translate(exc: DBAPIError) -> ServerError:
    """Return what a failure of the driver means to the caller."""
    state: str = getattr(exc.orig, "sqlstate", None) or ""
    words = Words(f"数据库错误：{exc.orig}", f"The database says: {exc.orig}")
    if state in _CORRUPT:
        return DamagedStoreError(words)
    if state.startswith(_CONTENTION_CLASS):
        return StoreContentionError(words)
    if isinstance(exc.orig, _REFUSED):
        return StoreRefusedError(words)
    return StoreUnavailableError(words)


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    settings: dict[str, str] = {}
    for name in ("server_version_num", "fsync", "synchronous_commit"):
        cursor.execute(f"SHOW {name}")
        ((settings[name],),) = cursor.fetchall()
    cursor.close()
    connection.rollback()
    if int(settings["server_version_num"]) < _OLDEST_VERSION:
        raise DatabaseTooOldError(Words("PostgreSQL 版本须不低于 15", "PostgreSQL 15 or later is needed"))
    if "off" in (settings["fsync"], settings["synchronous_commit"]):
        raise NotDurableError(
            Words(
                f"PostgreSQL 不能保证落盘：fsync={settings['fsync']}, "
                f"synchronous_commit={settings['synchronous_commit']}",
                f"PostgreSQL would not be durable: fsync={settings['fsync']}, "
                f"synchronous_commit={settings['synchronous_commit']}",
            )
        )
