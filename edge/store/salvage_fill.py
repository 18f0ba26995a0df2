"""Filling a new store from a damaged one: table by table, whole where a table can be read, else from both its ends.

A table that reads well, with every text in it, is copied by SQLite itself. Where SQLite stops at a damaged page, the
table is read row by row up to it, and from its other end towards it. The outbox has a way of its own
(`salvage_outbox`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import structlog

from edge.store.salvage_cells import NO_TIME, columns_of, drop_orphans, put_right, tables_of
from edge.store.salvage_proof import Found
from edge.store.salvage_remains import Head, head_of

_BATCH = 20_000
STATE = "terminal_state"
PLAIN_INDEXES = (
    "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE 'CREATE INDEX %' AND tbl_name <> 'outbox'"
)
COLUMNS = "epoch, seq, id, kind, hlc, created_at, state, held_until, dead_code, delivered_at, bytes"
INSERT_ROW = f"INSERT OR IGNORE INTO outbox ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - ours
# Read from the index alone: it names rows that may not be readable any more.
PENDING_NUMBERS = "SELECT epoch, seq FROM outbox INDEXED BY outbox_pending WHERE state = 'pending'"
READ_HEAD = "SELECT * FROM terminal_state"
FORGET_FILE = "UPDATE catalogue_import SET digest = ''"
END_LOST_SESSIONS = "DELETE FROM session WHERE shift NOT IN (SELECT id FROM shift)"

_Row = tuple[object, ...]
UNREADABLE = (sqlite3.Error, UnicodeDecodeError, MemoryError)
"""What reading a damaged database may raise: SQLite quotes the broken schema, and that need not be text; and a record
that says it is nearly 4 GiB long is more than the memory, before anybody asks whether the file is as long."""
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Taken:
    """What was taken over so far."""

    rows: dict[str, int] = field(default_factory=dict)
    """By table."""
    stopped: set[str] = field(default_factory=set)
    """Tables in which SQLite stopped, or that have rows it would not take."""
    delivered: dict[str, set[int]] = field(default_factory=dict)
    """Numbers of delivered events, by life: those are taken as they are."""
    open_rows: list[Found] = field(default_factory=list)
    """Events that are not delivered, to be proved."""
    named: set[tuple[str, int]] = field(default_factory=set)
    """Events that the index says are not delivered."""
    head: Head | None = None
    state: dict[str, object] = field(default_factory=dict)
    """The other columns of the state."""


@contextmanager
def opened_image(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a copy of a damaged database, to read only."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as image:
        image.text_factory = lambda text: text.decode("utf-8", "replace")
        yield image


@contextmanager
def attached(target: sqlite3.Connection, image: Path) -> Iterator[None]:
    """Attach the copy as `damaged`.

    Each statement that reads it is a transaction of its own: SQLite commits none in which it has met a damaged page. A
    damaged schema keeps it from any statement at all, until the copy is detached.
    """
    target.execute("ATTACH ? AS damaged", (str(image),))
    try:
        yield
    finally:
        target.execute("DETACH damaged")


def refuse_full(error: BaseException) -> None:
    """Let nobody take a disk without room for a damaged page: what is whole would be left out.

    Raises:
        sqlite3.Error: It is that.
    """
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        raise error


@contextmanager
def indexed_afterwards(target: sqlite3.Connection) -> Iterator[None]:
    """Make the indexes when the rows are in, but for those that refuse rows, and the outbox's: few rows are in them."""
    indexes = target.execute(PLAIN_INDEXES).fetchall()
    for name, _ in indexes:
        target.execute(f"DROP INDEX {name}")
    yield
    for _, statement in indexes:
        target.execute(statement)


def fill(target: sqlite3.Connection, path: Path, now_us: int) -> Taken:
    """Copy what SQLite can read of the image at `path` into a new store, all but the outbox."""
    with opened_image(path) as image:
        return _fill(target, path, image, now_us)


def _fill(target: sqlite3.Connection, path: Path, image: sqlite3.Connection, now_us: int) -> Taken:
    taken = Taken()
    for table in tables_of(target):
        if table == STATE:
            continue
        if not _is_copied_whole(target, path, table, taken):
            _copy(target, image, table, taken)
        if put_right(target, table, now_us):
            taken.stopped.add(table)
    taken.stopped |= drop_orphans(target)
    with suppress(*UNREADABLE, ValueError):
        cursor = image.execute(READ_HEAD)
        names = [column[0] for column in cursor.description]
        cells = cursor.fetchone()
        if cells is not None:
            taken.head, taken.state = head_of(list(cells)), dict(zip(names, cells, strict=True))
    with suppress(*UNREADABLE):
        rows = image.execute(PENDING_NUMBERS)
        taken.named.update((epoch, seq) for epoch, seq in rows if isinstance(epoch, str) and isinstance(seq, int))
    target.execute(END_LOST_SESSIONS)
    if taken.stopped & {"product", "identifier", "catalogue_import"}:
        # The file of the configuration is then imported anew, though it has not changed.
        target.execute(FORGET_FILE)
    return taken


