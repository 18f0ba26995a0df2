"""The live bus over a WebSocket, for programs whose libraries know no server-sent events.

One text message for each event: `{"id", "event", "data"}`, the same as the stream of server-sent events carries, and in
the same order. What the other side says is not listened to; that it goes is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from web.live import LiveBus, LiveEvent, followed, position_of

ENDED: Final = 4401
"""Close code: whoever follows may not any more."""
GOING_AWAY: Final = 1001
"""Close code of the standard: the server stops."""


async def follow_by_socket(bus: LiveBus, socket: WebSocket, may_follow: Callable[[], Awaitable[bool]]) -> None:
    """Send what happens until either side ends it. The position to follow from is the query's `after`.

    Args:
        bus: What is followed.
        socket: Not accepted yet; whether it may follow was asked before.
        may_follow: Asked again while it follows, as for server-sent events.
    """
    await socket.accept()
    sending = asyncio.create_task(_send(bus, socket, may_follow), name="live socket")
    listening = asyncio.create_task(_listen(socket), name="live socket, other side")
    try:
        await asyncio.wait({sending, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, listening):
            task.cancel()
        ended = await asyncio.gather(sending, listening, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, Exception) and not isinstance(failure, WebSocketDisconnect):
            raise failure


def encoded(live: LiveEvent) -> str:
    """Return an event as a message."""
    return msgspec.json.encode({"id": live.id, "event": live.event, "data": msgspec.Raw(live.data.encode())}).decode()


async def _send(bus: LiveBus, socket: WebSocket, may_follow: Callable[[], Awaitable[bool]]) -> None:
    is_refused = False

    async def asked() -> bool:
        nonlocal is_refused
        is_refused = not await may_follow()
        return not is_refused

    async with aclosing(followed(bus, position_of(socket.query_params.get("after")), asked)) as events:
        async for live in events:
            await socket.send_text(encoded(live))
    await socket.close(ENDED if is_refused else GOING_AWAY)


async def _listen(socket: WebSocket) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
