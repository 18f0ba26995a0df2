"""A serial scanner on a pseudo-terminal: opened for one reader, read whole, lost and found again."""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from pathlib import Path

import pytest

from codes.reading import Flag, Scan
from drivers.errors import (
    DeviceBusyError,
    DeviceLostError,
    DeviceMissingError,
    DeviceUnsupportedError,
)
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.decoder import MAX_SCAN_BYTES
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault

TRACE = b"83857930000879766660"
OTHER = b"83003850000000131888"
GS1 = b"010690123456789217280131" + b"10LOT1\x1d21SN1"


@pytest.fixture
def gun(tmp_path, random, no_wait):
    gun = SimulatedSerialScanner(
        tmp_path / "gun", random=random, baud=115200, sends_aim=True, name="left", wait=no_wait
    )
    yield gun
    gun.close()


def first_scan(spec: str) -> Scan:
    async def read() -> Scan:
        return await anext(open_scanner(parse_spec(spec)).scans())

    return asyncio.run(read())


@pytest.mark.req("T-20")
def test_codes_arrive_byte_for_byte_with_symbology_and_separator(gun, listen):
    async def play():
        async with listen(gun.spec) as ear:
            assert (await gun.scan(GS1, "]d2")).is_whole
            assert (await gun.scan(TRACE, "]C0")).is_whole
            return await ear.count(2), ear.scanner.progress

    scans, progress = asyncio.run(play())
    assert scans == [
        Scan(raw=GS1, symbology="]d2", source="serial:left"),
        Scan(raw=TRACE, symbology="]C0", source="serial:left"),
    ]
    assert (progress.is_open, progress.opened, progress.scans) == (True, 1, 2)
    assert progress.bytes_seen == len(b"]d2" + GS1 + b"\r]C0" + TRACE + b"\r")
    assert progress.last_progress is not None


def test_what_came_before_the_port_was_opened_is_thrown_away(gun, listen):
    async def play():
        async with listen(gun.spec):
            pass
        port = os.open(gun.spec.split(":")[1].split(",")[0], os.O_RDWR | os.O_NOCTTY)
        delivery = await gun.scan(OTHER)
        async with asyncio.timeout(30):
            while unread(port) < delivery.written:  # noqa: ASYNC110 - the kernel passes it on in its own time
                await asyncio.sleep(0)
        async with listen(gun.spec) as ear:
            os.close(port)
            await gun.scan(TRACE)
            return await ear.count(1)

    assert [scan.raw for scan in asyncio.run(play())] == [TRACE]


def unread(port: int) -> int:
    (count,) = struct.unpack("i", fcntl.ioctl(port, termios.FIONREAD, bytes(4)))
    return count


@pytest.mark.parametrize("text", [b"\xff\xfe\x80\x00\x81", "阿莫西林".encode("gb18030"), "头孢".encode()])
def test_bytes_that_are_no_ascii_are_passed_on_as_they_came(gun, listen, text):
    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(text)
            return await ear.count(1)

    assert asyncio.run(play())[0].raw == text


def test_a_missing_suffix_is_made_up_for_by_silence_and_counted(gun, listen):
    async def play():
        async with listen(gun.spec + ";silence_ms=20") as ear:
            await gun.scan(TRACE, fault=Fault.NO_SUFFIX)
            return await ear.count(1), ear.scanner.progress

    scans, progress = asyncio.run(play())
    assert [scan.raw for scan in scans] == [TRACE]
    assert progress.unterminated == 1


def test_glued_scans_lose_nothing(gun, listen):
    async def play():
        async with listen(gun.spec + ";silence_ms=5000") as ear:
            await gun.scan(TRACE, fault=Fault.NO_SUFFIX)
            await gun.scan(OTHER)
            return await ear.count(1)

    assert asyncio.run(play())[0].raw == TRACE + OTHER


def test_a_doubled_trigger_is_two_scans_and_a_dropped_separator_is_gone(gun, listen):
    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(TRACE, fault=Fault.DOUBLED)
            await gun.scan(GS1, fault=Fault.DROP_GS)
            return await ear.count(3)

    raws = [scan.raw for scan in asyncio.run(play())]
    assert raws == [TRACE, TRACE, GS1.replace(b"\x1d", b"")]


