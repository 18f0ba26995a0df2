"""Reading a file of which some sectors may be unreadable: what cannot be read is zeros, and noted.

Never through mapped memory: a sector that the disk gives up would end the process by a signal that nobody can catch,
at each start anew.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SECTOR_BYTES = 4_096
"""The system reads no less than this from a disk."""
_PIECE_BYTES = 1 << 20

ReadAt = Callable[[int, int, int], bytes]
"""Reads so many bytes of an open file at a place, as `os.pread` does."""


class Sectors:
    """An open file, or none at all, which reads as empty."""

    def __init__(self, descriptor: int | None, read: ReadAt | None = None) -> None:
        self._descriptor = descriptor
        self._read = read or os.pread
        self.size_bytes = os.fstat(descriptor).st_size if descriptor is not None else 0
        self.unreadable: set[int] = set()
        """Where a sector begins that could not be read."""

    def read(self, at: int, size_bytes: int) -> bytes:
        """Return a part of the file, shorter at its end."""
        size_bytes = max(0, min(size_bytes, self.size_bytes - at))
        if self._descriptor is None or not size_bytes:
            return b""
        try:
            return self._read(self._descriptor, size_bytes, at)
        except OSError as exc:
            if exc.errno != errno.EIO:
                raise
        return b"".join(
            self._sector(one, at, at + size_bytes) for one in range(_start(at), at + size_bytes, SECTOR_BYTES)
        )

    def whole(self) -> bytes:
        """Return the file."""
        return b"".join(self.pieces())

    def pieces(self) -> Iterator[bytes]:
        """Yield the file from front to back."""
        for at in range(0, self.size_bytes, _PIECE_BYTES):
            yield self.read(at, _PIECE_BYTES)

    def _sector(self, start: int, first: int, end: int) -> bytes:
        first, end = max(start, first), min(start + SECTOR_BYTES, end)
        assert self._descriptor is not None  # noqa: S101 - asked by `read`
        try:
            return self._read(self._descriptor, end - first, first)
        except OSError as exc:
            if exc.errno != errno.EIO:
                raise
        self.unreadable.add(start)
        return bytes(end - first)


@contextmanager
def opened_sectors(path: Path, read: ReadAt | None = None) -> Iterator[Sectors]:
    """Open a file to read it; one that is not there is empty."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield Sectors(None)
        return
    try:
        yield Sectors(descriptor, read)
    finally:
        os.close(descriptor)


def count_unreadable(path: Path) -> int:
    """Read a file once; return how many of its sectors the disk gives up."""
    with opened_sectors(path) as sectors:
        for _ in sectors.pieces():
            pass
        return len(sectors.unreadable)


def _start(at: int) -> int:
    return at // SECTOR_BYTES * SECTOR_BYTES
