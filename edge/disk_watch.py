"""Knows whether the disk takes records, and finds out by itself when it does again, whether or not anybody scans.

That it refuses is noticed by whoever wanted to write, and said there: a scan that waits, a request that is answered
with an error. Here it stays visible until the disk has taken a write, which is tried every second.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

import structlog
from sqlalchemy import Connection

from codes.errors import TransientError
from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.health import Trouble
from edge.store.database import prove_writable
from edge.store.lane import Lane
from edge.supervisor import Sleep
from rules.scan_judgement import Tone
from web.live import LiveBus

LOOK_S: Final = 1.0
WORKS_AGAIN: Final = Alert(
    code="store.works_again",
    tone=Tone.NOTICE,
    words=Words("磁盘已恢复，可以继续保存", "The disk takes records again"),
    next_step=Words("请核对清单，重新扫描未保存的商品。", "Check the list, and scan again whatever is missing."),
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class DiskWatch:
    """Watches the disk through the lane that writes to it.

    Args:
        lane: The writing lane.
        connection: Its connection.
        bus: Where the screens hear that work goes on.
    """

    def __init__(self, lane: Lane, connection: Connection, bus: LiveBus) -> None:
        self._lane = lane
        self._connection = connection
        self._bus = bus

    def troubles(self) -> tuple[Trouble, ...]:
        """Return what a person should know of the disk."""
        refusal = self._lane.refusal
        return () if refusal is None else (Trouble(refusal.code, refusal.words, refusal.next_step),)

    async def run(self, sleep: Sleep) -> None:
        """Watch until cancelled."""
        told: str | None = None
        while True:
            refusal = self._lane.refusal
            if refusal is not None:
                if refusal.code != told:
                    _logger.error("store.refuses", code=refusal.code, reason=refusal.words.en)
                    told = refusal.code
                with suppress(TransientError):
                    await self._lane.run(self._try)
                    told = None
                    _logger.info("store.works_again")
                    self._bus.publish("alert", alert_json(WORKS_AGAIN))
            await sleep(LOOK_S)

    def _try(self) -> None:
        prove_writable(self._connection)
        self._lane.forget_refusal()
