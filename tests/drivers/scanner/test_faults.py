"""The fault matrix: every kind of driver killed, hung and unplugged, and the cameras' children too.

Each is read by the supervisor beside a scanner that is well. Whatever happens to the one, it is back within its time,
and the other never notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from codes.reading import Scan
from drivers.scanner import Scanner, open_scanner, parse_spec, stream
from drivers.scanner.simulated.boxes import Look
from drivers.scanner.simulated.camera import SimulatedCameraScanner
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.pos import SimulatedPosScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import SimulatedScanner
from drivers.scanner.stream import StreamScanner
from drivers.scanner.zbar import why_absent
from edge.clock import SystemClock
from edge.health import DeviceState, DeviceStatus
from edge.supervisor import Patience, Supervisor
from web.live import LiveBus

BACK_S = 30.0
"""T-60."""
TRACE, NEXT, OTHER = b"83857930000879766660", b"83857930000879766677", b"6924561884074"
BRISK = Patience(hung_s=1.0)
"""As in a terminal, but for how soon a loop that stands still is noticed."""
CAMERA = Patience(hung_s=5.0)
"""A camera's process may wait two seconds for libzbar."""
WIRED = {
    "serial": lambda path: SimulatedSerialScanner(path, random=Random(1), baud=115200, name="x"),
    "keyboard": lambda path: SimulatedKeyboardScanner(path, random=Random(1), name="x"),
    "pos": lambda path: SimulatedPosScanner(path, random=Random(1), name="x"),
}


@dataclass
class Counter:
    """Two scanners under one supervisor: one to which things happen, and one that is well."""

    supervisor: Supervisor
    queue: asyncio.Queue[Scan]
    bus: LiveBus
    device: str
    other: SimulatedSerialScanner
    """The scanner that is well."""

    def status(self) -> DeviceStatus:
        return next(one for one in self.supervisor.statuses() if one.device == self.device)

    def witness(self) -> DeviceStatus:
        return next(one for one in self.supervisor.statuses() if one.device == "serial:witness")

    async def until(self, claim: Callable[[DeviceStatus], bool]) -> None:
        async with asyncio.timeout(BACK_S):
            while not claim(self.status()):  # noqa: ASYNC110 - the claim is about another process
                await asyncio.sleep(0.01)

    async def ready(self, restarts: int = 0) -> None:
        await self.until(lambda one: one.state is DeviceState.READY and one.restarts >= restarts)

    async def next(self) -> Scan:
        async with asyncio.timeout(BACK_S):
            return await self.queue.get()

    def told(self) -> list[str]:
        return [live.data for live in self.bus._ring if live.event == "alert"]


@contextlib.asynccontextmanager
async def supervised(
    make: Callable[[], Scanner], device: str, folder: Path, patience: Patience = BRISK
) -> AsyncIterator[Counter]:
    witness = SimulatedSerialScanner(folder / "witness", random=Random(7), name="witness")
    makers = {device: make, "serial:witness": lambda: open_scanner(parse_spec(witness.spec))}
    queue: asyncio.Queue[Scan] = asyncio.Queue(16)
    bus = LiveBus()
    supervisor = Supervisor(makers, queue, bus, clock=SystemClock(), rng=random.Random(1), patience=patience)
    caring = asyncio.create_task(supervisor.run())
    counter = Counter(supervisor, queue, bus, device, witness)
    try:
        await counter.ready()
        yield counter
        before = counter.witness().scans
        assert (await witness.scan(OTHER)).is_whole
        assert await counter.next() == Scan(OTHER, None, "serial:witness")
        assert (counter.witness().restarts, counter.witness().scans) == (0, before + 1)
    finally:
        caring.cancel()
        await asyncio.wait([caring])
        witness.close()


@pytest.fixture(params=WIRED)
def gun(request, tmp_path, monkeypatch) -> Iterator[SimulatedScanner]:
    monkeypatch.setattr(stream, "_TURN_S", 0.1)
    gun = WIRED[request.param](tmp_path / "gun")
    yield gun
    gun.close()


def driver_of(gun: SimulatedScanner) -> StreamScanner:
    scanner = open_scanner(parse_spec(gun.spec))
    assert isinstance(scanner, StreamScanner)
    return scanner


async def reads_again(counter: Counter, gun: SimulatedScanner) -> None:
    assert (await gun.scan(NEXT)).is_whole
    assert (await counter.next()).raw == NEXT


