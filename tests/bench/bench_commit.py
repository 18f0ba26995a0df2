"""P-01: from the last byte on the serial line to the event on the counter stream, and what a commit costs.

The live part is the true path in one process: a pseudo-terminal, the serial driver, the supervisor's queue, the
counter in the store's thread, COMMIT with `synchronous=FULL`, the live bus. The floor of a commit is bare `sqlite3`
writing the very same rows in the same mode to a second file in the same folder, one after the other in the same run,
because the disk is shared and its pace changes by the minute.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import secrets
import sqlite3
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from sqlalchemy import Connection

from codes.reading import Scan
from drivers.scanner import open_scanner, parse_spec
from edge.catalogue_file import import_catalogue
from edge.clock import SystemClock
from edge.counter.counter import Counter, Habits, Request
from edge.counter.views import to_json
from edge.operators.accounts import add_account
from edge.operators.desk import OperatorDesk
from edge.pump import ScanPump
from edge.store import outbox as outbox_sql
from edge.store import sales, scans, schema, terminal
from edge.store.database import opened_store
from edge.store.lane import Lane
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from edge.supervisor import Supervisor
from rules.scan_judgement import Mode
from tests.bench.figure import Figure, Target, at_most, figure, of_floor_at_most
from tests.bench.place import folder_on_disk
from web.live import LiveBus

SCANS = 400
PACE_S = 0.02
"""Fifty scans a second: more than any person, so that commits follow closely but do not queue for long."""
PACKS_PER_SALE = 8
COMMITS = 600
CATALOGUE = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"
PREFIX = "8600011"

Row = dict[str, object]


def run() -> list[Row]:
    """Measure both parts in a folder of their own on the project's disk."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with folder_on_disk() as folder:
        latencies = sorted(asyncio.run(_live(folder / "live")))
        ours, bare = _commits(folder / "commit")
    live = f"{SCANS} scans at {1 / PACE_S:.0f}/s, {SCANS - len(latencies)} lost; floor: bare transaction"
    byte, commit = "last byte → event on the stream", "COMMIT of one scan, p50"
    return [
        _row(f"{byte}, p50", _at(latencies, 0.50), _at(bare.whole, 0.50), live),
        _row(f"{byte}, p99", _at(latencies, 0.99), _at(bare.whole, 0.99), live, at_most(20)),
        _row(commit, _at(ours.commit, 0.50), _at(bare.commit, 0.50), "floor: bare sqlite3", of_floor_at_most(1.5)),
        _row(
            "BEGIN → COMMIT of one scan, p50", _at(ours.whole, 0.50), _at(bare.whole, 0.50), "look-ups and judging too"
        ),
    ]


def _row(what: str, value_s: float, floor_s: float, note: str, target: Target | None = None) -> Figure:
    return figure("P-01", what, value_s * 1e3, "ms", floor=floor_s * 1e3, target=target, note=note)


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _code(number: int) -> str:
    return f"{PREFIX}{number:013}"


# -- the live path -------------------------------------------------------------------------------------------------


@dataclass
class _Bench:
    """A terminal without screens."""

    connection: Connection
    bus: LiveBus = field(default_factory=LiveBus)

    def open_counter(self) -> Counter:
        clock = SystemClock()
        outbox = Outbox(self.connection, random=secrets.token_bytes)
        ensure_state(self.connection, terminal="bench", new_epoch="e", mode=Mode.DISPENSE)
        import_catalogue(self.connection, CATALOGUE, clock.now())
        add_account(self.connection, "bench", "bench", clock.now())
        desk = OperatorDesk(
            self.connection,
            outbox,
            self.bus,
            clock=clock,
            random=secrets.token_bytes,
            session_length=timedelta(hours=1),
            on_recorded=_nobody,
        )
        desk.admit("bench", "token", None)
        return Counter(
            self.connection,
            outbox,
            self.bus,
            clock=clock,
            habits=Habits(),
            on_recorded=_nobody,
        )


def _nobody() -> None:
    """Nobody carries the outbox here."""


@contextmanager
def _pty() -> Iterator[tuple[int, str]]:
    gun, port = os.openpty()
    tty.setraw(port)
    try:
        yield gun, os.ttyname(port)
    finally:
        os.close(gun)
        os.close(port)


async def _live(folder: Path) -> list[float]:
    lane = Lane("store", folder, opened_store(folder))
    bench = _Bench(await lane.open())
    try:
        counter = await lane.run(bench.open_counter)
        with _pty() as (gun, path):
            return await _read_and_follow(lane, bench.bus, counter, path, gun)
    finally:
        await lane.close()


