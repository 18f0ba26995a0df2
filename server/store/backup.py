"""A backup of the whole store in one file, the same for both databases.

The file is an archive (`wire.archive`): a head that names format, revision and
epoch, rows table by table, and an end that counts them. What was cut off or altered is therefore found before a row
is believed. Rows are read in one transaction, so that the backup is one moment of the store, taken while it runs.

Because nothing in it belongs to one database, a store that began on SQLite can be restored into PostgreSQL. A backup
of an older release is restored as that release knew it and then brought up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    MetaData,
    Table,
    func,
    insert,
    inspect,
    select,
)

from codes.os_words import words_of_os_error
from codes.words import Words
from server.errors import BackupFileError, DamagedBackupError, NewerBackupError
from wire.archive import read_archive, write_archive
from wire.errors import CorruptMessageError

FORMAT = 1
_MARK = b"YIMABAK1"
_ROWS_PER_CHUNK = 2_000
_VERSIONS = "alembic_version"


class Head(msgspec.Struct, frozen=True, tag="head"):
    """What a backup says of itself."""

    format: int
    revision: str
    """Of the schema."""
    epoch: str
    """Life of the store that was backed up."""
    made_at: datetime
    version: str
    """Of the program."""


class Rows(msgspec.Struct, frozen=True, tag="rows"):
    """Some rows of one table."""

    table: str
    columns: list[str]
    rows: list[list[Any]]


class End(msgspec.Struct, frozen=True, tag="end"):
    """Nothing follows: how many rows each table had."""

    counts: dict[str, int]


Told = Callable[[str, int], None]
"""Told the table and how many of its rows are done."""

_decoder = msgspec.msgpack.Decoder(Head | Rows | End)


def write_backup(connection: Connection, out: IO[bytes], head: Head, told: Told) -> dict[str, int]:
    """Write every row that the transaction of `connection` sees to `out`; return how many, by table."""
    counts: dict[str, int] = {}
    write_archive(out, _MARK, chain([head], _all_rows(connection, counts, told), _end(counts)))
    return counts


def _all_rows(connection: Connection, counts: dict[str, int], told: Told) -> Iterator[Rows]:
    """Yield every row, and count."""
    for table in _tables(connection):
        # Reflected names are a kind of string of their own.
        name, columns = str(table.name), [str(column.name) for column in table.columns]
        counts[name] = 0
        for chunk in _chunks(connection, table):
            yield Rows(name, columns, chunk)
            counts[name] += len(chunk)
            told(name, counts[name])


def _end(counts: dict[str, int]) -> Iterator[End]:
    """Yield the counts as they are when everything before was written."""
    yield End(counts)


@contextmanager
def open_backup(file: Path) -> Iterator[IO[bytes]]:
    """Give the file of a backup for reading.

    Raises:
        BackupFileError: It cannot be opened.
    """
    try:
        source = file.open("rb")
    except OSError as exc:
        raise _unreadable(file, exc) from exc
    with source:
        yield source


def read_head(source: IO[bytes]) -> Head:
    """Return what a backup says of itself.

    Raises:
        DamagedBackupError: It is no backup, or damaged.
        BackupFileError: It cannot be read.
        NewerBackupError: A newer release wrote it.
    """
    first = next(_messages(source), None)
    if not isinstance(first, Head):
        raise _damaged("没有文件头", "it has no head")
    if first.format > FORMAT:
        raise NewerBackupError(
            Words(
                f"备份格式 {first.format} 比本程序新", f"The backup has format {first.format}, newer than this program"
            )
        )
    return first


def check_backup(source: IO[bytes]) -> dict[str, int]:
    """Read a backup to its end and return how many rows each table has.

    Raises:
        DamagedBackupError: It is damaged or cut off.
        BackupFileError: It cannot be read.
        NewerBackupError: A newer release wrote it.
    """
    read_head(source)
    source.seek(0)
    counts: dict[str, int] = {}
    end: End | None = None
    # To the very end, where the checksum of the stream is.
    for message in _messages(source):
        if isinstance(message, Rows):
            counts[message.table] = counts.get(message.table, 0) + len(message.rows)
        elif isinstance(message, End):
            end = message
    if end is None:
        raise _damaged("文件不完整", "it is cut off")
    if counts != {table: number for table, number in end.counts.items() if number}:
        raise _damaged("行数不符", "the rows do not add up")
    return counts


def read_backup(connection: Connection, source: IO[bytes], told: Told) -> None:
    """Put the rows of a backup that was checked into the empty tables of its own revision.

    Raises:
        BackupFileError: It cannot be read any more.
    """
    known = MetaData()
    known.reflect(connection)
    done: dict[str, int] = {}
    for message in _messages(source):
        if isinstance(message, Rows):
            table = known.tables[message.table]
            rows = [dict(zip(message.columns, row, strict=True)) for row in message.rows]
            connection.execute(insert(table), rows)
            done[table.name] = done.get(table.name, 0) + len(rows)
            told(table.name, done[table.name])
    for name in done:
        _count_on(connection, known.tables[name])


def has_tables(connection: Connection) -> bool:
    """Tell whether there is anything in the database."""
    return bool(inspect(connection).get_table_names())


def _tables(connection: Connection) -> list[Table]:
    """Return the tables as they are in the database, those first that others refer to."""
    known = MetaData()
    known.reflect(connection)
    return [table for table in known.sorted_tables if table.name != _VERSIONS]


def _chunks(connection: Connection, table: Table) -> Iterator[list[list[Any]]]:
    streamed = connection.execution_options(yield_per=_ROWS_PER_CHUNK)
    rows = iter(streamed.execute(select(table).order_by(*table.primary_key)))
    while chunk := [list(map(_plain, row)) for row in islice(rows, _ROWS_PER_CHUNK)]:
        yield chunk


def _plain(value: Any) -> Any:
    """Return bytes for what a driver may hand out as a view of them."""
    return bytes(value) if isinstance(value, memoryview) else value


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL give out numbers after the restored ones; SQLite does so by itself."""
    keys = list(table.primary_key)
    if connection.dialect.name != "postgresql" or len(keys) != 1 or not isinstance(keys[0].type, BigInteger | Integer):
        return
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, keys[0].name)))
    if sequence is not None:
        newest = connection.scalar(select(func.max(keys[0])))
        connection.execute(select(func.setval(sequence, newest)))


def _messages(source: IO[bytes]) -> Iterator[Head | Rows | End]:
    try:
        yield from read_archive(source, _MARK, _decoder)
    except CorruptMessageError as exc:
        raise _damaged(exc.words.zh, exc.words.en) from exc
    except OSError as exc:
        raise _unreadable(source.name, exc) from exc


def _unreadable(file: Path | str, error: OSError) -> BackupFileError:
    why = words_of_os_error(error)
    return BackupFileError(Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}"))


def _damaged(zh: str, en: str) -> DamagedBackupError:
    return DamagedBackupError(Words(f"备份文件不能使用：{zh}", f"The backup cannot be used: {en}"))
