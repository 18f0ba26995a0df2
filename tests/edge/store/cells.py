"""One cell of a terminal's store replaced by a hostile value, and what a start, a tidying and a report make of it.

`python -m tests.edge.store.cells` replaces every cell by every value and prints what failed, `test_cells.py` some.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from collections.abc import Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.clock import SteadyClock
from edge.config import EdgeConfig
from edge.core import Core, opened_core
from edge.counter.counter import Request
from edge.housekeeping import put_away
from edge.status import StatusReader
from edge.store.database import FILE_NAME, KEY_FILE, opened_store
from edge.store.dead_letters import dead_letters
from edge.store.outbox import read_stock
from edge.store.salvage_check import Look, look_over
from edge.store.salvage_proof import event_in
from edge.store.scanner_profiles import all_profiles
from edge.store.terminal import ensure_state
from edge.store.watched import last_run, occupants
from edge.sync_board import SyncBoard
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop
from wire.events import EventsLost, Span, StoreRebuilt, thaw
from wire.keys import SigningKey
from wire.receipts import Ask, Receipt, Rejected, Wanted

KEY = SigningKey(Ed25519PrivateKey.generate())
DELIVERED_TO = 9
ALL = Ask(1, TERMINAL, "c", NOON, [Wanted(EPOCH, [(1, 99)])])
NO_TEXT = "CAST(x'c3ff28' AS TEXT)"
VALUES = {
    "text": "'elsewhen'",
    "no text": NO_TEXT,
    "blob": "x'00ff'",
    "huge": "9223372036854775807",
    "one bit more": "1152921504606846976",
    "negative": "-9223372036854775808",
    "real": "1e300",
    "null": "NULL",
}
OTHER_CODE = """CAST(replace(bytes, '"code":"8', '"code":"9') AS BLOB)"""
"""Still an event, with one digit of its code changed."""
_FILLERS = {"INTEGER": "1", "TEXT": "'[]'", "BLOB": "x'7b7d'"}
_CHECKED = {
    "why": "'copied'", "clock": "'centre'", "learned": "'{}'", "state": "'unknown'", "standing": "'settled'",
    "infno": "'3505'", "ledger_row.state": "'due'", "undertaking.kind": "'return'",
    "pos_question.state": "'open'", "day_end.state": "'closed'",
    "visit_step.by": "'card'", "telling": "'none'", "pos_owed.state": "'waiting'", "stage": "'sending'",
}  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """Where the damage goes: the last row of a table, and of the outbox one row of each state."""

    table: str
    column: str
    where: str
    value: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} {self.where} = {self.value}"


def live(folder: Path) -> bytes:
    """Live a morning, put a row into each table that has none, and return the closed file."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        for number in range(12):
            shop.scan(f"8600011{number:013}")
            if number == 5:
                shop.counter.close_sale(Request(None, ""))
        refused = shop.events()[DELIVERED_TO]
        receipt = Receipt(
            1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [(1, DELIVERED_TO)], [Rejected(refused.seq, refused.id, "x.y")]
        )
        shop.outbox.apply_receipts([receipt], NOON)
    path = folder / FILE_NAME
    with closing(sqlite3.connect(path)) as store, store:
        for table in tables(store):
            if not store.execute(f"SELECT 1 FROM {table}").fetchone():  # noqa: S608 - names are ours
                columns = store.execute(f"PRAGMA table_info({table})").fetchall()
                row = ", ".join(_filler(table, name, type_) for _, name, type_, *_ in columns)
                store.execute(f"INSERT INTO {table} VALUES ({row})")  # noqa: S608 - names are ours
    return path.read_bytes()


def _filler(table: str, column: str, type_: str) -> str:
    return _CHECKED.get(f"{table}.{column}") or _CHECKED.get(column, _FILLERS[type_])


def tables(store: sqlite3.Connection) -> list[str]:
    found = store.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return [name for (name,) in found]


