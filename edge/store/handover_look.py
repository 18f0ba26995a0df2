"""Reading the store of a box that may be dead, without a change to its disk: not a byte, not a lock file.

A store that a terminal has open is read beside its writer. Any other is copied away first, page by page, so that a
disk that is read-only or failing gives what it can; a copy that is damaged, or whose salvage was not finished, is
salvaged where it is, as the terminal itself would. What could not be read is told, never passed over.
"""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import ConfigError
from codes.words import Words
from edge.errors import EdgeError
from edge.store import schema, sql
from edge.store.database import (
    FILE_NAME,
    SALVAGING,
    connected,
    database_path,
    had_a_life,
    lock_path,
    newer_store,
    opened_store,
    reading_store,
)
from edge.store.errors import DamagedStoreError, OlderStoreError, SalvageRunsError, store_errors
from edge.store.files import copy_readable
from edge.store.fsi_messages import open_messages
from edge.store.handover import NoStoreError
from edge.store.handover_remarks import (
    KEEP_DISK,
    Remark,
    damaged,
    kept_before,
    missing,
    not_given,
    spoiled,
    unanswered,
    unanswered_of_pos,
    unfinished,
)
from edge.store.inspection import is_in_use
from edge.store.lock import visit
from edge.store.pos_questions import open_questions
from edge.store.salvage import DAMAGED, is_made, left_to_move, refuse_newer
from edge.store.salvage_build import Owner, build_store
from edge.store.salvage_check import look_over
from edge.store.salvage_proof import Place
from edge.store.salvage_remains import open_remains
from edge.store.salvage_sectors import ReadAt
from edge.store.terminal import read_state
from edge.store.wal import Verdict
from rules.scan_judgement import Mode
from wire.events import EventsLost, Span, StoreRebuilt, thaw

_NOBODY = "?"
"""Until an event has said whose store it is."""
LOG, INDEX = "-wal", "-shm"
SELECT_ACCOUNT = "SELECT bytes FROM outbox WHERE epoch = ? ORDER BY seq"
FORGET_ACCOUNT = "DELETE FROM outbox WHERE epoch = ?"
# Where the history of that life stood, the state that was made here does not know.
SET_LIFE = "UPDATE terminal_state SET terminal = ?, epoch = ?, next_seq = 1"
FIRST_EVENT = "SELECT bytes FROM outbox ORDER BY epoch, seq LIMIT 1"


class NoRoomToLookError(EdgeError, ConfigError):
    """The copy that is looked at has no room."""

    code: ClassVar[str] = "outbox.no_room"
    next_step: ClassVar[Words] = Words(
        "请用环境变量 TMPDIR 指定一个空间足够的目录（数据库大小的三倍）。",
        "Name a folder with enough room, three times the store, in the environment variable TMPDIR.",
    )


@dataclass(slots=True)
class Estate:
    """What a box left, ready to be read."""

    connection: Connection
    """Of the store itself where a terminal has it open, else of a copy."""
    remarks: list[Remark] = field(default_factory=list)
    wrong: frozenset[Place] = frozenset()
    """Waiting events that are not what was written."""
    lost: Mapping[str, Sequence[Span]] = field(default_factory=dict)
    """Numbers that should be there and are not, by life."""
    unreadable: Mapping[str, Sequence[int]] = field(default_factory=dict)
    """Pages that the disk does not give, by file."""
    is_whole: bool = True
    """Everything that was in the store could be read."""


@dataclass(frozen=True, slots=True)
class _Files:
    """Where the files of the store are."""

    database: Path
    log: Path
    index: Path
    remarks: Sequence[Remark]


@contextmanager
def opened_estate(folder: Path, now: datetime, read: ReadAt = os.pread) -> Iterator[Estate]:
    """Read the store of a data folder, whatever state it is in.

    Args:
        folder: The data folder. Nothing in it is changed.
        now: Device clock.
        read: How a file is read.

    Raises:
        NoStoreError: There is none.
        SalvageRunsError: A terminal is just starting, and may be making it anew.
        DamagedStoreError: It is no store of ours, or nothing of it can be read.
        NewerStoreError: A newer program wrote it.
        OlderStoreError: A running terminal holds a store of an older version.
        NoRoomToLookError: There is no room for a copy.
        OSError: The files cannot be opened.
    """
    files = _find(folder)
    with tempfile.TemporaryDirectory(prefix="yima-look-") as place:
        aside = Path(place) / "copy"
        unreadable = {} if is_in_use(folder) else _copy(files, aside, read)
        # A terminal that was started meanwhile may have changed the files under the copying.
        if is_in_use(folder):
            with _beside_terminal(folder) as connection:
                yield Estate(connection, [*files.remarks, *_unanswered(connection)])
            return
        with _opened_copy(aside, unreadable, now) as estate:
            estate.remarks[:0] = files.remarks
            estate.remarks += _unanswered(estate.connection)
            yield estate


def _unanswered(connection: Connection) -> list[Remark]:
    with connection.begin():
        return [*unanswered(open_messages(connection)), *unanswered_of_pos(open_questions(connection))]


