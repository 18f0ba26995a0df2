"""A device that is being set up sells nothing, is given back whole, and what was learned of it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from drivers.errors import DriverError
from drivers.scanner.bursts import QUIET_S
from drivers.scanner.selftest import SHEET
from drivers.scanner.setup import IDLE_S, Said, Stage
from drivers.scanner.simulated.habit import Habit
from drivers.scanner.stream import StreamScanner
from edge.health import DeviceState, DeviceStatus
from edge.setup_desk import NotSettingUpError, SetupDesk, UnknownScannerError
from edge.store.scanner_profiles import find_gs_ok
from tests.edge.scene import FakeClock
from web.live import LiveBus

_T = TypeVar("_T")
LEFT, LINE = "serial:left", "serial:/dev/left;name=left"
STATUS = DeviceStatus(LEFT, DeviceState.READY, 0, 0)


class Wired(StreamScanner):
    """A scanner whose bytes the test sends."""

    def __init__(self, device: str, clock: FakeClock) -> None:
        super().__init__(device, lambda: pytest.fail("nobody opens it here"), clock.monotonic_s)

    @property
    def is_diverted(self) -> bool:
        return self._listener is not None

    def send(self, chunk: bytes) -> None:
        assert self._listener is not None
        self._listener(chunk, 0.0)


class Scene:
    """A desk with one scanner."""

    def __init__(self, connection: Connection, clock: FakeClock) -> None:
        self.connection = connection
        self.clock = clock
        self.bus = LiveBus()
        self.desk = SetupDesk((LINE, "camera:0;name=eye"), connection, self.in_store, self.bus, clock)
        self.scanner = Wired(LEFT, clock)
        self.plug = self.desk.watching(LEFT, lambda: self.scanner)

    async def in_store(self, work: Callable[[], _T]) -> _T:
        return work()

    async def scan(self, sent: bytes) -> None:
        """Send one code and let its silence pass."""
        self.scanner.send(sent)
        self.clock.advance(QUIET_S + 0.1)
        await self.desk.attend()

    async def scan_sheet(self, habit: Habit) -> None:
        for symbol in SHEET:
            await self.scan(habit.sent(symbol.code, symbol.symbology.encode()) + b"\r")

    def said(self, event: str) -> list[dict]:
        return [json.loads(one.data) for one in self.bus._ring if one.event == event]


@pytest.fixture
def scene(connection: Connection, clock: FakeClock) -> Scene:
    made = Scene(connection, clock)
    made.plug()
    return made


@pytest.mark.req("T-22")
@pytest.mark.parametrize(("gs", "is_ok"), [(b"\x1d", True), (b"", False)])
def test_a_set_up_from_begin_to_end_is_kept_and_shown_in_the_devices_health(
    scene: Scene, gs: bytes, is_ok: bool
) -> None:
    async def play() -> None:
        scene.desk.begin(LEFT)
        assert scene.scanner.is_diverted
        await scene.scan_sheet(Habit(gs=gs))

    asyncio.run(play())
    assert not scene.scanner.is_diverted
    with scene.connection.begin():
        assert find_gs_ok(scene.connection, LEFT) is is_ok
    (status,) = scene.desk.with_profiles((STATUS,))
    assert (status.gs_ok, status.set_up_at) == (is_ok, scene.clock.now())
    assert ("scanner.setup.gs_dropped" in status.set_up_findings) is not is_ok
    stages = [one["stage"] for one in scene.said("setup")]
    assert stages == ["running"] * 5 + ["done"]
    assert [one["code"] for one in scene.said("alert")] == ["scanner.setup.begun", "scanner.setup.ended"]


def test_a_set_up_ends_by_itself_without_scans_and_keeps_nothing(scene: Scene) -> None:
    async def play() -> None:
        scene.desk.begin(LEFT)
        scene.clock.advance(IDLE_S - 1)
        await scene.desk.attend()
        assert scene.scanner.is_diverted
        scene.clock.advance(2)
        await scene.desk.attend()

    asyncio.run(play())
    assert not scene.scanner.is_diverted
    (shown,) = scene.desk.show((STATUS,))
    assert shown.setup is not None
    assert (shown.setup.stage, shown.stored) == (Stage.IDLE, None)


def test_a_device_is_not_given_back_in_the_middle_of_a_code(scene: Scene) -> None:
    async def play() -> None:
        scene.desk.begin(LEFT)
        scene.scanner.send(b"8600")
        scene.desk.stop(LEFT)
        await scene.desk.attend()
        assert scene.scanner.is_diverted
        scene.clock.advance(QUIET_S + 0.1)
        await scene.desk.attend()

    asyncio.run(play())
    assert not scene.scanner.is_diverted
    assert scene.said("setup")[-1]["stage"] == "stopped"


def test_a_scanner_that_comes_back_during_its_set_up_still_belongs_to_it(scene: Scene) -> None:
    async def play() -> None:
        scene.desk.begin(LEFT)
        scene.scanner = Wired(LEFT, scene.clock)
        scene.plug()
        await scene.scan(SHEET[0].code + b"\r")

    asyncio.run(play())
    (shown,) = scene.desk.show((STATUS,))
    assert shown.setup is not None
    assert shown.setup.next_symbol == SHEET[1].name


def test_beginning_twice_goes_on_with_the_first(scene: Scene) -> None:
    async def play() -> None:
        scene.desk.begin(LEFT)
        await scene.scan(SHEET[0].code + b"\r")
        assert scene.desk.begin(LEFT).next_symbol == SHEET[1].name
        scene.desk.skip(LEFT, SHEET[0].name)
        scene.desk.skip(LEFT, SHEET[1].name)
        await scene.desk.attend()
        assert scene.desk.begin(LEFT).next_symbol == SHEET[2].name

    asyncio.run(play())


@pytest.mark.req("C-04")
def test_a_persons_code_in_place_of_the_sheet_is_masked_on_the_bus(scene: Scene) -> None:
    async def play() -> None:
        scene.desk.begin(LEFT)
        await scene.scan(b"11010519491231002X\r")

    asyncio.run(play())
    assert scene.said("setup")[-1]["last"]["said"] == Said.STRANGE
    assert "110105194912310" not in json.dumps([one.data for one in scene.bus._ring])


def test_what_cannot_be_set_up_is_refused(scene: Scene) -> None:
    for device in ("camera:eye", "serial:other"):
        with pytest.raises(UnknownScannerError):
            scene.desk.begin(device)
    with pytest.raises(NotSettingUpError):
        scene.desk.skip(LEFT, SHEET[0].name)
    with pytest.raises(NotSettingUpError):
        scene.desk.stop(LEFT)
    assert not issubclass(UnknownScannerError, DriverError)
