"""Two terminals, sixteen scanners, and somebody who cannot keep his hands off the cables.

One terminal reads keyboard scanners in pipes of `input_event` records, the other serial ones on pseudo-terminals. Each
is a process of its own, started by `yima edge run`. What was wholly written while its device was plugged in and read
is recorded, once, under that device and byte for byte; nothing else is recorded at all.

A code whose cable is pulled before the terminal can have read its last bytes is in nobody's hands: the kernel throws
the rest away. It may be missing, and then the terminal has said that this device was lost; it may never be torn.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault, SimulatedScanner
from edge.store import sql
from edge.store.database import visited_store
from tests.edge.test_terminal import Running, running

GUNS = 8
SCANS = 12
"""Codes of each scanner before and after the moment when all cables are pulled at once."""
PERIOD_S = 0.12
MOST_PULLS = 4
"""A sixth within a minute opens the breaker, and one more is pulled for all at once."""
DEADLINE_S = 90.0
LOOK_S = 0.1
PATIENT = ";silence_ms=3000"
"""A scanner's bytes come at an even pace; those of a twin stand still when this busy machine does, and half a code
before a silence would rightly count as a scan."""
LAYOUTS = ("us", "de", "fr", "uk")


class Board:
    """What a terminal says of its devices, asked again and again."""

    def __init__(self, browser: httpx.AsyncClient) -> None:
        self._browser = browser
        self._news = asyncio.Condition()
        self.devices: dict[str, dict[str, Any]] = {}

    async def follow(self) -> None:
        while True:
            answer = await self._browser.get("/api/v1/status")
            async with self._news:
                self.devices = {device["device"]: device for device in answer.json()["devices"]}
                self._news.notify_all()
            await asyncio.sleep(LOOK_S)

    async def until(self, claim: Callable[[dict[str, dict[str, Any]]], bool]) -> None:
        async with self._news:
            await self._news.wait_for(lambda: claim(self.devices))


@dataclass
class Gun:
    """One scanner and the hand that holds it."""

    device: str
    key: int
    """In each of its codes, and in no other scanner's."""
    twin: SimulatedScanner
    board: Board
    random: Random
    written: list[bytes] = field(default_factory=list)
    """Wholly written while the terminal had the device open."""
    adrift: list[bytes] = field(default_factory=list)
    """Wholly written, and the cable pulled at once."""
    more: int = 0
    """Scans that the terminal counts beyond those: of what was adrift, it has read some."""
    pulls: int = 0
    back_after_s: list[float] = field(default_factory=list)
    number: int = 0

    def next_code(self) -> bytes:
        self.number += 1
        return b"01%014d10Lot%02d\x1d21sN%05d" % (self.key, self.number % 100, self.number)

    async def play(self) -> None:
        await self._ready(0)
        for _ in range(SCANS):
            await self.scan()
            if self.pulls < MOST_PULLS and self.random.random() < 0.12:
                await self.accident()
            await asyncio.sleep(self.random.random() * PERIOD_S)

    async def scan(self) -> None:
        code = self.next_code()
        assert (await self.twin.scan(code)).is_whole, f"{self.device} was open and took not all of a code"
        self.written.append(code)

    async def accident(self) -> None:
        """Pull the cable between two codes, in the middle of one, or right after the last byte of one."""
        await self.all_read()
        kind = self.random.randrange(3)
        if kind == 1:
            await self.twin.scan(self.next_code(), fault=Fault.UNPLUGGED)
        elif kind == 2:
            code = self.next_code()
            assert (await self.twin.scan(code)).is_whole
            self.adrift.append(code)
        await self.pull()

    async def pull(self) -> None:
        """Pull the cable, put it back, and wait for the green light, as a person does."""
        self.pulls += 1
        before = self.board.devices[self.device]["restarts"]
        self.twin.unplug()
        await asyncio.sleep(self.random.random() * 0.5)
        self.twin.plug()
        plugged_at = time.monotonic()
        await self._ready(before + 1)
        self.back_after_s.append(time.monotonic() - plugged_at)
        self.more = self.board.devices[self.device]["scans"] - len(self.written)

    async def _ready(self, restarts: int) -> None:
        def is_ready(devices: dict[str, dict[str, Any]]) -> bool:
            one = devices.get(self.device)
            return one is not None and one["state"] in {"ready", "silent"} and one["restarts"] >= restarts

        await self.board.until(is_ready)

    async def all_read(self) -> None:
        """Wait for the beep of the terminal: it counts every code that was written."""
        await self.board.until(lambda devices: devices[self.device]["scans"] >= len(self.written) + self.more)


