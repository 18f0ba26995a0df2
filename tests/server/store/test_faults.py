"""What a driver's error means to the caller: try again, give up, or somebody must act."""

from __future__ import annotations

import sqlite3
from typing import Any

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from server.errors import (
    DamagedStoreError,
    DatabaseTooOldError,
    NotDurableError,
    ServerError,
    StoreContentionError,
    StoreRefusedError,
    StoreUnavailableError,
)
from server.store import postgresql, sqlite
from server.store.database import Store


def failed(orig: Exception) -> DBAPIError:
    return DBAPIError("SELECT 1", {}, orig)


@pytest.mark.parametrize(
    ("orig", "kind"),
    [
        (errors.DeadlockDetected("x"), StoreContentionError),
        (errors.SerializationFailure("x"), StoreContentionError),
        (errors.DataCorrupted("x"), DamagedStoreError),
        (errors.UniqueViolation("x"), StoreRefusedError),
        (errors.NumericValueOutOfRange("x"), StoreRefusedError),
        (errors.UndefinedTable("x"), StoreRefusedError),
        (psycopg.DataError("NUL"), StoreRefusedError),
        (errors.DiskFull("x"), StoreUnavailableError),
        (errors.AdminShutdown("x"), StoreUnavailableError),
        (psycopg.OperationalError("connection refused"), StoreUnavailableError),
    ],
)
def test_errors_of_postgresql(orig: Exception, kind: type[ServerError]) -> None:
    assert type(postgresql.translate(failed(orig))) is kind


@pytest.mark.parametrize(
    ("code", "raised", "kind"),
    [
        (sqlite3.SQLITE_BUSY, sqlite3.OperationalError, StoreUnavailableError),
        (sqlite3.SQLITE_FULL, sqlite3.OperationalError, StoreUnavailableError),
        (sqlite3.SQLITE_IOERR_FSYNC, sqlite3.OperationalError, StoreUnavailableError),
        (sqlite3.SQLITE_READONLY, sqlite3.OperationalError, StoreUnavailableError),
        (sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError, DamagedStoreError),
        (sqlite3.SQLITE_CORRUPT_INDEX, sqlite3.DatabaseError, DamagedStoreError),
        (sqlite3.SQLITE_NOTADB, sqlite3.DatabaseError, DamagedStoreError),
        (sqlite3.SQLITE_CONSTRAINT, sqlite3.IntegrityError, StoreRefusedError),
    ],
)
def test_errors_of_sqlite(code: int, raised: type[sqlite3.Error], kind: type[ServerError]) -> None:
    orig = raised("x")
    orig.sqlite_errorcode = code

    assert type(sqlite.translate(failed(orig))) is kind


class Answering:
    """A connection that answers `SHOW` as it is told to."""

    def __init__(self, **settings: str) -> None:
        self.settings = {"server_version_num": "150020", "fsync": "on", "synchronous_commit": "on"} | settings
        self.asked = ""

    def cursor(self) -> Answering:
        return self

    def execute(self, statement: str) -> None:
        self.asked = statement.removeprefix("SHOW ")

    def fetchall(self) -> list[tuple[str]]:
        return [(self.settings[self.asked],)]

    def close(self) -> None: ...

    def rollback(self) -> None: ...


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"server_version_num": "140009"}, DatabaseTooOldError),
        ({"fsync": "off"}, NotDurableError),
        ({"synchronous_commit": "off"}, NotDurableError),
    ],
)
def test_a_postgresql_that_will_not_do_is_refused(settings: dict[str, str], kind: type[ServerError]) -> None:
    connection: Any = Answering(**settings)
    entry: Any = None
    with pytest.raises(kind):
        postgresql._prepare(connection, entry)


def test_a_password_is_kept_out_of_what_is_shown() -> None:
    engine = postgresql.open_engine("postgresql://yima@127.0.0.1:1/none", "s3cret", 2)

    assert engine.url.password == "s3cret"
    assert "s3cret" not in repr(engine.url)
    engine.dispose()


def test_a_pool_without_a_free_connection_is_worth_another_try(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted() -> None:
        raise PoolTimeoutError("30 s")

    monkeypatch.setattr(store._engine, "connect", exhausted)
    with pytest.raises(StoreUnavailableError):
        store.ping()
