"""Scans reach the POS once and in order; what does not reach it is named, and recording never waits for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from codes.reading import Scan
from drivers.errors import DeviceMissingError
from drivers.wedge.errors import WedgeStuckError, WedgeTextError
from edge.bridge import typist as module
from edge.bridge.mark import Mark
from edge.bridge.typist import WAITING, Typist
from edge.config_wedge import Fallback, WedgeKind, WedgeSection, WedgeText
from tests.edge.bridge.till import Till
from tests.edge.scene import EAN, OTHER_TRACE, TRACE_1, TRACE_2, UNKNOWN_TRACE, VOUCHER, Shop

_T = TypeVar("_T")
STUCK = WedgeStuckError("wedge:till", 3, 28)


class Desk:
    """A counter whose scans go on to a till."""

    def __init__(self, shop: Shop, till: Till, mark: Mark | None = None, **options: object) -> None:
        self.shop, self.till = shop, till
        self.naps = asyncio.Event()
        self.read_fails = False
        section = WedgeSection(kind=WedgeKind.PTY, path="/run/pos", **options)
        self.typist = Typist(till, section, self._read, shop.bus, clock=shop.clock, mark=mark, sleep=self._nap)

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        if self.read_fails:
            self.read_fails = False
            raise RuntimeError
        with self.shop.connection.begin():
            return work(self.shop.connection)

    async def _nap(self, _: float) -> None:
        await self.naps.wait()
        self.naps.clear()

    def scan(self, code: str) -> None:
        scan = Scan(code.encode(), None, "serial:left", frame=code.encode() + b"\r")
        self.typist.take(scan, self.shop.counter.take(scan))

    async def wake(self) -> None:
        """Let the one that looks after the way out look again."""
        self.naps.set()
        await settled()

    def told(self, code: str) -> list[dict[str, object]]:
        return [said for _, said in self.shop.heard("alert") if said["code"] == code]

    @property
    def troubles(self) -> list[str]:
        return [trouble.code for trouble in self.typist.troubles()]


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(50):
        await asyncio.sleep(0)


def played(desk: Desk, play: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        running = asyncio.create_task(desk.typist.run())
        await settled()
        try:
            await play()
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    asyncio.run(whole())


def test_scans_are_typed_once_and_in_their_order(shop):
    desk = Desk(shop, Till())

    async def play() -> None:
        for code in (TRACE_1, TRACE_2, "VIP-7", TRACE_1):
            desk.scan(code)
        await settled()

    played(desk, play)
    assert desk.till.got == [EAN.encode(), EAN.encode(), b"VIP-7"]
    assert desk.shop.heard("alert") == []


def test_what_is_recorded_when_the_terminal_stops_is_typed_and_the_way_out_is_let_go(shop):
    desk = Desk(shop, Till())

    async def play() -> None:
        desk.scan(TRACE_1)

    played(desk, play)
    assert desk.till.got == [EAN.encode()]
    assert not desk.till.is_open


def test_what_cannot_be_typed_is_named_with_what_to_enter_and_the_next_one_is_tried(shop):
    desk = Desk(shop, Till(refuses=STUCK))

    async def play() -> None:
        desk.scan(TRACE_1)
        desk.scan(TRACE_2)
        await settled()
        assert desk.troubles == ["wedge.stuck"]
        desk.till.refuses = None
        desk.scan(OTHER_TRACE)
        desk.scan("VIP-7")
        await settled()

    played(desk, play)
    first, second = desk.told("bridge.not_typed")
    assert "阿莫西林胶囊 …000011" in first["words"]["zh"]
    assert EAN in first["next"]["zh"]
    assert "000022" in second["words"]["en"]
    assert len(desk.told("wedge.stuck")) == 1
    assert len(desk.told("bridge.back")) == 1
    assert desk.troubles == []
    assert desk.till.got == [b"VIP-7"]
    assert shop.count("scan") == 4


def test_an_unplugged_wedge_is_said_and_comes_back_by_itself(shop):
    desk = Desk(shop, Till())

    async def play() -> None:
        desk.till.is_unplugged, desk.till.absent = True, DeviceMissingError("wedge:till", "/dev/till")
        await desk.wake()
        assert desk.troubles == ["driver.lost"]
        await desk.wake()
        assert desk.troubles == ["driver.no_such_device"]
        desk.scan(TRACE_1)
        await settled()
        desk.till.absent = None
        await desk.wake()
        assert desk.troubles == []
        desk.scan(TRACE_2)
        await settled()

    played(desk, play)
    assert desk.till.got == [EAN.encode()]
    assert ["000011" in said["words"]["zh"] for said in desk.told("bridge.not_typed")] == [True]


def test_a_wedge_that_hangs_stops_no_scan_and_each_one_that_waits_in_vain_is_named(shop, monkeypatch):
    monkeypatch.setattr(module, "SEND_S", 0.05)
    monkeypatch.setattr(module, "LAST_S", 0.05)
    desk = Desk(shop, Till(hangs=True), passes_refused=True)

    async def play() -> None:
        desk.scan(TRACE_1)
        await settled()
        for _ in range(WAITING + 3):
            desk.scan(TRACE_2)
        await asyncio.sleep(0.07)
        desk.till.hangs = False
        shop.clock.advance(10)
        await settled()
        desk.scan("VIP-7")
        await settled()

    played(desk, play)
    assert shop.count("scan") == WAITING + 5
    assert desk.till.got == [b"VIP-7"]
    assert len(desk.told("bridge.not_typed")) == WAITING + 4


def test_a_scan_that_comes_while_the_wedge_is_opened_waits_for_it(shop):
    desk = Desk(shop, Till())
    desk.scan(TRACE_1)

    async def play() -> None:
        await settled()

    played(desk, play)
    assert desk.till.got == [EAN.encode()]


def test_a_product_that_nobody_knows_is_said_and_not_typed(shop):
    desk = Desk(shop, Till())

    async def play() -> None:
        desk.scan(UNKNOWN_TRACE)
        desk.scan(OTHER_TRACE)
        await settled()

    played(desk, play)
    assert desk.till.got == []
    unknown, without = desk.told("bridge.no_barcode")
    assert (unknown["tone"], "423835" in unknown["words"]["zh"]) == ("notice", True)
    assert "头孢呋辛酯片" in without["words"]["zh"]


def test_a_code_that_no_key_gives_is_named_and_is_no_trouble_of_the_wedge(shop):
    desk = Desk(shop, Till(refuses=WedgeTextError("wedge:till")), unknown=Fallback.CODE)

    async def play() -> None:
        desk.scan(UNKNOWN_TRACE)
        await settled()
        assert desk.troubles == []

    played(desk, play)
    assert len(desk.told("bridge.not_typed")) == 1


def test_a_fault_of_ours_costs_one_scan_its_typing_and_names_it(shop):
    desk = Desk(shop, Till())

    async def play() -> None:
        desk.read_fails = True
        desk.scan(TRACE_1)
        desk.scan(TRACE_2)
        await settled()

    played(desk, play)
    assert desk.till.got == [EAN.encode()]
    assert "000011" in desk.told("bridge.not_typed")[0]["words"]["zh"]


@pytest.mark.parametrize("passes", [True, False])
def test_nothing_of_a_credential_is_told(shop, logged, passes):
    desk = Desk(shop, Till(refuses=STUCK), types=WedgeText.RAW, passes_credentials=passes)

    async def play() -> None:
        desk.scan(VOUCHER)
        await settled()

    played(desk, play)
    said = json.dumps([desk.shop.heard(), str(logged)])
    assert len(desk.told("bridge.not_typed")) == passes
    assert not any(VOUCHER[start : start + 5] in said for start in range(3, 19))


def test_what_a_process_that_died_may_not_have_typed_is_named_once_and_never_typed(shop, tmp_path):
    mark = tmp_path / "pos-scan"
    died = Desk(shop, Till(), Mark(mark))

    async def play() -> None:
        died.scan(TRACE_1)
        died.scan(TRACE_1)
        await settled()

    played(died, play)
    for device, code in (("serial:left", TRACE_2), ("pos:pos-1", OTHER_TRACE), ("serial:left", TRACE_2)):
        # Recorded, and the process dies.
        shop.scan(code, device=device)
    desk = Desk(shop, Till(), Mark(mark))

    async def after() -> None:
        assert desk.troubles == ["bridge.unsure"]
        (trouble,) = desk.typist.troubles()
        assert ("000022" in trouble.words.zh, "、" in trouble.words.zh, trouble.is_alarm) == (True, False, False)
        shop.clock.advance(601)
        assert desk.troubles == []

    played(desk, after)
    assert desk.till.got == []


@pytest.mark.parametrize("kept", [None, b"", b"no number", b"\xff"])
def test_a_mark_that_is_not_there_or_spoiled_names_nothing(shop, tmp_path, kept):
    if kept is not None:
        (tmp_path / "mark").write_bytes(kept)
    shop.scan(TRACE_1)
    desk = Desk(shop, Till(), Mark(tmp_path / "mark"))

    async def play() -> None:
        assert desk.troubles == []

    played(desk, play)
