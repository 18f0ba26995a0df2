"""T-10: how long a start takes on a large store that is damaged, by kind of damage; and on one that is well.

The store is that of a busy month: delivered events that are kept for the centre, a few that wait, and the scans and
sales around them. Time is given twice, by the clock and by the processor, because the machine is shared. The floor of a
salvage is what it cannot do without: reading the damaged file once and writing a copy of it to the disk.
"""

from __future__ import annotations

import logging
import os
import random
import shutil
import sqlite3
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from edge.clock import to_us
from edge.store.database import FILE_NAME, database_path, opened_store
from edge.store.outbox import INSERT_ROW
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import Owner
from edge.store.terminal import ADVANCE, ensure_state
from rules.scan_judgement import Mode
from tests.bench.figure import Figure, at_most, figure
from tests.bench.place import folder_on_disk
from wire.events import GENESIS, Event, Scanned, freeze, sm3_hex, version_of
from wire.ids import uuid7
from wire.on_disk import sync

PAGE = 4_096
SIZES = (40_000, 500_000)
"""Events: about 25 MB and 313 MB."""
WAITING = 40
TARGET_S = 10.0
NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
TERMINAL, EPOCH = "bench", "bench-1"
KEY_FILE = "terminal.key"

Spoil = Callable[[Path], None]


def run(sizes: tuple[int, ...] = SIZES) -> list[Figure]:
    """Measure every kind of damage on each size."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with folder_on_disk() as folder:
        return [row for events in sizes for row in _of_size(folder / str(events), events)]


def _of_size(folder: Path, events: int) -> Iterator[Figure]:
    build(folder / "whole", events)
    whole = database_path(folder / "whole")
    megabytes = whole.stat().st_size // 1_000_000
    for kind, spoil in SPOILS.items():
        damaged = folder / "damaged"
        shutil.copytree(folder / "whole", damaged)
        spoil(database_path(damaged))
        floor_s = _floor(database_path(damaged))
        wall_s, cpu_s, mended = start(damaged)
        shutil.rmtree(damaged)
        done = "salvaged" if mended.is_salvaged else "opened as it was"
        yield figure(
            "T-10",
            f"start on {megabytes} MB, {kind}",
            wall_s,
            "s",
            floor=floor_s,
            target=at_most(TARGET_S),
            note=f"{cpu_s:.1f} s of processor, {done}",
        )


def start(folder: Path) -> tuple[float, float, Mended]:
    """Open a store as the terminal does; return seconds by the clock and by the processor, and what was done."""
    mended = Mended()
    owner = Owner(TERMINAL, Mode.DISPENSE, NOON, os.urandom)

    def mend_first(database: Path) -> None:
        nonlocal mended
        mended = mend(database, owner)

    began_s, busy_s = time.perf_counter(), time.process_time()
    with opened_store(folder, mend_first):
        return time.perf_counter() - began_s, time.process_time() - busy_s, mended


def build(folder: Path, events: int) -> None:
    """Make a store with so many events, all delivered but the last few, which stand in the log only: after a kill."""
    made = folder.with_name("made")
    with opened_store(made) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
    with closing(sqlite3.connect(database_path(made), isolation_level=None)) as store:
        store.execute("BEGIN")
        delivered = events - WAITING
        last = _fill(store, range(1, delivered + 1), GENESIS)
        store.execute("UPDATE outbox SET state = 'delivered', delivered_at = created_at")
        store.execute("CREATE TABLE gone AS SELECT zeroblob(1000000)")
        store.execute("COMMIT")
        store.execute("DROP TABLE gone")
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        for seq in range(delivered + 1, events + 1):
            store.execute("BEGIN")
            last = _fill(store, range(seq, seq + 1), last)
            store.execute("COMMIT")
        folder.mkdir()
        for suffix in ("", "-wal"):
            name = FILE_NAME + suffix
            shutil.copyfile(made / name, folder / name)
    (folder / KEY_FILE).write_bytes(b"not looked into")
    shutil.rmtree(made)


def _fill(store: sqlite3.Connection, numbers: range, last: str) -> str:
    """Append events with these numbers; return the hash of the last."""
    for seq in numbers:
        at = NOON - timedelta(days=20) + timedelta(seconds=seq)
        at_us = to_us(at)
        id_, code = str(uuid7(at_us // 1_000, random.Random(seq).randbytes(10))), f"8600011{seq:013}"
        scanned = Scanned(
            sale=f"sale-{seq // 8}",
            reading="trace",
            device="serial:left",
            verdict="added",
            code=code,
            product="D0001",
            reserved_until=at + timedelta(minutes=30),
        )
        frozen = freeze(Event(version_of(scanned), id_, TERMINAL, EPOCH, seq, at_us, at, 0, "wang", last, scanned))
        last = sm3_hex(frozen)
        store.execute(INSERT_ROW, (EPOCH, seq, id_, "scanned", at_us, at_us, frozen))
        store.execute(ADVANCE, (seq + 1, last, at_us))
    return last


# -- damage ---------------------------------------------------------------------------------------------------------


def _well(database: Path) -> None:
    """Leave it as a kill left it."""


def _header(database: Path) -> None:
    _checkpoint(database)
    _zero(database, 0, 100)


def _leaf(database: Path) -> None:
    content = database.read_bytes()
    _zero(database, content.index(b"8600011", len(content) // 2) // PAGE * PAGE, PAGE)


def _interior(database: Path) -> None:
    """Zero a page that many leaves hang on: the middle one among the children of the root."""
    root = _root(database)
    page = _page(database, root)
    (cells,) = struct.unpack_from(">H", page, 3)
    (cell,) = struct.unpack_from(">H", page, 12 + cells // 2 * 2)
    _zero(database, (int.from_bytes(page[cell : cell + 4]) - 1) * PAGE, PAGE)


def _tree_root(database: Path) -> None:
    _zero(database, (_root(database) - 1) * PAGE, PAGE)


def _free_pages(database: Path) -> None:
    """Let the list of free pages name a page that is in use."""
    _checkpoint(database)
    (trunk,) = struct.unpack_from(">I", _page(database, 1), 32)
    with database.open("r+b") as file:
        file.seek((trunk - 1) * PAGE + 8)
        file.write(struct.pack(">I", _root(database)))


def _log(database: Path) -> None:
    """Damage a frame in the middle of the log: commits follow on it."""
    log = database.with_name(f"{FILE_NAME}-wal")
    _zero(log, log.stat().st_size // 2, 64)


SPOILS: dict[str, Spoil] = {
    "well": _well,
    "header": _header,
    "one leaf": _leaf,
    "an interior page": _interior,
    "the root of the outbox": _tree_root,
    "list of free pages": _free_pages,
    "log": _log,
}


def _checkpoint(database: Path) -> None:
    """Fold the log back into the file, where it would hide what is damaged there."""
    with closing(sqlite3.connect(database)) as store:
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _root(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as store:
        (page,) = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'").fetchone()
    return int(page)


def _page(database: Path, number: int) -> bytes:
    with database.open("rb") as file:
        file.seek((number - 1) * PAGE)
        return file.read(PAGE)


def _zero(path: Path, at: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes(size))


def _floor(database: Path) -> float:
    """Return how long it takes to read the file and to write a copy of it to the disk."""
    began_s = time.perf_counter()
    copy = database.with_name("copy")
    shutil.copyfile(database, copy)
    sync(copy)
    copy.unlink()
    return time.perf_counter() - began_s


if __name__ == "__main__":
    for figure in run(tuple(int(size) for size in sys.argv[1:]) or SIZES):
        print(figure)  # noqa: T201 - run by hand
