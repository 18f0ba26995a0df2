"""The storm: all terminals are connected, all lose the line at one moment, record on, and come back.

Who owns broker and centre passes in how the line is taken away and given back: a broker that is stopped and started, or
a network that is cut under a broker which runs on. The fleet is one process, as fast as one core: how late it made its
own attempts is among the figures, so that its weakness is not taken for the centre's.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from sim.storm.book import Book, Record
from sim.storm.twin import Network, Twin
from wire.backoff import Backoff

_PROBE_S = 0.05
_LOOK_S = 0.05

Say = Callable[[str], None]


class LineChange(NamedTuple):
    """How all terminals lose the line, and get it again."""

    take_away: Callable[[], Awaitable[None]]
    give_back: Callable[[], Awaitable[None]]


class NotBackError(Exception):
    """Terminals were left behind."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How large a storm, and how long."""

    terminals: int
    controls: int = 5
    """Terminals that go on scanning all the time: what a counter notices of the storm."""
    events: int = 3
    """What every terminal records while the line is away."""
    outage_s: float = 10.0
    calm_s: float = 5.0
    """How long the controls are watched before."""
    live_every_s: float = 0.5
    """How often a control scans."""
    arrive_per_s: float = 300.0
    """How fast the terminals come for the first time."""
    backoff_most_s: float = 30.0
    """The longest bound of the waits between attempts; terminals have 30 s unless told otherwise."""
    patience_s: float = 180.0
    """How long anything may take at most."""
    seed: int = 1


@dataclass(slots=True)
class Fleet:
    """All terminals."""

    network: Network
    twins: list[Twin]
    controls: list[Twin]
    """Some of the `twins`."""

    @property
    def open(self) -> int:
        """Terminals that have a session."""
        return sum(twin.is_open for twin in self.twins)

    @property
    def pending(self) -> int:
        """Events without a receipt."""
        return sum(twin.book.pending for twin in self.twins)

    @property
    def records(self) -> list[Record]:
        """Every event that the centre must have."""
        return [record for twin in self.twins for record in twin.book.records]


@dataclass(slots=True)
class Times:
    """When what happened, monotonic."""

    calm_s: float = 0.0
    """All were connected for the first time."""
    cut_s: float = 0.0
    back_s: float = 0.0
    """The line was there again."""
    open_s: float = 0.0
    """All were connected again."""
    done_s: float = 0.0
    """Every event that was recorded while the line was away had its receipt."""
    opened_s: list[float] = field(default_factory=list)
    """Of each terminal, when it was connected again."""
    lags_s: list[tuple[float, float]] = field(default_factory=list)
    """When this process looked at itself, and how late it was to whatever was due then."""


def new_fleet(plan: Plan, books: list[Book], port: int) -> Fleet:
    """Return terminals that are not connected yet; one for each of `books`."""
    network = Network(port)
    backoff = Backoff(most_s=plan.backoff_most_s)
    twins = [Twin(book, network, Random(f"{plan.seed}-{book.number}"), backoff) for book in books]
    return Fleet(network, twins, twins[: plan.controls])


async def play_storm(plan: Plan, fleet: Fleet, line: LineChange, say: Say) -> Times:
    """Play the storm; returns when every event has its receipt.

    Raises:
        NotBackError: Somebody is not connected, or has events without a receipt, after `plan.patience_s`.
    """
    times = Times()
    left: BaseException | None = None
    try:
        await _play(plan, fleet, times, line, say)
    except* NotBackError as found:
        left = found
    while isinstance(left, BaseExceptionGroup):
        left = left.exceptions[0]
    if left is not None:
        raise left
    return times


async def _play(plan: Plan, fleet: Fleet, times: Times, line: LineChange, say: Say) -> None:
    async with _running(plan, fleet):
        say(f"{plan.terminals:,} terminals connect …")
        await _until(lambda: fleet.open == plan.terminals, plan, fleet)
        async with _probing(times), _scanning(plan, fleet):
            times.calm_s = time.monotonic()
            await asyncio.sleep(plan.calm_s)
            say("the line is lost …")
            times.cut_s = time.monotonic()
            await line.take_away()
            await _record_offline(plan, fleet)
            await asyncio.sleep(max(0.0, times.cut_s + plan.outage_s - time.monotonic()))
            await line.give_back()
            times.back_s = time.monotonic()
            say("the line is back …")
            await _until(lambda: fleet.open == plan.terminals, plan, fleet)
            times.open_s = time.monotonic()
            times.opened_s = [twin.opened_s or times.open_s for twin in fleet.twins]
            calm = fleet.twins[plan.controls :]
            await _until(lambda: all(not twin.book.pending for twin in calm), plan, fleet)
            times.done_s = time.monotonic()
        await _until(lambda: fleet.pending == 0, plan, fleet)


@asynccontextmanager
async def _running(plan: Plan, fleet: Fleet) -> AsyncIterator[None]:
    """Let all terminals come, spread as on a morning, and end them afterwards."""
    ramp_s = plan.terminals / plan.arrive_per_s
    rng = Random(plan.seed)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(twin.run(rng.uniform(0, ramp_s))) for twin in fleet.twins]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            # Also the lines on which hands were still being shaken.
            fleet.network.cut()


@asynccontextmanager
async def _probing(times: Times) -> AsyncIterator[None]:
    """Measure meanwhile how late this process is by itself: all terminals share one thread, and the machine."""

    async def probe() -> None:
        while True:
            due_s = time.monotonic() + _PROBE_S
            await asyncio.sleep(_PROBE_S)
            times.lags_s.append((due_s, time.monotonic() - due_s))

    task = asyncio.create_task(probe())
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def _scanning(plan: Plan, fleet: Fleet) -> AsyncIterator[None]:
    """Let the controls scan meanwhile."""

    async def scan(twin: Twin) -> None:
        while True:
            twin.record()
            await asyncio.sleep(plan.live_every_s)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(scan(twin)) for twin in fleet.controls]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _record_offline(plan: Plan, fleet: Fleet) -> None:
    for number, twin in enumerate(fleet.twins):
        for _ in range(plan.events):
            twin.record()
        if number % 100 == 0:
            # Recording ten thousand times takes a while: the attempts to connect must not wait for it.
            await asyncio.sleep(0)


async def _until(claim: Callable[[], bool], plan: Plan, fleet: Fleet) -> None:
    deadline = time.monotonic() + plan.patience_s
    while not claim():
        if time.monotonic() > deadline:
            ends = Counter(attempt.outcome.value for attempt in fleet.network.attempts)
            raise NotBackError(
                f"after {plan.patience_s:g} s {fleet.open} of {plan.terminals} terminals are connected, "
                f"{fleet.pending} events have no receipt; attempts so far: {dict(ends)}"
            )
        await asyncio.sleep(_LOOK_S)
