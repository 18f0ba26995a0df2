"""Looking at a store from outside without changing a byte of it: for a technician, whether or not the terminal runs.

A running terminal is read beside its writer. Where none runs, SQLite itself would tidy up the files of a store that was
left by a crash, so then a copy is looked at.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import NullPool

from edge.clock import from_us
from edge.errors import EdgeError
from edge.store import schema, sql
from edge.store.database import database_path, lock_path
from edge.store.errors import store_errors
from edge.store.life import FormerStore, former_stores
from edge.store.lock import is_held, visit
from edge.store.lock_holders import LOCKS
from edge.store.outbox import OutboxCounts, read_counts
from edge.store.scanner_profiles import StoredProfile, all_profiles
from edge.store.shifts import OperatorRow, all_operators

MOST_SCANS = 200
_TAIL = 4
"""Characters of a pack's code that are shown: enough to find the pack in the hand, no more."""
_WITH_TAIL = frozenset({"trace", "gs1", "hibc", "ma"})

TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
COUNT_TABLE = "SELECT count(*) FROM "
SELECT_DEAD = """
SELECT epoch, seq, kind, created_at, dead_code FROM outbox WHERE state = 'dead' ORDER BY created_at DESC LIMIT 200
"""
SELECT_SCANS = "SELECT id, at, device, symbology, kind, verdict, shown FROM scan ORDER BY id DESC LIMIT ?"

Record = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class StoreReport:
    """What a store holds, without anything of a patient and without a whole code."""

    version: int
    newest_version: int
    """The version that this program knows."""
    finding: str
    """`ok`, or what SQLite found wrong."""
    rows: dict[str, int]
    """Rows by table; empty if the store has another version than this program."""
    outbox: OutboxCounts | None
    dead_letters: list[Record]
    scans: list[Record]
    """The latest, newest first."""
    former: list[FormerStore]


def is_in_use(folder: Path, locks: Path = LOCKS) -> bool:
    """Tell whether a terminal holds the store, without touching its lock: a terminal that starts now must get it."""
    return is_held(lock_path(folder), locks)


def inspect_store(folder: Path) -> StoreReport:
    """Look at the store of a data folder.

    Raises:
        DamagedStoreError: It cannot even be opened.
        SalvageRunsError: A terminal is just starting.
        EdgeError: The disk refused.
        OSError: A copy cannot be made.
    """
    path = database_path(folder)
    with _looked_at(path) as connection, store_errors(path), connection.begin():
        version, newest = schema.schema_version(connection), schema.history()[-1].version
        finding = str(connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one())
        if version != newest or finding != "ok":
            return StoreReport(version, newest, finding, {}, None, [], [], [])
        names = [name for (name,) in sql.rows(connection, TABLES)]
        return StoreReport(
            version=version,
            newest_version=newest,
            finding=finding,
            rows={name: int(sql.one(connection, f'{COUNT_TABLE}"{name}"')[0]) for name in names},
            outbox=read_counts(connection),
            dead_letters=[_dead(row) for row in sql.rows(connection, SELECT_DEAD)],
            scans=[_scan(row) for row in sql.rows(connection, SELECT_SCANS, (MOST_SCANS,))],
            former=former_stores(connection),
        )


def inspect_profiles(folder: Path) -> Mapping[str, StoredProfile]:
    """Return what set-ups have learned of the scanners; nothing if the store is not there or cannot tell.

    Raises:
        OSError: A copy cannot be made.
    """
    path = database_path(folder)
    if not path.exists():
        return {}
    try:
        with _looked_at(path) as connection, store_errors(path), connection.begin():
            is_ours = schema.schema_version(connection) == schema.history()[-1].version
            return all_profiles(connection) if is_ours else {}
    except EdgeError:
        # What is wrong with the store, the look at the store itself says.
        return {}


def inspect_operators(folder: Path) -> list[OperatorRow]:
    """Return who may sign in, or might once; nobody if the store is not there or cannot tell."""
    path = database_path(folder)
    # Their names must not stand in what is handed on, so a copy is asked where a terminal is just starting.
    for look in (_looked_at, _copied):
        with suppress(EdgeError, OSError):
            if path.exists():
                with look(path) as connection, store_errors(path), connection.begin():
                    return all_operators(connection)
    return []


@contextmanager
def _looked_at(path: Path) -> Iterator[Connection]:
    if is_in_use(path.parent):
        with visit(lock_path(path.parent)) as refuse_ended, _opened(path, "mode=ro") as connection:
            # Not even a reader is harmless: the first one to come makes the index of the log anew.
            refuse_ended()
            yield connection
        return
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or log.stat().st_size == 0:
        # Closed in good order: the file is all there is.
        with _opened(path, "mode=ro&immutable=1") as connection:
            yield connection
        return
    with _copied(path) as connection:
        yield connection


@contextmanager
def _copied(path: Path) -> Iterator[Connection]:
    with tempfile.TemporaryDirectory(prefix="yima-look-") as aside:
        for file in (path, path.with_name(f"{path.name}-wal")):
            if file.exists():
                shutil.copyfile(file, Path(aside) / file.name)
        with _opened(Path(aside) / path.name, "mode=rw") as connection:
            yield connection


@contextmanager
def _opened(path: Path, how: str) -> Iterator[Connection]:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    try:
        with store_errors(path), engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _dead(row: sql.Row) -> Record:
    epoch, seq, kind, created_at, code = row
    return {"epoch": epoch, "seq": seq, "kind": kind, "created_at": from_us(created_at).isoformat(), "code": code}


def _scan(row: sql.Row) -> Record:
    id_, at, device, symbology, kind, verdict, shown = row
    code = str(json.loads(shown).get("code") or "")
    return {
        "id": id_,
        "at": from_us(at).isoformat(),
        "device": device,
        "symbology": symbology,
        "kind": kind,
        "verdict": verdict,
        "length": len(code),
        "tail": f"…{code[-_TAIL:]}" if kind in _WITH_TAIL and len(code) > 2 * _TAIL else None,
    }
