"""The file that a backup is written to until it is whole.

Each has a name of its own, so that two backups at once never write into each other's, and is made anew, so that no link
is followed. What a killed run leaves is removed by a later backup into the same folder, whatever that one is called.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_PREFIX = "yima-backup-"
_SUFFIX = ".part"
_DEAD_AFTER_S = 86_400.0
"""Nobody writes any more to a part that has not changed for so long."""


@contextmanager
def part_beside(file: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    """Give a new file for its owner alone, open for writing, in the folder of `file`; it goes unless it is renamed.

    Raises:
        OSError: It cannot be made.
    """
    descriptor, name = tempfile.mkstemp(_SUFFIX, _PREFIX, file.parent)
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as out:
            # Against the clock of the file system, which may be another machine's.
            _remove_dead(part.parent, os.fstat(out.fileno()).st_mtime - _DEAD_AFTER_S)
            yield part, out
    finally:
        part.unlink(missing_ok=True)


def _remove_dead(folder: Path, before_s: float) -> None:
    for part in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
        # What cannot be removed is in nobody's way; another backup may have removed it just now.
        with suppress(OSError):
            if part.lstat().st_mtime < before_s:
                part.unlink()
