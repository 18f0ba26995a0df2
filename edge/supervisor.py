"""Keeps every scanner read, whatever happens to it, and hands its scans on without losing one.

Each scanner has a task of its own. A device that goes away is tried again with back-off and jitter; one that crashes
or breaks off six times in a minute opens a breaker: it rests for a while, and a person is told. A driver whose loop
stands still is ended and made anew, and left to itself if it cannot be ended. The others never notice.

Scans go through one bounded queue: when it is full the drivers wait, and nothing is dropped. A scan that a driver has
decoded is handed over whatever becomes of the driver, once: each waits with its device until it is in the queue.

This is the only place that catches every exception (`failure_of`): a driver may fail in ways we did not think of, and
a counter must go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import msgspec
import structlog

from codes.errors import ConfigError, YimaError
from codes.reading import Scan
from codes.words import Words
from drivers.errors import DriverError
from edge.alerts import alert_json, alert_of
from edge.charge import Charge, MakeScanner
from edge.clock import Clock
from edge.driver_faults import BreakerOpenError, DriverCrashedError, DriverHungError
from edge.health import DeviceState, DeviceStatus
from rules.scan_judgement import Tone
from web.live import LiveBus

Sleep = Callable[[float], Awaitable[None]]
Beside = dict[str, Callable[[], Awaitable[object]]]
"""What runs beside the counter, by its name; each is started again by itself if it fails."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a device is tried."""

    first_s: float = 0.2
    """Wait after the first failure; it doubles with each further one."""
    most_s: float = 5.0
    """Longest wait for a device that is not there: replugged, it is back within seconds."""
    config_s: float = 25.0
    """Wait where a person has to do something first; once that is done, it is back within 30 s (T-60)."""
    window_s: float = 60.0
    most_breaks: int = 6
    """So many breaks within the window open the breaker."""
    breaker_s: float = 20.0
    """Rest while the breaker is open. The device is back within 30 s of being well again (T-60)."""
    watch_s: float = 0.2
    """How often states are looked at, for the screens."""
    hung_s: float = 10.0
    """A driver whose loop stands still for so long while its device is open hangs."""
    opening_s: float = 20.0
    """The same while it is being opened: an IP camera may take ten seconds."""
    end_s: float = 5.0
    """What a driver gets to end when it is told to; then it is left to itself."""
    last_s: float = 0.5
    """What the last scans get to be handed over when the terminal stops."""
    silent_after_scans: int = 30
    """A scanner from which nothing came since it was opened is silent after so many scans by others; never if 0."""


