"""Disks for tests: one of its own for a process that a test starts, and one that gives up some of its sectors.

A machine without a C compiler skips the tests that need the former, and says so.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.disk.shim import build_shim
from sim.preload import ShimError

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory is the point
CACHED_BYTES = 4_096
"""The system keeps a file in memory by pages of this size: one bad sector of 512 bytes costs its whole page."""
_pread = os.pread


def shim_or_skip(factory: pytest.TempPathFactory) -> Path:
    """Return the disk shim, built once for all tests of this process."""
    try:
        return build_shim(factory.getbasetemp() / "disk-shim")
    except ShimError as exc:
        pytest.skip(str(exc))


@contextmanager
def folder_in_memory(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for very many small files: in memory if the machine has such a place, else below `tmp_path`."""
    with tempfile.TemporaryDirectory(prefix="yima-", dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield Path(folder)


class BadDisk:
    """Reads as Linux does, through the page cache, from a disk that gives up some sectors of some files.

    What stands before the first bad page is returned, which is fewer bytes and no error: only a read that begins on a
    bad page fails.
    """

    def __init__(self) -> None:
        self._bad: dict[int, set[int]] = {}
        """Where a bad page begins, by inode: a file that is moved stays where it is on the disk."""

    def give_up(self, path: Path, *sectors: int) -> None:
        """Let what stands at these places of a file be unreadable from now on."""
        pages = {at // CACHED_BYTES * CACHED_BYTES for at in sectors}
        self._bad.setdefault(path.stat().st_ino, set()).update(pages)

    def read(self, descriptor: int, size_bytes: int, at: int) -> bytes:
        """Stand in for `os.pread`."""
        file = os.fstat(descriptor)
        end = min(at + size_bytes, file.st_size)
        met = (page for page in self._bad.get(file.st_ino, ()) if page < end and at < page + CACHED_BYTES)
        first = min(met, default=end)
        if first <= at < end:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return _pread(descriptor, max(0, first - at), at)
