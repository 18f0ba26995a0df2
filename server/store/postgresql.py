"""PostgreSQL: many writers, rows locked by key. Durability settings are read back, as for SQLite.

Every connection shares an advisory lock, which goes with it; a restore must hold that lock alone. A connection that is
made anew in a running centre looks whether it still meets the store that the centre opened.
"""

from __future__ import annotations

import time

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from codes.words import Words
from server.errors import (
    CentreRunsError,
    DamagedStoreError,
    DatabaseTooOldError,
    NotDurableError,
    ServerError,
    StoreBeingReplacedError,
    StoreContentionError,
    StoreRefusedError,
    StoreReplacedError,
    StoreUnavailableError,
)

_OLDEST_VERSION = 150_000
_CONNECT_TIMEOUT_S = 5
_RESTED_S = 1.0
_USED_S = "used_s"
"""When a connection came back to the pool."""
_IN_USE_LOCK = 0x79696D62
"""Key of the advisory lock of whoever uses the store ("yimb")."""
_PATIENCE_MS = 3_000
"""The server may take a moment to notice that a process has gone."""
_BETWEEN_TRIES_S = 0.1
_TRY_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
_HOLDERS = text(
    "SELECT DISTINCT coalesce(host(client_addr), 'local') FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND classid = 0 AND objid = :key AND granted AND pid <> pg_backend_pid()"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1"
)
_CORRUPT = frozenset({"XX001", "XX002"})
_CONTENTION_CLASS = "40"
"""Serialisation failure, deadlock."""


def open_engine(url: str, password: str | None, connections: int) -> Engine:
    """Return an engine on the database that `url` names."""
    address: URL = make_url(url).set(drivername="postgresql+psycopg")
    if password is not None:
        address = address.set(password=password)
    engine = create_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        # The connection that was used last has its statements prepared.
        pool_use_lifo=True,
        connect_args={"connect_timeout": _CONNECT_TIMEOUT_S, "application_name": "yima-centre"},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "connect", _share)
    _ping_what_rested(engine)
    return engine


def _ping_what_rested(engine: Engine) -> None:
    """Look whether a connection that nobody used for a while still answers; a new one is made instead if not.

    Asking each time, as the pool itself would, costs as much as a look-up. What breaks while it is in use is told as a
    database that does not answer.
    """

    def used(_connection: DBAPIConnection | None, entry: ConnectionPoolEntry) -> None:
        entry.info[_USED_S] = time.monotonic()

    def check(connection: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: object) -> None:
        if time.monotonic() - entry.info.get(_USED_S, 0.0) < _RESTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as exc:
            raise InvalidatePoolError(str(exc)) from exc

    event.listen(engine, "checkin", used)
    event.listen(engine, "checkout", check)


def hold_alone(connection: Connection) -> None:
    """Keep everybody else off the store until the transaction ends.

    Raises:
        CentreRunsError: Somebody has it open.
    """
    give_up_at = time.monotonic() + _PATIENCE_MS / 1_000
    # Asked for again and again, never waited for: behind one who waits, a running centre could not get it any more.
    while not connection.scalar(_TRY_ALONE, {"key": _IN_USE_LOCK}):
        if time.monotonic() >= give_up_at:
            where = ", ".join(connection.scalars(_HOLDERS, {"key": _IN_USE_LOCK}))
            raise CentreRunsError(
                Words(
                    f"数据库正被中心或其他 yima server 命令使用（来自 {where}）",
                    f"The database is in use by a centre or by another `yima server` command (from {where})",
                )
            )
        time.sleep(_BETWEEN_TRIES_S)


def keep_to(engine: Engine, epoch: str) -> None:
    """Let new connections work only while the store is in this life of it."""

    def check(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("SELECT value FROM centre WHERE name = 'epoch'")
        found = cursor.fetchall()
        cursor.close()
        connection.rollback()
        if found != [(epoch,)]:
            raise StoreReplacedError(
                Words("数据库在中心运行时被恢复或替换", "The store was restored or replaced while the centre ran")
            )

    event.listen(engine, "connect", check)


def set_schema_aside(connection: Connection, mark: str) -> str:
    """Rename the schema that is in use and put an empty one in its place; return the old one's new name."""
    schema = str(connection.scalar(text("SELECT current_schema()")))
    aside = f"{schema}_{mark}"
    connection.exec_driver_sql(f'ALTER SCHEMA "{schema}" RENAME TO "{aside}"')
    connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
    return aside


def translate(exc: DBAPIError) -> ServerError:
    """Return what a failure of the driver means to the caller."""
    from psycopg import DataError, IntegrityError, ProgrammingError  # noqa: PLC0415 - a centre on SQLite needs no driver

    state: str = getattr(exc.orig, "sqlstate", None) or ""
    words = Words(f"数据库错误：{exc.orig}", f"The database says: {exc.orig}")
    if state in _CORRUPT:
        return DamagedStoreError(words)
    if state.startswith(_CONTENTION_CLASS):
        return StoreContentionError(words)
    # A value that does not fit, a constraint, a statement that is wrong; some are found before the server sees them.
    if isinstance(exc.orig, DataError | IntegrityError | ProgrammingError):
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


def _share(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Hold the lock of whoever uses the store, until this connection ends."""
    cursor = connection.cursor()
    cursor.execute("SELECT pg_try_advisory_lock_shared(%s)", (_IN_USE_LOCK,))
    ((is_open,),) = cursor.fetchall()
    cursor.close()
    connection.rollback()
    if not is_open:
        raise StoreBeingReplacedError(Words("数据库正在被恢复", "The database is being restored"))
