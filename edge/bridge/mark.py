"""Up to which scan everything was dealt with, over the death of the process.

Written after each scan and not forced to the disk: a process that is killed leaves it true. After a power cut it may be
older than the truth, and then more scans are named for a look than need one; never fewer.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_FORM = "{:020d}\n"


class Mark:
    """One number in a file.

    Args:
        path: The file; made at the first scan.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def read(self) -> int | None:
        """Return the number of the last scan that was dealt with; None before the first, or if it cannot be read."""
        with suppress(OSError, ValueError):
            return int(self._path.read_text("ascii"))
        return None

    def note(self, scan: int) -> None:
        """Note that a scan was dealt with. Where that cannot be written, the scan counts all the same."""
        with suppress(OSError):
            if self._file is None:
                self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._file, _FORM.format(scan).encode(), 0)

    def close(self) -> None:
        """Let the file go."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)