def add_events(target: sqlite3.Connection, events: list[Found]) -> None:
    """Put proved events into the outbox."""
    target.executemany(INSERT_ROW, (_cells(one) for one in events))


def _is_copied_whole(target: sqlite3.Connection, path: Path, table: str, taken: Taken) -> bool:
    """Let SQLite copy a table; tell whether it could read all of it, every text included."""
    before = target.total_changes
    try:
        with opened_image(path) as image:
            columns = ", ".join(_shared_columns(target, image, table))
            # Read once here too, so that a text that is none is found before it is copied.
            image.text_factory = str
            rows = sum(1 for _ in image.execute(f"SELECT {columns} FROM {table} NOT INDEXED"))  # noqa: S608 - ours
        with attached(target, path):
            target.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM damaged.{table}")  # noqa: S608
    except UNREADABLE as exc:
        refuse_full(exc)
        _logger.warning("salvage.stopped", table=table, reason=str(exc))
        return False
    taken.rows[table] = target.total_changes - before
    return taken.rows[table] == rows


def _copy(target: sqlite3.Connection, image: sqlite3.Connection, table: str, taken: Taken) -> None:
    columns = _shared_columns(target, image, table)
    marks = ", ".join("?" * len(columns))
    insert = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names are ours
    before, read = target.total_changes, 0
    target.execute("BEGIN")
    fillable = {one.name for one in columns_of(target, table) if one.can_be_put_right and not one.may_be_null}
    for batch in _batches(image, target, table, columns, taken):
        target.executemany(insert, (_filled(row, columns, fillable) for row in batch))
        read += len(batch)
        _tell(table, read)
    target.execute("COMMIT")
    taken.rows[table] = target.total_changes - before
    if taken.rows[table] < read and table not in taken.stopped:
        taken.stopped.add(table)


def _filled(row: _Row, columns: list[str], fillable: set[str]) -> _Row:
    """Return a row that is not refused for an empty cell that is put right afterwards."""
    if None not in row:
        return row
    cells = zip(columns, row, strict=True)
    return tuple(NO_TIME if cell is None and name in fillable else cell for name, cell in cells)


def _batches(
    image: sqlite3.Connection, target: sqlite3.Connection, table: str, columns: list[str], taken: Taken
) -> Iterator[list[_Row]]:
    """Yield rows from the front until SQLite stops, then from the back. Some may come twice."""
    if not columns:
        taken.stopped.add(table)
        return
    keys = [name for _, name, *_, place in target.execute(f"PRAGMA table_info({table})") if place]
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{key} {direction}" for key in keys)
        rows = _until_stopped(image, f"SELECT {', '.join(columns)} FROM {table} NOT INDEXED ORDER BY {order}")  # noqa: S608
        while batch := list(islice(rows, _BATCH)):
            is_stopped = batch[-1] is None
            yield [row for row in batch if row is not None]
            if is_stopped:
                break
        else:
            return
        taken.stopped.add(table)


def _until_stopped(image: sqlite3.Connection, statement: str) -> Iterator[_Row | None]:
    """Yield rows, and None where SQLite cannot go on."""
    try:
        yield from image.execute(statement)
    except UNREADABLE as exc:
        _logger.warning("salvage.stopped", reason=str(exc))
        yield None


def _shared_columns(target: sqlite3.Connection, image: sqlite3.Connection, table: str) -> list[str]:
    with suppress(*UNREADABLE):
        old = {name for _, name, *_ in image.execute(f"PRAGMA table_info({table})")}
        return [name for _, name, *_ in target.execute(f"PRAGMA table_info({table})") if name in old]
    return []


def _cells(one: Found) -> _Row:
    return (
        one.epoch,
        one.seq,
        one.id,
        one.kind,
        one.hlc,
        one.created_at,
        one.state,
        one.held_until,
        one.dead_code,
        # Delivered nobody knows when: not before it was made.
        one.created_at if one.delivered_at is None and one.state == "delivered" else one.delivered_at,
        one.bytes,
    )


def _tell(table: str, read: int) -> None:
    if read >= _BATCH:
        _logger.info("salvage.progress", table=table, rows=read)
