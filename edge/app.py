"""The terminal put together: which part gets which, in which order they start, and in which they stop.

Starting: port, store, counter, then the edges (scanners, screens, line). Stopping, in less than three seconds: the
scanners close first, what they have read is committed, the screens are let go, the line says goodbye, the store closes.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain

import structlog
from fastapi import FastAPI

from codes.reading import Scan
from drivers.scanner import ScannerSpec, parse_spec
from edge.aftercare_opening import open_aftercare
from edge.api import ApiParts, create_api
from edge.api.metrics import ScanMetrics, metrics_route
from edge.bridge.bridge import open_bridge
from edge.centre_line import CentreLine
from edge.clock import Clock, to_us
from edge.config import EdgeConfig
from edge.config_revision import ConfigFile
from edge.core import Core, TellPassword, opened_core
from edge.counter.counter import Counter, Habits
from edge.counter.owing import NOTHING_OWED
from edge.counter.views import ScanShown
from edge.days_opening import open_days
from edge.devices import open_devices
from edge.fsi.numbering import desk_text
from edge.fsi_opening import open_interface
from edge.health import Trouble
from edge.housekeeping import end_left_shifts, put_away, tell_health, tell_sync
from edge.local_proof import is_proof
from edge.operators.desk import OperatorDesk
from edge.operators.sign_in import SignIn
from edge.pos_opening import open_pos
from edge.pump import ScanPump
from edge.screens import Place, mount_screens
from edge.senses import open_senses
from edge.site.sharing import open_sharing
from edge.status import StatusReader
from edge.store.database import KEY_FILE, database_path
from edge.store.life import home_of
from edge.store.quota import Quota
from edge.supervisor import Beside, keep_up
from edge.sync_board import SyncBoard
from edge.till.outcomes import nothing_owed
from edge.till.passwords import pad_troubles
from edge.till_opening import open_till, person_devices
from edge.visits_opening import open_visits
from edge.watches import open_watches
from edge.web_server import WebServer, take_port
from web.live import LiveBus
from web.sd_notify import Proof, Service, answering, feed_watchdog, turning
from wire.keys import PublicKey, SigningKey, load_or_create_key

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
    specs = {line: parse_spec(line) for line in (*config.scanners, *scanners)}
    with take_port(config.api.host, config.api.port) as listener:
        async with opened_core(config, announcements.first_password, clock) as core:
            key = load_or_create_key(config.store.folder / KEY_FILE)
            terminal = _Terminal(core, key, clock, specs, config_file)
            await terminal.run(WebServer(terminal.make_app(), config.api), listener, announcements.ready)


class _Terminal:
    """The parts that live around the core, and their order."""

    def __init__(
        self,
        core: Core,
        key: SigningKey,
        clock: Clock,
        specs: Mapping[str, ScannerSpec],
        config_file: ConfigFile | None,
    ) -> None:
        config = core.config
        self._config = config
        self._core = core
        self._clock = clock
        self._service = Service.of(os.environ, os.getpid())
        self._bus = LiveBus(first_id=to_us(clock.now()) // 1_000)
        self._board = SyncBoard()
        self._metrics = ScanMetrics()
        self._line = CentreLine(core, key, board=self._board, bus=self._bus, clock=clock)
        self._devices = open_devices(specs, core, self._bus, clock)
        quota = Quota(config.store.folder, config.store.quota_mb * 1_000_000)
        senses = open_senses(home_of(database_path(config.store.folder)), self._devices.specs)
        self._watches = open_watches(core, quota, senses, self._bus, clock=clock, on_recorded=self._line.rows_added)
        self._site = open_sharing(
            config.site,
            config.terminal.id,
            key,
            connection=core.connection,
            in_store=core.in_store,
            read=core.read,
            clock=clock,
            desk=desk_text(config.fsi.desk),
        )
        self._bridge = open_bridge(config.wedge, config.store.folder, core.read, self._bus, clock)
        self._interface = open_interface(core, key, clock)
        opened = None if self._interface is None else self._interface.interface
        self._days = open_days(core, opened, self._site, clock)
        uploads = None if self._interface is None else self._interface.interface
        self._pos = open_pos(core, self._bus, clock, on_recorded=self._line.rows_added, uploads=uploads)
        self._status = self._new_status(key.public, config_file)
        self._credentials = person_devices(config)
        self._aftercare = (
            None
            if self._interface is None
            else open_aftercare(core, self._interface.interface, self._interface.sign_ins, clock, self._credentials)
        )
        self._counter = self._new_counter(quota)
        self._operators = self._new_operators()
        self._sign_in = SignIn(self._operators, core.in_store)
        self._visits = open_visits(core, clock, on_recorded=self._line.rows_added)
        self._till = open_till(
            core,
            self._counter,
            self._bus,
            clock,
            interface=opened,
            sign_in=self._sign_in,
            devices=self._credentials,
            note_sale=nothing_owed if self._aftercare is None else self._aftercare.owing.note_settled,
        )

    def _new_status(self, key: PublicKey, config_file: ConfigFile | None) -> StatusReader:
        core = self._core
        return StatusReader(
            self._config.terminal,
            core,
            self._board,
            self._devices.supervisor,
            key,
            started_at=self._clock.now(),
            clock=self._clock,
            config_file=config_file,
            more_troubles=lambda: chain(
                self._watches.troubles(),
                self._bridge.troubles(),
                () if self._pos is None else self._pos.troubles(),
                () if self._visits is None else self._visits.troubles(),
                self._pad_troubles(),
            ),
            quota=self._watches.quota.status,
            profiled=self._devices.setup.with_profiles,
            site=self._site.status,
            interface=lambda found: None if self._interface is None else self._interface.status(found),
            unlisted=self._devices.unlisted,
        )

    def _pad_troubles(self) -> Iterable[Trouble]:
        if self._interface is None:
            return ()
        return pad_troubles(self._interface.interface.area, has_pad=self._credentials.pinpad is not None)

    def _new_counter(self, quota: Quota) -> Counter:
        config, core = self._config.counter, self._core
        return Counter(
            core.connection,
            core.outbox,
            self._bus,
            clock=self._clock,
            habits=Habits(
                reservation=timedelta(minutes=config.reservation_min),
                double_scan_s=config.double_scan_s,
                return_days=config.return_days,
            ),
            on_recorded=self._line.rows_added,
            note_scan=self._metrics.note_scan,
            refuse_if_full=quota.refuse_if_full,
            owes=NOTHING_OWED if self._aftercare is None else self._aftercare.owing,
        )

    def _new_operators(self) -> OperatorDesk:
        core = self._core
        return OperatorDesk(
            core.connection,
            core.outbox,
            self._bus,
            clock=self._clock,
            random=secrets.token_bytes,
            session_length=timedelta(hours=self._config.api.session_hours),
            on_recorded=self._line.rows_added,
        )

    def make_app(self) -> FastAPI:
        """Return what the screens and the POS ask."""
        config, core = self._config, self._core
        app = create_api(
            ApiParts(
                counter=self._counter,
                operators=self._operators,
                sign_in=self._sign_in,
                outbox=core.outbox,
                in_store=core.in_store,
                read=core.read,
                status=self._status.read,
                setup=self._devices.setup,
                bus=self._bus,
                clock=self._clock,
                session_s=config.api.session_hours * 3_600,
                is_open=not config.api.is_exposed,
                allowed_hosts=config.api.accepted_hosts,
                is_proof=lambda shown: is_proof(shown, self._status.key, self._clock.now()),
                days=self._days,
                aftercare=self._aftercare,
                till=self._till,
                visits=None if self._visits is None else self._visits.desk,
                report=None if self._pos is None else self._pos.report(),
                kiosk_operator=config.visits.kiosk_operator,
                credentials=self._credentials,
            )
        )
        name = config.terminal.label or config.terminal.institution
        place = Place(config.terminal.id, name, has_visits=self._visits is not None, has_report=self._pos is not None)
        app.include_router(metrics_route(self._status.glance, self._line.counted, self._metrics, self._clock))
        mount_screens(app, bus=self._bus, place=place)
        return app

    async def run(self, server: WebServer, listener: socket.socket, tell_ready: Callable[[str], None]) -> None:
        """Start every part, wait for the signal to stop, stop every part."""
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        devices, beside = self._devices, self._beside()
        pump = ScanPump(devices.scans, self._take, self._bus, note_refused=devices.supervisor.note_refused)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve([listener]), name="screens")
            reading = group.create_task(self._devices.supervisor.run(), name="scanners")
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
                await asyncio.wait_for(self._devices.scans.join(), DRAIN_S)
            self._bus.close()
            server.should_exit = True
            for task in others:
                task.cancel()
        await self._watches.box.stopped()
        _logger.info("terminal.stopped", terminal=self._config.terminal.id, scans_not_recorded=pump.waiting)

    def _beside(self) -> Beside:
        """Return what runs beside the counter."""
        core = self._core
        work: Beside = {
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
            "scanner set-ups": self._devices.setup.run,
            **self._watches.work(),
            **self._site.work(),
            **self._bridge.work(),
            **({} if self._pos is None else self._pos.work()),
            **self._line.work(self._status.glance),
            **({} if self._interface is None else self._interface.work()),
            **({} if self._aftercare is None else {"after the sale": self._aftercare.going_on.run}),
            **({} if self._visits is None else self._visits.work()),
        }
        if self._service.watchdog_s is not None:
            work["watchdog"] = partial(feed_watchdog, self._service, self._proofs())
        return work

    def _proofs(self) -> dict[str, Proof]:
        """Return what must go on for a scan to be taken; that the event loop turns, whoever asks shows."""
        core = self._core
        return {
            "store": answering(lambda: core.in_store(lambda: None)),
            "scanners": turning(lambda: self._devices.supervisor.turns),
        }

    async def _take(self, scan: Scan) -> object:
        came_s = self._clock.monotonic_s()

        def work() -> ScanShown:
            # Whoever's session has just expired did not make this scan.
            self._operators.end_left_shift()
            return self._counter.take(scan, came_s=came_s)

        shown = await self._core.in_store(work)
        self._bridge.take(scan, shown)
        return shown


def _address(listener: socket.socket, *, is_tls: bool = False) -> str:
    host, port = listener.getsockname()[:2]
    scheme = "https" if is_tls else "http"
    return f"{scheme}://[{host}]:{port}/" if ":" in host else f"{scheme}://{host}:{port}/"
