"""One terminal process per store: a lock that the kernel lets go when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codes.words import Words
from edge.store.errors import NotDurableError, StoreLockedError

_MODE = 0o600
_LONGEST_PID = 32


@contextmanager
def store_lock(path: Path) -> Iterator[None]:
    """Hold the lock file at `path`. It names its holder for people, not for programs, and is never removed.

    Raises:
        StoreLockedError: Another process has it; the message names the process.
        NotDurableError: The folder cannot be written.
    """
    descriptor = _take(path)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(path: Path) -> int:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    except OSError as exc:
        words = Words(f"无法使用数据目录 {path.parent}：{exc}", f"Cannot use the data folder {path.parent}: {exc}")
        raise NotDurableError(words) from exc
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        holder = os.pread(descriptor, _LONGEST_PID, 0).decode("ascii", "replace").strip() or "?"
        os.close(descriptor)
        raise StoreLockedError(
            Words(
                f"数据目录 {path.parent} 正被另一个终端进程使用（进程号 {holder}）",
                f"Another terminal process ({holder}) uses the data folder {path.parent}",
            )
        ) from exc
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor
