"""A store that was never used, as a copy: its tables are made once in a process, not for each test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from edge.store.database import database_path, opened_store


@contextmanager
def opened_or_new(folder: Path) -> Iterator[Connection]:
    """Open the store in a folder, as a terminal does. If there is none, it finds one that is empty and up to date."""
    path = database_path(folder)
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_empty())
        path.chmod(0o600)
    with opened_store(folder) as connection:
        yield connection


@cache
def _empty() -> bytes:
    with TemporaryDirectory() as where:
        with opened_store(Path(where)):
            pass
        return database_path(Path(where)).read_bytes()
