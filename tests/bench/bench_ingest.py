"""P-07 and P-09: what the centre takes in, and how fast it finds one code.

Ours: `Ingest.take_many` as the receiver calls it, 100 events a batch, 10 batches a commit: signatures, schema, SM3
chain, evidence, ledger, receipts. Half of the events are scans, half sales of the same packs.

Floors, in turns with ours: *bare* opens the same frames, decodes the events and inserts them into one table keyed by
id; *same keys* inserts the very rows that ours ends up with, ready made, into the same tables. On PostgreSQL they go in
by COPY into temporary tables and a merge.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table, select

from server.app import settle_memory
from server.ingest import Ingest
from server.store import ledger, tables
from server.store.database import Store, open_store
from sim.postgres import PostgresMissingError, private_cluster
from tests.bench.figure import Figure, Target, figure, not_run, of_floor_at_least
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, scanned
from wire.envelope import open_sealed
from wire.events import thaw
from wire.receipts import decode_batch
from wire.topics import Channel

EVENTS = 20_000
PER_BATCH = 100
BATCHES_PER_COMMIT = 10
COMMITS = EVENTS // PER_BATCH // BATCHES_PER_COMMIT
ROUNDS = 3
CODES = 1_000_000
LOOKS = 5_000
WRITTEN = (tables.event, tables.evidence, tables.sighting, tables.ledger)

Frame = tuple[str, bytes]
Rows = dict[Table, list[tuple[Any, ...]]]


class Load:
    """Terminals and the frames they send."""

    def __init__(self) -> None:
        self.terminals = [FakeTerminal(name=f"T-{number}", institution=f"P{number}") for number in range(4)]
        self.frames: list[Frame] = []
        for batch in range(EVENTS // PER_BATCH):
            terminal = self.terminals[batch % len(self.terminals)]
            self.frames.append(terminal.frame(*_sales(terminal, batch * PER_BATCH // 2)))

    def commits(self) -> Iterator[list[Frame]]:
        """Yield what one commit takes."""
        for start in range(0, len(self.frames), BATCHES_PER_COMMIT):
            yield self.frames[start : start + BATCHES_PER_COMMIT]


def _sales(terminal: FakeTerminal, first: int) -> list[bytes]:
    frozen = []
    for number in range(first, first + PER_BATCH // 2):
        code, sale = code_of(number), f"S{number}"
        frozen += [terminal.say(scanned(code, sale=sale)), terminal.say(dispensed(code, sale=sale))]
    return frozen


def ours(store: Store, load: Load) -> float:
    """Return events per second of the real thing; the store is full afterwards."""
    for terminal in load.terminals:
        terminal.registered(store)
    ingest = Ingest(store, new_key())

    def work() -> None:
        for frames in load.commits():
            ingest.take_many(frames, NOW)

    rate = _rate(work)
    if ingest.tally.events != EVENTS:
        raise AssertionError(f"the ingest took {ingest.tally.events} of {EVENTS} events")
    return rate


def bare(folder: Path, load: Load) -> float:
    """Return events per second of: open, decode, INSERT OR IGNORE, COMMIT."""
    keys = {terminal.topics.on(Channel.EVENTS): terminal.key.public for terminal in load.terminals}
    with closing(_raw(folder / "bare.db")) as connection:
        connection.execute("CREATE TABLE event (id TEXT PRIMARY KEY, terminal, epoch, seq INTEGER, frozen BLOB)")

        def work() -> None:
            for frames in load.commits():
                connection.execute("BEGIN IMMEDIATE")
                for topic, frame in frames:
                    key = keys[topic]
                    batch = decode_batch(open_sealed(frame, topic, lambda _id, key=key: key).body)  # type: ignore[misc]
                    events = [(thaw(raw), bytes(raw)) for raw in batch.events]
                    rows = [(said.id, said.terminal, said.epoch, said.seq, frozen) for said, frozen in events]
                    connection.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?)", rows)
                connection.execute("COMMIT")

        return _rate(work)


def same_keys_sqlite(path: Path, rows: Rows) -> float:
    """Return events per second of inserting ready-made rows into the same tables."""
    with closing(_raw(path)) as connection:

        def work() -> None:
            for part in _parts(rows):
                connection.execute("BEGIN IMMEDIATE")
                for table, some in part.items():
                    places = ", ".join("?" * len(table.columns))
                    connection.executemany(f"INSERT OR IGNORE INTO {table.name} VALUES ({places})", some)  # noqa: S608
                connection.execute("COMMIT")

        return _rate(work)


def same_keys_postgresql(url: str, rows: Rows) -> float:
    """Return events per second of COPY and merge into the same tables."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in rows:
            connection.execute(sql.SQL("CREATE TEMP TABLE {} (LIKE {})").format(_loading(table), _name(table)))

        def work() -> None:
            for part in _parts(rows):
                with connection.transaction():
                    for table, some in part.items():
                        _copy_and_merge(connection, table, some)

        return _rate(work)


def _copy_and_merge(connection: psycopg.Connection[Any], table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor = connection.cursor()
    with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(_loading(table))) as copy:
        copy.set_types([_type_name(column.type) for column in table.columns])
        for row in rows:
            copy.write_row(row)
    merge = sql.SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT DO NOTHING").format(_name(table), _loading(table))
    cursor.execute(merge)
    cursor.execute(sql.SQL("TRUNCATE {}").format(_loading(table)))


def _truncate(url: str) -> None:
    """Take every row out without leaving dead ones behind."""
    names = sql.SQL(", ").join(_name(table) for table in tables.metadata.sorted_tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("TRUNCATE {}").format(names))


def _type_name(kind: object) -> str:
    return {"TEXT": "text", "BIGINT": "int8", "INTEGER": "int4", "BOOLEAN": "bool", "BLOB": "bytea"}[str(kind)]


def _name(table: Table) -> sql.Identifier:
    return sql.Identifier(table.name)


def _loading(table: Table) -> sql.Identifier:
    return sql.Identifier(f"loading_{table.name}")


def _parts(rows: Rows) -> Iterator[Rows]:
    """Cut the rows into as many commits as ours makes."""
    for number in range(COMMITS):
        yield {
            table: every[len(every) * number // COMMITS : len(every) * (number + 1) // COMMITS]
            for table, every in rows.items()
        }


def _rows_of(store: Store) -> Rows:
    with store.reading() as connection:
        return {table: [tuple(row) for row in connection.execute(select(table))] for table in WRITTEN}


def _rate(work: Callable[[], None]) -> float:
    settle_memory()
    began = time.perf_counter()
    work()
    return EVENTS / (time.perf_counter() - began)


def _raw(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def on_sqlite(load: Load) -> list[Figure]:
    """Compare with both floors on SQLite."""
    real, barest, keyed = [], [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            open_store(f"sqlite:///{folder}/floor.db", new_epoch=lambda: "bench").close()
            with closing(open_store(f"sqlite:///{folder}/centre.db", new_epoch=lambda: "bench")) as store:
                barest.append(bare(folder, load))
                real.append(ours(store, load))
                keyed.append(same_keys_sqlite(folder / "floor.db", _rows_of(store)))
    return [
        _figure("SQLite FULL", real, barest, "decode + INSERT of one table"),
        _figure("SQLite FULL", real, keyed, "INSERT of the same rows, ready made"),
    ]


def on_postgresql(load: Load) -> list[Figure]:
    """Compare with COPY and merge on a private PostgreSQL, if there is one."""
    real, merged = [], []
    try:
        with private_cluster() as cluster:
            url = f"{cluster}/postgres"
            with closing(open_store(url, new_epoch=lambda: "bench")) as store:
                for _ in range(ROUNDS):
                    real.append(ours(store, load))
                    rows = _rows_of(store)
                    _truncate(url)
                    merged.append(same_keys_postgresql(url, rows))
                    _truncate(url)
    except PostgresMissingError as exc:
        return [not_run("P-07", "centre ingest, PostgreSQL", str(exc))]
    return [_figure("PostgreSQL", real, merged, "COPY + merge of the same rows", of_floor_at_least(0.5))]


def looking_up() -> dict[str, Any]:
    """Find single codes among a million, on SQLite."""
    rng = random.Random(7)
    wanted = [code_of(rng.randrange(CODES)) for _ in range(LOOKS)]
    with tempfile.TemporaryDirectory() as name:
        store = open_store(f"sqlite:///{name}/centre.db", new_epoch=lambda: "bench")
        with closing(store), closing(_raw(Path(name) / "centre.db")) as raw:
            raw.execute(_MANY_CODES, (CODES,))
            with store.reading() as connection:
                real = _p99_ms(lambda code: ledger.find_row(connection, code) is not None, wanted)
            floor = _p99_ms(lambda code: raw.execute(_ONE_CODE, (code,)).fetchone() is not None, wanted)
    return figure(
        "P-09",
        f"one code among {CODES:,}, p99 at the store (SQLite)",
        real,
        "ms",
        floor=floor,
        note="floor: the same SELECT through bare sqlite3",
    )


_ONE_CODE = "SELECT * FROM ledger WHERE code = ?"
_MANY_CODES = """
INSERT INTO ledger (code, state, holder, is_reserved, conflict_count, changed_us)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)
SELECT printf('8600011%013d', i), 'sold', 'P1', 0, 0, 0 FROM n
"""


def _p99_ms(find: Callable[[str], bool], codes: Sequence[str]) -> float:
    times = []
    for code in codes:
        began = time.perf_counter()
        if not find(code):
            raise AssertionError(f"{code} was not found")
        times.append((time.perf_counter() - began) * 1_000)
    return quantiles(times, n=100)[98]


def _figure(
    where: str, real: Sequence[float], floor: Sequence[float], what: str, target: Target | None = None
) -> Figure:
    note = f"{PER_BATCH} events a batch, {BATCHES_PER_COMMIT} batches a commit; floor: {what}"
    rate, base = median(real), median(floor)
    return figure("P-07", f"centre ingest, {where}", rate, "events/s", floor=base, target=target, note=note)


def run() -> list[Figure]:
    """Measure ours and the floors in turns; report the medians."""
    load = Load()
    return [*on_sqlite(load), *on_postgresql(load), looking_up()]
