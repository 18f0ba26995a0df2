"""The live stream, as server-sent events and by WebSocket."""

from __future__ import annotations

from anyio import from_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket

from edge.api.access import looking, may_look, refusal_of, shown_of
from edge.api.parts import ApiParts
from edge.api.problems import STATUSES
from web.live import sse_response
from web.live_socket import follow_by_socket
from web.problem import problem_response, status_of


class EventStream(StreamingResponse):
    """Server-sent events, as the OpenAPI document calls them."""

    media_type = "text/event-stream"


def live_routes(parts: ApiParts) -> APIRouter:
    """Return the routes of the live stream."""
    routes = APIRouter(tags=["status"])
    look = may_look(parts)

    @routes.get("/live", dependencies=looking(parts), response_class=EventStream)
    async def live(request: Request) -> StreamingResponse:
        """Follow scans, totals, sync, devices and alerts as server-sent events."""

        def may_follow() -> bool:
            """Look again, in the stream's thread: the browser may have been signed out since, or the token revoked."""
            return from_thread.run(refusal_of, look, shown_of(request)) is None

        if parts.is_open and shown_of(request).token is None:
            return sse_response(parts.bus, request)
        return sse_response(parts.bus, request, may_follow=may_follow)

    @routes.websocket("/live")
    async def live_by_socket(socket: WebSocket) -> None:
        """Follow the same by WebSocket: a message `{"id", "event", "data"}` for each event."""

        async def may_follow() -> bool:
            return await refusal_of(look, shown_of(socket)) is None

        refusal = await refusal_of(look, shown_of(socket))
        if refusal is None:
            await follow_by_socket(parts.bus, socket, may_follow)
        else:
            await socket.send_denial_response(problem_response(status_of(refusal, STATUSES), refusal))

    return routes
