"""Backing the centre up, and coming back from a backup.

What the centre took after the backup is lost to it, not to the terminals: they keep what they delivered for 30 days. A
restored store therefore gets a new epoch. Terminals hear of it in the next receipt, report what they keep, and are
asked for what is missing. What is replaced is set aside, never deleted.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Connection

from codes.os_words import words_of_os_error
from codes.words import Words
from server.config import ServerConfig
from server.errors import BackupFileError, CentreRunsError, NewerBackupError, NotEmptyError
from server.people.roles import COMMAND_LINE
from server.store import audit
from server.store.alarms import Alarm, AlarmKey, raise_alarms
from server.store.backup import Head, Told, check_backup, has_tables, read_backup, read_head, write_backup
from server.store.database import Store, renew_epoch, unmade_store
from server.store.migrate import known_revisions, migrate, newest_revision
from server.store.postgresql import set_schema_aside
from server.store.times import micros
from web.secret_file import load_secret

_OWNER_ONLY = 0o600
_SQLITE = "sqlite:///"
_COMPANIONS = ("", "-wal", "-shm")
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


def back_up(store: Store, file: Path, *, now: datetime, told: Told) -> BackedUp:
    """Write a backup of the running store to `file`, which appears only when it is whole and on the disk.

    Raises:
        BackupFileError: The file cannot be written, or is there already.
        ServerError: The store does not answer.
    """
    if file.exists():
        raise BackupFileError(Words(f"{file} 已存在，不覆盖", f"{file} is there already and is not overwritten"))
    part = file.with_name(f"{file.name}.part")
    head = Head(1, newest_revision(), store.epoch, now, version("yima"))
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as out, store.reading_steadily() as connection:
            rows = write_backup(connection, out, head, told)
            out.flush()
            os.fsync(out.fileno())
        with part.open("rb") as written:
            check_backup(written)
        part.rename(file)
        _sync(file.parent)
    except OSError as exc:
        why = words_of_os_error(exc)
        raise BackupFileError(Words(f"无法写入 {file}：{why.zh}", f"Cannot write {file}: {why.en}")) from exc
    finally:
        part.unlink(missing_ok=True)
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
        CentreRunsError: The centre still answers at its address.
        NotEmptyError: There is a store, and `replaces` is not said.
        DamagedBackupError: The backup is damaged; nothing was touched.
        NewerBackupError: A newer release wrote it; nothing was touched.
        ServerError: The database refused; what was there is still there.
    """
    _refuse_running(config)
    try:
        with file.open("rb") as source:
            head = read_head(source)
            source.seek(0)
            rows = check_backup(source)
    except OSError as exc:
        why = words_of_os_error(exc)
        raise BackupFileError(Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}")) from exc
    if head.revision not in known_revisions():
        raise NewerBackupError(
            Words(
                f"备份的数据库版本 {head.revision} 比本程序新", f"Its schema {head.revision} is newer than this program"
            )
        )
    epoch = new_epoch()
    filled = _Filling(file, head, epoch, now, told)
    if config.store.url.startswith(_SQLITE):
        aside = _restore_file(Path(config.store.url.removeprefix(_SQLITE)), filled, now, replaces=replaces)
    else:
        aside = _restore_schema(config, filled, now, replaces=replaces)
    return Restored(head, rows, epoch, aside)


def renew(config: ServerConfig, *, new_epoch: NewEpoch, now: datetime) -> str:
    """Give a database that was restored by other means a new epoch, and return it.

    Raises:
        CentreRunsError: The centre still answers at its address.
        ServerError: The database does not answer.
    """
    _refuse_running(config)
    epoch = new_epoch()
    with _unmade(config) as connection:
        migrate(connection, lambda _revision: None)
        _renew(connection, epoch, now, {}, _BY_OTHER_MEANS)
    return epoch


@dataclass(frozen=True, slots=True)
class _Filling:
    """Fills an empty database from a backup."""

    file: Path
    head: Head
    epoch: str
    now: datetime
    told: Told

    def __call__(self, connection: Connection) -> None:
        migrate(connection, lambda _revision: None, to=self.head.revision)
        with self.file.open("rb") as source:
            read_backup(connection, source, self.told)
        migrate(connection, lambda _revision: None)
        detail = {"backup_of": self.head.made_at.isoformat()}
        _renew(connection, self.epoch, self.now, detail, _words(self.head))


def _renew(connection: Connection, epoch: str, now: datetime, detail: Mapping[str, object], words: Words) -> None:
    former = renew_epoch(connection, epoch)
    audit.record(
        connection,
        at_us=micros(now),
        who=COMMAND_LINE.name,
        action="store.restored",
        subject=epoch,
        detail={**detail, "former_epoch": former},
    )
    raise_alarms(connection, [Alarm(AlarmKey("", "store.restored", former), words)], micros(now))


def _words(head: Head) -> Words:
    return Words(
        f"中心已恢复到 {head.made_at:%Y-%m-%d %H:%M} UTC 的备份；之后的记录正由各终端补传",
        f"The centre was restored to its backup of {head.made_at:%Y-%m-%d %H:%M} UTC; terminals send what came after",
    )


def _restore_file(path: Path, fill: _Filling, now: datetime, *, replaces: bool) -> str | None:
    """Fill a new file, and only when it is whole put it in the place of the old one."""
    if path.exists() and not replaces:
        raise NotEmptyError(Words(f"{path} 已有数据库", f"There is a store at {path}"))
    fresh = path.with_name(f"{path.name}.restoring")
    _remove(fresh)
    try:
        with unmade_store(f"{_SQLITE}{fresh}") as connection:
            fill(connection)
        aside = _set_aside(path, now) if path.exists() else None
        fresh.rename(path)
        _sync(path.parent)
    finally:
        _remove(fresh)
    return aside


def _set_aside(path: Path, now: datetime) -> str:
    # The log goes with its file: without it the last commits would be missing.
    aside = path.with_name(f"{path.name}.before-{now:%Y%m%dT%H%M%SZ}")
    for companion in _COMPANIONS:
        with suppress(FileNotFoundError):
            path.with_name(path.name + companion).rename(aside.with_name(aside.name + companion))
    return str(aside)


def _restore_schema(config: ServerConfig, fill: _Filling, now: datetime, *, replaces: bool) -> str | None:
    with _unmade(config) as connection:
        aside = None
        if has_tables(connection):
            if not replaces:
                raise NotEmptyError(Words("数据库不是空的", "The database is not empty"))
            aside = set_schema_aside(connection, f"before_{now:%Y%m%dt%H%M%Sz}")
        fill(connection)
    return aside


def _unmade(config: ServerConfig) -> AbstractContextManager[Connection]:
    password = load_secret(config.store.password_file) if config.store.password_file else None
    return unmade_store(config.store.url, password=password)


def _refuse_running(config: ServerConfig) -> None:
    """Refuse while something answers at the centre's address."""
    web = config.web
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((web.host, web.port))
        except OSError as exc:
            place = f"{web.host}:{web.port}"
            raise CentreRunsError(
                Words(f"{place} 仍被占用，中心似乎在运行", f"{place} is in use: the centre runs")
            ) from exc


def _remove(path: Path) -> None:
    for companion in _COMPANIONS:
        path.with_name(path.name + companion).unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
