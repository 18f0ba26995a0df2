"""Files and names that survive a power cut: each change is on the disk when its function returns."""

from __future__ import annotations

import os
from pathlib import Path

from edge.store.salvage_sectors import SECTOR_BYTES, ReadAt, opened_sectors
from wire.on_disk import sync


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file in one step: it is there whole, or not at all."""
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(content)
    sync(beside)
    beside.rename(path)
    sync(path.parent)


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
