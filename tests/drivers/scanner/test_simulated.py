"""Twins write true bytes, and are honest about bytes that nobody will ever read."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from pathlib import Path
from random import Random
from threading import Thread
from urllib.request import urlopen

import pytest

from drivers.scanner import input_event as keys
from drivers.scanner.simulated.camera import SimulatedCameraScanner
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.pos import SimulatedPosScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault

TRACE = b"83857930000879766660"
TWINS = [SimulatedSerialScanner, SimulatedKeyboardScanner, SimulatedPosScanner]


@pytest.fixture(params=TWINS, ids=lambda twin: twin.__name__)
def twin_class(request):
    return request.param


@pytest.fixture
def twin(twin_class, tmp_path, random, no_wait):
    twin = twin_class(tmp_path / "device", random=random, wait=no_wait, patience_s=0.05)
    yield twin
    twin.close()


def node_of(twin) -> Path:
    return Path(twin.spec.split(":")[1].split(",")[0].split(";")[0])


@pytest.mark.parametrize("fault", [None, Fault.NO_SUFFIX, Fault.DOUBLED, Fault.DROP_GS, Fault.UNPLUGGED])
def test_a_twin_nobody_reads_neither_waits_nor_fails_and_says_that_all_is_lost(twin, fault):
    delivery = asyncio.run(twin.scan(TRACE, fault=fault))
    assert delivery.written == 0
    assert delivery.lost >= len(TRACE)
    assert not delivery.is_whole


def test_a_delivery_says_when_its_last_byte_was_handed_over_without_the_time_on_the_line(twin_class, tmp_path, random):
    """Latencies are measured from there: the air time that follows would make them look shorter than they are."""
    waits = []

    async def note(seconds: float) -> None:
        waits.append(time.time())

    twin = twin_class(tmp_path / "device", random=random, wait=note)
    reader = os.open(node_of(twin), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    began = time.time()
    delivery = asyncio.run(twin.scan(TRACE * 20))
    assert len(waits) > 1
    assert began <= waits[-2] <= delivery.handed_at <= waits[-1]
    os.close(reader)
    assert asyncio.run(twin.scan(TRACE)).handed_at is None
    twin.close()


def test_a_camera_that_somebody_watches_says_when_the_box_was_put_before_it():
    camera = SimulatedCameraScanner(fps=100.0, hold_frames=2)
    began = time.time()
    with urlopen(camera.camera.url) as stream:  # noqa: S310 - our own loopback camera
        reader = Thread(target=lambda: deque(iter(lambda: stream.read(65536), b""), maxlen=0))
        reader.start()
        delivery = asyncio.run(camera.scan(TRACE))
        ended = time.time()
        camera.close()
        reader.join(5)
    assert delivery.is_whole
    assert began < delivery.handed_at < ended


def test_a_twin_whose_reader_was_killed_says_so(twin):
    reader = os.open(node_of(twin), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    assert asyncio.run(twin.scan(TRACE)).is_whole
    os.close(reader)
    assert asyncio.run(twin.scan(TRACE)).written == 0


def test_a_twin_whose_reader_hangs_gives_up_in_the_end(twin):
    reader = os.open(node_of(twin), os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)

    async def fill() -> bool:
        for _ in range(400):
            if not (await twin.scan(TRACE * 20)).is_whole:
                return True
        return False

    assert asyncio.run(fill())
    os.close(reader)


def test_an_unplugged_twin_has_no_node_and_a_plugged_one_has(twin):
    node = node_of(twin)
    assert node.exists()
    twin.unplug()
    twin.unplug()
    assert not node.exists()
    assert not node.is_symlink()
    assert not asyncio.run(twin.scan(TRACE)).is_whole
    twin.plug()
    twin.plug()
    assert node.exists()
    twin.close()
    assert not node.is_symlink()


def test_the_serial_twin_keeps_to_the_speed_of_its_line(tmp_path, random):
    waited = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    gun = SimulatedSerialScanner(tmp_path / "gun", random=random, baud=9600, wait=note)
    reader = os.open(tmp_path / "gun", os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
    asyncio.run(gun.scan(TRACE + b"9"))
    # 22 bytes of 10 bits: the 22.9 ms of reference for one trace code at 9600 baud.
    assert sum(waited) == pytest.approx(0.0229, abs=0.0001)
    assert os.read(reader, 100) == TRACE + b"9\r"
    os.close(reader)
    gun.close()


def test_the_same_seed_gives_the_same_bytes_in_the_same_pieces(tmp_path, no_wait):
    def pieces(name: str) -> list[float]:
        waited: list[float] = []

        async def note(seconds: float) -> None:
            waited.append(seconds)

        gun = SimulatedSerialScanner(tmp_path / name, random=Random(7), wait=note)
        asyncio.run(gun.scan(TRACE * 10))
        gun.close()
        return waited

    assert pieces("a") == pieces("b")
    assert len(pieces("c")) > 1


def test_a_twenty_digit_scan_is_the_126_events_of_a_real_keyboard(tmp_path, random, no_wait):
    gun = SimulatedKeyboardScanner(tmp_path / "gun", random=random, wait=no_wait, clock=lambda: 100.0)
    reader = os.open(tmp_path / "gun", os.O_RDONLY | os.O_NONBLOCK)
    asyncio.run(gun.scan(TRACE))
    written = os.read(reader, 65536)
    os.close(reader)
    gun.close()
    events = list(keys.RecordReader().feed(written))
    assert len(events) == len(written) / 24 == 126
    assert events[0] == (100.0, keys.EV_MSC, keys.MSC_SCAN, 0x70009)
    assert events[-1][0] == pytest.approx(100.041)


def test_a_report_is_the_64_bytes_of_a_real_scanner(tmp_path, random, no_wait):
    gun = SimulatedPosScanner(tmp_path / "gun", random=random, wait=no_wait)
    reader = os.open(tmp_path / "gun", os.O_RDONLY | os.O_NONBLOCK)
    asyncio.run(gun.scan(TRACE, "]C0"))
    assert os.read(reader, 65536) == b"\x02\x14]C0" + TRACE + bytes(36) + b"?\0\0"
    os.close(reader)
    gun.close()
