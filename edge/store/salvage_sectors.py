"""Reading a file of which some sectors may be unreadable: what cannot be read is zeros, and noted.

Linux says that a sector cannot be read only to a read that begins there; one that begins before it returns what stands
before it, as if the file ended. Each file is as long as it was when it was opened, whatever can be read of it, so that
everything stays at its place.

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
        """Return a part of the file, shorter only at the file's end."""
        end = at + max(0, min(size_bytes, self.size_bytes - at))
        parts = [self._given(at, end)]
        at += len(parts[0])
        while at < end:
            # Lost is what stands in a sector that cannot be read, not what stands behind it.
            until = min(_start(at) + SECTOR_BYTES, end)
            part = self._given(at, until)
            if len(part) < until - at:
                self.unreadable.add(_start(at))
            parts.append(part.ljust(until - at, b"\0"))
            at = until
        return b"".join(parts)

    def __len__(self) -> int:
        return self.size_bytes

    def __getitem__(self, part: slice) -> bytes:
        """Read a part like one of bytes: a log may be larger than the memory."""
        start, stop, _ = part.indices(self.size_bytes)
        return self.read(start, stop - start)

    def pieces(self) -> Iterator[bytes]:
        """Yield the file from front to back."""
        for at in range(0, self.size_bytes, _PIECE_BYTES):
            yield self.read(at, _PIECE_BYTES)

    def count_unreadable(self) -> int:
        """Read the file once; return how many of its sectors the disk gives up."""
        for _ in self.pieces():
            pass
        return len(self.unreadable)

    def _given(self, at: int, end: int) -> bytes:
        """Return what the disk gives from `at` on; less than was asked for ends before something it does not give."""
        if self._descriptor is None or at >= end or _start(at) in self.unreadable:
            # Asked again, a failing disk may take many seconds to say the same.
            return b""
        try:
            return self._read(self._descriptor, end - at, at)
        except OSError as exc:
            if exc.errno != errno.EIO:
                raise
            return b""


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


def has_unreadable(database: Path) -> bool:
    """Tell whether the disk gives up a sector of a database, or of the journal that may be beside it.

    It reads as far as the first one: the salvage that follows asks for each, and a dying disk takes long to answer.
    """
    return any(map(_has_unreadable, (database, database.with_name(f"{database.name}-journal"))))


def _has_unreadable(path: Path) -> bool:
    with opened_sectors(path) as sectors:
        return any(sectors.unreadable for _ in sectors.pieces())


def _start(at: int) -> int:
    return at // SECTOR_BYTES * SECTOR_BYTES
