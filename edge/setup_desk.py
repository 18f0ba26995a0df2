"""Scanner set-ups in a running terminal: whose scans go to a set-up instead of a sale, and what became of it.

While a set-up runs for a device, everything the device sends goes to the set-up, and none of it to the counter; the
screens are told when that begins and when it ends. It ends when the sheet is through, when somebody gives it up, or by
itself after some minutes without a scan, and never in the middle of a code. What it learned is kept in the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import ClassVar

import msgspec
import structlog
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from drivers.scanner import Scanner, ScannerKind, parse_spec
from drivers.scanner.setup import SetUp, SetUpShown, Stage
from drivers.scanner.stream import StreamScanner
from edge.alerts import Alert, alert_json
from edge.charge import MakeScanner
from edge.clock import Clock
from edge.errors import EdgeError
from edge.health import DeviceStatus
from edge.setup_findings import with_profile
from edge.store.lane import InStore
from edge.store.scanner_profiles import StoredProfile, all_profiles, save_profile
from rules.scan_judgement import Tone
from web.live import LiveBus

EVENT = "setup"
"""On the live bus: one set-up as it stands."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class UnknownScannerError(EdgeError, RejectedError):
    """The terminal reads no such device."""

    code: ClassVar[str] = "scanner.setup.unknown_device"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    next_step: ClassVar[Words] = Words(
        "请刷新页面；新的扫码枪要先写进配置。",
        "Load the page again; a new scanner has to be in the configuration first.",
    )


class NotSettingUpError(EdgeError, RejectedError):
    """No set-up runs for the device: it has ended meanwhile."""

    code: ClassVar[str] = "scanner.setup.not_running"
    next_step: ClassVar[Words] = Words("请重新开始设置。", "Start the set-up again.")


@dataclass(frozen=True, slots=True)
class ScannerShown:
    """One scanner of the terminal on the page of set-ups."""

    status: DeviceStatus
    can_be_set_up: bool
    """It is no camera, which has nothing to learn."""
    setup: SetUpShown | None
    """The set-up that runs, or the last one since the terminal started."""
    stored: StoredProfile | None
    """What an earlier set-up has learned."""


