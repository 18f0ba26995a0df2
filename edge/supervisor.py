"""Keeps every scanner read, whatever happens to it, and hands its scans on without losing one.

Each scanner has a task of its own. A device that goes away is tried again with back-off and jitter; one that crashes
or breaks off six times in a minute opens a breaker: it rests for a while, and a person is told. The others never
notice. Scans go through one bounded queue: when it is full the drivers wait, and nothing is dropped.

This is the only place that catches every exception (`failure_of`): a driver may fail in ways we did not think of, and
a counter must go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import msgspec
import structlog

from codes.errors import ConfigError, YimaError
from codes.reading import Scan
from codes.words import Words
from drivers.errors import DriverError
from drivers.scanner import Scanner
from edge.alerts import alert_json, alert_of
from edge.clock import Clock
from edge.health import DeviceState, DeviceStatus
from rules.scan_judgement import Tone
from web.live import LiveBus

MAKE_AGAIN = Words("驱动程序会自动重启；反复出现请联系厂商。", "The driver is restarted; tell the vendor if it recurs.")

Sleep = Callable[[float], Awaitable[None]]
MakeScanner = Callable[[], Scanner]

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a device is tried."""

    first_s: float = 0.2
    """Wait after the first failure; it doubles with each further one."""
    most_s: float = 5.0
    """Longest wait for a device that is not there: replugged, it is back within seconds."""
    config_s: float = 60.0
    """Wait where a person has to do something first."""
    window_s: float = 60.0
    most_breaks: int = 6
    """So many breaks within the window open the breaker."""
    breaker_s: float = 20.0
    """Rest while the breaker is open. The device is back within 30 s of being well again (T-60)."""
    watch_s: float = 0.2
    """How often states are looked at, for the screens."""


PATIENCE = Patience()
"""What every terminal uses."""


class DriverCrashedError(YimaError):
    """A driver failed in a way nobody thought of."""

    code = "driver.crashed"
    next_step = MAKE_AGAIN


class BreakerOpenError(YimaError):
    """A device broke off too often: it rests for a while."""

    code = "driver.breaker_open"
    next_step = Words(
        "请检查数据线、供电和设备本身，必要时更换；系统稍后会再次尝试。",
        "Check cable, power and the device itself, replace it if need be; it is tried again after a while.",
    )


async def failure_of(work: Awaitable[object]) -> Exception | None:
    """Await `work` and return what it failed with, whatever that is; None if it did not.

    Everything that may fail in ways we did not think of is run through here: a driver, or one strange scan.
    """
    try:
        await work
    except Exception as exc:  # noqa: BLE001 - the one place: the counter must go on
        return exc
    return None


async def keep_up(
    name: str, work: Callable[[], Awaitable[object]], *, wait_s: float = 5.0, sleep: Sleep = asyncio.sleep
) -> None:
    """Do `work` again whenever it fails or ends, until cancelled: for what runs beside the counter."""
    told: object = None
    while True:
        failure = await failure_of(work())
        code = failure.code if isinstance(failure, YimaError) else type(failure).__name__
        if code != told:
            # The same failure again and again is one story.
            expected = isinstance(failure, YimaError)
            _logger.error("task.failed", task=name, code=code, exc_info=None if expected else failure)
            told = code
        await sleep(wait_s)


@dataclass(slots=True)
class _Charge:
    """One device in care."""

    device: str
    make: MakeScanner
    scanner: Scanner | None = None
    state: DeviceState = DeviceState.OPENING
    problem: YimaError | None = None
    attempts: int = 0
    failures: int = 0
    """Attempts in a row in which the device was never open."""
    breaks: deque[float] = field(default_factory=deque)
    """When it broke off after being open, or crashed, on the monotonic clock."""
    told: DeviceStatus | None = None

    def status(self) -> DeviceStatus:
        progress = self.scanner.progress if self.scanner else None
        is_ready = progress is not None and progress.is_open
        problem = None if is_ready else self.problem
        return DeviceStatus(
            device=self.device,
            state=DeviceState.READY if is_ready else self.state,
            scans=progress.scans if progress else 0,
            restarts=max(0, self.attempts - 1),
            problem=problem.code if problem else None,
            words=problem.words if problem else None,
            next_step=problem.next_step if problem else None,
        )


