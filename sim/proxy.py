"""A line that can be spoilt: a TCP proxy on loopback between a terminal and its broker.

It knows nothing of what passes. A test or a chaos run cuts the line, holds it, makes it slow or half-open, and lets it
flow again. What must look into the bytes (to drop, double or reorder messages) passes a filter in. All methods are
called in the event loop that runs the proxy.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

HOST = "127.0.0.1"
_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)
"""Linger for no time at all: closing says RST, as a cable pulled out of a router does, not a polite FIN."""


class Direction(StrEnum):
    """Which way bytes go."""

    UP = "up"
    """From whoever connected to the target."""
    DOWN = "down"
    """From the target back."""


class Filter(Protocol):
    """Looks into the bytes of one direction of one connection."""

    def feed(self, chunk: bytes) -> bytes:
        """Return what is passed on in place of `chunk`, perhaps nothing yet."""
        ...


NewFilter = Callable[[Direction], Filter | None]


class State(StrEnum):
    """What the line does."""

    FLOWING = "flowing"
    HELD = "held"
    """Connections stay open and nothing passes; nothing is lost either, it passes later."""
    SWALLOWED = "swallowed"
    """Half-open: connections stay open and every byte vanishes."""
    REFUSED = "refused"
    """Every connection is reset, and so is every new one."""


@dataclass(eq=False, slots=True)
class _Connection:
    """One connection through the proxy."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    is_dead: bool = False
    """It was half-open once: neither end will hear the other again, until one of them gives up."""

    def reset(self) -> None:
        for writer in (self.near, self.far):
            if writer is not None:
                _reset(writer)


class Proxy:
    """A line to `target_port` on loopback: `async with Proxy(1883) as line: … line.port … line.cut()`."""

    def __init__(self, target_port: int, *, port: int = 0, new_filter: NewFilter = lambda _: None) -> None:
        self.target_port = target_port
        self.state = State.FLOWING
        self.accepted = 0
        """Connections that came in so far."""
        self._port = port
        self._new_filter = new_filter
        self._delay_s = 0.0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where to connect; the same for the proxy's whole life."""
        return self._port

    @property
    def connections(self) -> int:
        """How many are open now."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Begin to accept connections."""
        self._server = await asyncio.start_server(self._accept, HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """End every connection and accept no more."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> int:
        """Reset every connection now, and return how many; whoever connects again gets through at once."""
        connections = list(self._connections)
        for connection in connections:
            connection.reset()
        return len(connections)

    def refuse(self) -> None:
        """Reset every connection, and every new one until `resume`."""
        self.state = State.REFUSED
        self._flowing.set()
        self.cut()

    def hold(self) -> None:
        """Let nothing pass until `resume`, and lose nothing."""
        self.state = State.HELD
        self._flowing.clear()

    def half_open(self) -> None:
        """Swallow every byte. Connections that were half-open stay so after `resume`: only a new one gets through."""
        self.state = State.SWALLOWED
        self._flowing.set()
        for connection in self._connections:
            connection.is_dead = True

    def delay(self, seconds: float) -> None:
        """Keep each piece of up to 64 KiB this long from now on; 0 ends it. Order is kept."""
        self._delay_s = seconds

    def resume(self) -> None:
        """Let the line flow, without delay."""
        self.state = State.FLOWING
        self._delay_s = 0.0
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        connection = _Connection(writer, is_dead=self.state is State.SWALLOWED)
        self._connections.add(connection)
        try:
            await self._carry(reader, connection)
        except asyncio.CancelledError:
            # `close` wants it; the server would report it as a failure.
            pass
        finally:
            connection.reset()
            self._connections.discard(connection)

    async def _carry(self, reader: asyncio.StreamReader, connection: _Connection) -> None:
        """Carry until either end is closed; who cannot reach the target is reset, as by a router without a route."""
        await self._flowing.wait()
        if self.state is State.REFUSED:
            return
        try:
            far_reader, connection.far = await asyncio.open_connection(HOST, self.target_port)
        except OSError:
            return
        ways = [
            asyncio.ensure_future(self._pass(reader, connection.far, Direction.UP, connection)),
            asyncio.ensure_future(self._pass(far_reader, connection.near, Direction.DOWN, connection)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction, connection: _Connection
    ) -> None:
        look = self._new_filter(direction)
        with contextlib.suppress(OSError):
            while chunk := await source.read(_CHUNK):
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                await self._flowing.wait()
                if connection.is_dead:
                    continue
                sink.write(chunk if look is None else look.feed(chunk))
                await sink.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    line: socket.socket | None = writer.get_extra_info("socket")
    if line is not None:
        with contextlib.suppress(OSError):
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
