"""A terminal that runs in a thread of this process, with its store on the disk and its proxy on a port."""

from __future__ import annotations

import asyncio
import http.client
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from edge.catalogue_file import import_catalogue
from edge.clock import Clock, SystemClock
from edge.config import EdgeConfig
from edge.core import Core, opened_core
from edge.pos_opening import OpenedPos, open_pos
from edge.store import sql
from tests.conftest import free_port
from tests.edge.scene import Shop
from web.live import LiveBus
from wire.events import Fact

CATALOGUE = Path(__file__).parents[3] / "config" / "seed" / "catalogue.csv"
PATH = "/fsi/api/callFsiService/callService"
_T = TypeVar("_T")


@dataclass
class ProxyTerminal:
    """What a test does with it."""

    folder: Path
    port: int
    core: Core
    shop: Shop
    pos: OpenedPos
    loop: asyncio.AbstractEventLoop
    bus: LiveBus
    recorded: list[int] = field(default_factory=list)

    def scan(self, *codes: str) -> None:
        """Scan at the counter."""
        self.do(lambda: [self.shop.scan(code) for code in codes])

    def do(self, work: Callable[[], _T]) -> _T:
        """Do something in the store's thread."""
        return asyncio.run_coroutine_threadsafe(self.core.in_store(work), self.loop).result(30)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        def read() -> list[tuple[object, ...]]:
            with self.core.connection.begin():
                return sql.rows(self.core.connection, statement)

        return self.do(read)

    def listed(self) -> list[str]:
        """Return what lies on the open list."""
        return [code for line in self.do(self.shop.counter.show).lines for code in line.codes]

    def facts(self) -> list[Fact]:
        return self.do(self.shop.facts)

    def post(self, body: bytes, headers: Mapping[str, str] | None = None, path: str = PATH) -> tuple[int, bytes]:
        """Post a body to the proxy."""
        return post(self.port, body, headers, path)


def post(port: int, body: bytes, headers: Mapping[str, str] | None = None, path: str = PATH) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def config_of(
    folder: Path, upstream: str, port: int, *, fsi: Mapping[str, object], pos: Mapping[str, object]
) -> EdgeConfig:
    return EdgeConfig.model_validate(
        {
            "terminal": {"id": "counter-1", "area": "350200", "institution": "P35020300001"},
            "store": {"folder": folder},
            "link": {"is_enabled": False},
            "fsi": {"desk": 7, **fsi},
            "pos": {"mode": "proxy", "port": port, "url": upstream, "answer_s": 10, "keeps_answers": True, **pos},
        }
    )


@contextmanager
def proxying(
    folder: Path,
    upstream: str,
    *,
    fsi: Mapping[str, object] | None = None,
    pos: Mapping[str, object] | None = None,
    clock: Clock | None = None,
    port: int = 0,
) -> Iterator[ProxyTerminal]:
    """Run a terminal with a pharmacist at it until the end of the block."""
    port = port or free_port()
    config = config_of(folder, upstream, port, fsi=fsi or {}, pos=pos or {})
    started: Future[ProxyTerminal] = Future()
    ended = threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_live(config, clock or SystemClock(), started, ended)), name="terminal", daemon=True
    )
    thread.start()
    try:
        terminal = started.result(30)
        yield terminal
    finally:
        ended.set()
        thread.join(10)
    assert not thread.is_alive()


async def _live(config: EdgeConfig, clock: Clock, started: Future[ProxyTerminal], ended: threading.Event) -> None:
    try:
        async with opened_core(config, lambda _: None, clock) as core:
            bus, recorded = LiveBus(), [0]
            pos = open_pos(core, bus, clock, on_recorded=lambda: recorded.append(1))
            assert pos is not None
            shop = await core.in_store(lambda: _shop(core.connection, bus, clock))
            running = asyncio.create_task(pos.run())
            port = config.pos.port
            terminal = ProxyTerminal(
                config.store.folder, port, core, shop, pos, asyncio.get_running_loop(), bus, recorded
            )
            while not _answers(port):
                if running.done():
                    running.result()
                await asyncio.sleep(0.01)
            started.set_result(terminal)
            await asyncio.to_thread(ended.wait)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
    except BaseException as exc:
        if not started.done():
            started.set_exception(exc)
        raise


def _shop(connection: Connection, bus: LiveBus, clock: Clock) -> Shop:
    import_catalogue(connection, CATALOGUE, clock.now())
    shop = Shop(connection, clock, bus)  # type: ignore[arg-type]
    shop.sign_in(token=secrets.token_hex(8))
    return shop


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
