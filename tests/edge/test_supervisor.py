"""Whatever happens to a scanner, the others go on, nothing decoded is lost, and a person is told once."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from codes.reading import Scan
from codes.words import Words
from drivers.errors import DeviceLostError, DeviceMissingError, DeviceUnsupportedError
from drivers.scanner import Progress
from edge.health import DeviceState, DeviceStatus
from edge.supervisor import Patience, Supervisor
from tests.edge.timeline import Timeline
from web.live import LiveBus

PATIENCE = Patience()
LEFT, RIGHT = "serial:left", "serial:right"


@dataclass
class ScriptedScanner:
    """A scanner that does what its script says, one list per opening: bytes are scans, an error is raised."""

    device: str
    script: list[list[bytes | BaseException | None]]
    is_open: bool = False
    opened: int = 0
    scanned: int = 0
    turns: int = 0
    is_stuck: bool = False
    """Its loop stands still."""
    is_stubborn: bool = False
    """It does not end when it is told to."""
    is_mute: bool = False
    """No byte ever comes from it."""
    is_starved: bool = False
    occupant: str = ""
    decoded: list[bytes] = field(default_factory=list)
    """Decoded and not yielded."""

    @property
    def progress(self) -> Progress:
        # Whoever looks finds that the loop has come round.
        self.turns += not self.is_stuck
        return Progress(
            is_open=self.is_open,
            opened=self.opened,
            bytes_seen=0 if self.is_mute else self.opened + self.scanned,
            scans=self.scanned,
            turns=self.turns,
            is_starved=self.is_starved,
            occupant=self.occupant,
        )

    def left(self) -> tuple[Scan, ...]:
        scans = tuple(Scan(raw, None, self.device) for raw in self.decoded)
        self.decoded.clear()
        self.scanned += len(scans)
        return scans

    async def scans(self) -> AsyncGenerator[Scan]:
        steps = self.script.pop(0) if self.script else [None]
        if steps and isinstance(steps[0], DeviceMissingError):
            raise steps[0]
        self.is_open, self.opened = True, self.opened + 1
        try:
            for step in steps:
                if step is None:
                    await self._wait_for_ever()
                elif isinstance(step, bytes):
                    self.scanned += 1
                    yield Scan(step, None, self.device)
                else:
                    raise step
        finally:
            self.is_open = False

    async def _wait_for_ever(self) -> None:
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                if not self.is_stubborn:
                    raise


@dataclass
class Stage:
    """A supervisor with scripted scanners, on a timeline."""

    scanners: list[ScriptedScanner]
    queue_size: int = 100
    timeline: Timeline = field(default_factory=Timeline)
    bus: LiveBus = field(default_factory=LiveBus)

    def __post_init__(self) -> None:
        self.queue: asyncio.Queue[Scan] = asyncio.Queue(self.queue_size)
        self.supervisor = Supervisor(
            {scanner.device: lambda scanner=scanner: scanner for scanner in self.scanners},
            self.queue,
            self.bus,
            clock=self.timeline.clock,
            rng=random.Random(1),
            sleep=self.timeline.sleep,
        )

    def play(self, scene: Callable[[], Awaitable[None]]) -> None:
        async def whole() -> None:
            task = asyncio.create_task(self.supervisor.run())
            await self.timeline.settle()
            await scene()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

        asyncio.run(whole())

    def read(self) -> list[bytes]:
        return [self.queue.get_nowait().raw for _ in range(self.queue.qsize())]

    def status(self, device: str = LEFT) -> DeviceStatus:
        return next(status for status in self.supervisor.statuses() if status.device == device)

    def heard(self, event: str) -> list[dict[str, object]]:
        return [json.loads(live.data) for live in self.bus._ring if live.event == event]


def missing() -> DeviceMissingError:
    return DeviceMissingError(LEFT, "/dev/ttyACM0")


def lost() -> DeviceLostError:
    return DeviceLostError(LEFT, "/dev/ttyACM0")


def test_scans_of_all_scanners_reach_the_queue() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", b"2", None]]), ScriptedScanner(RIGHT, [[b"3", None]])])

    async def scene() -> None:
        assert sorted(stage.read()) == [b"1", b"2", b"3"]
        await stage.timeline.advance(1)
        assert stage.status() == DeviceStatus(LEFT, DeviceState.READY, 2, 0)
        assert [news["state"] for news in stage.heard("device")].count("ready") == 2

    stage.play(scene)


@pytest.mark.req("T-08")
def test_scan_that_was_not_recorded_is_counted_apart() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", b"2", None]]), ScriptedScanner(RIGHT, [[b"3", None]])])

    async def scene() -> None:
        stage.supervisor.note_refused(LEFT)
        stage.supervisor.note_refused("api")
        assert stage.status() == DeviceStatus(LEFT, DeviceState.READY, 1, 0, refused=1)
        assert stage.status(RIGHT) == DeviceStatus(RIGHT, DeviceState.READY, 1, 0)

    stage.play(scene)


@pytest.mark.req("T-60")
def test_device_that_goes_away_is_back_within_thirty_seconds() -> None:
    absent: list[list[bytes | BaseException | None]] = [[missing()] for _ in range(40)]
    stage = Stage([ScriptedScanner(LEFT, [[b"1", lost()], *absent, [b"2", None]])])

    async def scene() -> None:
        await stage.timeline.advance(10)
        assert stage.read() == [b"1"]
        assert (stage.status().state, stage.status().problem) == (DeviceState.LOST, "driver.no_such_device")
        stage.scanners[0].script[:] = [[b"2", None]]
        await stage.timeline.advance(30)
        assert stage.read() == [b"2"]
        assert stage.status().state is DeviceState.READY
        assert stage.status().problem is None

    stage.play(scene)


def test_person_is_told_once_that_it_is_gone_and_once_that_it_is_back() -> None:
    gone = Stage([ScriptedScanner(LEFT, [[missing()] for _ in range(8)] + [[None]])])

    async def eight_tries() -> None:
        await gone.timeline.advance(60)
        assert [alert["code"] for alert in gone.heard("alert")] == ["driver.no_such_device"]
        assert [news["state"] for news in gone.heard("device")] == ["opening", "lost", "ready"]

    gone.play(eight_tries)


def test_waits_grow_with_jitter_up_to_a_bound() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[missing()] for _ in range(12)])])

    async def scene() -> None:
        await stage.timeline.advance(60)
        waits = [seconds for seconds in stage.timeline.asked if seconds != PATIENCE.watch_s][:10]
        ceilings = [min(PATIENCE.most_s, PATIENCE.first_s * 2**number) for number in range(1, 11)]
        assert all(ceiling / 2 <= wait <= ceiling for wait, ceiling in zip(waits, ceilings, strict=True))
        assert len(set(waits)) == len(waits)

    stage.play(scene)


@pytest.mark.req("T-60")
@pytest.mark.parametrize("failure", [RuntimeError("a bug"), lost(), ValueError()])
def test_sixth_break_in_a_minute_opens_the_breaker_and_alarms(failure: Exception) -> None:
    stage = Stage(
        [ScriptedScanner(LEFT, [[failure] for _ in range(6)] + [[b"well", None]]), ScriptedScanner(RIGHT, [])]
    )

    async def scene() -> None:
        await stage.timeline.advance(5)
        assert (stage.status().state, stage.status().problem) == (DeviceState.FAILED, "driver.breaker_open")
        assert [alert["code"] for alert in stage.heard("alert")].count("driver.breaker_open") == 1
        assert stage.heard("alert")[-1]["tone"] == "alarm"
        assert stage.status(RIGHT).state is DeviceState.READY
        assert stage.read() == []
        await stage.timeline.advance(PATIENCE.breaker_s)
        assert stage.read() == [b"well"]
        assert stage.status() == DeviceStatus(LEFT, DeviceState.READY, 1, 6)

    stage.play(scene)


def test_five_breaks_or_slow_ones_do_not_open_it() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[lost()] for _ in range(5)] + [[None]])])

    async def scene() -> None:
        await stage.timeline.advance(70)
        assert stage.status().state is DeviceState.READY

    stage.play(scene)


def test_breaks_are_forgotten_after_the_window() -> None:
    waits = Timeline()
    stage = Stage([ScriptedScanner(LEFT, [[None]])], timeline=waits)
    charge = stage.supervisor._charges[0]
    for _ in range(20):
        assert not stage.supervisor._is_one_too_many(charge)
        waits.clock.advance(PATIENCE.window_s / 5)


def test_driver_that_ends_by_itself_is_started_again() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1"], [b"2", None]])])

    async def scene() -> None:
        await stage.timeline.advance(2)
        assert stage.read() == [b"1", b"2"]
        assert stage.heard("alert")[0]["code"] == "driver.crashed"

    stage.play(scene)


def test_device_that_needs_a_person_is_tried_rarely() -> None:
    tries: list[int] = []

    def make() -> ScriptedScanner:
        tries.append(1)
        raise DeviceUnsupportedError(LEFT, Words("缺少组件", "a part is missing"))

    timeline, bus = Timeline(), LiveBus()
    supervisor = Supervisor(
        {LEFT: make}, asyncio.Queue(), bus, clock=timeline.clock, rng=random.Random(1), sleep=timeline.sleep
    )

    async def scene() -> None:
        task = asyncio.create_task(supervisor.run())
        await timeline.advance(PATIENCE.config_s * 2 + 1)
        (status,) = supervisor.statuses()
        assert (status.state, status.problem, status.scans) == (DeviceState.FAILED, "driver.unsupported", 0)
        assert status.words == Words("缺少组件", "a part is missing")
        assert len(tries) == 3
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(scene())


@pytest.mark.req("P-03")
def test_full_queue_makes_the_driver_wait_and_drops_nothing() -> None:
    codes = [str(number).encode() for number in range(50)]
    stage = Stage([ScriptedScanner(LEFT, [[*codes, None]])], queue_size=3)

    async def scene() -> None:
        read: list[bytes] = []
        assert stage.queue.full()
        assert stage.scanners[0].scanned == 4
        while len(read) < len(codes):
            read += stage.read()
            await stage.timeline.settle()
        assert read == codes

    stage.play(scene)


def test_crash_after_a_scan_loses_no_scan() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", b"2", RuntimeError()], [b"3", None]])], queue_size=1)

    async def scene() -> None:
        read: list[bytes] = []
        for _ in range(30):
            read += stage.read()
            await stage.timeline.advance(0.1)
        assert read == [b"1", b"2", b"3"]

    stage.play(scene)


def test_stopping_closes_every_device() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[None]]), ScriptedScanner(RIGHT, [[None]])])

    async def scene() -> None:
        assert all(scanner.is_open for scanner in stage.scanners)

    stage.play(scene)
    assert not any(scanner.is_open for scanner in stage.scanners)


@pytest.mark.req("T-60")
def test_driver_whose_loop_stands_still_is_ended_and_made_anew_and_the_others_never_notice() -> None:
    stuck, well = ScriptedScanner(LEFT, [[b"1", None]]), ScriptedScanner(LEFT, [[b"2", None]])
    other = ScriptedScanner(RIGHT, [[b"3", None]])
    stage = Stage([stuck, other])
    makes = iter([stuck, well])
    stage.supervisor._charges[0].make = lambda: next(makes)

    async def scene() -> None:
        await stage.timeline.advance(1)
        stuck.is_stuck = True
        await stage.timeline.advance(PATIENCE.hung_s + 1)
        assert not stuck.is_open
        assert stage.heard("alert")[0]["code"] == "driver.hung"
        assert sorted(stage.read()) == [b"1", b"2", b"3"]
        assert stage.status() == DeviceStatus(LEFT, DeviceState.READY, 2, 1)
        assert stage.status(RIGHT) == DeviceStatus(RIGHT, DeviceState.READY, 1, 0)
        assert other.opened == 1

    stage.play(scene)


@pytest.mark.req("T-60")
def test_driver_that_will_not_end_is_left_to_itself_and_another_takes_its_place() -> None:
    stuck, well = ScriptedScanner(LEFT, [[None]], is_stubborn=True), ScriptedScanner(LEFT, [[b"2", None]])
    stage = Stage([stuck])
    makes = iter([stuck, well])
    stage.supervisor._charges[0].make = lambda: next(makes)

    async def scene() -> None:
        stuck.is_stuck = True
        await stage.timeline.advance(PATIENCE.hung_s + PATIENCE.end_s + 1)
        assert stuck.is_open
        assert stage.read() == [b"2"]
        assert stage.status().state is DeviceState.READY
        stuck.is_stubborn = False
        for driver in stage.supervisor._abandoned:
            driver.cancel()

    stage.play(scene)
    assert stage.supervisor._abandoned == set()


def test_driver_hangs_later_while_it_is_still_opening() -> None:
    opening = ScriptedScanner(LEFT, [[None]], is_stuck=True)
    stage = Stage([opening])

    async def scene() -> None:
        opening.is_open = False
        await stage.timeline.advance(PATIENCE.opening_s - 1)
        assert stage.heard("alert") == []
        await stage.timeline.advance(2)
        assert [alert["code"] for alert in stage.heard("alert")] == ["driver.hung"]

    stage.play(scene)


def test_driver_that_waits_for_the_counter_does_not_hang() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", b"2", None]], is_stuck=True)], queue_size=1)

    async def scene() -> None:
        await stage.timeline.advance(PATIENCE.hung_s * 3)
        assert stage.heard("alert") == []

    stage.play(scene)


def test_time_in_which_the_whole_process_was_held_up_counts_against_no_driver() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[None]], is_stuck=True)])

    async def scene() -> None:
        await stage.timeline.advance(1)
        # The machine slept for an hour: clocks went on, nothing here did.
        stage.timeline.clock.advance(3_600)
        await stage.timeline.advance(1)
        assert stage.heard("alert") == []

    stage.play(scene)


def test_cancellation_that_escapes_from_a_driver_is_a_crash_like_any_other() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", asyncio.CancelledError()], [b"2", None]])])

    async def scene() -> None:
        await stage.timeline.advance(2)
        assert stage.read() == [b"1", b"2"]
        assert stage.heard("alert")[0]["code"] == "driver.crashed"

    stage.play(scene)


@pytest.mark.parametrize("ending", [RuntimeError(), lost(), DeviceUnsupportedError(LEFT, Words("无", "none")), None])
def test_scans_that_a_failing_driver_had_decoded_are_handed_over(ending: Exception | None) -> None:
    script: list[bytes | BaseException | None] = [b"1", *([ending] if ending else [])]
    scanner = ScriptedScanner(LEFT, [script, [None]], decoded=[b"2", b"3"])
    stage = Stage([scanner], queue_size=1)

    async def scene() -> None:
        read: list[bytes] = []
        for _ in range(5):
            read += stage.read()
            await stage.timeline.settle()
        assert read == [b"1", b"2", b"3"]
        assert stage.status().scans == 3

    stage.play(scene)


def test_scans_that_wait_when_the_terminal_stops_are_handed_over_while_the_counter_takes_them() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", b"2", None]], decoded=[b"3"])], queue_size=1)
    read: list[bytes] = []

    async def whole() -> None:
        supervisor = asyncio.create_task(stage.supervisor.run())
        await stage.timeline.settle()
        supervisor.cancel()
        while not supervisor.done():
            read.extend(stage.read())
            await asyncio.sleep(0)
        read.extend(stage.read())

    asyncio.run(whole())
    assert read == [b"1", b"2", b"3"]


def test_scans_that_nobody_takes_when_the_terminal_stops_are_counted(logged: list[dict[str, object]]) -> None:
    stage = Stage([ScriptedScanner(LEFT, [[b"1", b"2", None]], decoded=[b"3"])], queue_size=1)
    stage.supervisor._patience = Patience(last_s=0.01)

    async def scene() -> None:
        assert stage.queue.full()

    stage.play(scene)
    assert [line["scans"] for line in logged if line["event"] == "device.scans_not_recorded"] == [2]


@pytest.mark.req("T-60")
def test_scanner_from_which_nothing_ever_came_is_silent_once_others_were_used_enough() -> None:
    mute = ScriptedScanner(LEFT, [[None]], is_mute=True)
    codes: list[bytes | BaseException | None] = [b"%d" % number for number in range(PATIENCE.silent_after_scans)]
    stage = Stage([mute, ScriptedScanner(RIGHT, [[*codes, None]])])

    async def silent() -> None:
        await stage.timeline.advance(1)
        status = stage.status()
        assert (status.state, status.problem) == (DeviceState.SILENT, "driver.silent")
        assert status.words is not None
        assert str(len(codes)) in status.words.zh
        assert stage.status(RIGHT).state is DeviceState.READY
        assert stage.heard("alert") == [], "a notice in the list, no alarm"
        mute.is_mute = False
        await stage.timeline.advance(1)
        assert stage.status().state is DeviceState.READY
        assert [news["state"] for news in stage.heard("device") if news["device"] == LEFT][-2:] == ["silent", "ready"]

    stage.play(silent)


def test_rule_of_silence_can_be_switched_off() -> None:
    codes: list[bytes | BaseException | None] = [b"1"] * 100
    stage = Stage([ScriptedScanner(LEFT, [[None]], is_mute=True), ScriptedScanner(RIGHT, [[*codes, None]])])
    stage.supervisor._patience = Patience(silent_after_scans=0)

    async def scene() -> None:
        await stage.timeline.advance(1)
        assert stage.status().state is DeviceState.READY

    stage.play(scene)


def test_camera_without_frames_is_silent_until_they_come_again() -> None:
    camera = ScriptedScanner("camera:0", [[None]], is_starved=True)
    stage = Stage([camera])

    async def scene() -> None:
        await stage.timeline.advance(1)
        assert (stage.status("camera:0").state, stage.status("camera:0").problem) == ("silent", "camera.silent")
        camera.is_starved = False
        await stage.timeline.advance(1)
        assert stage.status("camera:0").state is DeviceState.READY

    stage.play(scene)


@pytest.mark.req("T-60")
def test_another_device_at_the_configured_place_is_read_and_said() -> None:
    scanner = ScriptedScanner(LEFT, [[b"1", None]], occupant="Honeywell 1")
    stage = Stage([scanner])

    async def scene() -> None:
        await stage.timeline.advance(1)
        scanner.occupant = "Newland 7"
        await stage.timeline.advance(1)
        status = stage.status()
        assert (status.state, status.problem) == (DeviceState.READY, "driver.another_device")
        assert status.words is not None
        assert "Newland 7" in status.words.zh
        assert "Honeywell 1" in status.words.zh
        assert [alert["code"] for alert in stage.heard("alert")] == ["driver.another_device"]
        scanner.occupant = "Honeywell 1"
        await stage.timeline.advance(1)
        assert stage.status() == DeviceStatus(LEFT, DeviceState.READY, 1, 0)

    stage.play(scene)


@pytest.mark.req("T-48")
def test_watchdog_sees_that_states_are_looked_at_whatever_the_scanners_do() -> None:
    stage = Stage([ScriptedScanner(LEFT, [[missing()]] * 99)])

    async def scene() -> None:
        for _ in range(3):
            before = stage.supervisor.turns
            await stage.timeline.advance(1)
            assert stage.supervisor.turns > before

    stage.play(scene)