def all_cells(folder: Path) -> list[Cell]:
    """Return every column of every table with every value."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as store:
        columns = [(table, row[1]) for table in tables(store) for row in store.execute(f"PRAGMA table_info({table})")]
    states = ["state = 'pending'", "state = 'delivered'", "state = 'dead'"]
    places = [(table, column, where) for table, column in columns for where in (states if table == "outbox" else ["1"])]
    cells = [Cell(table, column, where, value) for table, column, where in places for value in VALUES.values()]
    return [*cells, *(Cell("outbox", "bytes", state, OTHER_CODE) for state in states)]


def damage(path: Path, cell: Cell) -> bool:
    """Write the value as a flipped bit would: past every rule of the schema. Tell whether SQLite takes it at all."""
    with closing(_opened_carelessly(path)) as store:
        schema = store.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL"
        ).fetchall()
        store.execute("PRAGMA writable_schema = ON")
        store.execute("UPDATE sqlite_schema SET sql = replace(sql, ' NOT NULL', '') WHERE type = 'table'")
    with closing(_opened_carelessly(path)) as store:
        store.execute("PRAGMA ignore_check_constraints = ON")
        key = "rowid" if cell.table in {"scan", "catalogue_import", "terminal_state", "last_run"} else None
        last = f" AND rowid = (SELECT max(rowid) FROM {cell.table})" if key else ""  # noqa: S608 - names are ours
        if cell.table == "outbox":
            last = f" AND seq = (SELECT max(seq) FROM outbox WHERE {cell.where})"  # noqa: S608 - names are ours
        try:
            done = store.execute(f"UPDATE {cell.table} SET {cell.column} = {cell.value} WHERE {cell.where}{last}")  # noqa: S608
        except sqlite3.Error:
            return False
        store.execute("PRAGMA writable_schema = ON")
        store.execute("BEGIN")
        store.executemany("UPDATE sqlite_schema SET sql = ? WHERE name = ?", [(text, name) for name, text in schema])
        store.execute("COMMIT")
        return done.rowcount > 0


def _opened_carelessly(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path, isolation_level=None)
    store.execute("PRAGMA synchronous = OFF")
    return store


def look_at(path: Path, whole: bytes, cell: Cell) -> Look | None:
    """Return what a look at a store with this cell finds; None if SQLite does not take the value at all."""
    path.write_bytes(whole)
    return look_over(path) if damage(path, cell) else None


def try_cell(folder: Path, whole: bytes, cell: Cell) -> str | None:
    """Start on a store with this cell, tidy it, report on it and send all again, twice; return what is wrong with that.

    What is sent again must be what was frozen, and what is not sent must be said.
    """
    folder.mkdir()
    path = folder / FILE_NAME
    path.write_bytes(whole)
    (folder / KEY_FILE).write_bytes(b"not looked into")
    frozen = events_in(path)
    if not damage(path, cell):
        return None
    waiting = events_in(path, "state = 'pending'")
    for is_first in (True, False):
        try:
            is_salvaged = asyncio.run(_start(folder))
        except Exception as exc:  # noqa: BLE001 - whatever it is, the cell is named beside it
            return f"{cell}: {type(exc).__name__}: {exc}"
        if is_salvaged and not is_first:
            return f"{cell}: salvaged again at the next start"
        sent = events_in(path, "state = 'pending'")
        false = [seq for (epoch, seq), now in sent.items() if frozen.get((epoch, seq), now) != now]
        if false:
            return f"{cell}: numbers {false} are sent, and are not what was frozen"
    kept = events_in(path, "state <> 'dead'")
    said = _said_lost(kept.values())
    for place, once in waiting.items():
        if kept.get(place) != once and place not in said:
            return f"{cell}: number {place[1]} is lost without a word"
    return None


def _said_lost(kept: Collection[bytes]) -> set[tuple[str | None, int]]:
    facts = [thaw(one).fact for one in kept]
    spans: list[tuple[str | None, Span]] = [
        (fact.epoch, span) for fact in facts if isinstance(fact, EventsLost) for span in fact.spans
    ]
    spans += [(fact.former, span) for fact in facts if isinstance(fact, StoreRebuilt) for span in fact.lost]
    return {(epoch, seq) for epoch, (first, last) in spans for seq in range(first, last + 1)}


def events_in(path: Path, where: str = "1") -> dict[tuple[str, int], bytes]:
    """Return the events that can be read, by what they say themselves."""
    with closing(sqlite3.connect(path)) as store:
        found = store.execute(f"SELECT bytes FROM outbox NOT INDEXED WHERE typeof(bytes) = 'blob' AND {where}")  # noqa: S608 - ours
        events = {frozen: event_in(frozen) for (frozen,) in found}
    return {(event.epoch, event.seq): frozen for frozen, event in events.items() if event is not None}


async def _start(folder: Path) -> bool:
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P35020000001"}
    config = EdgeConfig.model_validate({"terminal": terminal, "store": {"folder": folder}})
    clock = FakeClock()
    async with opened_core(config, lambda _: None, clock) as core:
        nothing: Any = _NoDevices()
        reader = StatusReader(config.terminal, core, SyncBoard(), nothing, KEY.public, started_at=NOON, clock=clock)
        await reader.read()
        await core.read(read_stock)
        await core.read(lambda tx: (all_profiles(tx), last_run(tx), occupants(tx), dead_letters(tx, 99)))
        await _tidy(core, clock)
        await reader.read()
        await core.in_store(lambda: core.outbox.send_again(ALL, NOON))
        return core.mended.is_salvaged


async def _tidy(core: Core, clock: FakeClock) -> None:
    async def once(_: float) -> None:
        raise asyncio.CancelledError

    with_end = put_away(core.connection, core.outbox, core.in_store, clock, once, steady=SteadyClock(clock))
    with suppress(asyncio.CancelledError):
        await with_end


class _NoDevices:
    def statuses(self) -> tuple[()]:
        return ()


def fuzz(count: int | None, seed: int = 1) -> list[str]:
    """Try `count` cells, every one if there are no more; return what failed."""
    with TemporaryDirectory() as where:
        living = Path(where) / "living"
        living.mkdir()
        whole = live(living)
        cells = all_cells(living)
        chosen = cells if count is None or count >= len(cells) else random.Random(seed).sample(cells, count)
        found = (try_cell(Path(where) / str(number), whole, cell) for number, cell in enumerate(chosen))
        return [one for one in found if one is not None]


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    failed = fuzz(int(sys.argv[1]) if sys.argv[1:] else None)
    sys.stdout.write("\n".join([*failed, f"{len(failed)} failed"]) + "\n")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
