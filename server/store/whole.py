"""Make sure that a filled SQLite store is whole in its one file, and on the disk, before it replaces another.

A commit is done as soon as it is in the log beside the file. That the log could not be folded into the file (the disk
is full, somebody else reads) SQLite tells nobody. Only the file is put in place, so what counts is what it holds
without its log.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, table
from sqlalchemy.exc import DBAPIError

from codes.words import Words
from server.errors import NotWholeError
from server.store.sqlite import opened_unchanged
from server.store.tables import centre
from wire.on_disk import sync

_PATIENCE_S = 5.0
"""Somebody who only looks is soon done."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds, in short."""

    epoch: str
    rows: Mapping[str, int]
    """How many, by table."""


def load_contents(connection: Connection) -> Contents:
    """Return what the transaction of `connection` sees."""
    names = inspect(connection).get_table_names()
    rows = {name: connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names}
    epoch = connection.scalar(select(centre.c.value).where(centre.c.name == "epoch"))
    return Contents(str(epoch), rows)


def make_whole(path: Path, expected: Contents) -> None:
    """Fold the log into the file at `path`, read back what the file alone holds, and wait until it is on the disk.

    Raises:
        NotWholeError: The file does not hold what it should.
        OSError: The disk refuses.
    """
    try:
        _fold(path)
        with opened_unchanged(path, has_log=False) as connection:
            damage = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
            found = load_contents(connection)
    except (sqlite3.Error, DBAPIError) as exc:
        why = exc.orig if isinstance(exc, DBAPIError) else exc
        raise NotWholeError(Words(f"{path} 未能写完整：{why}", f"{path} could not be made whole: {why}")) from exc
    if damage != "ok" or found != expected:
        raise NotWholeError(
            Words(f"{path} 的内容与备份不符", f"{path} does not hold what was put into it: {damage}, {found}")
        )
    sync(path)
    sync(path.parent)


def _fold(path: Path) -> None:
    """Fold the log into the file, all of it."""
    with closing(sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)) as connection:
        is_busy, frames, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    log = path.with_name(f"{path.name}-wal")
    if is_busy or frames > 0 or (log.exists() and log.stat().st_size):
        raise NotWholeError(Words(f"{path} 正被其他程序打开", f"Another program has {path} open"))