def _find(folder: Path) -> _Files:
    database, note = database_path(folder), folder / SALVAGING
    aside = folder / DAMAGED / note.read_text(encoding="utf-8").strip() / FILE_NAME if note.is_file() else database
    if aside is not database and is_in_use(folder):
        raise SalvageRunsError(Words("终端正在抢救数据库", "The terminal is salvaging its store"))
    # The new store may be in place, and only the note left.
    is_unfinished = note.is_file() and aside.exists() and not is_made(database, aside.parent)
    source = aside if is_unfinished else database
    log, index = (_moved(source, database, suffix) for suffix in (LOG, INDEX))
    if not _has_content(source) and not _has_content(log):
        raise _no_store(folder)
    remarks = [unfinished(source)] if note.is_file() else []
    return _Files(source, log, index, [*remarks, *kept_before(folder, source)])


def _moved(source: Path, database: Path, suffix: str) -> Path:
    """Return where a file beside the database is: a salvage moves the database first."""
    beside = source.with_name(FILE_NAME + suffix)
    left = database.with_name(FILE_NAME + suffix)
    return left if left in left_to_move(database, source) else beside


def _has_content(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


def _no_store(folder: Path) -> NoStoreError:
    if had_a_life(database_path(folder)) or (folder / DAMAGED).is_dir():
        return NoStoreError(
            Words(f"{folder} 中的 terminal.db 丢失或为空", f"The terminal.db in {folder} is gone or empty"),
            next_step=Words(
                f"请保留原盘并联系厂商；若 {folder / DAMAGED} 中有以时间命名的目录，可逐个用 --folder 导出。",
                f"Keep the disk and tell the vendor. Each folder in {folder / DAMAGED} may be exported with --folder.",
            ),
        )
    return NoStoreError(Words(f"{folder} 中没有终端的数据库", f"There is no store of a terminal in {folder}"))


@contextmanager
def _beside_terminal(folder: Path) -> Iterator[Connection]:
    path = database_path(folder)
    with visit(lock_path(folder)) as refuse_ended, reading_store(folder, refuse_ended) as connection:
        with store_errors(path), connection.begin():
            version, newest = schema.schema_version(connection), schema.history()[-1].version
        if version > newest:
            raise newer_store(path, version)
        if version < newest:
            raise OlderStoreError(Words("数据库版本较旧", "The store has an older version"))
        yield connection


def _copy(files: _Files, aside: Path, read: ReadAt) -> dict[str, list[int]]:
    """Copy the files of the store; return what could not be read."""
    aside.mkdir()
    unreadable = {}
    try:
        for source, suffix in ((files.database, ""), (files.log, LOG), (files.index, INDEX)):
            if source.exists():
                unreadable[source.name] = copy_readable(source, aside / f"{FILE_NAME}{suffix}", read)
    except OSError as exc:
        if exc.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise NoRoomToLookError(
            Words(f"{aside.parent} 放不下数据库的副本", f"There is no room for a copy of the store in {aside.parent}")
        ) from exc
    return {name: pages for name, pages in unreadable.items() if pages}


@contextmanager
def _opened_copy(aside: Path, unreadable: Mapping[str, Sequence[int]], now: datetime) -> Iterator[Estate]:
    """Open the copy as the terminal would open its store, salvaged if it has to be."""
    path = aside / FILE_NAME
    path.touch()
    with open_remains(path) as remains:
        refuse_newer(path, remains)
        damage = remains.log.why if remains.log.verdict is Verdict.DAMAGED else ""
    if unreadable:
        damage = "pages cannot be read"
    look = look_over(path) if not damage else None
    damage = damage or (look.damage if look is not None else "")
    if look is not None and not damage:
        with opened_store(aside) as connection:
            estate = Estate(connection, wrong=frozenset(look.wrong), is_whole=not look.wrong)
            estate.remarks += [spoiled(look.wrong)] if look.wrong else []
            yield estate
        return
    new = aside / "salvaged.db"
    lost = _salvage(path, new, now)
    with connected(new, is_reader=True) as connection:
        remarks = [damaged(damage), *not_given(unreadable), *missing(lost)]
        yield Estate(connection, remarks, lost=lost, unreadable=unreadable, is_whole=False)


def _salvage(path: Path, new: Path, now: datetime) -> dict[str, Sequence[Span]]:
    """Make a store of what can be read of the copy, in the life that it was in; return what is missing."""
    image = path.with_name("image.db")
    with open_remains(path) as remains, store_errors(new):
        remains.write_image(image)
        build_store(new, image, remains, path.parent, Owner(_NOBODY, Mode.DISPENSE, now, secrets.token_bytes))
    lost: dict[str, Sequence[Span]] = {}
    with connected(new) as connection, connection.begin():
        state = read_state(connection)
        former = ""
        for (frozen,) in sql.rows(connection, SELECT_ACCOUNT, (state.epoch,)):
            fact = thaw(frozen).fact
            if isinstance(fact, StoreRebuilt):
                former = fact.former or ""
                lost[former] = fact.lost
            elif isinstance(fact, EventsLost):
                lost[fact.epoch] = [*lost.get(fact.epoch, ()), *fact.spans]
        # The account was written for the centre, by a life that never was.
        sql.change(connection, FORGET_ACCOUNT, (state.epoch,))
        first = sql.first(connection, FIRST_EVENT)
        if first is None and not former:
            raise DamagedStoreError(
                Words(
                    "没有读出任何记录，可能不是一码终端的数据库", "Nothing could be read; it may be no store of ours"
                ),
                next_step=KEEP_DISK,
            )
        terminal = thaw(first[0]).terminal if state.terminal == _NOBODY and first is not None else state.terminal
        sql.change(connection, SET_LIFE, (terminal, former))
    return {epoch: spans for epoch, spans in lost.items() if spans}
