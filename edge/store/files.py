"""Files and names that survive a power cut: each change is on the disk when its function returns."""

from __future__ import annotations

import os
from pathlib import Path

from edge.store.salvage_sectors import SECTOR_BYTES, ReadAt, opened_sectors


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
    # One that is not there is no empty one here.
    source.stat()
    with opened_sectors(source, read) as sectors, target.open("wb") as copy:
        copy.writelines(sectors.pieces())
        return sorted(at // SECTOR_BYTES + 1 for at in sectors.unreadable)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
