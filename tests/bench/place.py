"""Where a bench works: on the project's own disk, since the system's folder for temporary files may be in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def folder_on_disk(root: Path = ROOT) -> Iterator[Path]:
    """Give a folder for one run, removed at its end. If that is cut off, git does not see what it leaves."""
    var = root / "var"
    var.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=var) as folder:
        yield Path(folder)
