"""What chaos is let loose on: a broker, a centre with its store, and terminals, each behind a line that can be spoilt.

Every part is a process of its own, started by the `yima` command (or Debian's mosquitto and PostgreSQL) on a free port
of this machine, and ended by its process id. Nothing in them is changed: faults come from outside.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import as_file, files
from pathlib import Path
from random import Random

from drivers.scanner.simulated.serial import SimulatedSerialScanner
from sim.centre import CentreApi
from sim.chaos.brokers import MOSQUITTO_MISSING, BrokerHome, BrokerKind, find_mosquitto, start_broker
from sim.chaos.clock import ClockFaults, build_clock
from sim.chaos.clock import environment as clock_environment
from sim.chaos.line import MessageFilter, Mood
from sim.chaos.plan import BROKER, CENTRE, CLOCK_KINDS, DISK_KINDS, Kind
from sim.city import set_up_centre
from sim.disk import shim
from sim.disk.shim import DiskFaults
from sim.plan import Way
from sim.postgres import PostgresMissingError, find_binaries, private_cluster
from sim.preload import ShimError
from sim.proxy import Proxy
from sim.screen import Screen
from sim.stage import Stage, free_port, run_yima, write_toml

AREA = "350200"
OPERATOR = "pharmacist"
BAUD = 115_200
KEEPALIVE_S = 5
"""A half-open line is noticed within 1.5 times this."""
BACKOFF_MOST_S = 2.0

Say = Callable[[str], None]


class StoreKind(StrEnum):
    """What the centre keeps its facts in."""

    SQLITE = "sqlite"
    POSTGRESQL = "postgresql"


@dataclass(slots=True)
class Post:
    """One terminal, with everything around it."""

    name: str
    institution: str
    folder: Path
    line: Proxy
    mood: Mood
    disk: DiskFaults
    clock: ClockFaults
    scanner: SimulatedSerialScanner
    screen: Screen

    @property
    def store(self) -> Path:
        """The terminal's data folder."""
        return self.folder / "store"

    @property
    def devices(self) -> Mapping[str, Way]:
        """What the terminal calls its scanner."""
        return {"serial:counter": Way.SERIAL}


@dataclass(frozen=True, slots=True)
class Shims:
    """Libraries that are preloaded into terminals; None where this machine cannot build them."""

    disk: Path | None
    clock: Path | None

    def environment(self, post_folder: Path, disk: DiskFaults, clock: ClockFaults) -> dict[str, str]:
        """Return what to add to the environment of a terminal."""
        names: dict[str, str] = {}
        if self.disk is not None:
            names |= shim.environment(self.disk, post_folder / "store", disk.control)
        if self.clock is not None:
            names |= clock_environment(self.clock, clock.control, names.get("LD_PRELOAD"))
        return names


@dataclass(slots=True)
class Stand:
    """Everything that runs."""

    stage: Stage
    centre: CentreApi
    broker_home: BrokerHome | None
    posts: dict[str, Post] = field(default_factory=dict)
    skipped: dict[Kind, str] = field(default_factory=dict)
    """Faults that cannot be shown here, and why."""

    @property
    def kinds(self) -> set[Kind]:
        """Faults that can be shown here."""
        return set(Kind) - set(self.skipped)


@dataclass(frozen=True, slots=True)
class Order:
    """What stand is wanted."""

    seed: int
    broker: BrokerKind
    store: StoreKind
    terminals: int


def missing_parts(broker: BrokerKind, store: StoreKind) -> str:
    """Return what is not installed here and would be needed, empty if nothing is."""
    if broker is BrokerKind.MOSQUITTO and find_mosquitto() is None:
        return MOSQUITTO_MISSING
    if store is StoreKind.POSTGRESQL:
        try:
            find_binaries()
        except PostgresMissingError as why:
            return str(why)
    return ""


