"""The terminal put together: which part gets which, in which order they start, and in which they stop.

Starting: port, store, counter, then the edges (scanners, screens, line). Stopping, in less than three seconds: the
scanners close first, what they have read is committed, the screens are let go, the line says goodbye, the store closes.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from itertools import chain

import structlog
from fastapi import FastAPI

from codes.reading import Scan
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.unlisted import list_unlisted
from edge.api import ApiParts, create_api
from edge.api.metrics import ScanMetrics, metrics_route
from edge.carrier import Carrier, Identity, link_settings
from edge.charge import MakeScanner
from edge.clock import Clock, to_us
from edge.clock_watch import ClockWatch
from edge.config import EdgeConfig
from edge.config_revision import ConfigFile
from edge.core import Core, TellPassword, opened_core
from edge.counter.counter import Counter, Habits
from edge.counter.views import ScanShown
from edge.disk_watch import DiskWatch
from edge.housekeeping import end_left_shifts, put_away, tell_health, tell_sync
from edge.operators.desk import OperatorDesk
from edge.operators.sign_in import SignIn
from edge.pump import ScanPump
from edge.quota_watch import QuotaWatch
from edge.screens import Place, mount_screens
from edge.setup_desk import SetupDesk
from edge.site.sharing import open_sharing
from edge.status import StatusReader
from edge.store.quota import Quota
from edge.store_troubles import store_troubles
from edge.supervisor import Patience, Supervisor, keep_up
from edge.sync_board import SyncBoard
from edge.web_server import WebServer, take_port
from web.live import LiveBus
from web.sd_notify import Proof, Service, answering, feed_watchdog, turning
from wire.keys import PublicKey, SigningKey, load_or_create_key
from wire.topics import TerminalTopics

KEY_FILE = "terminal.key"
SCANS_WAITING = 256
"""Scans between the drivers and the counter; beyond that the drivers wait."""
DRAIN_S = 1.0
"""How long stopping waits for scans that were read to be committed."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Announcements:
    """What whoever started the terminal is told."""

    first_password: TellPassword
    """On the very first start: shown once, kept nowhere."""
    ready: Callable[[str], None]
    """The address of the screens, once they answer."""


async def run_terminal(
    config: EdgeConfig,
    scanners: Sequence[str],
    announcements: Announcements,
    *,
    clock: Clock,
    config_file: ConfigFile | None = None,
) -> None:
    """Run the terminal until SIGTERM or SIGINT.

    Args:
        config: The configuration.
        scanners: Scanners besides those of the configuration.
        announcements: What to tell whoever started it.
        clock: The device's clock.
        config_file: Where the configuration came from, to tell when it has changed there.

    Raises:
        ConfigError: It cannot run like this.
        DamagedStoreError: The file of the store is no store of ours.
    """
    lines = (*config.scanners, *scanners)
    makers = _scanner_makers(lines)
    with take_port(config.api.host, config.api.port) as listener:
        async with opened_core(config, announcements.first_password, clock) as core:
            key = load_or_create_key(config.store.folder / KEY_FILE)
            terminal = _Terminal(config, core, key, clock, makers, lines=lines, config_file=config_file)
            await terminal.run(WebServer(terminal.make_app(), config.api), listener, announcements.ready)