async def _read_and_follow(lane: Lane, bus: LiveBus, counter: Counter, path: str, gun: int) -> list[float]:
    queue: asyncio.Queue[Scan] = asyncio.Queue(256)
    spec = parse_spec(f"serial:{path},115200;suffix=cr")
    makers = {spec.device: partial(open_scanner, spec)}
    supervisor = Supervisor(makers, queue, bus, clock=SystemClock(), rng=random.Random(1))
    pump = ScanPump(queue, lambda scan: lane.run(partial(counter.take, scan)), bus)
    tasks = [asyncio.create_task(supervisor.run()), asyncio.create_task(pump.run())]
    try:
        return await _scan_all(lane, bus, counter, gun)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _scan_all(lane: Lane, bus: LiveBus, counter: Counter, gun: int) -> list[float]:
    async with asyncio.timeout(10):
        async for live in bus.follow():
            if live.event == "device" and json.loads(live.data)["state"] == "ready":
                break
    written: dict[str, float] = {}
    latencies: list[float] = []

    async def follow() -> None:
        async for live in bus.follow():
            now = time.perf_counter()
            if live.event == "scan":
                latencies.append(now - written[json.loads(live.data)["code"]])
                if len(latencies) == SCANS:
                    return

    following = asyncio.create_task(follow())
    await asyncio.sleep(0)
    for number in range(SCANS):
        code = _code(number)
        # The clock starts when the last byte is handed to the line.
        written[code] = time.perf_counter()
        os.write(gun, f"{code}\r".encode())
        await asyncio.sleep(PACE_S)
        if number % PACKS_PER_SALE == PACKS_PER_SALE - 1:
            await lane.run(partial(counter.close_sale, Request(None, "")))
    await asyncio.wait([following], timeout=10)
    following.cancel()
    return latencies


# -- the commit alone ----------------------------------------------------------------------------------------------


@dataclass
class _Spans:
    """How long transactions took, from BEGIN, and how long their COMMIT alone."""

    whole: list[float] = field(default_factory=list)
    commit: list[float] = field(default_factory=list)

    def note(self, began: float, committing: float, ended: float) -> None:
        self.whole.append(ended - began)
        self.commit.append(ended - committing)

    def sort(self) -> None:
        self.whole.sort()
        self.commit.sort()


def _commits(folder: Path) -> tuple[_Spans, _Spans]:
    """Return the times of our transactions and of bare ones, taken in turns."""
    ours, floor = _Spans(), _Spans()
    with opened_store(folder) as connection, closing(_bare(folder / "bare.db")) as bare:
        counter = _Bench(connection).open_counter()
        watched = _Spans()
        _watch_transactions(connection, watched)
        for number in range(COMMITS):
            shown = counter.take(Scan(_code(number).encode(), None, "serial:bench"))
            ours.whole.append(watched.whole[-1])
            ours.commit.append(watched.commit[-1])
            _bare_scan(bare, number, _frozen(connection), to_json(shown), floor)
            if number % PACKS_PER_SALE == PACKS_PER_SALE - 1:
                counter.close_sale(Request(None, ""))
    ours.sort()
    floor.sort()
    return ours, floor


def _watch_transactions(connection: Connection, spans: _Spans) -> None:
    dialect = connection.engine.dialect
    begin, commit = connection._begin_impl, dialect.do_commit
    began = [0.0]

    def beginning(transaction: object) -> None:
        began[0] = time.perf_counter()
        begin(transaction)

    def committing(driver: object) -> None:
        now = time.perf_counter()
        commit(driver)
        spans.note(began[0], now, time.perf_counter())

    connection._begin_impl = beginning  # type: ignore[method-assign]
    dialect.do_commit = committing  # type: ignore[method-assign]


def _frozen(connection: Connection) -> bytes:
    """Return the event that was just recorded: the bare commit writes the same bytes."""
    driver = connection.connection.driver_connection
    assert driver is not None
    return bytes(driver.execute("SELECT bytes FROM outbox ORDER BY seq DESC LIMIT 1").fetchone()[0])


def _bare(path: Path) -> sqlite3.Connection:
    bare = sqlite3.connect(path, isolation_level=None)
    bare.execute("PRAGMA journal_mode = WAL")
    bare.execute("PRAGMA synchronous = FULL")
    for step in schema.history():
        for statement in step.statements:
            bare.execute(statement)
    bare.execute(terminal.CREATE_STATE, ("bench", "e", "0" * 64, "dispense"))
    bare.execute("PRAGMA foreign_keys = OFF")
    return bare


def _bare_scan(bare: sqlite3.Connection, number: int, frozen: bytes, shown: bytes, spans: _Spans) -> None:
    """Write the rows of one scan with nothing around them."""
    code, sale = _code(number), f"bench-{number // PACKS_PER_SALE}"
    began = time.perf_counter()
    bare.execute("BEGIN IMMEDIATE")
    bare.execute(outbox_sql.INSERT_ROW, ("e", number + 1, code, "scanned", number, number, frozen))
    bare.execute(terminal.ADVANCE, (number + 2, "0" * 64, number))
    line = bare.execute(sales.PUT_ON_LINE, (sale, "item", "D0001", "name", "spec", "甲", "9.80")).fetchone()
    bare.execute(sales.PUT_PACK, (sale, code, line[0], code, number))
    bare.execute(scans.INSERT_SCAN, (number, "serial:bench", None, code.encode(), "trace", "added", sale, code, shown))
    committing = time.perf_counter()
    bare.execute("COMMIT")
    spans.note(began, committing, time.perf_counter())


if __name__ == "__main__":
    for figure in run():
        print(figure)  # noqa: T201 - run by hand
