"""T-13: what a counter notices while its terminal sends off a week: live scans go before the backlog.

A real terminal whose store holds events that were never sent comes into reach of a real broker and a real centre, and
goes on scanning. Timed is each live scan, from the terminal's answer to the centre's receipt on the live stream, while
the backlog drains; the floor is the same at the same pace once it has drained.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from random import Random

from edge.app import KEY_FILE
from edge.clock import SystemClock
from edge.operators.accounts import add_account
from edge.store.database import opened_store
from server.centre import build_centre
from server.config import load_config
from server.people.roles import COMMAND_LINE, Role
from sim.centre import CentreApi
from sim.packs import Shelf, load_items
from sim.screen import Screen
from sim.stage import Stage, free_port, write_toml
from sim.storm.report import Spread, spread_of
from tests.bench.bench_drain import TERMINAL, fill
from tests.bench.figure import Figure, Target, at_most, figure
from tests.server.fake_terminal import FakeTerminal
from wire.keys import load_or_create_key
from wire.receipts import Trust

ROWS = 20_000
PER_SECOND = 5
AFTERWARDS = 50
"""Scans after the drain."""
BASKET = 8
TARGET_S = 1.0
PATIENCE_S = 300.0
OPERATOR = "pharmacist"


@dataclass(frozen=True, slots=True)
class LiveScan:
    """A scan that was made while the backlog drained, or afterwards."""

    seq: int
    answered_at: float
    """Seconds since 1970."""
    pending: int
    """What waited at the terminal after the answer."""
    is_in_reach: bool
    """The centre had answered something before it was made."""


@dataclass(slots=True)
class Counter:
    """The terminal with its backlog, and whoever scans at it."""

    rows: int
    screen: Screen
    centre: CentreApi
    stage: Stage
    broker_port: int
    shelf: Shelf
    scans: list[LiveScan] = field(default_factory=list)
    """With a record of their own, in their order."""
    _basket: int = 0

    async def come_into_reach(self) -> None:
        """Start the broker: the centre and the terminal find it by themselves."""
        run = ["broker", "run", "--port", str(self.broker_port)]
        await asyncio.to_thread(self.stage.add, "broker", run, self.broker_port)

    async def scan(self) -> None:
        """Scan a pack; close the sale when the basket is full."""
        pack, is_in_reach = self.shelf.drug(), bool(self.screen.receipts)
        body = {"raw": pack.code.decode(), "symbology": pack.symbology}
        shown = await self.screen.press("POST", "/api/v1/scans", body, key=secrets.token_hex(8))
        answered_at = time.time()
        if shown["seq"] is not None:
            self.scans.append(LiveScan(shown["seq"], answered_at, await self.pending(), is_in_reach))
        self._basket += 1
        if self._basket % BASKET == 0:
            paid = {"paid_by": "self_pay"}
            await self.screen.press("POST", "/api/v1/sale/close", paid, key=secrets.token_hex(8))

    async def pending(self) -> int:
        """Return how many events have no receipt."""
        status = await self.screen.press("GET", "/api/v1/status")
        return int(status["sync"]["pending"])

    @property
    def has_drained(self) -> bool:
        """The screen has heard of a receipt for every event of the backlog."""
        return self.undelivered == 0

    @property
    def undelivered(self) -> int:
        """Events of the backlog without a receipt, as far as the screen has heard."""
        return self.rows - sum(seq <= self.rows for seq in self.screen.receipts)

    async def drain(self, *, per_second: float | None) -> float:
        """Scan until the backlog has drained, at a pace or as fast as it answers; return how long that took."""
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_S):
            while not self.has_drained:
                due = time.monotonic() + (1 / per_second if per_second else 0.0)
                await self.scan()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        return time.monotonic() - began

    async def settle(self) -> None:
        """Wait until every event has its receipt and the screen has heard of it."""
        async with asyncio.timeout(PATIENCE_S):
            while not await self._is_settled():  # noqa: ASYNC110 - the terminal is another process
                await asyncio.sleep(0.05)

    async def _is_settled(self) -> bool:
        has_heard = all(scan.seq in self.screen.receipts for scan in self.scans)
        return has_heard and await self.pending() == 0

    async def at_centre(self) -> list[int]:
        """Return the numbers of the terminal's events at the centre, as often as they are there."""
        return [row["seq"] async for row in self.centre.pages("/api/v1/events") if row["terminal"] == TERMINAL]

    def waited(self, scans: list[LiveScan]) -> Spread:
        """Return how long `scans` waited for their receipts."""
        # The receipt may be heard before the answer: then the scan waited for nothing.
        return spread_of(max(0.0, self.screen.receipts[scan.seq] - scan.answered_at) for scan in scans)


