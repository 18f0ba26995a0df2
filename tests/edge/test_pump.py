"""The next scan is taken only when this one is committed, and what cannot be recorded is said aloud."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from codes.reading import Scan
from codes.words import Words
from edge.pump import ScanPump
from edge.store.errors import DamagedStoreError, DiskFullError
from edge.store.quota import StoreFullError
from tests.edge.timeline import Timeline
from web.live import LiveBus

FULL = Words("磁盘已满", "the disk is full")


@dataclass
class Pumping:
    """A pump whose counter does what its script says: None for success, else the error."""

    script: list[Exception | None] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    timeline: Timeline = field(default_factory=Timeline)
    bus: LiveBus = field(default_factory=LiveBus)

    def __post_init__(self) -> None:
        self.queue: asyncio.Queue[Scan] = asyncio.Queue(10)
        self.refused: list[str] = []
        self.pump = ScanPump(
            self.queue, self.take, self.bus, note_refused=self.refused.append, sleep=self.timeline.sleep
        )

    async def take(self, scan: Scan) -> None:
        failure = self.script.pop(0) if self.script else None
        if failure is not None:
            raise failure
        self.taken.append(scan.raw)

    def play(self, scene: Callable[[], Awaitable[None]], *codes: bytes) -> None:
        async def whole() -> None:
            for code in codes:
                self.queue.put_nowait(Scan(code, None, "serial:left"))
            task = asyncio.create_task(self.pump.run())
            await self.timeline.settle()
            await scene()
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(whole())

    def alerts(self) -> list[dict[str, object]]:
        return [json.loads(live.data) for live in self.bus._ring]


def test_scans_are_taken_in_order() -> None:
    pumping = Pumping()

    async def scene() -> None:
        assert pumping.taken == [b"1", b"2", b"3"]
        async with asyncio.timeout(30):
            await pumping.queue.join()

    pumping.play(scene, b"1", b"2", b"3")
    assert pumping.alerts() == []


@pytest.mark.req("T-09")
def test_full_disk_holds_the_scan_and_everything_behind_it() -> None:
    pumping = Pumping([DiskFullError(FULL)] * 5)

    async def scene() -> None:
        assert pumping.taken == []
        assert pumping.queue.qsize() == 1
        assert pumping.pump.waiting == 2
        await pumping.timeline.advance(60)
        assert pumping.taken == [b"1", b"2"]
        assert pumping.pump.waiting == 0

    pumping.play(scene, b"1", b"2")
    assert [(alert["code"], alert["tone"]) for alert in pumping.alerts()] == [("store.disk_full", "alarm")]
    assert (pumping.pump.refused, pumping.refused) == (0, [])


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (RuntimeError("a bug"), "scan.not_recorded"),
        (DamagedStoreError(FULL), "store.corrupt"),
        (StoreFullError(), "store.quota_full"),
    ],
)
def test_scan_the_counter_stumbles_over_is_said_aloud_and_the_next_goes_on(failure: Exception, code: str) -> None:
    pumping = Pumping([failure])

    async def scene() -> None:
        assert pumping.taken == [b"2"]

    pumping.play(scene, b"1", b"2")
    assert [(alert["code"], alert["tone"]) for alert in pumping.alerts()] == [(code, "alarm")]
    assert (pumping.pump.refused, pumping.refused) == (1, ["serial:left"])
