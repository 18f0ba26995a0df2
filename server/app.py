"""Run the centre: store, receiver and web server, in this order, and back.

Nothing is decided here. A stop ends the live streams first, so that open consoles do not hold it up, then the web
server, then the receiver, which finishes the frames that it has taken.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

import structlog
import uvicorn
from fastapi import FastAPI

from codes.os_words import words_of_os_error
from codes.words import Words
from server.api.application import create_app
from server.api.metrics import metrics_route
from server.centre import Centre, build_centre
from server.config import ServerConfig, WebConfig, link_settings
from server.console import mount_console
from server.errors import AddressInUseError
from server.fsi.lookups import LookupKeeper
from server.fsi.rpc import FsiLine
from server.people.accounts import FIRST_ADMIN
from server.receiver import Receiver
from server.visits.folding import TallyKeeper
from web.config_sections import IDLE_S
from web.live import LiveBus
from web.sd_notify import Service, answering, feed_watchdog, turning
from web.tls import TlsFiles, tls_files
from wire.link import LinkSettings

STOP_PATIENCE_S = 2
"""How long a request may still take when the centre stops."""
_YOUNG_OBJECTS = 50_000
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ShowPassword = Callable[[str, str], None]
"""Shows name and password of the first administrator, once."""


class CentreServer(uvicorn.Server):
    """The web server; it ends the live streams before it waits for open requests.

    It also takes signals as a wish to stop and no more: uvicorn's own way raises them again in the end, which would
    kill the process before the store is closed.
    """

    def __init__(self, config: uvicorn.Config, bus: LiveBus, service: Service) -> None:
        super().__init__(config)
        self._bus = bus
        self._service = service

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into a stop while the server runs."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and say so."""
        await super().startup(sockets)
        if self.started:
            self._service.ready("serving")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._service.stopping()
        self._bus.close()
        await super().shutdown(sockets)


async def run_centre(config: ServerConfig, show_password: ShowPassword) -> bool:
    """Serve until a signal asks to stop; return whether it was a signal that ended it.

    Raises:
        ConfigError: A file that the configuration names cannot be used.
        ServerError: The centre cannot start; the error says what to do.
    """
    line, tls = link_settings(config.broker), tls_files(config.web)
    listening = _listen(config.web)
    centre = build_centre(config)
    try:
        password = centre.accounts.add_first_admin(centre.now())
        if password is not None:
            show_password(FIRST_ADMIN, password)
        return await _serve(config, centre, listening, line, tls)
    finally:
        centre.close()
        listening.close()


async def _serve(
    config: ServerConfig, centre: Centre, listening: socket.socket, line: LinkSettings, tls: TlsFiles
) -> bool:
    loop = asyncio.get_running_loop()
    has_failed = False

    def stop_on_fatal() -> None:
        nonlocal has_failed
        if not server.should_exit:
            has_failed = True
            _logger.error("centre.receiver_failed")
            loop.call_soon_threadsafe(setattr, server, "should_exit", True)

    service = Service.of(os.environ, os.getpid())
    receiver = Receiver(
        ingest=centre.ingest,
        fleet=centre.fleet,
        asking=centre.asking,
        settings=line,
        now=centre.now,
        on_fatal=stop_on_fatal,
        group=config.broker.shared_group,
    )
    fsi_line = _fsi_line(config, centre, line, stop_on_fatal)
    app = create_app(
        centre,
        allowed_hosts=config.web.accepted_hosts,
        fsi_workers=config.fsi_workers,
        is_connected=lambda: receiver.takes_records,
        hears_terminals=lambda: receiver.hears_terminals,
        lifespan=_receiving(receiver, fsi_line, centre, service),
    )
    app.include_router(metrics_route(centre, receiver, fsi_line))
    mount_console(app, centre)
    settings = web_settings(app, config.web, tls)
    server = CentreServer(settings, centre.bus, service)
    settle_memory()
    _logger.info(
        "centre.ready",
        address=f"{'https' if settings.is_ssl else 'http'}://{config.web.host}:{config.web.port}",
        epoch=centre.store.epoch,
        fingerprint=centre.key.public.fingerprint,
    )
    await server.serve(sockets=[listening])
    return not has_failed


def web_settings(app: FastAPI, web: WebConfig, tls: TlsFiles) -> uvicorn.Config:
    """Return how the web server behaves."""
    return uvicorn.Config(
        app,
        **tls,
        # What a header says of the caller counts only if a proxy is known to write it.
        proxy_headers=web.is_behind_proxy,
        log_config=None,
        access_log=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=STOP_PATIENCE_S,
        lifespan="on",
    )


def _fsi_line(config: ServerConfig, centre: Centre, line: LinkSettings, on_fatal: Callable[[], None]) -> FsiLine | None:
    if centre.fsi is None:
        return None
    return FsiLine(
        answers=centre.fsi.answering,
        store=centre.store,
        key=centre.key,
        settings=line,
        now=centre.now,
        on_fatal=on_fatal,
        workers=config.fsi_workers,
        group=config.broker.shared_group,
        takes_unsealed=config.fsi.takes_unsealed,
    )


def _receiving(
    receiver: Receiver, fsi_line: FsiLine | None, centre: Centre, service: Service
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        receiver.start()
        if fsi_line is not None:
            fsi_line.start()
        lookups = LookupKeeper(centre.fsi.answering.lookups) if centre.fsi is not None else None
        if lookups is not None:
            lookups.start()
        tallies = TallyKeeper(centre.store, centre.now)
        tallies.start()
        proofs = {
            "ingest": turning(lambda: receiver.turns),
            "store": answering(lambda: asyncio.to_thread(centre.store.ping)),
        }
        watchdog = asyncio.create_task(feed_watchdog(service, proofs), name="watchdog")
        yield
        watchdog.cancel()
        if fsi_line is not None:
            await asyncio.to_thread(fsi_line.stop)
        if lookups is not None:
            await asyncio.to_thread(lookups.stop)
        await asyncio.to_thread(tallies.stop)
        await asyncio.to_thread(receiver.stop)

    return lifespan


def _listen(web: WebConfig) -> socket.socket:
    """Take the address before anything else is touched: a second centre must not get as far as the database."""
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    # The protocol is named because asyncio switches Nagle's algorithm off only where it is: with it, an answer to a
    # request that was sent in two pieces takes 40 ms longer.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((web.host, web.port))
    except OSError as exc:
        listening.close()
        why, place = words_of_os_error(exc), f"{web.host}:{web.port}"
        raise AddressInUseError(Words(f"无法监听 {place}：{why.zh}", f"Cannot listen on {place}: {why.en}")) from exc
    return listening


def settle_memory() -> None:
    """Keep the garbage collector from walking through all that will never go away, once per batch of events."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
