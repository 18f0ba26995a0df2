"""Opening the store: durable and proved so, of the right terminal, at the right version, or not at all.

A terminal promises "recorded" only after COMMIT, so COMMIT must mean "on the disk": WAL with `synchronous=FULL`, both
read back from SQLite after they were set. The store is not started on anything less.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from codes.words import Words
from edge.store import schema, sql
from edge.store.errors import (
    DamagedStoreError,
    NewerStoreError,
    NotDurableError,
    OlderStoreError,
    StoreLockedError,
    of_os_error,
    store_errors,
)
from edge.store.lock import PATIENCE_S, give_to_owner, is_held, store_lock, tool_in_the_way, visit
from edge.store.lock_holders import Holder
from edge.store.salvage_check import look_over
from edge.store.salvage_remains import open_remains
from edge.store.schema import APPLICATION_ID
from edge.store.wal import Verdict

FILE_NAME = "terminal.db"
SALVAGING = "salvaging"
"""A note beside the store: its salvage has begun. It names the folder, and goes when the new store is in place."""
KEY_FILE = "terminal.key"
SET_MARK = f"PRAGMA application_id = {APPLICATION_ID}"

_BUSY_S = 5.0
_OWNER_ONLY = 0o600
_OTHERS = 0o077
_FULL = 2
_WAL_LIMIT_BYTES = 64 * 1024 * 1024
_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    # A checkpoint folds the log back into the file; after a storm the log is also cut to this size.
    f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}",
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def database_path(folder: Path) -> Path:
    """Return where the store of a data folder is."""
    return folder / FILE_NAME


def lock_path(folder: Path) -> Path:
    """Return where the lock of a data folder is."""
    return database_path(folder).with_suffix(".lock")


def had_a_life(database: Path) -> bool:
    """Tell whether the terminal has run with this folder: its key is made after its store, never before."""
    return database.with_name(KEY_FILE).exists()


@contextmanager
def opened_store(
    folder: Path,
    mend: Callable[[Path], None] | None = None,
    *,
    holder: Holder = Holder.TERMINAL,
    patience_s: float = PATIENCE_S,
) -> Iterator[Connection]:
    """Give the one writer its connection; the folder is locked against a second terminal process meanwhile.

    The store is made if there is none, and brought up to date if it is older.

    Args:
        folder: The data folder.
        mend: Looks at the database before SQLite does, and sees to it that it is whole. Without it a damaged one is
            refused.
        holder: What opens it.
        patience_s: How long tools that still have the store open are waited for.

    Raises:
        StoreLockedError: Another terminal process has the store, or a tool does not let go of it.
        NotDurableError: The disk cannot give the durability that is promised.
        NewerStoreError: A newer program wrote the store.
        DamagedStoreError: The file is damaged, or is no store of ours.
        TransientError: The disk refused.
    """
    path = database_path(folder)
    with store_lock(lock_path(folder), holder=holder, patience_s=patience_s) as held:
        if held.beside:
            _refuse_salvage_beside(path, held.beside)
        (mend or _refuse_lost_commits)(path)
        make_empty(path)
        with connected(path) as connection:
            with store_errors(path):
                _bring_up_to_date(path, connection, is_whole=mend is not None)
            held.let_in()
            yield connection


@contextmanager
def visited_store(folder: Path) -> Iterator[Connection]:
    """Give a command line tool a connection, beside a running terminal or without one.

    Raises:
        OlderStoreError: A running terminal holds a store of an older version.
        SalvageRunsError: A terminal is just starting.
        EdgeError: As `opened_store`, except that a running terminal is no obstacle.
    """
    path, lock = database_path(folder), lock_path(folder)
    # Beside a terminal that runs the gate is not shut even for a moment: another tool would take it for a start.
    if not is_held(lock):
        try:
            with opened_store(folder, holder=Holder.TOOL, patience_s=0) as connection:
                yield connection
                return
        except StoreLockedError:
            pass
    with visit(lock) as refuse_ended, connected(path, before_reading=refuse_ended) as connection:
        with store_errors(path), connection.begin():
            _refuse_newer(path, schema.schema_version(connection))
            if schema.schema_version(connection) < schema.history()[-1].version:
                raise OlderStoreError(Words("数据库版本较旧", "The store has an older version"))
        yield connection


def prove_writable(connection: Connection) -> None:
    """Write, and change nothing: returns once the disk has taken it.

    Raises:
        sqlite3.Error: It has not; `store_errors` says why.
    """
    with connection.begin():
        # Not a row that is set to what it is: SQLite sees that and writes nothing.
        sql.change(connection, SET_MARK)


@contextmanager
def reading_store(folder: Path, before_reading: Callable[[], None] = lambda: None) -> Iterator[Connection]:
    """Give a second connection of the running terminal that can only read."""
    with connected(database_path(folder), is_reader=True, before_reading=before_reading) as connection:
        yield connection


@contextmanager
def connected(
    path: Path, *, is_reader: bool = False, before_reading: Callable[[], None] = lambda: None
) -> Iterator[Connection]:
    """Give a connection to a database, durable or read only, whatever is in it. One that is not there is not made.

    Args:
        path: The database.
        is_reader: It can only read.
        before_reading: May still refuse, once the file is open and SQLite has looked at nothing in it or beside it.
    """

    def connect() -> sqlite3.Connection:
        # Transactions are begun by hand below: the driver's own habit of starting them late is of no use here.
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S, isolation_level=None)

    if not is_reader:
        _keep_to_owner(path)
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)
    begin = "BEGIN" if is_reader else "BEGIN IMMEDIATE"
    event.listen(engine, "begin", lambda connection: _begin(connection, begin))
    with store_errors(path), engine.connect() as connection:
        before_reading()
        driver = sql.driver_of(connection)
        for setting in ("PRAGMA query_only = ON",) if is_reader else _SETTINGS:
            driver.execute(setting)
        if not is_reader:
            _prove_durable(path, driver)
        yield connection
    engine.dispose()


def make_empty(path: Path) -> None:
    """Make an empty file for a database, unless there is one: whoever only looks must never do so."""
    try:
        # One that is there is never opened here: closing it again would let go of the locks that SQLite holds on it.
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                give_to_owner(descriptor, path.parent)
            finally:
                os.close(descriptor)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc


def _keep_to_owner(path: Path) -> None:
    """Let nobody else read the store, whatever the umask: what SQLite makes beside it takes the database's mode."""
    try:
        for file in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            if file.exists() and file.stat().st_mode & _OTHERS and file.stat().st_uid == os.geteuid():
                file.chmod(_OWNER_ONLY)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc


