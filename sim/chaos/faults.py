"""How each fault is done: something is broken, for a while, and mended. What comes after the mending is recovery."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import MappingProxyType

from sim.chaos.line import Spoil
from sim.chaos.plan import BROKER, Kind, Planned
from sim.chaos.stand import Post, Stand
from sim.proxy import Proxy
from sim.stage import Actor

Inflict = Callable[[Stand, Planned], AbstractAsyncContextManager[None]]


def inflict(stand: Stand, planned: Planned) -> AbstractAsyncContextManager[None]:
    """Break what is planned; it is mended when the context ends."""
    return _WAYS[planned.kind](stand, planned)


@asynccontextmanager
async def _killed(stand: Stand, planned: Planned) -> AsyncIterator[None]:
    actors = _actors(stand, planned.targets)
    await _each(actors, Actor.kill)
    yield
    await _each(actors, Actor.start)


@asynccontextmanager
async def _killed_starting(stand: Stand, planned: Planned) -> AsyncIterator[None]:
    actors = _actors(stand, planned.targets)
    await _each(actors, Actor.kill)
    await _each(actors, Actor.launch)
    yield
    await _each(actors, Actor.kill)
    await _each(actors, Actor.start)


@asynccontextmanager
async def _stopped(stand: Stand, planned: Planned) -> AsyncIterator[None]:
    actors = _actors(stand, planned.targets)
    _signal(actors, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(actors, signal.SIGCONT)


@asynccontextmanager
async def _wiped(stand: Stand, planned: Planned) -> AsyncIterator[None]:
    async with _killed(stand, planned):
        if stand.broker_home is not None:
            await asyncio.to_thread(stand.broker_home.wipe)
        yield


def _line(spoil: Callable[[Proxy], object]) -> Inflict:
    @asynccontextmanager
    async def spoilt(stand: Stand, planned: Planned) -> AsyncIterator[None]:
        post = _post(stand, planned)
        spoil(post.line)
        try:
            yield
        finally:
            post.line.resume()

    return spoilt


def _messages(spoil: Spoil) -> Inflict:
    @asynccontextmanager
    async def spoilt(stand: Stand, planned: Planned) -> AsyncIterator[None]:
        mood = _post(stand, planned).mood
        mood.spoil = spoil
        try:
            yield
        finally:
            mood.spoil = Spoil.NOTHING

    return spoilt


@asynccontextmanager
async def _replugged(stand: Stand, planned: Planned) -> AsyncIterator[None]:
    scanner = _post(stand, planned).scanner
    scanner.unplug()
    try:
        yield
    finally:
        scanner.plug()


_SLOW_S = 0.2

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
        Kind.SCANNER_REPLUGGED: _replugged,
    }
)
DONE_HERE = frozenset(_WAYS)
"""What there is a way to do."""


def _actors(stand: Stand, names: Sequence[str]) -> list[Actor]:
    return [stand.stage.actors[name] for name in names]


def _post(stand: Stand, planned: Planned) -> Post:
    (name,) = planned.targets
    return stand.posts[name]


async def _each(actors: Sequence[Actor], act: Callable[[Actor], object]) -> None:
    """Do it to all of them at the same time."""
    await asyncio.gather(*(asyncio.to_thread(act, actor) for actor in actors))


def _signal(actors: Sequence[Actor], number: signal.Signals) -> None:
    for actor in actors:
        os.kill(actor.pid, number)


def spoils_terminal_only(planned: Planned) -> bool:
    """Tell whether nothing that terminals share was hit."""
    return BROKER not in planned.targets