@pytest.mark.req("T-60")
def test_a_wired_scanner_that_is_unplugged_is_back(gun, tmp_path):
    async def play():
        scanner = driver_of(gun)
        async with supervised(lambda: scanner, scanner.device, tmp_path) as counter:
            await gun.scan(TRACE)
            assert (await counter.next()).raw == TRACE
            gun.unplug()
            await counter.until(lambda one: one.state is DeviceState.LOST)
            gun.plug()
            await counter.ready(1)
            await reads_again(counter, gun)

    asyncio.run(play())


@pytest.mark.req("T-60")
@pytest.mark.parametrize("death", [RuntimeError("a bug"), asyncio.CancelledError(), MemoryError()])
def test_a_wired_driver_that_dies_is_back(gun, tmp_path, death):
    async def play():
        scanner = driver_of(gun)
        read = scanner._read

        async def die(_stream):
            scanner._read = read
            raise death

        async with supervised(lambda: scanner, scanner.device, tmp_path) as counter:
            scanner._read = die
            await counter.ready(1)
            assert "driver.crashed" in counter.told()[0]
            await reads_again(counter, gun)

    asyncio.run(play())


@pytest.mark.req("T-60")
def test_a_cable_that_breaks_off_six_times_in_a_minute_opens_the_breaker_and_no_code_is_lost(tmp_path):
    gun = WIRED["serial"](tmp_path / "gun")
    loose = Patience(first_s=0.01, most_s=0.02, breaker_s=0.5)

    async def play():
        scanner = driver_of(gun)
        async with supervised(lambda: scanner, scanner.device, tmp_path, loose) as counter:
            for number in range(loose.most_breaks):
                assert (await gun.scan(TRACE)).is_whole
                assert (await counter.next()).raw == TRACE
                assert "driver.breaker_open" not in "".join(counter.told()), number
                opened = scanner.progress.opened
                gun.unplug()
                await counter.until(lambda one: not scanner.progress.is_open)
                if number < loose.most_breaks - 1:
                    gun.plug()
                    await counter.until(lambda one, before=opened: scanner.progress.opened > before)
            await counter.until(lambda one: one.state is DeviceState.FAILED)
            (alarm,) = [json.loads(said) for said in counter.told() if "driver.breaker_open" in said]
            assert alarm["tone"] == "alarm"
            gun.plug()
            await counter.until(lambda one: one.state is DeviceState.READY)
            await reads_again(counter, gun)
            assert counter.status().scans == loose.most_breaks + 1

    asyncio.run(play())
    gun.close()


@pytest.mark.req("T-60")
def test_a_wired_scanner_that_is_plugged_in_but_silent_is_said_until_it_scans(gun, tmp_path):
    async def play():
        scanner = driver_of(gun)
        some = Patience(hung_s=1.0, silent_after_scans=3)
        async with supervised(lambda: scanner, scanner.device, tmp_path, some) as counter:
            await counter.until(lambda _: counter.witness().state is DeviceState.READY)
            for _ in range(some.silent_after_scans):
                assert counter.status().state is DeviceState.READY
                assert (await counter.other.scan(OTHER)).is_whole
                assert (await counter.next()).raw == OTHER
            await counter.until(lambda one: one.state is DeviceState.SILENT)
            assert counter.status().problem == "driver.silent"
            await reads_again(counter, gun)
            await counter.until(lambda one: one.state is DeviceState.READY)
            assert counter.status().problem is None

    asyncio.run(play())


@pytest.mark.req("T-60")
def test_a_wired_driver_that_stands_still_is_made_anew(gun, tmp_path):
    made: list[StreamScanner] = []

    def make() -> StreamScanner:
        made.append(driver_of(gun))
        return made[-1]

    async def stand_still(_stream):
        await asyncio.get_running_loop().create_future()

    async def play():
        async with supervised(make, make().device, tmp_path) as counter:
            made[-1]._read = stand_still
            await counter.ready(1)
            assert "driver.hung" in counter.told()[0]
            assert not made[1].progress.is_open
            await reads_again(counter, gun)

    asyncio.run(play())


@pytest.mark.req("T-60")
def test_a_device_that_blocks_whoever_opens_it_blocks_nobody_else(gun, tmp_path):
    # Opening a pipe that nobody writes to never comes back, as with a device that is stuck in the kernel.
    os.mkfifo(tmp_path / "stuck")
    opening = driver_of(gun)._opening

    @contextlib.contextmanager
    def stuck():
        os.close(os.open(tmp_path / "stuck", os.O_RDONLY))
        yield

    async def play():
        scanner = driver_of(gun)
        async with supervised(lambda: scanner, scanner.device, tmp_path) as counter:
            scanner._opening = stuck
            gun.unplug()
            await counter.until(lambda one: one.restarts >= 1 and one.state is DeviceState.OPENING)
            gun.plug()
            scanner._opening = opening
            counter.supervisor._charges[0].still_s = BRISK.opening_s
            await counter.ready(2)
            assert "driver.hung" in counter.told()[-1]
            await reads_again(counter, gun)

    asyncio.run(play())


