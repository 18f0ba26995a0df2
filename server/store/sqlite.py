"""SQLite: one file, one writer at a time, every commit on the disk before it is reported.

`journal_mode=WAL` and `synchronous=FULL` are set and read back on every connection: a file system that cannot keep
them (some network drives) is refused at start, not found out at the next power cut.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from codes.words import Words
from server.errors import (
    DamagedStoreError,
    NotDurableError,
    ServerError,
    StoreRefusedError,
    StoreUnavailableError,
)
from wire.on_disk import make_private_folder

WRITE = "yima_write"
"""Execution option of a connection that will write: it takes the write lock when its transaction begins."""

_SYNCHRONOUS_FULL = 2
_OWNER_ONLY = 0o600
_BUSY_TIMEOUT_S = 10
_CONNECTIONS = 10
"""Kept open; a new one reads the schema first."""
_PRIMARY_CODE = 0xFF
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-65536",
    # A longer log before it is folded into the file: fewer, larger writes while a backlog drains.
    "PRAGMA wal_autocheckpoint=4000",
)


def path_of(url: str) -> Path:
    """Return the file that `url` names, wherever links lead."""
    return Path(url.removeprefix("sqlite:///")).resolve()


def open_engine(url: str) -> Engine:
    """Return an engine on the file that `url` names; its folder is made if need be.

    Raises:
        StoreUnavailableError: The folder or the file cannot be made.
    """
    path = path_of(url)
    try:
        make_private_folder(path.parent)
        # Password hashes are in it; its log and index files take the same mode.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY))
    except OSError as exc:
        raise StoreUnavailableError(Words(f"无法创建数据库：{exc}", f"Cannot make the database: {exc}")) from exc
    engine = create_engine(
        url,
        connect_args={"timeout": _BUSY_TIMEOUT_S},
        # The connection that was used last has its pages and statements at hand; in turn all would grow cold.
        pool_use_lifo=True,
        pool_size=_CONNECTIONS,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def opened_unchanged(path: Path, *, has_log: bool) -> Iterator[Connection]:
    """Give the file at `path` for reading, without changing a byte of it or of its log.

    Args:
        path: A file that nobody else has open.
        has_log: Its log counts as well. Without it only the file is looked at, and nothing is made beside it.
    """
    uri = f"{path.resolve().as_uri()}?mode=ro" + ("" if has_log else "&immutable=1")
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def translate(exc: DBAPIError) -> ServerError:
    """Return what a failure of the driver means to the caller."""
    code = getattr(exc.orig, "sqlite_errorcode", 0) & _PRIMARY_CODE
    words = Words(f"数据库错误：{exc.orig}", f"The database says: {exc.orig}")
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return DamagedStoreError(words)
    if isinstance(exc.orig, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.ProgrammingError):
        return StoreRefusedError(words)
    return StoreUnavailableError(words)


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # Transactions are begun by `_begin`, because sqlite3's own way begins them late and never immediate.
    connection.isolation_level = None
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
    cursor.close()
    if mode != "wal" or synchronous != _SYNCHRONOUS_FULL:
        raise NotDurableError(
            Words(
                f"数据库不能保证落盘：journal_mode={mode}, synchronous={synchronous}",
                f"The database would not be durable: journal_mode={mode}, synchronous={synchronous}",
            )
        )


def _begin(connection: Connection) -> None:
    # A reader that later wants to write can fail at once with "locked"; so a writer asks for the lock first.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITE) else "BEGIN")
