"""The demo's devices are read by the drivers of production, under the names that the cashiers know."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.camera import CameraScanner
from drivers.scanner.spec import CameraSpec, KeyboardSpec, SerialSpec
from drivers.scanner.stream import StreamScanner
from sim.plan import Way
from sim.shops import Devices, plug_devices


@pytest.fixture
def devices(tmp_path: Path):
    plugged = plug_devices(tmp_path, 1)
    yield plugged
    plugged.close()


def test_each_way_leads_through_the_driver_that_a_real_device_of_its_kind_has(devices: Devices) -> None:
    specs = {devices.names[spec.device]: spec for spec in map(parse_spec, devices.specs)}
    kinds = {way: type(spec) for way, spec in specs.items()}
    assert kinds == {Way.SERIAL: SerialSpec, Way.HID: KeyboardSpec, Way.CAMERA: CameraSpec}
    drivers = {way: type(open_scanner(spec)) for way, spec in specs.items()}
    assert drivers == {Way.SERIAL: StreamScanner, Way.HID: StreamScanner, Way.CAMERA: CameraScanner}


def test_every_way_has_a_scanner_to_pull(devices: Devices) -> None:
    assert set(devices.by_way) == set(devices.names.values()) == set(Way)
