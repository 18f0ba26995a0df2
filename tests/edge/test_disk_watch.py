"""What the disk refused stays visible until it has taken a write again, which needs no scan to be found out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.disk_watch import DiskWatch
from edge.store.database import opened_store, prove_writable
from edge.store.errors import WriteFailedError
from edge.store.lane import Lane
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, TERMINAL
from web.live import LiveBus


class Desk:
    """A lane whose disk can be made to refuse, and the watch over it."""

    def __init__(self, lane: Lane, connection: Connection) -> None:
        self.lane, self.connection, self.bus = lane, connection, LiveBus()
        self.watch = DiskWatch(lane, connection, self.bus)

    async def set_writable(self, *, is_writable: bool) -> None:
        driver = self.connection.connection.driver_connection
        assert driver is not None
        await self.lane.run(lambda: driver.execute(f"PRAGMA query_only = {not is_writable:d}"))

    async def be_refused(self) -> None:
        with pytest.raises(WriteFailedError):
            await self.lane.run(lambda: prove_writable(self.connection))

    async def hear_alerts(self, count: int) -> None:
        while len(self.alerts()) < count:
            await self.lane.run(lambda: None)

    def alerts(self) -> list[str]:
        return [json.loads(live.data)["code"] for live in self.bus._ring]


def play(folder: Path, scene: Callable[[Desk], Awaitable[None]]) -> None:
    async def whole() -> None:
        lane = Lane("store", folder, opened_store(folder))
        connection = await lane.open()
        await lane.run(lambda: ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE))
        desk = Desk(lane, connection)
        watching = asyncio.create_task(desk.watch.run(lambda _: asyncio.sleep(0)))
        async with asyncio.timeout(30):
            await scene(desk)
        watching.cancel()
        await asyncio.wait([watching])
        await lane.close()

    asyncio.run(whole())


def codes(desk: Desk) -> list[str]:
    return [trouble.code for trouble in desk.watch.troubles()]


@pytest.mark.req("T-09")
def test_refusal_stays_until_the_disk_takes_a_write(folder: Path, logged: list[dict[str, object]]) -> None:
    async def scene(desk: Desk) -> None:
        assert codes(desk) == []
        await desk.set_writable(is_writable=False)
        for _ in range(2):
            await desk.be_refused()
        assert await desk.lane.run(lambda: 1) == 1, "to read is no proof"
        assert codes(desk) == ["store.write_failed"]
        assert desk.alerts() == []
        await desk.set_writable(is_writable=True)
        await desk.hear_alerts(1)
        assert (codes(desk), desk.alerts()) == ([], ["store.works_again"])

    play(folder, scene)
    assert [line["event"] for line in logged] == ["store.refuses", "store.works_again"]


def test_second_refusal_is_told_like_the_first(folder: Path, logged: list[dict[str, object]]) -> None:
    async def scene(desk: Desk) -> None:
        for times in (1, 2):
            await desk.set_writable(is_writable=False)
            await desk.be_refused()
            await desk.set_writable(is_writable=True)
            await desk.hear_alerts(times)

    play(folder, scene)
    assert len([line for line in logged if line["event"] == "store.works_again"]) == 2
