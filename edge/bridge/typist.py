"""Hands scans on to the POS: each once, in order, only after it is recorded, and never one that has waited too long.

What is in the queue when the process dies is not handed on by the next one: the sale went on meanwhile, and a code that
comes late is scanned into the wrong one. What could not be handed on is named on the screens, with what to type by
hand; what may not have been, because the process died, is named after the start. Recording never waits for any of this:
the queue is bounded, and what does not fit is named at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import structlog

from codes.errors import ConfigError, YimaError
from codes.reading import Scan
from drivers.errors import DriverError
from drivers.wedge.errors import WedgeClosedError, WedgeStuckError, WedgeTextError
from drivers.wedge.port import Wedge
from edge.alerts import alert_json, alert_of
from edge.bridge.choosing import Withheld, choose
from edge.bridge.errors import BridgeFailedError, BridgeLateError
from edge.bridge.mark import Mark
from edge.bridge.naming import BACK, is_by_hand, no_barcode, not_typed, unsure
from edge.clock import Clock
from edge.config_wedge import WedgeSection
from edge.counter.views import ScanShown, from_json
from edge.health import Trouble
from edge.store.catalogue import barcodes_of
from edge.store.lane import Reading
from edge.store.scans import scans_after
from edge.supervisor import PATIENCE, Patience, Sleep, failure_of
from rules.scan_judgement import Tone
from web.live import LiveBus

WAITING: Final = 32
"""Scans that may wait for the wedge. A person does not scan faster than it types."""
LATE_S: Final = 5.0
"""A scan that waited for so long is not handed on: the POS may be at another sale."""
SEND_S: Final = 8.0
LAST_S: Final = 1.0
"""What stopping leaves for the scans that are recorded already."""
LOOK_S: Final = 1.0
_MOST_RECALLED: Final = 500
UNSURE_FOR: Final = timedelta(minutes=10)
"""How long scans from before a start are worth a look at the POS."""

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    scan: Scan
    shown: ScanShown
    recorded_s: float


class Typist:
    """One way out with its queue. Everything runs in the event loop of the terminal.

    Args:
        wedge: The way out.
        section: What goes on, and how.
        read: Reads the store, beside the writer.
        bus: Where the screens listen.
        clock: The device's clock.
        mark: Remembers up to where all was dealt with.
        sleep: How to wait.
        patience: How often a way out that cannot be opened is tried.
    """

    def __init__(
        self,
        wedge: Wedge,
        section: WedgeSection,
        read: Reading,
        bus: LiveBus,
        *,
        clock: Clock,
        mark: Mark | None = None,
        sleep: Sleep = asyncio.sleep,
        patience: Patience = PATIENCE,
    ) -> None:
        self._wedge = wedge
        self._section = section
        self._read = read
        self._bus = bus
        self._clock = clock
        self._sleep = sleep
        self._patience = patience
        self._jobs: asyncio.Queue[_Job | None] = asyncio.Queue()
        self._problem: YimaError | None = None
        self._opened = asyncio.Event()
        self._mark = mark
        self._unsure: list[ScanShown] | None = None
        """Scans of the process before that may not have gone on; None until they were looked for."""
        self.sent = 0
        """Scans that were handed on since the start."""

    def take(self, scan: Scan, shown: ScanShown) -> None:
        """Put a recorded scan into the queue."""
        if self._jobs.qsize() >= WAITING:
            self._name(shown, None, BridgeLateError())
            return
        self._jobs.put_nowait(_Job(scan, shown, self._clock.monotonic_s()))

    def troubles(self) -> Iterator[Trouble]:
        """Yield why the POS gets nothing, while it gets nothing."""
        if self._problem is not None:
            problem = self._problem
            yield Trouble(problem.code, problem.words, problem.next_step, device=self._wedge.device)
        fresh = [shown for shown in self._unsure or () if self._clock.now() - shown.at < UNSURE_FOR]
        if fresh:
            yield unsure(fresh, self._wedge.device)

    async def run(self) -> None:
        """Hand scans on until cancelled; then what is recorded already, for a moment, and the way out is let go."""
        await self._recall()
        typing = asyncio.create_task(self._type_all(), name="typing")
        opening = asyncio.create_task(self._keep_open(), name="way out")
        try:
            # Not cancelled with this task: half a code is worse than none.
            await asyncio.wait({typing, opening}, return_when=asyncio.FIRST_COMPLETED)
            for ended in (typing, opening):
                if ended.done():
                    ended.result()
        finally:
            await self._end(typing, opening)

    async def _end(self, typing: asyncio.Task[None], opening: asyncio.Task[None]) -> None:
        opening.cancel()
        if not typing.done():
            self._jobs.put_nowait(None)
            await asyncio.wait({typing}, timeout=LAST_S)
            typing.cancel()
        await asyncio.wait({typing, opening})
        await self._wedge.close()
        if self._mark is not None:
            self._mark.close()
        if not self._jobs.empty():
            _logger.error("bridge.scans_not_typed", device=self._wedge.device, scans=self._jobs.qsize())

    async def _keep_open(self) -> None:
        failures = 0
        while True:
            failure = await failure_of(self._wedge.look() if self._wedge.is_open else self._open())
            if failure is None:
                failures = 0
                await self._sleep(LOOK_S)
                continue
            if not isinstance(failure, DriverError):
                raise failure
            self._note(failure)
            failures += 1
            doubled = self._patience.first_s * 2 ** min(failures, 16)
            is_for_people = isinstance(failure, ConfigError)
            await self._sleep(self._patience.config_s if is_for_people else min(self._patience.most_s, doubled))

    async def _open(self) -> None:
        await self._wedge.open()
        self._opened.set()
        _logger.info("bridge.open", device=self._wedge.device)
        self._note(None)

    async def _type_all(self) -> None:
        while (job := await self._jobs.get()) is not None:
            failure = await failure_of(self._type(job))
            if failure is not None:
                _logger.error("bridge.crashed", device=self._wedge.device, exc_info=failure)
                self._name(job.shown, None, BridgeFailedError())
            if self._mark is not None and job.shown.id is not None:
                self._mark.note(job.shown.id)

    async def _recall(self) -> None:
        """Look once for scans that were recorded before this start and may not have gone on."""
        before = None if self._mark is None or self._unsure is not None else self._mark.read()
        self._unsure = self._unsure or []
        if before is None:
            return
        for scan, kept in await self._read(lambda tx: scans_after(tx, before, _MOST_RECALLED)):
            shown = replace(from_json(ScanShown, kept), id=scan)
            is_recent = self._clock.now() - shown.at < UNSURE_FOR
            if is_recent and not is_by_hand(shown) and await self._would_go_on(shown):
                self._unsure.append(shown)

    async def _would_go_on(self, shown: ScanShown) -> bool:
        code = Scan(shown.code.encode(), source=shown.device)
        return not isinstance(choose(code, shown, await self._barcodes(shown), self._section), Withheld)

    async def _barcodes(self, shown: ScanShown) -> tuple[str, ...]:
        product = shown.product
        return () if product is None else await self._read(lambda tx: barcodes_of(tx, product))

    async def _type(self, job: _Job) -> None:
        choice = choose(job.scan, job.shown, await self._barcodes(job.shown), self._section)
        if choice is Withheld.UNKNOWN:
            self._bus.publish("alert", alert_json(no_barcode(job.shown)))
        if isinstance(choice, Withheld):
            return
        problem = await self._handed_on(choice, job.recorded_s)
        if problem is None:
            self.sent += 1
        if isinstance(problem, DriverError | None) and not isinstance(problem, WedgeTextError):
            # A code that cannot be typed, or came late, says nothing of the way out.
            self._note(problem)
        if problem is not None:
            self._name(job.shown, choice, problem)

    async def _handed_on(self, text: bytes, recorded_s: float) -> YimaError | None:
        """Send; return why it did not go out, or not whole. It is not tried again: part of it may have."""
        if self._problem is None:
            # Only just started: a way out that was never open yet is waited for.
            with suppress(TimeoutError):
                async with asyncio.timeout(LATE_S):
                    await self._opened.wait()
        if not self._wedge.is_open:
            return self._problem or WedgeClosedError(self._wedge.device)
        if self._clock.monotonic_s() - recorded_s > LATE_S:
            return BridgeLateError()
        try:
            async with asyncio.timeout(SEND_S):
                await self._wedge.send(text)
        except TimeoutError:
            return WedgeStuckError(self._wedge.device, 0, 1)
        except DriverError as exc:
            return exc
        return None

    def _note(self, problem: YimaError | None) -> None:
        """Note how the way out is; say it once when it fails, and once when it is back."""
        before, self._problem = self._problem, problem
        if problem is None and before is not None:
            _logger.info("bridge.back", device=self._wedge.device, was=before.code)
            self._bus.publish("alert", alert_json(BACK))
        elif problem is not None and (before is None or before.code != problem.code):
            _logger.warning("bridge.failed", device=self._wedge.device, code=problem.code, problem=problem.words.en)
            self._bus.publish("alert", alert_json(alert_of(problem, Tone.ALARM)))

    def _name(self, shown: ScanShown, text: bytes | None, problem: YimaError) -> None:
        """Name a scan that is recorded and did not reach the POS."""
        _logger.error("bridge.not_typed", scan=shown.id, device=self._wedge.device, code=problem.code)
        self._bus.publish("alert", alert_json(not_typed(shown, text, problem)))
