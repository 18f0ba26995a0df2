"""The live stream by WebSocket: the same events, in the same order, for the same people."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Message,
    RejectConnection,
    RejectData,
    Request,
    TextMessage,
)

from edge.config import ApiSection
from edge.operators.pos_tokens import EVERY_SCOPE, make_token, revoke
from edge.web_server import WebServer
from tests.edge.api.conftest import Client
from tests.edge.scene import NOON, TRACE_1, Shop
from web import live as live_module

PATIENCE_S = 30.0


@dataclass
class Follower:
    """A program with a WebSocket library that knows nothing of us."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connection: WSConnection

    async def event(self) -> object:
        while True:
            for found in self.connection.events():
                return found
            chunk = await asyncio.wait_for(self.reader.read(65536), PATIENCE_S)
            self.connection.receive_data(chunk or None)

    async def message(self) -> dict[str, object]:
        text, is_whole = "", False
        while not is_whole:
            found = await self.event()
            assert isinstance(found, Message), found
            text, is_whole = text + str(found.data), found.message_finished
        return dict(json.loads(text))

    async def until(self, event: str) -> dict[str, object]:
        while (message := await self.message())["event"] != event:
            pass
        return message


@asynccontextmanager
async def served(shop: Shop, *, is_open: bool) -> AsyncIterator[Callable[..., object]]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = WebServer(Client(shop, is_open=is_open).app, ApiSection())
    serving = asyncio.create_task(server.serve([listener]))
    await server.is_serving.wait()
    port = listener.getsockname()[1]
    writers = []

    async def follow(path: str = "/api/v1/live", **headers: str) -> tuple[Follower, object]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        connection = WSConnection(ConnectionType.CLIENT)
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        writer.write(connection.send(Request(f"127.0.0.1:{port}", path, extra_headers=given)))
        follower = Follower(reader, writer, connection)
        return follower, await follower.event()

    try:
        yield follow
    finally:
        shop.bus.close()
        for writer in writers:
            writer.close()
        server.should_exit = True
        await serving


def bearer(shop: Shop) -> str:
    return f"Bearer {make_token(shop.connection, 'pos-1', EVERY_SCOPE, NOON).secret}"


def test_what_happens_is_told_in_order_and_a_follower_that_comes_back_misses_nothing(shop):
    async def play() -> None:
        async with served(shop, is_open=True) as follow:
            first, answer = await follow()
            assert isinstance(answer, AcceptConnection)
            assert (await first.message())["event"] == "ping"
            shop.scan(TRACE_1)
            scan = await first.message()
            assert (scan["event"], scan["data"]["code"]) == ("scan", TRACE_1)
            first.writer.close()
            shop.bus.publish("alert", '{"code": "x"}')
            second, _ = await follow(f"/api/v1/live?after={scan['id']}")
            assert [(await second.message())["event"] for _ in range(3)] == ["ping", "totals", "alert"]

    asyncio.run(play())


def test_a_program_on_another_machine_shows_its_token_and_is_cut_off_when_it_is_revoked(shop, monkeypatch):
    monkeypatch.setattr(live_module, "RECHECK_S", 0.0)

    async def play() -> None:
        async with served(shop, is_open=False) as follow:
            follower, answer = await follow(authorization=bearer(shop))
            assert isinstance(answer, AcceptConnection)
            assert (await follower.message())["event"] == "ping"
            revoke(shop.connection, "pos-1", NOON)
            shop.scan(TRACE_1)
            ended = await follower.event()
            assert isinstance(ended, CloseConnection)
            assert ended.code == 4401

    asyncio.run(play())


@pytest.mark.parametrize(
    ("headers", "status", "code", "is_open"),
    [
        ({}, 401, "session.required", False),
        ({"authorization": "Bearer yima_forged"}, 401, "token.refused", False),
        ({"authorization": "Bearer yima_forged"}, 401, "token.refused", True),
    ],
)
def test_a_stranger_is_refused_in_words(shop, headers, status, code, is_open):
    async def play() -> None:
        async with served(shop, is_open=is_open) as follow:
            follower, answer = await follow(**headers)
            assert isinstance(answer, RejectConnection)
            body = await follower.event()
            assert isinstance(body, RejectData)
            assert (answer.status_code, json.loads(body.data)["code"]) == (status, code)

    asyncio.run(play())


def test_a_page_of_another_site_follows_nothing(shop):
    async def play() -> None:
        async with served(shop, is_open=True) as follow:
            _, answer = await follow(origin="https://elsewhere.example")
            assert isinstance(answer, RejectConnection)

    asyncio.run(play())


def test_a_server_that_stops_says_so_and_what_a_follower_says_is_not_listened_to(shop):
    async def play() -> None:
        async with served(shop, is_open=True) as follow:
            follower, _ = await follow()
            follower.writer.write(follower.connection.send(TextMessage("x" * 100)))
            assert (await follower.message())["event"] == "ping"
            shop.bus.close()
            ended = await follower.event()
            assert isinstance(ended, CloseConnection)
            assert ended.code == 1001

    asyncio.run(play())