def test_an_endless_line_is_one_bounded_scan_and_the_next_is_right(gun, listen, clock):
    endless = b"8" * 200_000

    async def play():
        async with listen(gun.spec + ";silence_ms=30", clock=clock) as ear:
            assert (await gun.scan(endless, fault=Fault.NO_SUFFIX)).is_whole
            await ear.heard(len(endless))
            clock.now += 1.0
            await gun.scan(TRACE)
            return await ear.count(2)

    long, good = asyncio.run(play())
    assert (len(long.raw), long.flags) == (MAX_SCAN_BYTES, (Flag.TOO_LONG,))
    assert (good.raw, good.flags) == (TRACE, ())


@pytest.mark.req("T-60")
def test_an_unplugged_scanner_is_reported_and_read_again_when_it_is_back(gun, listen):
    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(TRACE)
            await ear.count(1)
            gun.unplug()
            await ear.until(lambda ear: len(ear.errors) == 2)
            assert not (await gun.scan(OTHER)).is_whole
            gun.plug()
            await ear.opened(2)
            assert (await gun.scan(GS1, "]d2")).is_whole
            return await ear.count(2), ear.errors

    scans, errors = asyncio.run(play())
    assert [scan.raw for scan in scans] == [TRACE, GS1]
    assert [type(error) for error in errors] == [DeviceLostError, DeviceMissingError]


def test_a_code_cut_short_by_unplugging_is_never_passed_on_as_a_code(gun, listen):
    async def play():
        async with listen(gun.spec) as ear:
            port = ear.scanner
            for _ in range(20):
                times = port.progress.opened
                delivery = await gun.scan(TRACE * 20, fault=Fault.UNPLUGGED)
                assert not delivery.is_whole
                gun.plug()
                await ear.opened(times + 1)
            await gun.scan(OTHER)
            return await ear.count(1)

    assert [scan.raw for scan in asyncio.run(play())] == [OTHER]


def test_an_unplugged_scanner_says_how_much_of_a_code_had_come(gun, listen, clock):
    async def play():
        async with listen(gun.spec, clock=clock) as ear:
            await gun.scan(TRACE, fault=Fault.NO_SUFFIX)
            # Only what was read is certain: a pulled cable may take along what still lies in the kernel.
            await ear.heard(len(TRACE))
            gun.unplug()
            await ear.until(lambda ear: ear.errors)
            return ear.scans, ear.errors[0]

    scans, error = asyncio.run(play())
    assert (scans, error.unfinished_bytes) == ([], len(TRACE))


def test_a_second_reader_takes_bytes_but_does_not_look_like_an_unplugged_cable(gun, listen):
    async def play():
        async with listen(gun.spec) as ear:
            for _ in range(20):
                await gun.scan(TRACE)
                gun.steal()
            before = len(ear.scans)
            await ear.until(lambda ear: ear.scanner.progress.is_open)
            await gun.scan(OTHER)
            await ear.until(lambda ear: ear.scans and ear.scans[-1].raw.endswith(OTHER))
            return before, ear.scanner.progress.opened, ear.errors

    _, opened, errors = asyncio.run(play())
    assert opened == 1
    assert errors == []


def test_a_port_that_another_program_holds_is_busy(gun):
    async def play():
        first, second = (open_scanner(parse_spec(gun.spec)) for _ in range(2))
        scans = first.scans()
        task = asyncio.ensure_future(anext(scans))
        async with asyncio.timeout(30):
            while not first.progress.is_open:  # noqa: ASYNC110 - a scanner tells this by its counts only
                await asyncio.sleep(0)
        with pytest.raises(DeviceBusyError) as busy:
            await anext(second.scans())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return busy.value, first.progress.is_open

    busy, is_open = asyncio.run(play())
    assert busy.code == "driver.busy"
    assert "占用" in busy.words.zh
    assert not is_open


def test_a_cancelled_reader_lets_the_port_go(gun, listen):
    async def play():
        for _ in range(3):
            async with listen(gun.spec) as ear:
                await gun.scan(TRACE)
                await ear.count(1)

    before = open_descriptors()
    asyncio.run(play())
    assert open_descriptors() == before


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("{tmp}/nothing", DeviceMissingError),
        ("{tmp}", DeviceUnsupportedError),
        ("/dev/null", DeviceUnsupportedError),
        ("usb-serial=no-such-serial", DeviceMissingError),
    ],
)
def test_what_is_no_serial_port_is_said_to_be_none(tmp_path, address, error):
    with pytest.raises(error) as refused:
        first_scan(f"serial:{address.format(tmp=tmp_path)}")
    assert refused.value.next_step.zh
    assert refused.value.next_step.en


def test_a_speed_the_port_cannot_do_is_refused(gun):
    with pytest.raises(DeviceUnsupportedError) as refused:
        first_scan(gun.spec.replace("115200", "99999999999"))
    assert refused.value.code == "driver.unsupported"
