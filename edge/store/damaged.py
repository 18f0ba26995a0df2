"""The files of stores that were damaged: set aside by a salvage, kept until a person takes them away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.store.salvage import DAMAGED


@dataclass(frozen=True, slots=True)
class DamagedFiles:
    """What one salvage set aside."""

    folder: Path
    files: int
    size_bytes: int


def damaged_files(folder: Path) -> list[DamagedFiles]:
    """Return what every salvage set aside in a data folder, oldest first.

    Raises:
        OSError: The disk refused.
    """
    place = folder / DAMAGED
    found = sorted(one for one in place.iterdir() if one.is_dir()) if place.is_dir() else []
    return [_counted(one) for one in found]


def _counted(folder: Path) -> DamagedFiles:
    sizes = [file.stat().st_size for file in folder.rglob("*") if file.is_file()]
    return DamagedFiles(folder, len(sizes), sum(sizes))
