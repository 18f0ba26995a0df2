"""Open the store, keep its promise: what `writing` has committed survives a power cut."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from codes.os_words import words_of_os_error
from codes.words import Words
from server.errors import NoStoreError, ServerError, StoreRefusedError, StoreUnavailableError
from server.store import postgresql, replacing, sqlite
from server.store.in_use import FileLock
from server.store.migrate import Progress, migrate
from server.store.replacing import Recovered
from server.store.tables import centre

__all__ = ["Connection", "Store", "former_store", "open_store", "renew_epoch", "unmade_store"]

_MIGRATION_LOCK = 0x79696D61
"""Key of the advisory lock that lets one process at a time change the schema ("yima")."""


class Store:
    """An open database. `reading` and `writing` give a connection inside a transaction."""

    def __init__(
        self,
        engine: Engine,
        epoch: str,
        translate: Callable[[DBAPIError], ServerError],
        lock: FileLock | None = None,
    ) -> None:
        self.epoch = epoch
        """Life of this store; a restored or rebuilt one has another, so that terminals know."""
        self._engine = engine
        self._lock = lock
        self._writers = engine.execution_options(**{sqlite.WRITE: True})
        self._translate = translate
        # SQLite has one writer; queueing here is fair, while its own waiting is a lottery.
        self._turn: AbstractContextManager[object] = threading.Lock() if _is_sqlite(engine) else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection whose work is thrown away at the end.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def reading_steadily(self) -> Iterator[Connection]:
        """Give a connection that sees one moment of the store, however long it reads, while others go on writing.

        Raises:
            StoreUnavailableError: The database does not answer.
        """
        steady = {} if _is_sqlite(self._engine) else {"isolation_level": "REPEATABLE READ"}
        with self._translated(), self._engine.connect().execution_options(**steady) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose work is committed, all or nothing, when the block ends well.

        Raises:
            StoreUnavailableError: The database does not answer; nothing was committed.
            StoreContentionError: Another writer was in the way; nothing was committed.
            StoreRefusedError: A value does not fit; nothing was committed.
        """
        with self._translated(), self._turn, self._writers.begin() as connection:
            yield connection

    def keep_to(self, epoch: str) -> None:
        """Take part in this life of the store and in no other."""
        self.epoch = epoch
        if not _is_sqlite(self._engine):
            postgresql.keep_to(self._engine, epoch)

    def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            StoreUnavailableError: There is none.
        """
        with self.reading() as connection:
            connection.execute(select(1))

    def close(self) -> None:
        """Give all connections back, and let others replace the store."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as exc:
            raise self._translate(exc) from exc
        except PoolTimeoutError as exc:
            raise StoreUnavailableError(Words("数据库连接已用尽", "All database connections are in use")) from exc
        except OverflowError as exc:
            # A number that SQLite's driver finds too large before the database does, which is none of the driver's own
            # errors; or, in the block itself, a stored time that is none.
            raise StoreRefusedError(
                Words(f"数值或时间超出范围：{exc}", f"A number or a time is out of range: {exc}")
            ) from exc


def open_store(
    url: str,
    *,
    new_epoch: Callable[[], str],
    password: str | None = None,
    connections: int = 10,
    progress: Progress = lambda _revision: None,
    recovered: Callable[[Recovered], None] = lambda _recovered: None,
) -> Store:
    """Open the database at `url`, make or renew its schema, and return the store.

    Args:
        url: `sqlite:///PATH` or `postgresql://…`.
        new_epoch: Makes the epoch of a store that is created now.
        password: For PostgreSQL, if not in the URL.
        connections: Most connections to PostgreSQL.
        progress: Told after each step of a migration.
        recovered: Told what became of a restore that had broken off.

    Raises:
        StoreUnavailableError: The database does not answer.
        StoreBeingReplacedError: A restore is at work.
        NotDurableError: It would not keep what it commits.
        NewerSchemaError: A newer release wrote it.
        DamagedStoreError: The file is damaged or no database.
    """
    store = _opened(url, password, connections, _shared_lock(url, recovered))
    try:
        with store.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
            migrate(connection, progress)
            epoch = _epoch(connection, new_epoch)
        store.keep_to(epoch)
    except ServerError:
        store.close()
        raise
    return store


def renew_epoch(connection: Connection, epoch: str) -> str:
    """Give the store a new epoch, so that terminals know that it is not what it was; return the one before.

    Raises:
        NoStoreError: It has none, so that it is no store of ours or one that was never opened.
    """
    before = connection.scalar(select(centre.c.value).where(centre.c.name == "epoch"))
    changed = connection.execute(update(centre).where(centre.c.name == "epoch").values(value=epoch)).rowcount
    if changed != 1:
        raise NoStoreError(Words("数据库中没有中心的纪元", "The database holds no epoch of a centre"))
    return str(before)


@contextmanager
def unmade_store(url: str, *, password: str | None = None, connections: int = 10) -> Iterator[Connection]:
    """Give a database as it is, without its schema being made or renewed, in one transaction that may write.

    Nobody else has it open meanwhile. For a file, the caller must hold the lock alone.

    Raises:
        CentreRunsError: Somebody has it open.
        StoreUnavailableError: The database does not answer.
        StoreRefusedError: A value does not fit, or a right is missing; nothing was committed.
    """
    with closing(_opened(url, password, connections)) as store, store.writing() as connection:
        if connection.dialect.name == "postgresql":
            postgresql.hold_alone(connection)
        yield connection


@contextmanager
def former_store(path: Path) -> Iterator[Connection]:
    """Give a file as it was found, for reading; the caller must hold the lock alone.

    It may be evidence of what went wrong, so it is not even brought in order: file and log stay as they are.

    Raises:
        ServerError: It cannot be read.
    """
    has_log = _has_log(path)
    try:
        with sqlite.opened_unchanged(path, has_log=has_log) as connection:
            yield connection
    except DBAPIError as exc:
        raise sqlite.translate(exc) from exc


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as exc:
        why = words_of_os_error(exc)
        raise StoreUnavailableError(Words(f"无法读取 {path}：{why.zh}", f"Cannot read {path}: {why.en}")) from exc


def _shared_lock(url: str, recovered: Callable[[Recovered], None]) -> FileLock | None:
    """Return the lock of a file that is now in use; what a crash left of a restore is put in order first."""
    if not url.startswith("sqlite:"):
        return None
    path = sqlite.path_of(url)
    lock = FileLock(path)
    try:
        if replacing.is_interrupted(path) and lock.has_taken_alone() and (found := replacing.recover(path)):
            recovered(found)
        lock.share()
        # Whoever held the lock just now may have let go of it without having finished.
        if replacing.is_interrupted(path):
            raise replacing.not_in_order_yet(path)
    except ServerError:
        lock.close()
        raise
    return lock


def _opened(url: str, password: str | None, connections: int, lock: FileLock | None = None) -> Store:
    is_file = url.startswith("sqlite:")
    try:
        engine = sqlite.open_engine(url) if is_file else postgresql.open_engine(url, password, connections)
    except ServerError:
        if lock is not None:
            lock.close()
        raise
    return Store(engine, "", sqlite.translate if is_file else postgresql.translate, lock)


def _is_sqlite(engine: Engine) -> bool:
    return engine.dialect.name == "sqlite"


def _epoch(connection: Connection, new_epoch: Callable[[], str]) -> str:
    known = connection.scalar(select(centre.c.value).where(centre.c.name == "epoch"))
    if known is not None:
        return str(known)
    made = new_epoch()
    connection.execute(insert(centre).values(name="epoch", value=made))
    return made