def test_a_terminal_line_whose_other_side_sends_nothing_is_well(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "_TURN_S", 0.1)
    gun = WIRED["serial"](tmp_path / "gun")

    async def play():
        scanner = driver_of(gun)
        async with supervised(lambda: scanner, scanner.device, tmp_path) as counter:
            async with asyncio.timeout(BACK_S):
                while scanner.progress.turns < 12:  # noqa: ASYNC110 - a scanner tells this by its counts only
                    await asyncio.sleep(0.01)
            assert counter.status() == DeviceStatus(scanner.device, DeviceState.READY, 0, 0)
            assert counter.told() == []
            await reads_again(counter, gun)

    asyncio.run(play())
    gun.close()


@pytest.fixture
def zbar_is_there() -> None:
    absent = why_absent()
    if absent is not None:
        pytest.skip(absent.en)


@pytest.fixture
def camera() -> Iterator[SimulatedCameraScanner]:
    twin = SimulatedCameraScanner(name="x", size=(640, 480), look=Look(2.5))
    yield twin
    twin.close()


def watched(camera: SimulatedCameraScanner, folder: Path) -> contextlib.AbstractAsyncContextManager[Counter]:
    return supervised(lambda: open_scanner(parse_spec(camera.spec)), "camera:x", folder, CAMERA)


def children_of(pid: int, program: str) -> list[int]:
    found = []
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()):
        command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if program.encode() in command:
            found.append(child)
    return found


async def child_of(pid: int, program: str) -> int:
    async with asyncio.timeout(BACK_S):
        while not (found := children_of(pid, program)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    return found[0]


def holds_libzbar(pid: int) -> bool:
    return "libzbar" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


async def zbar_of(camera_child: int) -> int:
    """Return the process that holds libzbar, once it does."""
    pid = await child_of(camera_child, "drivers.scanner.zbar_child")
    async with asyncio.timeout(BACK_S):
        while not holds_libzbar(pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
    return pid


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def gone(pid: int) -> None:
    async with asyncio.timeout(BACK_S):
        while is_there(pid):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)


async def sees_again(counter: Counter, camera: SimulatedCameraScanner) -> None:
    await camera.scan(NEXT)
    # A camera that was opened anew may also see the box that has lain there since before.
    while (scan := await counter.next()).raw == TRACE:
        pass
    assert scan.raw == NEXT


@pytest.mark.slow
@pytest.mark.req("T-60")
@pytest.mark.usefixtures("zbar_is_there")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_camera_whose_process_is_killed_or_stopped_is_back_and_nothing_stays_behind(camera, tmp_path, number):
    async def play():
        async with watched(camera, tmp_path) as counter:
            child = await child_of(os.getpid(), "drivers.scanner.camera_child")
            await camera.scan(TRACE)
            assert (await counter.next()).raw == TRACE
            zbar = await zbar_of(child)
            os.kill(zbar, signal.SIGSTOP)
            os.kill(child, number)
            await counter.ready(1)
            await gone(child)
            await gone(zbar)
            await sees_again(counter, camera)

    asyncio.run(play())


@pytest.mark.slow
@pytest.mark.req("T-60")
@pytest.mark.usefixtures("zbar_is_there")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_camera_whose_zbar_is_killed_or_stopped_goes_on_without_a_break(camera, tmp_path, number):
    async def play():
        async with watched(camera, tmp_path) as counter:
            child = await child_of(os.getpid(), "drivers.scanner.camera_child")
            await camera.scan(TRACE)
            assert (await counter.next()).raw == TRACE
            os.kill(await zbar_of(child), number)
            await sees_again(counter, camera)
            assert (counter.status().restarts, counter.told()) == (0, [])

    asyncio.run(play())


@pytest.mark.slow
@pytest.mark.req("T-60")
def test_a_camera_that_is_unplugged_is_back(camera, tmp_path):
    async def play():
        async with watched(camera, tmp_path) as counter:
            camera.unplug()
            await counter.until(lambda one: one.state is DeviceState.LOST)
            camera.plug()
            await counter.ready(1)
            await sees_again(counter, camera)

    asyncio.run(play())
