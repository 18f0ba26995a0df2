"""Serving the interface: the port is taken before anything else starts, and given back within a second."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import ClassVar

import uvicorn
from starlette.types import ASGIApp

from codes.errors import ConfigError
from codes.os_words import words_of_os_error
from codes.words import Words
from edge.errors import EdgeError
from web.config_sections import IDLE_S, ListeningSection
from web.tls import tls_files

_GRACE_S = 1
_BACKLOG = 128
_MESSAGE_BYTES = 4_096
"""What a follower of the live stream may say at once; nothing of it is listened to."""


class PortTakenError(EdgeError, ConfigError):
    """The address of the interface cannot be used."""

    code: ClassVar[str] = "api.port_taken"
    next_step: ClassVar[Words] = Words(
        "请检查是否已有终端在运行（ss -ltnp），或修改 api.port。",
        "See whether a terminal is running already (ss -ltnp), or change api.port.",
    )


class WebServer(uvicorn.Server):
    """Uvicorn without its signal handlers: who started the terminal decides when it ends."""

    def __init__(self, app: ASGIApp, section: ListeningSection, *, has_date: bool = True) -> None:
        self.is_serving = asyncio.Event()
        """Set once requests are answered."""
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                **tls_files(section),
                # What a header says of the caller counts only if a proxy is known to write it.
                proxy_headers=section.is_behind_proxy,
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=has_date,
                ws="wsproto",
                ws_max_size=_MESSAGE_BYTES,
                ws_per_message_deflate=False,
                timeout_keep_alive=IDLE_S,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self.is_serving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def take_port(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortTakenError: The address is in use, or not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as exc:
        why = words_of_os_error(exc)
        raise PortTakenError(
            Words(f"无法监听 {host}:{port}：{why.zh}", f"Cannot listen on {host}:{port}: {why.en}")
        ) from exc
