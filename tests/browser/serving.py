"""A real HTTP server around an app of a test: on a free port of loopback, stopped at the end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

START_S = 60.0


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve `app` in a thread and yield its address. Port 0 lets the system choose."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        wait_for_port(listener.getsockname()[1])
        yield address
    finally:
        server.should_exit = True
        thread.join(START_S)
        listener.close()


def wait_for_port(port: int) -> None:
    """Return when something answers on the port; the listener's queue holds the call until then."""
    with socket.create_connection(("127.0.0.1", port), timeout=START_S) as probe:
        probe.settimeout(START_S)
        probe.sendall(b"GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        probe.recv(1)
