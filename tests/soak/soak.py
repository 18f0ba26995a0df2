"""The soak: real terminals with scanners at a high rate, a real broker and centre, and a line that keeps failing.

One person at each terminal scans a basket, waits until every box is on the screen's list, and closes the sale. Between
the terminals and the broker is a proxy that spoils the line as often as planned. At the end everything drains, and the
centre is asked, by its public interface, for every pack and every event.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Any

from drivers.scanner.simulated.serial import SimulatedSerialScanner
from sim.centre import CentreApi
from sim.packs import Shelf, load_items
from sim.plan import Way
from sim.proxy import Proxy
from sim.screen import Screen
from sim.stage import Stage, free_port, run_yima, write_toml
from tests.soak.samples import Sample, take_sample

AREA = "350200"
OPERATOR = "pharmacist"
BASKET = 40
"""Boxes of a sale; their bytes fit into the buffer of a pseudo-terminal."""
SHOWN_S = 30.0
"""How long a person waits for the boxes of a basket before scanning again what is missing."""
BACK_S = 60.0
DRAIN_S = 600.0
SAMPLE_S = 5.0
KEEPALIVE_S = 5
SLOW_EVERY = 25
_LOOK_S = 0.02
_ASK_S = 0.1
_SHORT_S = 0.005

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a soak is."""

    scans: int
    reconnects: int
    terminals: int = 1
    seed: int = 1
    sample_s: float = SAMPLE_S

    has_slow_faults: bool = True
    """Now and then the line is half-open, which a terminal finds only by its keep-alive."""

    def is_slow(self, number: int) -> bool:
        """Tell whether fault `number` is one of those."""
        return self.has_slow_faults and number % SLOW_EVERY == 1


@dataclass(slots=True)
class Counter:
    """One terminal, its scanner and the person at it."""

    terminal: str
    folder: Path
    scanner: SimulatedSerialScanner
    screen: Screen
    sold: dict[str, str] = field(default_factory=dict)
    """Each code that the screen showed and that was sold, with its sale."""
    again: int = 0
    """Boxes that had to be scanned again, because the screen did not show them."""


@dataclass(slots=True)
class Soak:
    """A soak while it runs."""

    plan: Plan
    stage: Stage
    line: Proxy
    centre: CentreApi
    counters: list[Counter]
    samples: list[Sample] = field(default_factory=list)
    reconnects: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        """Scans that were shown and sold so far."""
        return sum(len(counter.sold) for counter in self.counters)


@asynccontextmanager
async def opened_soak(plan: Plan, folder: Path, say: Say) -> AsyncIterator[Soak]:
    """Put everything up, and end it."""
    async with AsyncExitStack() as undo:
        stage = Stage(folder)
        undo.push_async_callback(asyncio.to_thread, stage.stop)
        broker_port = free_port()
        say("broker and centre …")
        await asyncio.to_thread(stage.add, "broker", ["broker", "run", "--port", str(broker_port)], broker_port)
        line = await undo.enter_async_context(Proxy(broker_port))
        centre, centre_key = await _open_centre(stage, folder, broker_port)
        undo.push_async_callback(centre.close)
        soak = Soak(plan, stage, line, centre, [])
        for number in range(plan.terminals):
            say(f"terminal {number + 1} …")
            counter = await _open_counter(soak, folder, number, centre_key)
            undo.callback(counter.scanner.close)
            undo.push_async_callback(counter.screen.close)
            soak.counters.append(counter)
        yield soak


