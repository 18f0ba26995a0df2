"""Who has a store open: whoever opens it shares a lock on it, whoever replaces it must hold that lock alone.

The lock goes with the process, however that ends. For SQLite it is a file beside the store, because a restore renames
the store's own file, and because closing a second descriptor of that file would drop SQLite's own locks. For
PostgreSQL every connection holds it in the database (`postgresql.py`), so that it counts on whatever machine a centre
runs.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from codes.os_words import words_of_os_error
from codes.words import Words
from server.errors import CentreRunsError, StoreBeingReplacedError, StoreUnavailableError
from server.store.ownership import open_private
from wire.on_disk import make_private_folder

SUFFIX = ".in-use"


class FileLock:
    """The lock on the SQLite store at `path`; it holds nothing until it is asked to."""

    def __init__(self, path: Path) -> None:
        file = path.with_name(path.name + SUFFIX)
        self._path = path
        try:
            make_private_folder(path.parent)
            self._descriptor = open_private(file, path)
        except OSError as exc:
            why = words_of_os_error(exc)
            raise StoreUnavailableError(Words(f"无法创建 {file}：{why.zh}", f"Cannot make {file}: {why.en}")) from exc

    def share(self) -> None:
        """Hold it together with others that use the store; held alone until now, it is shared from now on.

        Raises:
            StoreBeingReplacedError: A restore holds it alone.
        """
        if not self._has_taken(fcntl.LOCK_SH):
            raise StoreBeingReplacedError(Words(f"{self._path} 正在被恢复", f"{self._path} is being restored"))

    def take_alone(self) -> None:
        """Hold it against everybody else.

        Raises:
            CentreRunsError: Somebody has the store open.
        """
        if not self.has_taken_alone():
            raise CentreRunsError(
                Words(
                    f"{self._path} 正被中心或其他 yima server 命令使用",
                    f"{self._path} is in use by a centre or by another `yima server` command",
                )
            )

    def has_taken_alone(self) -> bool:
        """Hold it against everybody else if nobody has the store open; tell whether it is held so."""
        return self._has_taken(fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go of it."""
        os.close(self._descriptor)

    def _has_taken(self, how: int) -> bool:
        try:
            fcntl.flock(self._descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as exc:
            why = words_of_os_error(exc)
            raise StoreUnavailableError(
                Words(f"无法锁定 {self._path}：{why.zh}", f"Cannot lock {self._path}: {why.en}")
            ) from exc
        return True