PATIENCE = Patience()
"""What every terminal uses."""


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
        self._charges = [Charge(device, make) for device, make in scanners.items()]
        self._queue = queue
        self._bus = bus
        self._clock = clock
        self._rng = rng
        self._sleep = sleep
        self._patience = patience
        self._hangs: dict[str, asyncio.Future[None]] = {}
        """By device: settled when its driver is found to hang. Absent while no driver runs."""
        self._abandoned: set[asyncio.Task[Exception | None]] = set()
        """Drivers that would not end. Kept, so that they are not collected while they still hold a device."""
        self.turns = 0
        """How often all states were looked at; it stands still only if this hangs."""

    def statuses(self) -> tuple[DeviceStatus, ...]:
        """Return how every device is."""
        return tuple(charge.status() for charge in self._charges)

    def note_refused(self, device: str) -> None:
        """Count a scan of a device that the counter did not record."""
        for charge in self._charges:
            charge.refused += charge.device == device

    async def run(self) -> None:
        """Care for every device until cancelled."""
        async with asyncio.TaskGroup() as group:
            for charge in self._charges:
                group.create_task(self._keep(charge), name=f"scanner {charge.device}")
            group.create_task(self._watch(), name="scanner states")

    async def _keep(self, charge: Charge) -> None:
        try:
            while True:
                charge.begin(self._scans_of_others(charge))
                problem = await self._read(charge)
                wait_s = self._after(charge, problem, was_open=charge.was_open)
                if isinstance(problem, DriverHungError):
                    charge.give_up_driver()
                await self._hand_over(charge)
                await self._sleep(wait_s)
        finally:
            await self._hand_over_last(charge)

    async def _read(self, charge: Charge) -> YimaError:
        """Read until the device fails or its driver hangs, and return how it failed."""
        driver = asyncio.create_task(failure_of(self._pass_on(charge)), name=f"driver {charge.device}")
        hang = self._hangs[charge.device] = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait({driver, hang}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hangs.pop(charge.device, None)
            await self._end(charge, driver)
        if hang.done():
            _logger.error("device.hung", device=charge.device, is_abandoned=not driver.done())
            return DriverHungError(charge.device)
        # A driver that lets a cancellation out which nobody asked for has crashed like any other.
        failure = asyncio.CancelledError() if driver.cancelled() else driver.result()
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

    async def _end(self, charge: Charge, driver: asyncio.Task[Exception | None]) -> None:
        """End the driver if it still runs, and take over what it decoded."""
        scanner = charge.scanner
        if not driver.done():
            driver.cancel()
            enough = asyncio.ensure_future(self._sleep(self._patience.end_s))
            await asyncio.wait({driver, enough}, return_when=asyncio.FIRST_COMPLETED)
            enough.cancel()
        if not driver.done():
            self._abandoned.add(driver)
            driver.add_done_callback(self._abandoned.discard)
        if scanner is not None:
            charge.waiting.extend(scanner.left())

    async def _pass_on(self, charge: Charge) -> None:
        charge.scanner = charge.scanner or charge.make()
        async with contextlib.aclosing(charge.scanner.scans()) as scans:
            async for scan in scans:
                charge.waiting.append(scan)
                await self._hand_over(charge)

    async def _hand_over(self, charge: Charge) -> None:
        """Put what waits into the queue. A scan leaves the device's hands only when it is in there."""
        charge.is_handing_over = True
        try:
            while charge.waiting:
                scan = charge.waiting.popleft()
                try:
                    await self._queue.put(scan)
                except asyncio.CancelledError:
                    charge.waiting.appendleft(scan)
                    raise
        finally:
            charge.is_handing_over = False

    async def _hand_over_last(self, charge: Charge) -> None:
        """Hand over what still waits when the terminal stops, while the counter still takes scans."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._patience.last_s):
                await self._hand_over(charge)
        if charge.waiting:
            _logger.error("device.scans_not_recorded", device=charge.device, scans=len(charge.waiting))

    def _scans_of_others(self, charge: Charge) -> int:
        return sum(other.scans for other in self._charges if other is not charge)

    def _after(self, charge: Charge, problem: YimaError, *, was_open: bool) -> float:
        """Note a failure and return how long to wait."""
        is_news = charge.problem is None or charge.problem.code != problem.code or was_open
        charge.problem = problem
        charge.failures = 0 if was_open else charge.failures + 1
        is_break = was_open or isinstance(problem, DriverCrashedError | DriverHungError)
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

    def _is_one_too_many(self, charge: Charge) -> bool:
        now = self._clock.monotonic_s()
        charge.breaks.append(now)
        while charge.breaks[0] <= now - self._patience.window_s:
            charge.breaks.popleft()
        return len(charge.breaks) >= self._patience.most_breaks

    def _open_breaker(self, charge: Charge, cause: YimaError) -> float:
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
        """Look at every device: end drivers that hang, and tell the screens whenever a state changes."""
        looked_at = self._clock.monotonic_s()
        while True:
            now = self._clock.monotonic_s()
            # If this process was held up, so were the drivers: that is not their standing still.
            passed_s, looked_at = min(now - looked_at, 2 * self._patience.watch_s), now
            for charge in self._charges:
                self._look(charge, passed_s)
            self.turns += 1
            await self._sleep(self._patience.watch_s)

    def _look(self, charge: Charge, passed_s: float) -> None:
        patience = self._patience
        charge.look(passed_s, self._scans_of_others(charge), silent_after=patience.silent_after_scans)
        hang = self._hangs.get(charge.device)
        if hang is not None and charge.is_hung(open_s=patience.hung_s, opening_s=patience.opening_s):
            self._hangs.pop(charge.device).set_result(None)
        exchange = charge.new_occupant()
        if exchange is not None:
            _logger.warning("device.another", device=charge.device, problem=exchange.words.en)
            self._bus.publish("alert", alert_json(alert_of(exchange, Tone.NOTICE)))
        self._tell(charge)

    def _tell(self, charge: Charge) -> None:
        status = charge.status()
        before, charge.told = charge.told, status
        if before is not None and (before.state, before.problem) == (status.state, status.problem):
            return
        if charge.progress.is_open:
            charge.problem = None
            log = _logger.info if status.problem is None else _logger.warning
            log(f"device.{status.state}", device=charge.device, restarts=status.restarts, code=status.problem)
        self._bus.publish("device", msgspec.json.encode(status).decode())