def _begin(connection: Connection, statement: str) -> None:
    """Begin a transaction. One that a failed COMMIT left open (a full disk does that) is given up first."""
    driver = sql.driver_of(connection)
    if driver.in_transaction:
        driver.rollback()
    driver.execute(statement)


def _prove_durable(path: Path, driver: sqlite3.Connection) -> None:
    """Read back what COMMIT will mean. SQLite keeps another mode silently where WAL is impossible."""
    journal = driver.execute("PRAGMA journal_mode").fetchone()[0]
    synchronous = driver.execute("PRAGMA synchronous").fetchone()[0]
    if journal != "wal" or synchronous != _FULL:
        raise NotDurableError(
            Words(
                f"{path} 无法保证断电不丢（journal_mode={journal}，synchronous={synchronous}）",
                f"{path} cannot survive a power cut (journal_mode={journal}, synchronous={synchronous})",
            )
        )


def _bring_up_to_date(path: Path, connection: Connection, *, is_whole: bool) -> None:
    with connection.begin():
        version = schema.schema_version(connection)
        _refuse_foreign(path, connection, version)
        _refuse_newer(path, version)
        if not is_whole:
            _refuse_damaged(path, connection)
    apply_history(connection, version)


def apply_history(connection: Connection, version: int) -> None:
    """Bring a schema of `version` up to date, each step in a transaction of its own."""
    for step in schema.history():
        if step.version > version:
            with connection.begin():
                schema.apply(connection, step)
                sql.change(connection, SET_MARK)


def _refuse_foreign(path: Path, connection: Connection, version: int) -> None:
    mark = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if mark != APPLICATION_ID and (version or tables):
        raise DamagedStoreError(Words(f"{path} 不是一码终端的数据库", f"{path} is no store of a Yima terminal"))


def _refuse_newer(path: Path, version: int) -> None:
    if version > schema.history()[-1].version:
        raise newer_store(path, version)


def newer_store(path: Path, version: int) -> NewerStoreError:
    """Return the error that says that a newer program wrote the store."""
    newest = schema.history()[-1].version
    return NewerStoreError(
        Words(
            f"数据库 {path} 的版本 {version} 高于本程序支持的 {newest}",
            f"The store {path} has version {version}; this program knows {newest}",
        )
    )


def _refuse_lost_commits(path: Path) -> None:
    """Leave a log alone that SQLite would cut short, and a salvage that has begun: the terminal sees to both."""
    why = _why_not_opened(path, {Verdict.DAMAGED})
    if why:
        raise DamagedStoreError(Words(f"数据库 {path} 已损坏：{why}", f"The store {path} is damaged: {why}"))


def _refuse_salvage_beside(path: Path, tools: Sequence[str]) -> None:
    """Let a terminal start beside tools that do not end, unless it would set aside what they have open."""
    why = _why_not_opened(path, {Verdict.DAMAGED, Verdict.TORN})
    if not why and path.exists() and path.stat().st_size:
        why = look_over(path).damage
    if why:
        raise tool_in_the_way(path, tools)
    _logger.warning("store.beside_tools", path=str(path), processes=tools)


def _why_not_opened(path: Path, refused: Collection[Verdict]) -> str:
    """Return what is wrong with the files of a store before SQLite opens them; empty if nothing is."""
    if path.with_name(SALVAGING).exists():
        return "its salvage was interrupted"
    with open_remains(path) as remains:
        why = remains.log.why if remains.log.verdict in refused else ""
    if not why and had_a_life(path) and not (path.exists() and path.stat().st_size):
        return "it is gone or empty"
    return why


def _refuse_damaged(path: Path, connection: Connection) -> None:
    finding = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if finding != "ok":
        raise DamagedStoreError(Words(f"数据库 {path} 已损坏：{finding}", f"The store {path} is damaged: {finding}"))