class SetupDesk:
    """Every set-up of one terminal. All methods run in the event loop that reads the scanners.

    Args:
        lines: The scanners' lines in the configuration.
        connection: The writer's connection, used through `in_store` only.
        in_store: Runs work in the thread that owns the store.
        bus: Where the screens listen.
        clock: The device's clock.
    """

    def __init__(
        self, lines: Sequence[str], connection: Connection, in_store: InStore, bus: LiveBus, clock: Clock
    ) -> None:
        specs = [(line, parse_spec(line)) for line in lines]
        self._lines = {spec.device: line for line, spec in specs if spec.kind is not ScannerKind.CAMERA}
        self._connection = connection
        self._in_store = in_store
        self._bus = bus
        self._clock = clock
        self._scanners: dict[str, StreamScanner] = {}
        self._setups: dict[str, SetUp] = {}
        """The running ones, and of each device the last that ended."""
        self._diverted: set[str] = set()
        self._told: dict[str, int] = {}
        self._profiles: Mapping[str, StoredProfile] = MappingProxyType({})
        self._news = asyncio.Event()

    def watching(self, device: str, make: MakeScanner) -> MakeScanner:
        """Return a maker of the same scanner whose bytes a set-up can have."""

        def make_watched() -> Scanner:
            scanner = make()
            if isinstance(scanner, StreamScanner):
                self._scanners[device] = scanner
                if device in self._diverted:
                    scanner.divert(self._listener(device))
            return scanner

        return make_watched

    def with_profiles(self, statuses: Sequence[DeviceStatus]) -> tuple[DeviceStatus, ...]:
        """Return the devices with what their set-ups have found."""
        return tuple(self._with_profile(status) for status in statuses)

    def show(self, statuses: Sequence[DeviceStatus]) -> tuple[ScannerShown, ...]:
        """Return every scanner with its set-up."""
        return tuple(
            ScannerShown(
                status=self._with_profile(status),
                can_be_set_up=status.device in self._lines,
                setup=self._setups[status.device].show() if status.device in self._setups else None,
                stored=self._profiles.get(status.device),
            )
            for status in statuses
        )

    def begin(self, device: str) -> SetUpShown:
        """Begin a set-up; one that runs is shown as it stands.

        Raises:
            UnknownScannerError: There is no such scanner, or it is a camera.
        """
        if device not in self._lines:
            raise UnknownScannerError(
                Words(f"没有可以设置的扫码枪 {device}", f"There is no scanner {device} to set up")
            )
        running = self._setups.get(device)
        if running is not None and running.stage is Stage.RUNNING:
            return running.show()
        setup = SetUp(self._lines[device], self._clock.monotonic_s())
        self._setups[device], self._told[device] = setup, setup.news
        self._diverted.add(device)
        if device in self._scanners:
            self._scanners[device].divert(self._listener(device))
        _logger.info("scanner_setup.begun", device=device)
        self._say(
            "scanner.setup.begun",
            Words(f"{device} 正在设置，它的扫码不进入销售", f"{device} is being set up: its scans go into no sale"),
            Words("完成或取消设置后恢复扫码。", "It scans again when the set-up is done or given up."),
        )
        return self._publish(setup)

    def skip(self, device: str, symbol: str) -> SetUpShown:
        """Leave a symbol that the scanner does not read.

        Raises:
            NotSettingUpError: No set-up runs for this device.
        """
        setup = self._running(device)
        setup.skip(symbol, self._clock.monotonic_s())
        self._news.set()
        return setup.show()

    def stop(self, device: str) -> SetUpShown:
        """Give a set-up up.

        Raises:
            NotSettingUpError: No set-up runs for this device.
        """
        setup = self._running(device)
        setup.stop()
        self._news.set()
        return setup.show()

    async def run(self) -> None:
        """Let time pass for the set-ups until cancelled, give devices back, and keep what was learned."""
        await self._load()
        while True:
            self._news.clear()
            await self.attend()
            waits = [setup.deadline for device, setup in self._setups.items() if device in self._diverted]
            due = min((deadline for deadline in waits if deadline is not None), default=None)
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else max(0.0, due - self._clock.monotonic_s())):
                    await self._news.wait()

    async def attend(self) -> None:
        """Look once at every set-up that has a device: what came, whether it is over."""
        for device in tuple(self._diverted):
            await self._attend(device)

    async def _attend(self, device: str) -> None:
        setup = self._setups[device]
        setup.tick(self._clock.monotonic_s())
        is_news, self._told[device] = setup.news != self._told[device], setup.news
        if setup.stage is not Stage.RUNNING and setup.is_quiet:
            await self._end(setup)
        if is_news:
            self._publish(setup)

    async def _end(self, setup: SetUp) -> None:
        device = setup.device
        self._diverted.discard(device)
        if device in self._scanners:
            self._scanners[device].divert(None)
        _logger.info("scanner_setup.ended", device=device, stage=setup.stage)
        if setup.stage is Stage.DONE:
            await self._keep(setup)
        self._say(
            "scanner.setup.ended",
            Words(
                f"{device} 的设置已结束，它的扫码重新进入销售", f"{device}: the set-up is over, its scans count again"
            ),
            Words("可以继续扫码。", "Go on scanning."),
        )

    async def _keep(self, setup: SetUp) -> None:
        profile, now = setup.profile(), self._clock.now()

        def save() -> None:
            with self._connection.begin():
                save_profile(self._connection, profile, now)

        await self._in_store(save)
        await self._load()

    async def _load(self) -> None:
        def load() -> Mapping[str, StoredProfile]:
            with self._connection.begin():
                return all_profiles(self._connection)

        self._profiles = await self._in_store(load)

    def _listener(self, device: str) -> Callable[[bytes, float], None]:
        def take(chunk: bytes, _: float) -> None:
            self._setups[device].feed(chunk, self._clock.monotonic_s())
            self._news.set()

        return take

    def _running(self, device: str) -> SetUp:
        setup = self._setups.get(device)
        if setup is None or setup.stage is not Stage.RUNNING:
            raise NotSettingUpError(Words(f"{device} 没有正在进行的设置", f"No set-up runs for {device}"))
        return setup

    def _with_profile(self, status: DeviceStatus) -> DeviceStatus:
        return with_profile(status, self._profiles.get(status.device))

    def _publish(self, setup: SetUp) -> SetUpShown:
        shown = setup.show()
        self._bus.publish(EVENT, msgspec.json.encode(shown).decode())
        return shown

    def _say(self, code: str, words: Words, next_step: Words) -> None:
        self._bus.publish("alert", alert_json(Alert(code, Tone.NOTICE, words, next_step)))
