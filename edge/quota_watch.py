"""Watches how full the store is: tells a change, makes room when little is left, and shows it until it passes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import structlog
from sqlalchemy import Connection

from codes.words import Words
from edge.alerts import Alert, alert_json
from edge.health import QuotaStatus, Trouble
from edge.store.lane import InStore
from edge.store.quota import Quota, QuotaState, StoreFullError
from edge.supervisor import Sleep
from rules.scan_judgement import Tone
from web.live import LiveBus

LOOK_S: Final = 10.0
_WORKS_AGAIN: Final = Alert(
    "store.quota_ok",
    Tone.NOTICE,
    Words("存储空间已恢复，可以继续办理", "There is room again; work goes on"),
    Words("未保存的扫码请重扫。", "Scan again whatever was not recorded."),
)
LINE_OR_DISK: Final = Words(
    "请尽快恢复与中心的连接，或清理磁盘、调大 [store] quota_mb。",
    "Restore the line soon, or free disk space or raise [store] quota_mb.",
)

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class QuotaWatch:
    """Looks at the room of the store every few seconds, in the lane that writes to it."""

    def __init__(self, quota: Quota, connection: Connection, in_store: InStore, bus: LiveBus) -> None:
        self._quota = quota
        self._connection = connection
        self._in_store = in_store
        self._bus = bus
        self._told = QuotaState.OK

    def status(self) -> QuotaStatus:
        """Return how full the store is."""
        fill = self._quota.fill
        percent = min(100, int(fill.share * 100))
        return QuotaStatus(self._quota.state, percent, fill.used_bytes, max(0, fill.capacity_bytes))

    def troubles(self) -> Iterator[Trouble]:
        """Yield what a person should know of it."""
        state, percent = self._quota.state, self.status().used_percent
        if state is QuotaState.FULL:
            full = StoreFullError()
            words = Words("存储已满，暂不受理新业务", "The store is full: no new business is taken")
            yield Trouble(full.code, words, full.next_step)
        elif state is not QuotaState.OK:
            evicted = self._quota.evicted
            zh = f"，已提前清理 {evicted} 条已上传记录" if evicted else ""
            en = f"; {evicted} delivered records had to go early" if evicted else ""
            yield Trouble(
                f"store.quota_{state}",
                Words(f"存储已用 {percent}%{zh}", f"The store is {percent} % full{en}"),
                LINE_OR_DISK,
                is_alarm=state is QuotaState.ALARM,
            )

    async def run(self, sleep: Sleep) -> None:
        """Watch until cancelled."""
        while True:
            await self._in_store(self.look)
            await sleep(LOOK_S)

    def look(self) -> None:
        """Look once, make room if need be, and tell of a change."""
        with self._connection.begin():
            gone = self._quota.make_room(self._connection)
        if gone:
            _logger.warning("store.evicted", delivered=gone)
        state = self._quota.state
        if state is self._told:
            return
        _logger.warning("store.quota", state=state, percent=self.status().used_percent)
        for trouble in self.troubles():
            tone = Tone.ALARM if trouble.is_alarm else Tone.NOTICE
            self._bus.publish("alert", alert_json(Alert(trouble.code, tone, trouble.words, trouble.next_step)))
        if self._told is QuotaState.FULL:
            self._bus.publish("alert", alert_json(_WORKS_AGAIN))
        self._told = state