class Supervisor:
    """Reads all scanners of the terminal into one queue.

    Args:
        scanners: How to make each scanner, by the name of its device.
        queue: Where scans go. Bounded.
        bus: Where the screens hear of devices.
        clock: The device's clock.
        rng: For the jitter.
        sleep: How to wait.
        patience: How often and how long a device is tried.
    """

    def __init__(
        self,
        scanners: Mapping[str, MakeScanner],
        queue: asyncio.Queue[Scan],
        bus: LiveBus,
        *,
        clock: Clock,
        rng: random.Random,
        sleep: Sleep = asyncio.sleep,
        patience: Patience = PATIENCE,
    ) -> None:
        self._charges = [_Charge(device, make) for device, make in scanners.items()]
        self._queue = queue
        self._bus = bus
        self._clock = clock
        self._rng = rng
        self._sleep = sleep
        self._patience = patience
        self.turns = 0
        """How often all states were looked at; it stands still only if this hangs."""

    def statuses(self) -> tuple[DeviceStatus, ...]:
        """Return how every device is."""
        return tuple(charge.status() for charge in self._charges)

    async def run(self) -> None:
        """Care for every device until cancelled."""
        async with asyncio.TaskGroup() as group:
            for charge in self._charges:
                group.create_task(self._keep(charge), name=f"scanner {charge.device}")
            group.create_task(self._watch(), name="scanner states")

    async def _keep(self, charge: _Charge) -> None:
        while True:
            charge.attempts += 1
            charge.state = DeviceState.OPENING
            opened_before = charge.scanner.progress.opened if charge.scanner else 0
            problem = await self._read(charge)
            was_open = charge.scanner is not None and charge.scanner.progress.opened > opened_before
            await self._sleep(self._after(charge, problem, was_open=was_open))

    async def _read(self, charge: _Charge) -> YimaError:
        """Read until the device fails, and return how it failed."""
        failure = await failure_of(self._pass_on(charge))
        if isinstance(failure, DriverError):
            return failure
        if failure is None:
            words = Words(f"{charge.device} 的驱动程序自行结束", f"The driver of {charge.device} ended by itself")
        else:
            name = type(failure).__name__
            words = Words(
                f"{charge.device} 的驱动程序出错（{name}）", f"The driver of {charge.device} crashed ({name})"
            )
            _logger.error("device.crashed", device=charge.device, exc_info=failure)
        return DriverCrashedError(words)

    async def _pass_on(self, charge: _Charge) -> None:
        charge.scanner = charge.scanner or charge.make()
        async with contextlib.aclosing(charge.scanner.scans()) as scans:
            async for scan in scans:
                await self._queue.put(scan)

    def _after(self, charge: _Charge, problem: YimaError, *, was_open: bool) -> float:
        """Note a failure and return how long to wait."""
        is_news = charge.problem is None or charge.problem.code != problem.code or was_open
        charge.problem = problem
        charge.failures = 0 if was_open else charge.failures + 1
        is_break = was_open or isinstance(problem, DriverCrashedError)
        if is_break and self._is_one_too_many(charge):
            return self._open_breaker(charge, problem)
        if isinstance(problem, ConfigError):
            charge.state = DeviceState.FAILED
            wait = self._patience.config_s
        else:
            charge.state = DeviceState.LOST
            doubled = self._patience.first_s * 2 ** min(charge.failures, 16)
            wait = min(self._patience.most_s, doubled) * self._rng.uniform(0.5, 1.0)
        if is_news:
            # Once when it goes, not at every attempt; `_watch` says it once when it is back.
            _logger.warning("device.lost", device=charge.device, code=problem.code, problem=problem.words.en)
            self._bus.publish("alert", alert_json(alert_of(problem, Tone.NOTICE)))
        return wait

    def _is_one_too_many(self, charge: _Charge) -> bool:
        now = self._clock.monotonic_s()
        charge.breaks.append(now)
        while charge.breaks[0] <= now - self._patience.window_s:
            charge.breaks.popleft()
        return len(charge.breaks) >= self._patience.most_breaks

    def _open_breaker(self, charge: _Charge, cause: YimaError) -> float:
        charge.breaks.clear()
        charge.state = DeviceState.FAILED
        times, window_s = self._patience.most_breaks, round(self._patience.window_s)
        charge.problem = BreakerOpenError(
            Words(
                f"{charge.device} 在 {window_s} 秒内中断 {times} 次：{cause.words.zh}",
                f"{charge.device} broke off {times} times within {window_s} s: {cause.words.en}",
            )
        )
        _logger.error("device.breaker_open", device=charge.device, code=cause.code)
        self._bus.publish("alert", alert_json(alert_of(charge.problem, Tone.ALARM)))
        return self._patience.breaker_s

    async def _watch(self) -> None:
        """Tell the screens whenever a device's state changes."""
        while True:
            for charge in self._charges:
                self._tell(charge)
            self.turns += 1
            await self._sleep(self._patience.watch_s)

    def _tell(self, charge: _Charge) -> None:
        status = charge.status()
        before, charge.told = charge.told, status
        if before is not None and (before.state, before.problem) == (status.state, status.problem):
            return
        if status.state is DeviceState.READY:
            charge.problem = None
            _logger.info("device.ready", device=charge.device, restarts=status.restarts)
        self._bus.publish("device", msgspec.json.encode(status).decode())
