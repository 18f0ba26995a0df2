"""Terminal, centre and broker as a service manager meets them: ready, alive while the work goes on, stopping."""

from __future__ import annotations

import asyncio
import re
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from server.broker import takes_sessions
from tests.conftest import free_port
from tests.systemd.notified import Notified, notified

EDGE = """\
[terminal]
id = "counter-1"
area = "350200"
institution = "P35020000001"
[api]
port = 0
[link]
is_enabled = false
"""


def centre_config(folder: Path) -> Path:
    config = folder / "server.toml"
    config.write_text(f"[web]\nport = {free_port()}\n[broker]\nport = {free_port()}\n", encoding="utf-8")
    return config


def edge_config(folder: Path) -> Path:
    config = folder / "edge.toml"
    config.write_text(EDGE, encoding="utf-8")
    return config


@pytest.mark.slow
@pytest.mark.timeout(240)  # three programs at once, on a machine that has others to run
@pytest.mark.req("T-48")
def test_all_three_are_ready_alive_and_stop_in_time(tmp_path: Path) -> None:
    port = str(free_port())
    with (
        notified(tmp_path / "edge", "edge", "run", "--config", str(edge_config(tmp_path))) as edge,
        notified(tmp_path / "centre", "server", "run", "--config", str(centre_config(tmp_path))) as centre,
        notified(tmp_path / "broker", "broker", "run", "--port", port) as broker,
    ):
        assert edge.hears("READY=1").startswith("READY=1\nSTATUS=http://127.0.0.1:")
        assert centre.hears("READY=1") == "READY=1\nSTATUS=serving"
        assert broker.hears("READY=1") == f"READY=1\nSTATUS=127.0.0.1:{port}"
        for program in (edge, centre, broker):
            program.hears("WATCHDOG=1")
            program.hears("WATCHDOG=1")
            program.forget()
        _terminal_stops_feeding_while_its_store_hangs(edge, tmp_path / "var" / "edge" / "terminal.db")
        for program in (edge, centre):
            # What is not read fills the line, and what comes then is not heard.
            program.forget()
            assert program.stop() == 0
            program.hears("STOPPING=1", within_s=10)
        broker.stop()


def _terminal_stops_feeding_while_its_store_hangs(edge: Notified, store: Path) -> None:
    """Another program holds the store: the one writer waits for it, as it would for a disk that does not answer."""
    url = re.search(r"http://[0-9.:]+", edge.log.read_text(encoding="utf-8"))
    assert url is not None
    with closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        body = {"operator": "yaoshi", "password": "it waits before this is looked at"}
        waiting = threading.Thread(
            target=lambda: httpx.post(f"{url[0]}/api/v1/session", json=body, trust_env=False, timeout=20)
        )
        waiting.start()
        edge.hears("STATUS=no progress: store")
        edge.forget()
        edge.hears("STATUS=no progress: store")
        other.execute("ROLLBACK")
    edge.hears("WATCHDOG=1")
    waiting.join(20)


def test_a_broker_that_takes_connections_and_says_nothing_is_no_broker() -> None:
    """The kernel takes connections for a process that hangs."""

    async def ask(port: int) -> bool:
        async with asyncio.timeout(0.2):
            return await takes_sessions("127.0.0.1", port)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(TimeoutError):
            asyncio.run(ask(port))
    assert asyncio.run(ask(port)) is False
