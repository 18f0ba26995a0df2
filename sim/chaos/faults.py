"""How each fault is done: something is broken, for a while, and mended. What comes after the mending is recovery."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import MappingProxyType

from sim.chaos.line import Spoil
from sim.chaos.load import Work
from sim.chaos.plan import Kind, Planned
from sim.chaos.stand import Post, Stand
from sim.disk.shim import Fault
from sim.proxy import Proxy
from sim.stage import Actor

Inflict = Callable[["Scene", Planned], AbstractAsyncContextManager[None]]

_SLOW_S = 0.2
_JUMP_S = (60.0, 86_400.0)
_FLIPS = 4
_SETTLE_S = 60.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Scene:
    """Where faults happen."""

    stand: Stand
    works: Mapping[str, Work]

    def post(self, planned: Planned) -> Post:
        """Return the one terminal that is hit."""
        (name,) = planned.targets
        return self.stand.posts[name]

    def actors(self, planned: Planned) -> list[Actor]:
        """Return the processes that are hit."""
        return [self.stand.stage.actors[name] for name in planned.targets]


class NotSettledError(Exception):
    """A terminal that rests did not get its receipts."""


def inflict(scene: Scene, planned: Planned) -> AbstractAsyncContextManager[None]:
    """Break what is planned; it is mended when the context ends."""
    return _WAYS[planned.kind](scene, planned)


@asynccontextmanager
async def _killed(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    actors = scene.actors(planned)
    await _each(actors, Actor.kill)
    yield
    await _each(actors, Actor.start)


@asynccontextmanager
async def _killed_starting(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    actors = scene.actors(planned)
    await _each(actors, Actor.kill)
    await _each(actors, Actor.launch)
    yield
    await _each(actors, Actor.kill)
    await _each(actors, Actor.start)


@asynccontextmanager
async def _stopped(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    actors = scene.actors(planned)
    _signal(actors, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(actors, signal.SIGCONT)


@asynccontextmanager
async def _wiped(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    async with _killed(scene, planned):
        if scene.stand.broker_home is not None:
            await asyncio.to_thread(scene.stand.broker_home.wipe)
        yield


def _line(spoil: Callable[[Proxy], object]) -> Inflict:
    @asynccontextmanager
    async def spoilt(scene: Scene, planned: Planned) -> AsyncIterator[None]:
        post = scene.post(planned)
        spoil(post.line)
        try:
            yield
        finally:
            post.line.resume()

    return spoilt


def _messages(spoil: Spoil) -> Inflict:
    @asynccontextmanager
    async def spoilt(scene: Scene, planned: Planned) -> AsyncIterator[None]:
        mood = scene.post(planned).mood
        mood.spoil = spoil
        try:
            yield
        finally:
            mood.spoil = Spoil.NOTHING

    return spoilt


@asynccontextmanager
async def _replugged(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    scanner = scene.post(planned).scanner
    scanner.unplug()
    try:
        yield
    finally:
        scanner.plug()


def _disk(fault: Fault) -> Inflict:
    @asynccontextmanager
    async def broken(scene: Scene, planned: Planned) -> AsyncIterator[None]:
        disk = scene.post(planned).disk
        disk.set(fault)
        try:
            yield
        finally:
            disk.clear()

    return broken


def _clock(direction: int) -> Inflict:
    @asynccontextmanager
    async def wrong(scene: Scene, planned: Planned) -> AsyncIterator[None]:
        clock = scene.post(planned).clock
        least, most = _JUMP_S
        clock.set(direction * (least + planned.chance * (most - least)))
        try:
            yield
        finally:
            clock.set(0)

    return wrong


@asynccontextmanager
async def _files_exhausted(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    (actor,) = scene.actors(planned)
    before = resource.prlimit(actor.pid, resource.RLIMIT_NOFILE)
    are_open = _open_files(actor.pid)
    resource.prlimit(actor.pid, resource.RLIMIT_NOFILE, (are_open, before[1]))
    try:
        yield
    finally:
        resource.prlimit(actor.pid, resource.RLIMIT_NOFILE, before)


def _open_files(pid: int) -> int:
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


@asynccontextmanager
async def _bytes_flipped(scene: Scene, planned: Planned) -> AsyncIterator[None]:
    """Damage the database of a terminal that has delivered everything: what is lost then is at the centre already.

    Nothing is open meanwhile, neither a list nor a request, because a damaged store may forget them, and says so.
    """
    post = scene.post(planned)
    async with scene.works[post.name].resting():
        await _settled(post)
        async with _killed(scene, planned):
            await asyncio.to_thread(_flip, post.store, Random(planned.chance))
            # Numbers may begin anew, and receipts are told by number.
            post.screen.receipts.clear()
            yield


async def _settled(post: Post) -> None:
    deadline = time.monotonic() + _SETTLE_S
    while (await post.screen.press("GET", "/api/v1/status"))["sync"]["pending"]:
        if time.monotonic() > deadline:
            raise NotSettledError(f"{post.name} rests and has no receipts after {_SETTLE_S:.0f} s")
        await asyncio.sleep(_LOOK_S)


def _flip(store: Path, random: Random) -> None:
    """Flip bits of the database or of its log, on a few pages of each kind that is there."""
    files = [path for path in (store / "terminal.db", store / "terminal.db-wal") if path.exists()]
    path = random.choice([path for path in files if path.stat().st_size])
    with path.open("r+b") as file:
        for _ in range(_FLIPS):
            place = random.randrange(path.stat().st_size)
            file.seek(place)
            (byte,) = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ 1 << random.randrange(8)]))


_WAYS: Mapping[Kind, Inflict] = MappingProxyType(
    {
        Kind.KILLED: _killed,
        Kind.KILLED_STARTING: _killed_starting,
        Kind.POWER_CUT: _killed,
        Kind.STOPPED: _stopped,
        Kind.BROKER_WIPED: _wiped,
        Kind.LINE_CUT: _line(Proxy.cut),
        Kind.LINE_REFUSED: _line(Proxy.refuse),
        Kind.LINE_HELD: _line(Proxy.hold),
        Kind.LINE_SLOW: _line(lambda line: line.delay(_SLOW_S)),
        Kind.LINE_HALF_OPEN: _line(Proxy.half_open),
        Kind.MESSAGES_DROPPED: _messages(Spoil.DROP),
        Kind.MESSAGES_DOUBLED: _messages(Spoil.DOUBLE),
        Kind.MESSAGES_REORDERED: _messages(Spoil.REORDER),
        Kind.DISK_FULL: _disk(Fault.FULL),
        Kind.DISK_FAILING: _disk(Fault.IO_ERROR),
        Kind.DISK_READ_ONLY: _disk(Fault.READ_ONLY),
        Kind.BYTES_FLIPPED: _bytes_flipped,
        Kind.CLOCK_AHEAD: _clock(+1),
        Kind.CLOCK_BACK: _clock(-1),
        Kind.FILES_EXHAUSTED: _files_exhausted,
        Kind.SCANNER_REPLUGGED: _replugged,
    }
)


async def _each(actors: Sequence[Actor], act: Callable[[Actor], object]) -> None:
    """Do it to all of them at the same time."""
    await asyncio.gather(*(asyncio.to_thread(act, actor) for actor in actors))


def _signal(actors: Sequence[Actor], number: signal.Signals) -> None:
    for actor in actors:
        os.kill(actor.pid, number)
