"""The file that a backup is written to until it is whole.

Each has a name of its own, so that two backups at once never write into each other's, and is made anew, so that no link
is followed. What a killed run leaves is removed by a later backup into the same folder, whatever that one is called;
what another program named much alike is not.
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
_RANDOM = "[a-z0-9_]" * 8
"""What `tempfile` puts between the two."""
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
            _remove_dead(part.parent, os.fstat(out.fileno()))
            yield part, out
    finally:
        part.unlink(missing_ok=True)


def _remove_dead(folder: Path, new: os.stat_result) -> None:
    """Remove what was made as the `new` one was, by the same account, and has not changed for long."""
    for part in folder.glob(f"{_PREFIX}{_RANDOM}{_SUFFIX}"):
        # What cannot be removed is in nobody's way; another backup may have removed it just now.
        with suppress(OSError):
            found = part.lstat()
            # Against the clock of the file system, which may be another machine's.
            is_dead = found.st_mtime < new.st_mtime - _DEAD_AFTER_S
            if is_dead and (found.st_mode, found.st_uid) == (new.st_mode, new.st_uid):
                part.unlink()
