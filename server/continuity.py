"""Backing the centre up, and coming back from a backup.

What the centre took after the backup is lost to it, not to the terminals: they keep what they delivered for 30 days. A
restored store therefore gets a new epoch. Terminals hear of it in the next receipt, report what they keep, and are
asked for what is missing. What is replaced is set aside, never deleted.

What a backup brings back of trust is another matter: who was revoked since is trusted again. The restore compares and
says so; it decides nothing.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from codes.os_words import words_of_os_error, words_of_unwritten
from codes.words import Words
from server.backup_part import part_beside
from server.config import ServerConfig
from server.errors import (
    BackupFileError,
    CentreRunsError,
    NewerBackupError,
    NoStoreError,
    NotEmptyError,
    RestoreFinishedError,
    ServerError,
)
from server.restored import Filling, TrustRestored, audited, begin_life
from server.store import replacing
from server.store.backup import Head, Told, check_backup, has_tables, open_backup, read_head, write_backup
from server.store.database import Store, former_store, unmade_store
from server.store.in_use import FileLock
from server.store.migrate import migrate, newest_revision, revision_of
from server.store.naming import give_name
from server.store.postgresql import set_schema_aside
from server.store.replacing import Recovered
from server.store.sqlite import path_of
from server.store.trust import TrustedNow, end_sessions, load_trusted_now
from server.store.upgrading import known_revisions
from server.store.whole import load_contents, make_whole
from web.secret_file import load_secret
from wire.on_disk import sync

_SQLITE = "sqlite:///"
_BY_OTHER_MEANS = Words(
    "中心的数据库已用别的办法恢复；缺少的记录正由各终端补传",
    "The centre's database was restored by other means; terminals send what is missing",
)
NewEpoch = Callable[[], str]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds."""

    file: Path
    bytes: int
    rows: dict[str, int]


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a restore."""

    head: Head
    rows: dict[str, int]
    epoch: str
    set_aside: str | None
    """Where the store is that was there before: a file, or a schema of the same database."""
    trust: TrustRestored
    recovered: Recovered | None = None
    """What became of an earlier restore that had broken off."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What became of a database that was restored by other means."""

    epoch: str
    trust: TrustRestored


def back_up(store: Store, file: Path, *, now: datetime, told: Told) -> BackedUp:
    """Write a backup of the running store to `file`, which appears only when it is whole and on the disk.

    Raises:
        BackupFileError: The file cannot be written, or is there already.
        ServerError: The store does not answer.
    """
    if file.exists():
        raise BackupFileError(Words(f"{file} 已存在，不覆盖", f"{file} is there already and is not overwritten"))
    head = Head(1, newest_revision(), store.epoch, now, version("yima"))
    try:
        with part_beside(file) as (part, out):
            with store.reading_steadily() as connection:
                rows = write_backup(connection, out, head, told)
            out.flush()
            os.fsync(out.fileno())
            with part.open("rb") as written:
                check_backup(written)
            give_name(part, file)
        sync(file.parent)
    except OSError as exc:
        why = words_of_unwritten(exc)
        raise BackupFileError(Words(f"无法写入 {file}：{why.zh}", f"Cannot write {file}: {why.en}")) from exc
    return BackedUp(file, file.stat().st_size, rows)


def restore(
    config: ServerConfig, file: Path, *, replaces: bool, new_epoch: NewEpoch, now: datetime, told: Told
) -> Restored:
    """Put a backup where the configuration says that the store is, under a new epoch.

    Args:
        config: Names the store.
        file: The backup.
        replaces: A store that is there is set aside; without it, it is refused.
        new_epoch: Makes the epoch of the restored store.
        now: Centre clock.
        told: Told how far it has come.

    Raises:
        CentreRunsError: A centre has the store open, or answers at the configured address.
        NotEmptyError: There is a store, and `replaces` is not said.
        RestoreFinishedError: One that had broken off is finished now, and `replaces` is not said.
        DamagedBackupError: The backup is damaged; nothing was touched.
        NewerBackupError: A newer release wrote it; nothing was touched.
        BackupFileError: A file cannot be read or written; what was there is still there.
        NotWholeError: The restored file is not whole on the disk; what was there is still there.
        RestoreDecidedError: It is decided but could not be finished; the next opening finishes it.
        ServerError: The database refused; what was there is still there.
    """
    _refuse_running(config)
    head, rows = _checked(file)
    filling = Filling(file, head, new_epoch(), now, told)
    with _alone(config) as recovered:
        if _is_file(config):
            _refuse_finished(recovered, replaces=replaces)
            aside, trust = _restore_file(path_of(config.store.url), filling, replaces=replaces)
        else:
            aside, trust = _restore_schema(config, filling, replaces=replaces)
    return Restored(head, rows, filling.epoch, aside, trust, recovered)


def renew(config: ServerConfig, *, new_epoch: NewEpoch, now: datetime) -> Renewed:
    """Give a database that was restored by other means a new epoch, and end its sessions.

    Raises:
        CentreRunsError: A centre has it open, or answers at the configured address.
        NoStoreError: There is no store; none was made.
        ServerError: The database does not answer.
    """
    _refuse_running(config)
    if _is_file(config):
        # Before anything is locked: the lock makes a file, and its folder, beside what is not there.
        _refuse_absent(path_of(config.store.url))
    epoch = new_epoch()
    with _alone(config):
        if _is_file(config):
            # What had broken off may have been all there was; and what is no store of ours stays as it is.
            _refuse_absent(path_of(config.store.url))
            _refuse_foreign_file(path_of(config.store.url))
        with _unmade(config) as connection:
            _refuse_foreign(connection)
            migrate(connection, lambda _revision: None)
            trust = TrustRestored(load_trusted_now(connection).counts, end_sessions(connection), None)
            begin_life(connection, epoch, now, audited(trust), _BY_OTHER_MEANS)
    return Renewed(epoch, trust)