async def storm(guns: list[Gun]) -> None:
    async with asyncio.TaskGroup() as group:
        for gun in guns:
            group.create_task(gun.play())
    # The hub falls off the counter: every cable at once.
    async with asyncio.TaskGroup() as group:
        for gun in guns:
            await gun.all_read()
            group.create_task(gun.pull())
    async with asyncio.TaskGroup() as group:
        for gun in guns:
            group.create_task(gun.play())
    for gun in guns:
        await gun.all_read()


@contextlib.asynccontextmanager
async def followed(terminal: Running) -> AsyncIterator[Board]:
    async with httpx.AsyncClient(base_url=terminal.url, timeout=20, trust_env=False) as browser:
        answer = await browser.post("/api/v1/session", json={"operator": "yaoshi", "password": terminal.password})
        assert answer.status_code == 200
        board = Board(browser)
        following = asyncio.create_task(board.follow())
        try:
            yield board
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def recorded(folder: Path) -> list[tuple[str, bytes]]:
    with visited_store(folder / "var" / "edge") as connection, connection.begin():
        return [(device, bytes(raw)) for device, raw in sql.rows(connection, "SELECT device, raw FROM scan")]


def said_lost(folder: Path) -> Counter[str]:
    lines = [json.loads(line) for line in (folder / "log").read_text(encoding="utf-8").splitlines()]
    return Counter(line["device"] for line in lines if line["event"] == "device.lost")


def check(folder: Path, guns: list[Gun]) -> None:
    of_gun = {gun.device: gun for gun in guns}
    scans = recorded(folder)
    assert Counter(scans).most_common(1)[0][1] == 1, "no code twice"
    for device, raw in scans:
        assert raw in of_gun[device].written or raw in of_gun[device].adrift, "of another device, torn or invented"
    kept, lost = set(scans), said_lost(folder)
    for gun in guns:
        assert [code for code in gun.written if (gun.device, code) not in kept] == []
        assert lost[gun.device] >= gun.pulls, "each pull was said, with the advice to scan the last pack again"
        assert max(gun.back_after_s) <= 30


@pytest.mark.slow
@pytest.mark.req("T-21", "T-60", "P-03")
def test_two_terminals_lose_nothing_and_mix_nothing_in_a_storm_of_cables(tmp_path: Path) -> None:
    typing, sending = tmp_path / "typing", tmp_path / "sending"
    for folder in (typing, sending):
        folder.mkdir()
    keyboards = [
        SimulatedKeyboardScanner(typing / f"k{n}", random=Random(n), layout=LAYOUTS[n % 4], name=f"k{n}")
        for n in range(GUNS)
    ]
    serials = [
        SimulatedSerialScanner(sending / f"s{n}", random=Random(n), baud=115200, name=f"s{n}") for n in range(GUNS)
    ]

    async def play(typist: Running, sender: Running) -> tuple[list[Gun], list[Gun]]:
        async with asyncio.timeout(DEADLINE_S), followed(typist) as left, followed(sender) as right:
            typed = [Gun(f"keyboard:k{n}", 100 + n, twin, left, Random(100 + n)) for n, twin in enumerate(keyboards)]
            sent = [Gun(f"serial:s{n}", 200 + n, twin, right, Random(200 + n)) for n, twin in enumerate(serials)]
            await storm([*typed, *sent])
            return typed, sent

    with (
        running(typing, *(part for twin in keyboards for part in ("--scanner", twin.spec + PATIENT))) as typist,
        running(sending, *(part for twin in serials for part in ("--scanner", twin.spec + PATIENT))) as sender,
    ):
        typed, sent = asyncio.run(play(typist, sender))
        for terminal in (typist, sender):
            terminal.stop()
    for twin in (*keyboards, *serials):
        twin.close()
    check(typing, typed)
    check(sending, sent)
    guns = [*typed, *sent]
    assert sum(len(gun.written) for gun in guns) == 2 * SCANS * len(guns)
    assert sum(gun.pulls for gun in guns) >= 2 * len(guns), "among them all of them at once"
