"""Files and names that survive a power cut: each change is on the disk when its function returns."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

_PAGE_BYTES = 4_096
_BLOCK_BYTES = 1024 * 1024

ReadAt = Callable[[int, int, int], bytes]
"""Reads so many bytes of an open file at a place, as `os.pread` does."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file in one step: it is there whole, or not at all."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(content)
    sync_file(beside)
    beside.rename(path)
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can look into, with its parents."""
    for one in (*reversed(folder.parents), folder):
        if not one.is_dir():
            one.mkdir(mode=0o700)
            sync_folder(one.parent)


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def copy_readable(source: Path, target: Path, read: ReadAt = os.pread) -> list[int]:
    """Copy what the disk still gives of a file, without a change to it.

    Returns:
        The pages that cannot be read, counted from 1; the copy has zeros there.
    """
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    unreadable: list[int] = []
    try:
        size = os.fstat(descriptor).st_size
        with target.open("wb") as copy:
            for start in range(0, size, _BLOCK_BYTES):
                most = min(_BLOCK_BYTES, size - start)
                block = _readable(read, descriptor, most, start)
                for at in range(start, start + most, _PAGE_BYTES) if block is None else ():
                    length = min(_PAGE_BYTES, size - at)
                    page = _readable(read, descriptor, length, at)
                    unreadable += [at // _PAGE_BYTES + 1] if page is None else []
                    copy.write(bytes(length) if page is None else page)
                copy.write(block or b"")
    finally:
        os.close(descriptor)
    return unreadable


def _readable(read: ReadAt, descriptor: int, length: int, at: int) -> bytes | None:
    """Return a piece of a file, None if the disk cannot read it."""
    try:
        return read(descriptor, length, at)
    except OSError as exc:
        if exc.errno != errno.EIO:
            raise
        return None


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