async def run_soak(soak: Soak, say: Say) -> None:
    """Scan, sell and spoil the line until the plan is fulfilled and everything has its receipt."""
    soak.began = time.monotonic()
    shelf = Shelf(load_items(), Random(f"{soak.plan.seed}-shelf"))
    share = -(-soak.plan.scans // len(soak.counters))
    watching = asyncio.create_task(_watch(soak, say))
    try:
        async with asyncio.TaskGroup() as group:
            for counter in soak.counters:
                group.create_task(_sell(counter, shelf, share))
            group.create_task(_spoil(soak))
        await _drain(soak)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _open_centre(stage: Stage, folder: Path, broker_port: int) -> tuple[CentreApi, str]:
    port = free_port()
    config = write_toml(
        folder / "server.toml",
        {
            "centre": {"key_file": "centre.key", "hold_s": 1},
            "store": {"url": "sqlite:///centre.db"},
            "web": {"port": port},
            "broker": {"port": broker_port},
        },
    )
    where = ["--config", str(config)]
    with as_file(files("config").joinpath("seed/catalogue.csv")) as seed:
        await asyncio.to_thread(run_yima, ["server", "catalogue", "import", str(seed), *where])
    add = ["server", "user", "add", "soak", "--role", "admin", "--password-stdin", *where]
    await asyncio.to_thread(run_yima, add, stdin=f"{secrets.token_urlsafe(12)}\n")
    key = json.loads(await asyncio.to_thread(run_yima, ["server", "key", "--json", *where]))
    create = ["server", "token", "create", "soak", "--user", "soak", "--json", *where]
    token = json.loads(await asyncio.to_thread(run_yima, create))
    await asyncio.to_thread(stage.add, "centre", ["server", "run", "--config", str(config)], port)
    return CentreApi(f"http://127.0.0.1:{port}", token["token"]), key["public_key"]


async def _open_counter(soak: Soak, folder: Path, number: int, centre_key: str) -> Counter:
    terminal = f"soak-{number + 1}"
    home = folder / terminal
    home.mkdir()
    scanner = SimulatedSerialScanner(
        home / "serial", random=Random(f"{soak.plan.seed}-{number}"), baud=115_200, name="gun", wait=_hurry
    )
    port, password = free_port(), secrets.token_urlsafe(12)
    with as_file(files("config").joinpath("seed/catalogue.csv")) as catalogue:
        config = write_toml(
            home / "edge.toml",
            {
                "terminal": {"id": terminal, "area": AREA, "institution": f"P3502000{number:04d}"},
                "store": {"folder": "store"},
                "centre": {"public_key": centre_key},
                "link": {"port": soak.line.port, "backoff_most_s": 0.5, "keepalive_s": KEEPALIVE_S},
                "api": {"port": port},
                "catalogue": {"file": str(catalogue)},
            },
            top={"scanners": [scanner.spec]},
        )
    add = ["edge", "operator", "add", OPERATOR, "--config", str(config), "--password-stdin"]
    await asyncio.to_thread(run_yima, add, stdin=f"{password}\n")
    await asyncio.to_thread(soak.stage.add, terminal, ["edge", "run", "--config", str(config)], port)
    screen = Screen(f"http://127.0.0.1:{port}", OPERATOR, password)
    await screen.sign_in()
    await screen.wait_ready({"serial:gun": Way.SERIAL}, {})
    status = await screen.press("GET", "/api/v1/status")
    await soak.centre.approve(terminal, status["fingerprint"])
    return Counter(terminal, home, scanner, screen)


async def _sell(counter: Counter, shelf: Shelf, count: int) -> None:
    """Scan and sell `count` packs, a basket at a time."""
    while len(counter.sold) < count:
        basket = {pack.key: pack for pack in (shelf.drug() for _ in range(min(BASKET, count - len(counter.sold))))}
        missing = set(basket)
        while missing:
            for key in missing:
                await counter.scanner.scan(basket[key].code)
            missing = await _wait_shown(counter, set(basket))
            counter.again += len(missing)
        key = f"{counter.terminal}-{len(counter.sold)}"
        closed = await counter.screen.press("POST", "/api/v1/sale/close", {"paid_by": "self_pay"}, key=key)
        counter.sold |= dict.fromkeys(basket, closed["sale"])


async def _wait_shown(counter: Counter, wanted: set[str]) -> set[str]:
    """Return what is still missing on the list when the patience ends."""
    deadline = time.monotonic() + SHOWN_S
    while missing := wanted - await counter.screen.codes_on_list():
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(_LOOK_S)
    return missing


async def _spoil(soak: Soak) -> None:
    """Spoil the line as often as planned, evenly over the scans, each time until every terminal is back."""
    random = Random(f"{soak.plan.seed}-line")
    for number in range(soak.plan.reconnects):
        while soak.done < soak.plan.scans * number // soak.plan.reconnects:  # noqa: ASYNC110 - a number many move
            await asyncio.sleep(_LOOK_S)
        before = soak.line.accepted
        await _spoil_once(soak.line, number, random, is_slow=soak.plan.is_slow(number))
        async with asyncio.timeout(BACK_S):
            while soak.line.accepted < before + len(soak.counters):  # noqa: ASYNC110 - a number of the proxy
                await asyncio.sleep(_LOOK_S)
            for counter in soak.counters:
                await _wait_sync(counter, lambda sync: sync["is_up"])
        soak.reconnects += 1


async def _spoil_once(line: Proxy, number: int, random: Random, *, is_slow: bool) -> None:
    if is_slow:
        line.half_open()
        await asyncio.sleep(1.5 * KEEPALIVE_S)
    elif number % 5 == 2:
        line.refuse()
        await asyncio.sleep(random.uniform(0.0, 0.5))
    elif number % 5 == 3:
        line.hold()
        await asyncio.sleep(random.uniform(0.0, 0.5))
    line.cut()
    line.resume()


async def _drain(soak: Soak) -> None:
    """Wait until everything has its receipt.

    Raises:
        TimeoutError: It does not get it.
    """
    async with asyncio.timeout(DRAIN_S):
        for counter in soak.counters:
            await _wait_sync(counter, lambda sync: not sync["pending"])


async def _wait_sync(counter: Counter, is_so: Callable[[dict[str, Any]], bool]) -> None:
    """Ask the terminal for its way to the centre until it is as wanted."""
    while not is_so((await counter.screen.press("GET", "/api/v1/status"))["sync"]):  # noqa: ASYNC110 - asked
        await asyncio.sleep(_ASK_S)


async def _watch(soak: Soak, say: Say) -> None:
    """Take a sample of every process now and then."""
    while True:
        await asyncio.sleep(soak.plan.sample_s)
        sample = take_sample(soak.stage, time.monotonic() - soak.began, soak.done)
        soak.samples.append(sample)
        say(f"{sample.line()}, {soak.reconnects} reconnects")


async def _hurry(seconds: float) -> None:
    """The line's own time is not what is tested; waiting for a reader is."""
    await asyncio.sleep(seconds if seconds > _SHORT_S else 0)
