"""One terminal process per store: a lock that the kernel lets go when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codes.words import Words
from edge.store.errors import StoreLockedError, of_os_error

_MODE = 0o600
_LONGEST_PID = 32


@contextmanager
def store_lock(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`. It names its holder for people, not for programs, and is never removed.

    Raises:
        StoreLockedError: Another process has it; the message names the process.
        DiskFullError: There is no room for it.
        WriteFailedError: The disk refuses to write.
        NotDurableError: The folder cannot be used.
    """
    descriptor = _take(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(path: Path) -> int:
    try:
        _make_folder(path.parent, 0o700)
        # No link: the process number would be written over whatever file it leads to.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
    try:
        _hold(path, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _make_folder(folder: Path, mode: int) -> None:
    """Make the folder, and see to it that its name survives a power cut as well as what will be in it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, 0o755)
    folder.mkdir(mode=mode, exist_ok=True)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hold(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        holder = os.pread(descriptor, _LONGEST_PID, 0).decode("ascii", "replace").strip() or "?"
        raise StoreLockedError(
            Words(
                f"数据目录 {path.parent} 正被另一个终端进程使用（进程号 {holder}）",
                f"Another terminal process ({holder}) uses the data folder {path.parent}",
            )
        ) from exc
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