@asynccontextmanager
async def open_counter(folder: Path, rows: int) -> AsyncIterator[Counter]:
    """Start a terminal with a backlog of `rows` events, and its centre; there is no broker yet."""
    async with AsyncExitStack() as undo:
        stage = Stage(folder)
        undo.push_async_callback(asyncio.to_thread, stage.stop)
        broker_port, centre_port, port = free_port(), free_port(), free_port()
        store = folder / "store"
        server = write_toml(
            folder / "server.toml",
            {
                "centre": {"key_file": "centre.key"},
                "store": {"url": "sqlite:///centre.db"},
                "web": {"port": centre_port},
                "broker": {"port": broker_port},
            },
        )
        password = await asyncio.to_thread(_fill, store, rows)
        centre_key, token = _prepare_centre(server, store)
        edge = _write_edge(folder, port, broker_port, centre_key)
        await asyncio.to_thread(stage.add, "terminal", ["edge", "run", "--config", str(edge)], port)
        await asyncio.to_thread(stage.add, "centre", ["server", "run", "--config", str(server)], centre_port)
        centre = CentreApi(f"http://127.0.0.1:{centre_port}", token)
        undo.push_async_callback(centre.close)
        screen = Screen(f"http://127.0.0.1:{port}", OPERATOR, password)
        undo.push_async_callback(screen.close)
        await screen.sign_in()
        watching = asyncio.create_task(screen.watch())
        undo.callback(watching.cancel)
        yield Counter(rows, screen, centre, stage, broker_port, Shelf(load_items(), Random(7)))


def _fill(store: Path, rows: int) -> str:
    """Write the backlog and an account; return its password."""
    fill(store, rows)
    with opened_store(store) as connection:
        return add_account(connection, OPERATOR, OPERATOR, SystemClock().now()).password


def _prepare_centre(config: Path, store: Path) -> tuple[str, str]:
    """Make the centre's store, which knows the terminal; return the centre's public key and a token."""
    centre = build_centre(load_config(config))
    try:
        now = datetime.now(UTC)
        FakeTerminal(name=TERMINAL, key=load_or_create_key(store / KEY_FILE)).registered(centre.store, Trust.APPROVED)
        centre.accounts.add("bench", Role.ADMIN, by=COMMAND_LINE, now=now)
        return centre.key.public.raw.hex(), centre.tokens.create("bench", "bench", by=COMMAND_LINE, now=now).secret
    finally:
        centre.close()


def _write_edge(folder: Path, port: int, broker_port: int, centre_key: str) -> Path:
    with as_file(files("config").joinpath("seed/catalogue.csv")) as catalogue:
        return write_toml(
            folder / "edge.toml",
            {
                "terminal": {"id": TERMINAL, "area": "350200", "institution": "P35020000001"},
                "store": {"folder": "store"},
                "centre": {"public_key": centre_key},
                "link": {"port": broker_port, "backoff_most_s": 1.0},
                "api": {"port": port},
                "catalogue": {"file": str(catalogue)},
            },
        )


def run() -> list[Figure]:
    """Measure a drain with live scans."""
    return asyncio.run(_measure())


async def _measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="yima-backlog-") as name:
        async with open_counter(Path(name), ROWS) as counter:
            await counter.come_into_reach()
            took_s = await counter.drain(per_second=PER_SECOND)
            drained = len(counter.scans)
            for _ in range(AFTERWARDS):
                await counter.scan()
                await asyncio.sleep(1 / PER_SECOND)
            await counter.settle()
            live = counter.waited([scan for scan in counter.scans[:drained] if scan.is_in_reach])
            floor = counter.waited(counter.scans[drained:])
            seqs = await counter.at_centre()
    lost = max(seqs) - len(set(seqs))
    note = f"{live.count} scans at {PER_SECOND}/s while {ROWS:,} events drain"
    return [
        _row("live scan to receipt during the drain, p50", live.p50, floor.p50, note),
        _row("live scan to receipt during the drain, p95", live.p95, floor.p95, note, at_most(TARGET_S)),
        _row("live scan to receipt during the drain, most", live.most, floor.most, note),
        _row("the drain, from the broker's start", took_s, None, f"lost {lost}, doubled {len(seqs) - len(set(seqs))}"),
    ]


def _row(what: str, value: float, floor: float | None, note: str, target: Target | None = None) -> Figure:
    note = note if floor is None else f"{note}; floor: after the drain"
    return figure("T-13", what, value, "s", floor=floor, target=target, note=note)