def _refuse_absent(path: Path) -> None:
    if replacing.is_absent(path):
        raise NoStoreError(Words(f"{path} 处没有数据库", f"There is no store at {path}"))


def _refuse_foreign_file(path: Path) -> None:
    """Refuse an empty file or another database without changing a byte: opened for writing, it would become ours."""
    with former_store(path) as connection:
        _refuse_foreign(connection)


def _refuse_foreign(connection: Connection) -> None:
    if revision_of(connection) is None:
        raise NoStoreError(Words("数据库中没有一码的数据", "The database holds nothing of Yima"))


def _checked(file: Path) -> tuple[Head, dict[str, int]]:
    """Return what a backup says of itself and how many rows it holds, having read all of it."""
    with open_backup(file) as source:
        head = read_head(source)
        source.seek(0)
        rows = check_backup(source)
    if head.revision not in known_revisions():
        raise NewerBackupError(
            Words(
                f"备份的数据库版本 {head.revision} 比本程序新", f"Its schema {head.revision} is newer than this program"
            )
        )
    return head, rows


def _restore_file(path: Path, filling: Filling, *, replaces: bool) -> tuple[str | None, TrustRestored]:
    """Fill a new file, and only when it is whole put it in the place of the old one."""
    with _unwritable_said(path):
        has_former = path.exists()
    if has_former and not replaces:
        raise NotEmptyError(Words(f"{path} 已有数据库", f"There is a store at {path}"))
    former = _trust_of_former(path) if has_former else None
    with ExitStack() as undoing:
        with _unwritable_said(path):
            fresh = undoing.enter_context(replacing.being_made(path))
        with unmade_store(f"{_SQLITE}{fresh}") as connection:
            trust = filling.fill(connection, former)
            contents = load_contents(connection)
        with _unwritable_said(path):
            make_whole(fresh, contents)
            aside = replacing.put_in_place(path, filling.epoch, filling.now)
    return None if aside is None else str(aside), trust


@contextmanager
def _unwritable_said(path: Path) -> Iterator[None]:
    """Say what the disk refuses. What fails while the store is filled is another matter, and says so itself."""
    try:
        yield
    except OSError as exc:
        why = words_of_os_error(exc)
        raise BackupFileError(Words(f"无法写入 {path}：{why.zh}", f"Cannot write {path}: {why.en}")) from exc


def _refuse_finished(recovered: Recovered | None, *, replaces: bool) -> None:
    """Say that a restore which had broken off is finished now: it may be all that was wanted."""
    if recovered is None or not recovered.is_finished or replaces:
        return
    zh, en = "上次中断的恢复现已完成", "The restore that had broken off is finished now"
    if recovered.set_aside is not None:
        zh += f"，原数据库另存为 {recovered.set_aside}"
        en += f", the former store is kept as {recovered.set_aside}"
    raise RestoreFinishedError(Words(zh, en))


def _trust_of_former(path: Path) -> TrustedNow | None:
    """Return whom the store trusts that is replaced; None if it cannot be read, which may be why it is replaced."""
    try:
        with former_store(path) as connection:
            return load_trusted_now(connection)
    except ServerError:
        return None


def _restore_schema(config: ServerConfig, filling: Filling, *, replaces: bool) -> tuple[str | None, TrustRestored]:
    with _unmade(config) as connection:
        aside, former = None, None
        if has_tables(connection):
            if not replaces:
                raise NotEmptyError(Words("数据库不是空的", "The database is not empty"))
            former = _trust_in(connection)
            aside = set_schema_aside(connection, f"before_{filling.now:%Y%m%dt%H%M%Sz}")
        trust = filling.fill(connection, former)
    return aside, trust


def _trust_in(connection: Connection) -> TrustedNow | None:
    """Return whom the present schema trusts; None if it is not ours or cannot be read."""
    try:
        with connection.begin_nested():
            return load_trusted_now(connection)
    except DBAPIError:
        return None


def _is_file(config: ServerConfig) -> bool:
    return config.store.url.startswith(_SQLITE)


@contextmanager
def _alone(config: ServerConfig) -> Iterator[Recovered | None]:
    """Hold a file against everybody else, and put in order first what a crash left of an earlier restore.

    In PostgreSQL the transaction that replaces holds the lock.
    """
    if not _is_file(config):
        yield None
        return
    path = path_of(config.store.url)
    with closing(FileLock(path)) as lock:
        lock.take_alone()
        yield replacing.recover(path)


def _unmade(config: ServerConfig) -> AbstractContextManager[Connection]:
    password = load_secret(config.store.password_file) if config.store.password_file else None
    return unmade_store(config.store.url, password=password)


def _refuse_running(config: ServerConfig) -> None:
    """Refuse while something answers at the centre's address.

    An address that cannot be used for another reason says nothing of a centre; the lock on the store does.
    """
    web = config.web
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    try:
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((web.host, web.port))
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            return
        place = f"{web.host}:{web.port}"
        raise CentreRunsError(
            Words(f"{place} 仍被占用，中心似乎在运行", f"{place} is in use: the centre seems to run")
        ) from exc