@asynccontextmanager
async def open_stand(folder: Path, order: Order, say: Say) -> AsyncIterator[Stand]:
    """Put a stand up in `folder`, which exists, and end everything that was started for it."""
    async with AsyncExitStack() as undo:
        stage = Stage(folder)
        url = await _store_url(order.store, undo)
        undo.push_async_callback(asyncio.to_thread, stage.stop)
        say(f"消息代理 / broker  {order.broker}")
        broker_port, centre_port = free_port(), free_port()
        _, home = await asyncio.to_thread(start_broker, stage, order.broker, BROKER, broker_port)
        say(f"中心 / centre  {order.store}")
        config = write_toml(
            folder / "server.toml",
            {
                "centre": {"key_file": "centre.key", "hold_s": 1},
                "store": {"url": url},
                "web": {"port": centre_port},
                "broker": {"port": broker_port},
            },
        )
        key, token = await asyncio.to_thread(set_up_centre, config, secrets.token_urlsafe(12))
        await asyncio.to_thread(stage.add, CENTRE, ["server", "run", "--config", str(config)], centre_port)
        stand = Stand(stage, CentreApi(f"http://127.0.0.1:{centre_port}", token), home)
        undo.push_async_callback(stand.centre.close)
        shims = await asyncio.to_thread(_build_shims, stand)
        if home is None:
            stand.skipped[Kind.BROKER_WIPED] = "the embedded broker keeps nothing: every kill wipes it"
        for number in range(order.terminals):
            say(f"终端 / terminal {number + 1}")
            post = await _open_post(stand, undo, shims, number, order.seed, broker_port=broker_port, centre_key=key)
            stand.posts[post.name] = post
        for post in stand.posts.values():
            await post.screen.wait_ready(post.devices, {})
            status = await post.screen.press("GET", "/api/v1/status")
            await stand.centre.approve(post.name, status["fingerprint"])
        yield stand


async def _store_url(kind: StoreKind, undo: AsyncExitStack) -> str:
    if kind is StoreKind.SQLITE:
        return "sqlite:///centre.db"
    cluster = ExitStack()
    undo.push_async_callback(asyncio.to_thread, cluster.close)
    url = await asyncio.to_thread(cluster.enter_context, private_cluster())
    return f"{url}/postgres"


def _build_shims(stand: Stand) -> Shims:
    """Build what this machine can build; what it cannot is skipped, and said."""
    made: list[Path | None] = []
    for build, kinds in ((shim.build_shim, DISK_KINDS), (build_clock, CLOCK_KINDS)):
        try:
            made.append(build(stand.stage.folder))
        except ShimError as why:
            made.append(None)
            stand.skipped |= dict.fromkeys(kinds, str(why))
    return Shims(*made)


async def _open_post(
    stand: Stand, undo: AsyncExitStack, shims: Shims, number: int, seed: int, *, broker_port: int, centre_key: str
) -> Post:
    name, port = f"chaos-{number + 1}", free_port()
    home = stand.stage.folder / name
    home.mkdir()
    disk, clock = DiskFaults(home / "disk"), ClockFaults(home / "clock")
    mood = Mood(Random(f"{seed}-{name}-line"))
    line = await undo.enter_async_context(Proxy(broker_port, new_filter=lambda _: MessageFilter(mood)))
    scanner = SimulatedSerialScanner(
        home / "serial", random=Random(f"{seed}-{name}"), baud=BAUD, sends_aim=True, name="counter"
    )
    undo.callback(scanner.close)
    institution = f"P3502000{number + 1:04d}"
    with as_file(files("config").joinpath("seed/catalogue.csv")) as catalogue:
        config = write_toml(
            home / "edge.toml",
            {
                "terminal": {"id": name, "area": AREA, "institution": institution},
                "store": {"folder": "store"},
                "centre": {"public_key": centre_key},
                "link": {"port": line.port, "backoff_most_s": BACKOFF_MOST_S, "keepalive_s": KEEPALIVE_S},
                "api": {"port": port},
                "catalogue": {"file": str(catalogue)},
            },
            top={"scanners": [scanner.spec]},
        )
    password = secrets.token_urlsafe(12)
    add = ["edge", "operator", "add", OPERATOR, "--config", str(config), "--password-stdin"]
    await asyncio.to_thread(run_yima, add, stdin=f"{password}\n")
    environment = shims.environment(home, disk, clock)
    run = ["edge", "run", "--config", str(config)]
    await asyncio.to_thread(stand.stage.add, name, run, port, environment=environment)
    screen = Screen(f"http://127.0.0.1:{port}", OPERATOR, password)
    undo.push_async_callback(screen.close)
    return Post(name, institution, home, line, mood, disk, clock, scanner, screen)
