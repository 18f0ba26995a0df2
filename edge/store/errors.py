"""What can go wrong with the store, and SQLite's errors told in our words."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from sqlalchemy.exc import DatabaseError

from codes.errors import ConfigError, CorruptStoreError, TransientError
from codes.words import Words
from edge.errors import EdgeError

_FULL = frozenset({sqlite3.SQLITE_FULL})
_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_DISK = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_NOLFS,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_FAILING = frozenset({errno.EIO, errno.EROFS})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.EFBIG})
_OWN_ACCOUNT = Words(
    "请以运行终端的账户执行，并确认该目录及其中文件归它所有。",
    "Run this as the terminal's account, and see that the folder and what is in it belong to it.",
)
_PRIMARY_CODE = 0xFF
"""SQLite's extended codes carry the primary one in their low byte."""


class DamagedStoreError(EdgeError, CorruptStoreError):
    """The store is damaged: leave it as it is, so that nothing in it is lost."""

    code: ClassVar[str] = "store.corrupt"
    next_step: ClassVar[Words] = Words(
        "请勿删除该文件：其中可能有未上传的记录。请重启终端：它会把损坏的文件移到 damaged 目录，并自动抢救其中的记录。",
        "Do not delete the file: it may hold records that were never sent. Restart the terminal: it moves what is "
        "damaged to the folder `damaged` and salvages the records by itself.",
    )


class DiskFullError(EdgeError, TransientError):
    """There is no room for another record."""

    code: ClassVar[str] = "store.disk_full"
    next_step: ClassVar[Words] = Words(
        "请清理磁盘空间；腾出空间后会自动继续，未保存的扫码请重扫。",
        "Free some disk space; work resumes by itself. Scan again whatever was not recorded.",
    )


class StoreBusyError(EdgeError, TransientError):
    """Another program keeps the store from being written."""

    code: ClassVar[str] = "store.busy"


class WriteFailedError(EdgeError, TransientError):
    """The disk refuses to write: read-only, failing, or too full for SQLite to say so."""

    code: ClassVar[str] = "store.write_failed"
    next_step: ClassVar[Words] = Words(
        "请检查磁盘是否只读、损坏或已满；恢复后会自动继续，未保存的扫码请重扫。",
        "See whether the disk is read-only, failing or full; work resumes by itself once it is not. Scan again "
        "whatever was not recorded.",
    )


class StoreLockedError(EdgeError, ConfigError):
    """Another terminal process has the store."""

    code: ClassVar[str] = "store.locked"
    next_step: ClassVar[Words] = Words(
        "请先停止另一个终端进程，或为它指定另一个数据目录。",
        "Stop the other terminal process first, or give it a data folder of its own.",
    )


class SalvageRunsError(EdgeError, TransientError):
    """A terminal that starts has the store to itself, and may be salvaging it."""

    code: ClassVar[str] = "store.salvaging"
    next_step: ClassVar[Words] = Words(
        "请等终端启动完成后再试。", "Wait until the terminal has started, then try again."
    )


class NotDurableError(EdgeError, ConfigError):
    """The store cannot promise that a committed record survives a power cut."""

    code: ClassVar[str] = "store.not_durable"
    next_step: ClassVar[Words] = Words(
        "请把数据目录放到本机磁盘（不可为网络盘或只读盘）。",
        "Put the data folder on a local disk: no network share, not read-only.",
    )


class TooLittleAllowedError(EdgeError, ConfigError):
    """The system allows too few open files, or too small ones."""

    code: ClassVar[str] = "store.limits"
    next_step: ClassVar[Words] = Words(
        "请提高允许打开的文件数与文件大小（ulimit -n、ulimit -f，或服务的 LimitNOFILE、LimitFSIZE），"
        "并确认磁盘不是 FAT 格式，再启动终端。",
        "Allow more open files and larger ones (ulimit -n, ulimit -f; LimitNOFILE, LimitFSIZE of the service), see "
        "that the disk is not formatted as FAT, and start the terminal again.",
    )


class NewerStoreError(EdgeError, ConfigError):
    """The store was written by a newer program."""

    code: ClassVar[str] = "store.newer"
    next_step: ClassVar[Words] = Words(
        "请升级程序；数据未被改动。", "Upgrade the program; nothing in the store was changed."
    )


class OlderStoreError(EdgeError, ConfigError):
    """The store must be brought up to date, which only the terminal process may do."""

    code: ClassVar[str] = "store.older"
    next_step: ClassVar[Words] = Words("请重启终端服务后再试。", "Restart the terminal, then try again.")


class OtherTerminalError(EdgeError, ConfigError):
    """The store belongs to another terminal."""

    code: ClassVar[str] = "store.other_terminal"
    next_step: ClassVar[Words] = Words(
        "请核对 terminal.id；若要新建终端，请指定另一个数据目录。",
        "Check terminal.id; for a new terminal use another data folder.",
    )


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Tell what the disk did to us in our words. Errors in our own SQL pass as they are: they are bugs.

    Raises:
        DamagedStoreError: The file is damaged.
        DiskFullError: There is no room.
        StoreBusyError: Another program holds the store.
        WriteFailedError: The disk refused for another reason.
    """
    try:
        yield
    except (DatabaseError, sqlite3.DatabaseError) as exc:
        told = _told(path, exc.orig if isinstance(exc, DatabaseError) else exc)
        if told is None:
            raise
        raise told from exc


def of_os_error(folder: Path, error: OSError) -> EdgeError:
    """Return what the system said about a data folder in our words: what may pass is told from what will not."""
    words = Words(f"无法使用数据目录 {folder}：{error}", f"Cannot use the data folder {folder}: {error}")
    if error.errno in _NO_ROOM:
        return DiskFullError(words)
    if error.errno in _LIMITS:
        return TooLittleAllowedError(words)
    if error.errno in _FORBIDDEN:
        return NotDurableError(words, next_step=_OWN_ACCOUNT)
    return WriteFailedError(words) if error.errno in _FAILING else NotDurableError(words)


def _told(path: Path, error: BaseException | None) -> EdgeError | None:
    primary = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
    if primary in _CORRUPT:
        return DamagedStoreError(Words(f"数据库 {path} 已损坏：{error}", f"The store {path} is damaged: {error}"))
    if primary in _FULL:
        return DiskFullError(Words("磁盘已满，未能保存", "The disk is full; nothing was recorded"))
    if primary in _BUSY:
        return StoreBusyError(Words(f"数据库 {path} 被其他程序占用", f"Another program holds the store {path}"))
    if primary in _DISK:
        return WriteFailedError(Words(f"无法读写 {path}：{error}", f"Cannot read or write {path}: {error}"))
    return None