class _Terminal:
    """The parts that live around the core, and their order."""

    def __init__(
        self,
        config: EdgeConfig,
        core: Core,
        key: SigningKey,
        clock: Clock,
        makers: dict[str, MakeScanner],
        *,
        lines: Sequence[str],
        config_file: ConfigFile | None,
    ) -> None:
        self._config = config
        self._core = core
        self._key = key
        self._clock = clock
        self._service = Service.of(os.environ, os.getpid())
        self._link = link_settings(config.terminal.id, config.link)
        self._carrier: Carrier | None = None
        self._bus = LiveBus(first_id=to_us(clock.now()) // 1_000)
        self._board = SyncBoard()
        self._metrics = ScanMetrics()
        self._scans: asyncio.Queue[Scan] = asyncio.Queue(SCANS_WAITING)
        self._setup = SetupDesk(lines, core.connection, core.in_store, self._bus, clock)
        self._supervisor = Supervisor(
            {device: self._setup.watching(device, make) for device, make in makers.items()},
            self._scans,
            self._bus,
            clock=clock,
            rng=random.SystemRandom(),
            patience=Patience(silent_after_scans=config.counter.silent_after_scans),
        )
        self._clock_watch = ClockWatch(
            core.connection,
            core.outbox,
            core.in_store,
            self._bus,
            clock=clock,
            last_event_at=core.last_event_at,
            on_recorded=self._note_recorded,
        )
        self._disk_watch = DiskWatch(core.writer, core.connection, self._bus)
        quota = Quota(config.store.folder, config.store.quota_mb * 1_000_000)
        self._quota_watch = QuotaWatch(quota, core.connection, core.in_store, self._bus)
        self._site = open_sharing(
            config.site,
            config.terminal.id,
            key,
            connection=core.connection,
            in_store=core.in_store,
            read=core.read,
            clock=clock,
        )
        self._status = StatusReader(
            config.terminal,
            core,
            self._board,
            self._supervisor,
            key.public,
            started_at=clock.now(),
            clock=clock,
            config_file=config_file,
            more_troubles=lambda: chain(
                self._clock_watch.troubles(),
                self._disk_watch.troubles(),
                self._quota_watch.troubles(),
                store_troubles(core.mended, core.former, clock.now()),
            ),
            quota=self._quota_watch.status,
            profiled=self._setup.with_profiles,
            site=self._site.status,
            unlisted=partial(list_unlisted, [parse_spec(line) for line in lines]),
        )
        self._counter = Counter(
            core.connection,
            core.outbox,
            self._bus,
            clock=clock,
            habits=Habits(
                reservation=timedelta(minutes=config.counter.reservation_min),
                double_scan_s=config.counter.double_scan_s,
                return_days=config.counter.return_days,
            ),
            on_recorded=self._note_recorded,
            refuse_if_full=quota.refuse_if_full,
        )
        self._session_length = timedelta(hours=config.api.session_hours)
        self._operators = OperatorDesk(
            core.connection,
            core.outbox,
            self._bus,
            clock=clock,
            random=secrets.token_bytes,
            session_length=self._session_length,
            on_recorded=self._note_recorded,
        )

    def make_app(self) -> FastAPI:
        """Return what the screens and the POS ask."""
        config, core = self._config, self._core
        app = create_api(
            ApiParts(
                counter=self._counter,
                operators=self._operators,
                sign_in=SignIn(self._operators, core.in_store),
                outbox=core.outbox,
                in_store=core.in_store,
                read=core.read,
                status=self._status.read,
                setup=self._setup,
                bus=self._bus,
                clock=self._clock,
                session_s=round(self._session_length.total_seconds()),
                is_open=not config.api.is_exposed,
                allowed_hosts=config.api.accepted_hosts,
            )
        )
        place = Place(config.terminal.id, config.terminal.label or config.terminal.institution)
        app.include_router(metrics_route(self._status.glance, self._counted, self._metrics, self._clock))
        mount_screens(app, bus=self._bus, place=place)
        return app

    async def run(self, server: WebServer, listener: socket.socket, tell_ready: Callable[[str], None]) -> None:
        """Start every part, wait for the signal to stop, stop every part."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        pump, beside = ScanPump(self._scans, self._take, self._bus), self._beside()
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listener]), name="screens")
            reading = group.create_task(self._supervisor.run(), name="scanners")
            others = [group.create_task(pump.run(), name="pump")]
            others += [group.create_task(keep_up(name, work), name=name) for name, work in beside.items()]
            await server.is_serving.wait()
            address = _address(listener, is_tls=server.config.is_ssl)
            tell_ready(address)
            self._service.ready(address)
            _logger.info("terminal.started", terminal=self._config.terminal.id, epoch=self._core.state.epoch)
            await stop.wait()
            self._service.stopping()
            reading.cancel()
            await asyncio.wait([reading])
            with suppress(TimeoutError):
                await asyncio.wait_for(self._scans.join(), DRAIN_S)
            self._bus.close()
            server.should_exit = True
            for task in others:
                task.cancel()
        _logger.info("terminal.stopped", terminal=self._config.terminal.id, scans_not_recorded=pump.waiting)

    def _beside(self) -> dict[str, Callable[[], Awaitable[object]]]:
        """Return what runs beside the counter, and is started again if it fails."""
        core = self._core
        work: dict[str, Callable[[], Awaitable[object]]] = {
            "sync": lambda: tell_sync(self._status.sync, self._bus, asyncio.sleep),
            "health": lambda: tell_health(self._status.glance, self._bus, asyncio.sleep),
            "shifts": lambda: end_left_shifts(self._operators.end_left_shift, core.in_store, asyncio.sleep),
            "put away": lambda: put_away(
                core.connection,
                core.outbox,
                core.in_store,
                self._clock,
                asyncio.sleep,
                steady=self._operators.steady,
            ),
            "clock": lambda: self._clock_watch.run(asyncio.sleep),
            "disk": lambda: self._disk_watch.run(asyncio.sleep),
            "quota": lambda: self._quota_watch.run(asyncio.sleep),
            "scanner set-ups": self._setup.run,
            **self._site.work(),
        }
        if self._service.watchdog_s is not None:
            work["watchdog"] = partial(feed_watchdog, self._service, self._proofs())
        centre_key = self._config.centre.public_key
        if self._config.link.is_enabled and centre_key is not None:
            work["carrier"] = partial(self._carry, PublicKey.from_hex(centre_key))
        elif self._config.link.is_enabled:
            _logger.warning("link.no_centre_key")
        return work

    def _proofs(self) -> dict[str, Proof]:
        """Return what must go on for a scan to be taken; that the event loop turns, whoever asks shows."""
        core = self._core
        return {
            "store": answering(lambda: core.in_store(lambda: None)),
            "scanners": turning(lambda: self._supervisor.turns),
        }

    async def _carry(self, centre_key: PublicKey) -> None:
        self._carrier = self._new_carrier(centre_key)
        await self._carrier.run()

    def _counted(self) -> dict[str, int]:
        return {} if self._carrier is None else self._carrier.counted()

    async def _take(self, scan: Scan) -> object:
        came_s = self._clock.monotonic_s()

        def work() -> ScanShown:
            # Whoever's session has just expired did not make this scan.
            self._operators.end_left_shift()
            return self._counter.take(scan, came_s=came_s)

        shown = await self._core.in_store(work)
        self._metrics.note_scan(shown.device, shown.tone, self._clock.monotonic_s() - came_s)
        return shown

    def _note_recorded(self) -> None:
        if self._carrier is not None:
            self._carrier.rows_added()

    def _new_carrier(self, centre_key: PublicKey) -> Carrier:
        terminal, core = self._config.terminal, self._core
        identity = Identity(
            topics=TerminalTopics(terminal.area, terminal.id),
            institution=terminal.institution,
            label=terminal.label,
            epoch=core.state.epoch,
            version=version("yima"),
            key=self._key,
            centre_key=centre_key,
        )
        return Carrier(
            identity=identity,
            settings=self._link,
            outbox=core.outbox,
            in_store=core.in_store,
            glance=self._status.glance,
            board=self._board,
            bus=self._bus,
            clock=self._clock,
        )


def _scanner_makers(specs: Sequence[str]) -> dict[str, MakeScanner]:
    parsed = [parse_spec(text) for text in specs]
    return {spec.device: partial(open_scanner, spec) for spec in parsed}


def _address(listener: socket.socket, *, is_tls: bool = False) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if is_tls else "http"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
