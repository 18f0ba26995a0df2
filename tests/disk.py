"""A disk of their own for processes that tests start; a machine without a C compiler skips them and says so."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sim.disk.shim import build_shim
from sim.preload import ShimError

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory is the point


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
