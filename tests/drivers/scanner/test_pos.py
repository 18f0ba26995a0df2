"""A HID-POS scanner in a pipe of reports."""

from __future__ import annotations

import asyncio

import pytest

from codes.reading import Flag, Scan
from drivers.errors import DeviceLostError, DeviceMissingError, DeviceUnsupportedError
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.decoder import GAP
from drivers.scanner.simulated.pos import SimulatedPosScanner
from drivers.scanner.simulated.twin import Fault
from drivers.scanner.spec import ReportLayout

TRACE = b"83857930000879766660"
GS1 = b"010690123456789217280131" + b"10LOT1\x1d21SN1"
LONG = b"https://example.org/" + b"8" * 200


@pytest.fixture
def make(tmp_path, random, no_wait):
    made = []

    def make(**settings) -> SimulatedPosScanner:
        made.append(SimulatedPosScanner(tmp_path / f"pos{len(made)}", random=random, wait=no_wait, **settings))
        return made[-1]

    yield make
    for gun in made:
        gun.close()


@pytest.mark.req("T-20")
@pytest.mark.parametrize("reports", [ReportLayout.AIM, ReportLayout.PLAIN, ReportLayout.BARE])
def test_codes_arrive_byte_for_byte(make, listen, reports):
    gun = make(reports=reports, name="left")
    symbology = "]d2" if reports is ReportLayout.AIM else None

    async def play():
        async with listen(gun.spec) as ear:
            for code in (GS1, LONG, "头孢".encode()):
                assert (await gun.scan(code, "]d2")).is_whole
            return await ear.count(3)

    assert asyncio.run(play()) == [
        Scan(raw=code, symbology=symbology, source="pos:left") for code in (GS1, LONG, "头孢".encode())
    ]


def test_faults_show_and_the_next_scan_is_right(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(LONG, "]Q1", fault=Fault.REPORT_LOST)
            await gun.scan(TRACE, "]C0", fault=Fault.DOUBLED)
            await gun.scan(GS1, "]d2", fault=Fault.DROP_GS)
            return await ear.count(4)

    torn, *others = asyncio.run(play())
    assert (torn.raw, torn.flags) == (LONG[: 56 * 3] + GAP, (Flag.UNDECODABLE,))
    assert [scan.raw for scan in others] == [TRACE, TRACE, GS1.replace(b"\x1d", b"")]


def test_the_only_report_of_a_code_cannot_be_the_lost_one(make):
    with pytest.raises(ValueError, match="one report"):
        asyncio.run(make().scan(TRACE, fault=Fault.REPORT_LOST))


@pytest.mark.req("T-60")
def test_an_unplugged_scanner_is_reported_and_read_again_when_it_is_back(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(TRACE, "]C0")
            await ear.count(1)
            await gun.scan(LONG, "]Q1", fault=Fault.UNPLUGGED)
            await ear.until(lambda ear: len(ear.errors) == 2)
            gun.plug()
            await ear.opened(2)
            await gun.scan(GS1, "]d2")
            return await ear.count(2), ear.errors

    scans, errors = asyncio.run(play())
    assert [scan.raw for scan in scans] == [TRACE, GS1]
    assert [type(error) for error in errors] == [DeviceLostError, DeviceMissingError]


def test_what_is_no_hidraw_device_is_said_to_be_none():
    async def read():
        await anext(open_scanner(parse_spec("pos:/dev/null")).scans())

    with pytest.raises(DeviceUnsupportedError):
        asyncio.run(read())
