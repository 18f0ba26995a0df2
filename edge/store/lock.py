"""One terminal process per store: a lock that the kernel lets go when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from codes.words import Words
from edge.store.errors import StoreLockedError, of_os_error
from wire.on_disk import make_private_folder

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
        make_private_folder(path.parent)
        # No link: the process number would be written over whatever file it leads to.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE)
    except OSError as exc:
        raise of_os_error(path.parent, exc) from exc
    with ExitStack() as unless_held:
        unless_held.callback(os.close, descriptor)
        _hold(path, descriptor)
        unless_held.pop_all()
    return descriptor


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
