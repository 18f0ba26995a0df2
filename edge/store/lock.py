"""One terminal process per store: a lock that the kernel lets go when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from codes.words import Words
from edge.store.errors import StoreLockedError

_MODE = 0o600


class StoreLock:
    """The lock file beside a store, held from `take` to `release`. It names the holder for people, not for programs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock.

        Raises:
            StoreLockedError: Another process has it; the message names the process.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "?"
            os.close(descriptor)
            raise StoreLockedError(
                Words(
                    f"数据目录 {self._path.parent} 正被另一个终端进程使用（进程号 {holder}）",
                    f"Another terminal process ({holder}) uses the data folder {self._path.parent}",
                )
            ) from exc
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
