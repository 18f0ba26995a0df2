"""A camera as a scanner: real capture from a simulated IP camera, and every way in which it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from codes.errors import TransientError
from codes.reading import Scan
from drivers.camera.errors import CameraCrashedError, CameraStalledError, CameraUnreachableError
from drivers.camera.port import Picture
from drivers.errors import DeviceLostError, DeviceMissingError, DriverError
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.camera import CameraScanner
from drivers.scanner.camera_child import watch_camera
from drivers.scanner.camera_wire import Ended, Health, Opened, Order, Seen, Told
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.camera import SimulatedCameraScanner, carrier_for
from drivers.scanner.simulated.twin import Fault

TRACE = b"83857930000879766660"
UDI = b"01069012345678921728013110LOT1\x1d21SN1"
EAN = b"6924561884074"
MA = b"MA.156.M0.100761.21234561.Sx00008"


class Reader:
    """Reads a scanner in the background and keeps what came."""

    def __init__(self, scanner: CameraScanner) -> None:
        self.scanner = scanner
        self.scans: asyncio.Queue[Scan] = asyncio.Queue()
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async with contextlib.aclosing(self.scanner.scans()) as scans:
            async for scan in scans:
                self.scans.put_nowait(scan)

    async def next(self) -> Scan:
        return await asyncio.wait_for(self.scans.get(), 20)

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not claim():  # noqa: ASYNC110 - the claim is about another process
                await asyncio.sleep(0.02)


async def first_scan(scanner: CameraScanner) -> Scan:
    async with contextlib.aclosing(scanner.scans()) as scans:
        return await asyncio.wait_for(anext(scans), 20)


@contextlib.asynccontextmanager
async def reading(scanner: CameraScanner) -> AsyncIterator[Reader]:
    reader = Reader(scanner)
    try:
        yield reader
    finally:
        reader.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, DriverError):
            await reader.task


@pytest.fixture
def twin() -> Iterator[SimulatedCameraScanner]:
    twin = SimulatedCameraScanner(name="counter", size=(960, 720), look=Look(2.5))
    yield twin
    twin.close()


def camera_scanner(line: str) -> CameraScanner:
    scanner = open_scanner(parse_spec(line))
    assert isinstance(scanner, CameraScanner)
    return scanner


@pytest.mark.slow
@pytest.mark.req("T-20")
def test_boxes_before_a_camera_become_scans_byte_for_byte(twin: SimulatedCameraScanner) -> None:
    async def scenario() -> None:
        async with reading(camera_scanner(twin.spec)) as reader:
            await reader.until(lambda: reader.scanner.progress.is_open)
            for raw, symbology in ((TRACE, "]C0"), (UDI, "]d2"), (EAN, "]E0"), (MA, "]Q1")):
                delivery = await twin.scan(raw)
                assert delivery.is_whole
                assert await reader.next() == Scan(raw, symbology, "camera:counter")
            assert reader.scans.empty()
            progress = reader.scanner.progress
            assert (progress.opened, progress.scans) == (1, 4)
            await reader.until(lambda: reader.scanner.health.still > 0)
            assert reader.scanner.progress.bytes_seen > 960 * 720

    asyncio.run(scenario())


@pytest.mark.slow
def test_an_unplugged_camera_is_an_error_and_reads_on_under_the_same_address(twin: SimulatedCameraScanner) -> None:
    async def scenario() -> None:
        scanner = camera_scanner(twin.spec)
        async with reading(scanner) as reader:
            await reader.until(lambda: scanner.progress.is_open)
            twin.unplug()
            with pytest.raises(DeviceLostError):
                await asyncio.wait_for(reader.task, 20)
        assert not scanner.progress.is_open
        async with reading(scanner) as reader:
            with pytest.raises(CameraUnreachableError) as caught:
                await asyncio.wait_for(reader.task, 20)
            assert caught.value.words.zh
            assert twin.camera.url in caught.value.words.en
        twin.plug()
        async with reading(scanner) as reader:
            await reader.until(lambda: scanner.progress.opened == 2)
            await twin.scan(TRACE)
            assert (await reader.next()).raw == TRACE

    asyncio.run(scenario())


@pytest.mark.slow
def test_damaged_frames_on_the_line_are_skipped(twin: SimulatedCameraScanner) -> None:
    async def scenario() -> None:
        async with reading(camera_scanner(twin.spec)) as reader:
            await reader.until(lambda: reader.scanner.progress.is_open)
            whole = twin.camera._jpeg
            for damaged in (b"\xff\xd8 not a picture", whole[: len(whole) // 3], b"\x00" * 5000):
                twin.camera.show_bytes(damaged)
                await asyncio.to_thread(twin.camera.wait_sent, 2, 5)
            await twin.scan(UDI)
            assert (await reader.next()).raw == UDI

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_killed_process_is_an_error_that_says_so_and_leaves_no_child(twin: SimulatedCameraScanner) -> None:
    async def scenario() -> None:
        command = (sys.executable, "-c", "import os;os._exit(9)")
        scanner = CameraScanner(Order("camera:x", twin.camera.url), clock=lambda: 0.0, command=command)
        with pytest.raises(CameraCrashedError):
            await first_scan(scanner)
        assert isinstance(CameraCrashedError("d", "p"), TransientError)

    asyncio.run(scenario())


@pytest.mark.parametrize("told", [b"not json\n", b'{"type":"nothing we know"}\n', b"no line end"])
def test_a_process_that_talks_nonsense_has_crashed(told: bytes) -> None:
    async def scenario() -> None:
        command = (sys.executable, "-c", f"import os;os.write(1,{told!r})")
        scanner = CameraScanner(Order("camera:x", "http://127.0.0.1:9/"), clock=lambda: 0.0, command=command)
        with pytest.raises(CameraCrashedError):
            await first_scan(scanner)

    asyncio.run(scenario())


def test_a_driver_cancelled_once_more_while_it_ends_leaves_no_process_and_no_pipe_behind() -> None:
    deaf = "import time\nprint(flush=True)\ntime.sleep(60)"

    async def scenario() -> None:
        command = (sys.executable, "-c", deaf)
        scanner = CameraScanner(Order("camera:x", "http://127.0.0.1:9/"), clock=lambda: 0.0, command=command)
        async with scanner._child() as child:
            assert child.stdout is not None
            await child.stdout.readline()
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().call_later(0.05, task.cancel)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())


@pytest.mark.slow
def test_leaving_the_loop_ends_the_process(twin: SimulatedCameraScanner) -> None:
    async def scenario() -> None:
        async with reading(camera_scanner(twin.spec)) as reader:
            await reader.until(lambda: twin.camera.viewers == 1)
        await reader.until(lambda: twin.camera.viewers == 0)

    asyncio.run(scenario())


def test_a_missing_device_is_named() -> None:
    async def scenario() -> None:
        with pytest.raises(DeviceMissingError, match="/dev/video97"):
            await first_scan(camera_scanner("camera:97"))

    asyncio.run(scenario())


@pytest.mark.slow
def test_a_file_that_is_no_camera_is_refused_in_words(tmp_path: Path) -> None:
    path = tmp_path / "video0"
    path.write_bytes(b"")

    async def scenario() -> None:
        with pytest.raises(DriverError, match="no camera") as caught:
            await first_scan(camera_scanner(f"camera:{path}"))
        assert caught.value.code == "camera.refused"

    asyncio.run(scenario())


def test_settings_reach_the_process() -> None:
    line = "camera:0;width=1920;height=1080;fps=15;budget_ms=80;expect=12;absent_ms=500;name=tray"
    order = camera_scanner(line)._order
    assert order == Order("camera:tray", "0", 1920, 1080, 15, budget_ms=80, expect=12, absent_s=0.5)


def test_a_password_in_the_address_is_never_shown() -> None:
    scanner = camera_scanner("camera:rtsp://admin:secret@10.0.0.9/ch1")
    assert scanner.device == "camera:rtsp://10.0.0.9/ch1"
    assert "secret" not in scanner._path
    assert scanner._order.source == "rtsp://admin:secret@10.0.0.9/ch1"


class FakeCamera:
    """A camera that shows given frames, one a tick, and then none."""

    size = (960, 720)
    damaged = 0

    def __init__(self, frames: list[Picture], ending: DriverError | None = None) -> None:
        self._frames = frames
        self._ending = ending
        self.now = 0.0
        self.rests: list[float] = []

    @contextlib.contextmanager
    def opened(self) -> Iterator[FakeCamera]:
        yield self

    def latest(self, timeout_s: float) -> Picture | None:
        self.now += timeout_s
        if self._frames:
            return self._frames.pop(0)
        if self._ending is not None:
            raise self._ending
        return None


def told_by(camera: FakeCamera) -> list[Told]:
    facts: list[Told] = []
    watch_camera(Order("camera:x", "0"), camera, facts.append, clock=lambda: camera.now, wait=camera.rests.append)
    return facts


def test_a_camera_that_sends_nothing_for_twelve_seconds_has_stalled() -> None:
    camera = FakeCamera([draw_scene((), size=(960, 720))])
    facts = told_by(camera)
    assert facts[0] == Opened(960, 720)
    assert facts[-1] == Ended(CameraStalledError.code)
    assert 12 <= camera.now < 13
    assert sum(isinstance(fact, Health) for fact in facts) >= 11


def test_a_scene_that_has_long_been_known_is_looked_at_less_often() -> None:
    camera = FakeCamera([draw_scene((), size=(960, 720))] * 100, DeviceLostError("camera:x", "/dev/video0"))
    told_by(camera)
    assert 20 <= len(camera.rests) <= 50


def test_a_camera_that_never_sends_a_frame_has_stalled_too() -> None:
    facts = told_by(FakeCamera([]))
    assert not any(isinstance(fact, Opened) for fact in facts)
    assert facts[-1] == Ended(CameraStalledError.code)


def test_what_was_seen_before_the_end_is_told_before_the_end() -> None:
    scene = draw_scene([Symbol(UDI, "]d2")], Look(2.5), size=(960, 720))
    facts = told_by(FakeCamera([scene], DeviceLostError("camera:x", "/dev/video0")))
    assert [type(fact) for fact in facts] == [Opened, Seen, Ended]
    assert facts[1:] == [Seen(UDI.hex(), "]d2", "fast"), Ended(DeviceLostError.code)]


def test_the_twin_draws_each_code_in_the_carrier_a_pack_would_bear() -> None:
    assert [carrier_for(code) for code in (TRACE, UDI, EAN, b"96385074", MA)] == ["]C0", "]d2", "]E0", "]E4", "]Q1"]


def test_a_twin_that_nobody_watches_says_that_the_scan_is_lost() -> None:
    twin = SimulatedCameraScanner(size=(640, 480), look=Look(2))
    try:
        twin.unplug()
        delivery = asyncio.run(twin.scan(EAN))
        assert (delivery.written, delivery.lost) == (0, len(EAN))
    finally:
        twin.close()


@pytest.mark.slow
def test_a_twin_unplugged_in_mid_scan_says_so(twin: SimulatedCameraScanner) -> None:
    async def scenario() -> None:
        async with reading(camera_scanner(twin.spec)) as reader:
            await reader.until(lambda: reader.scanner.progress.is_open)
            delivery = await twin.scan(TRACE, fault=Fault.UNPLUGGED)
            assert not delivery.is_whole

    asyncio.run(scenario())


def test_no_process_is_left_behind() -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    names = [Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8", errors="replace") for child in children]
    assert [name for name in names if "camera_child" in name] == []
