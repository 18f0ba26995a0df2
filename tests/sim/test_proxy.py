"""The line that can be spoilt does what it says: cut, refused, held, half-open, slow, filtered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from sim.proxy import Direction, NewFilter, Proxy

DEADLINE_S = 30.0
QUIET_S = 0.1
"""Long enough for anything that passes at all to have passed on loopback."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(4096):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def line_to_echo(new_filter: NewFilter = lambda _: None) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server, Proxy(server.sockets[0].getsockname()[1], new_filter=new_filter) as line:
        yield line


async def connect(line: Proxy) -> Ends:
    return await asyncio.open_connection("127.0.0.1", line.port)


async def says(ends: Ends, text: bytes) -> bytes:
    reader, writer = ends
    writer.write(text)
    return await asyncio.wait_for(reader.readexactly(len(text)), DEADLINE_S)


async def is_silent(ends: Ends, text: bytes) -> bool:
    ends[1].write(text)
    try:
        await asyncio.wait_for(ends[0].read(1), QUIET_S)
    except TimeoutError:
        return True
    return False


async def is_reset(ends: Ends) -> bool:
    try:
        return await asyncio.wait_for(ends[0].read(1), DEADLINE_S) == b""
    except ConnectionResetError:
        return True


def run(work: Callable[[Proxy], Awaitable[None]], new_filter: NewFilter = lambda _: None) -> None:
    async def on_a_line() -> None:
        async with line_to_echo(new_filter) as line:
            await work(line)

    asyncio.run(on_a_line())


def test_a_cut_line_is_reset_and_the_next_connection_gets_through() -> None:
    async def work(line: Proxy) -> None:
        ends = await connect(line)
        assert await says(ends, b"hello") == b"hello"
        assert line.cut() == 1
        assert await is_reset(ends)
        assert await says(await connect(line), b"again") == b"again"
        assert line.accepted == 2

    run(work)


def test_a_refused_line_resets_old_and_new_until_it_is_resumed() -> None:
    async def work(line: Proxy) -> None:
        ends = await connect(line)
        await says(ends, b"hello")
        line.refuse()
        assert await is_reset(ends)
        assert await is_reset(await connect(line))
        line.resume()
        assert await says(await connect(line), b"again") == b"again"

    run(work)


def test_a_held_line_loses_nothing() -> None:
    async def work(line: Proxy) -> None:
        ends = await connect(line)
        await says(ends, b"hello")
        line.hold()
        assert await is_silent(ends, b"a")
        late = await connect(line)
        assert await is_silent(late, b"b")
        line.resume()
        assert await asyncio.wait_for(ends[0].readexactly(1), DEADLINE_S) == b"a"
        assert await asyncio.wait_for(late[0].readexactly(1), DEADLINE_S) == b"b"

    run(work)


def test_a_half_open_connection_stays_dead_and_only_a_new_one_gets_through() -> None:
    async def work(line: Proxy) -> None:
        ends = await connect(line)
        await says(ends, b"hello")
        line.half_open()
        assert await is_silent(ends, b"a")
        meanwhile = await connect(line)
        assert await is_silent(meanwhile, b"b")
        line.resume()
        assert await is_silent(ends, b"c")
        assert await is_silent(meanwhile, b"d")
        assert await says(await connect(line), b"again") == b"again"

    run(work)


def test_a_slow_line_keeps_the_order() -> None:
    async def work(line: Proxy) -> None:
        ends = await connect(line)
        line.delay(0.05)
        began = time.monotonic()
        assert await says(ends, b"1") + await says(ends, b"2") == b"12"
        assert time.monotonic() - began >= 4 * 0.05
        line.resume()
        assert await says(ends, b"3") == b"3"

    run(work)


def test_a_filter_sees_each_direction_of_each_connection() -> None:
    class Shout:
        def feed(self, chunk: bytes) -> bytes:
            return chunk.upper()

    async def work(line: Proxy) -> None:
        for _ in range(2):
            assert await says(await connect(line), b"hello") == b"HELLO"

    asked: list[Direction] = []

    def new_filter(direction: Direction) -> Shout | None:
        asked.append(direction)
        return Shout() if direction is Direction.UP else None

    run(work, new_filter)
    assert sorted(asked) == [Direction.DOWN, Direction.DOWN, Direction.UP, Direction.UP]


def test_a_line_without_a_broker_is_reset() -> None:
    async def work() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        async with Proxy(port) as line:
            assert await is_reset(await connect(line))
            assert line.connections == 0

    asyncio.run(work())


@pytest.mark.parametrize("spoil", ["hold", "half_open", "refuse", "resume"])
def test_closing_ends_every_connection_in_any_state(spoil: str) -> None:
    async def work(line: Proxy) -> None:
        ends = await connect(line)
        await says(ends, b"hello")
        getattr(line, spoil)()
        await line.close()
        assert await is_reset(ends)
        assert line.connections == 0

    run(work)
