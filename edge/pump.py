"""From the queue of scans to the counter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from codes.errors import TransientError, YimaError
from codes.reading import Scan
from codes.words import Words
from edge.alerts import Alert, alert_json, alert_of
from edge.supervisor import PATIENCE, Patience, Sleep, failure_of
from rules.scan_judgement import Tone
from web.live import LiveBus

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class ScanPump:
    """Takes scans from the queue to the counter, one after the other: the next only when this one is committed.

    A scan that cannot be committed now (a full disk) is held and tried again, and the queue behind it fills. A scan
    that the counter refuses (a full store) or stumbles over is said aloud as not recorded, so that somebody scans it
    again, and counted apart.

    Args:
        queue: Where the drivers' scans are.
        take: Records one scan.
        bus: Where the screens listen.
        note_refused: Told the device of each scan that was not recorded.
        sleep: How to wait.
        patience: How often a scan that cannot be committed is tried.
    """

    def __init__(
        self,
        queue: asyncio.Queue[Scan],
        take: Callable[[Scan], Awaitable[object]],
        bus: LiveBus,
        *,
        note_refused: Callable[[str], object] = lambda _: None,
        sleep: Sleep = asyncio.sleep,
        patience: Patience = PATIENCE,
    ) -> None:
        self._queue = queue
        self._take = take
        self._bus = bus
        self._note_refused = note_refused
        self._sleep = sleep
        self._patience = patience
        self.refused = 0
        """Scans the counter did not record; each was said aloud."""
        self._has_one = False

    @property
    def waiting(self) -> int:
        """Scans that were read and are not recorded yet."""
        return self._queue.qsize() + self._has_one

    async def run(self) -> None:
        """Pump until cancelled."""
        while True:
            scan = await self._queue.get()
            self._has_one = True
            failures = 0
            while not await self._was_dealt_with(scan, failures):
                failures += 1
                await self._sleep(min(self._patience.most_s, self._patience.first_s * 2 ** min(failures, 16)))
            self._has_one = False
            self._queue.task_done()
            if failures:
                _logger.info("scan.waited", device=scan.source, tries=failures + 1)

    async def _was_dealt_with(self, scan: Scan, failures: int) -> bool:
        failure = await failure_of(self._take(scan))
        if isinstance(failure, TransientError):
            if failures == 0:
                _logger.error("scan.waits", code=failure.code, device=scan.source)
                self._bus.publish("alert", alert_json(alert_of(failure, Tone.ALARM)))
            return False
        if failure is not None:
            self.refused += 1
            self._note_refused(scan.source)
            _logger.error("scan.refused", device=scan.source, exc_info=failure)
            self._bus.publish("alert", alert_json(_not_recorded(failure)))
        return True


def _not_recorded(error: Exception) -> Alert:
    if isinstance(error, YimaError):
        return alert_of(error, Tone.ALARM)
    return Alert(
        code="scan.not_recorded",
        tone=Tone.ALARM,
        words=Words("刚才的扫码未能保存", "The last scan was not recorded"),
        next_step=Words("请重新扫描；再次出现请联系厂商。", "Scan it again; tell the vendor if it recurs."),
    )
