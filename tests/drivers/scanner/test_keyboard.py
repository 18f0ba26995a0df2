"""A keyboard scanner in a pipe of `input_event` records: read, lost, found again, and never mixed."""

from __future__ import annotations

import asyncio
import os

import pytest

from codes.reading import Flag, Scan
from drivers.errors import DeviceLostError, DeviceMissingError, DeviceSpecError, DeviceUnsupportedError
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.decoder import GAP
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.twin import Fault
from drivers.scanner.strokes import EndKey, GsTyping

TRACE = b"83857930000879766660"
OTHER = b"83003850000000131888"
GS1 = b"010690123456789217280131" + b"10LOT1\x1d21SN1"
MA = b"MA.156.M0.100761.21234561.Sx00008.M220117.C3"


@pytest.fixture
def make(tmp_path, random, no_wait):
    made = []

    def make(**settings) -> SimulatedKeyboardScanner:
        made.append(SimulatedKeyboardScanner(tmp_path / f"keys{len(made)}", random=random, wait=no_wait, **settings))
        return made[-1]

    yield make
    for gun in made:
        gun.close()


@pytest.mark.req("T-20")
@pytest.mark.parametrize("layout", ["us", "uk", "de", "fr"])
@pytest.mark.parametrize("gs", [GsTyping.ALT_029, GsTyping.CTRL_BRACKET, GsTyping.DOWN])
@pytest.mark.parametrize("end", EndKey)
def test_codes_arrive_byte_for_byte_in_every_setting(make, listen, layout, gs, end):
    gun = make(layout=layout, gs=gs, end=end, name="left", sends_aim=True)

    async def play():
        async with listen(gun.spec) as ear:
            assert (await gun.scan(GS1, "]d2")).is_whole
            await gun.scan(MA)
            return await ear.count(2), ear.scanner.progress

    scans, progress = asyncio.run(play())
    assert scans == [
        Scan(raw=GS1, symbology="]d2", source="keyboard:left"),
        Scan(raw=MA, source="keyboard:left"),
    ]
    assert progress.unterminated == 0


@pytest.mark.req("T-20")
def test_text_in_other_encodings_survives(make, listen):
    gun = make()
    texts = ["阿莫西林".encode("gb18030"), "头孢".encode(), b"\xff\x80\x81"]

    async def play():
        async with listen(gun.spec) as ear:
            for text in texts:
                await gun.scan(text)
            return await ear.count(len(texts))

    assert [scan.raw for scan in asyncio.run(play())] == texts


def test_typing_by_hand_is_flagged(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec) as ear:
            await gun.type_by_hand(TRACE)
            await gun.scan(TRACE)
            return await ear.count(2)

    assert [scan.flags for scan in asyncio.run(play())] == [(Flag.TYPED,), ()]


def test_a_missing_suffix_is_made_up_for_by_silence(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec + ";silence_ms=20") as ear:
            await gun.scan(TRACE, fault=Fault.NO_SUFFIX)
            return await ear.count(1), ear.scanner.progress.unterminated

    scans, unterminated = asyncio.run(play())
    assert [scan.raw for scan in scans] == [TRACE]
    assert unterminated == 1


def test_a_scan_that_lost_events_is_marked_and_never_passes_for_a_code(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec + ";silence_ms=20") as ear:
            for number in range(1, 31):
                await gun.scan(TRACE, fault=Fault.EVENTS_LOST)
                await gun.scan(OTHER)
                # A scan whose Enter was lost runs into the next one.
                await ear.until(lambda ear, number=number: ending(ear.scans, OTHER) >= number)
            return ear.scans

    scans = asyncio.run(play())
    marked = [scan for scan in scans if scan.raw not in {TRACE, OTHER}]
    assert len(marked) == 30
    assert all(GAP in scan.raw and Flag.UNDECODABLE in scan.flags for scan in marked)


def ending(scans: list[Scan], code: bytes) -> int:
    return sum(scan.raw.endswith(code) for scan in scans)


@pytest.mark.req("T-22")
def test_faults_of_the_device_show_in_the_code(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(MA, fault=Fault.INVERTED_CASE)
            await gun.scan(GS1, fault=Fault.DROP_GS)
            await gun.scan(TRACE, fault=Fault.DOUBLED)
            return await ear.count(4)

    raws = [scan.raw for scan in asyncio.run(play())]
    assert raws == [MA.swapcase(), GS1.replace(b"\x1d", b""), TRACE, TRACE]


@pytest.mark.req("T-60")
def test_an_unplugged_scanner_is_reported_and_read_again_when_it_is_back(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec) as ear:
            await gun.scan(TRACE)
            await ear.count(1)
            delivery = await gun.scan(OTHER, fault=Fault.UNPLUGGED)
            assert not delivery.is_whole
            await ear.until(lambda ear: len(ear.errors) == 2)
            gun.plug()
            await ear.opened(2)
            assert (await gun.scan(GS1)).is_whole
            return await ear.count(2), ear.errors

    scans, errors = asyncio.run(play())
    assert [scan.raw for scan in scans] == [TRACE, GS1]
    assert [type(error) for error in errors] == [DeviceLostError, DeviceMissingError]


def test_a_silent_scanner_that_is_unplugged_is_noticed_too(make, listen):
    gun = make()

    async def play():
        async with listen(gun.spec) as ear:
            gun.unplug()
            await ear.until(lambda ear: ear.errors)
            return ear.errors[0]

    assert isinstance(asyncio.run(play()), DeviceLostError)


def test_what_a_killed_reader_left_in_the_pipe_is_no_scan(make, listen):
    gun = make()

    async def play():
        killed = os.open(gun.spec.split(":")[1].split(";")[0], os.O_RDONLY | os.O_NONBLOCK)
        await gun.scan(TRACE)
        os.read(killed, 24 * 9)
        os.close(killed)
        async with listen(gun.spec) as ear:
            await gun.scan(OTHER)
            return await ear.count(1)

    assert [scan.raw for scan in asyncio.run(play())] == [OTHER]


def test_an_unknown_layout_is_refused_with_the_choice(make):
    with pytest.raises(DeviceSpecError) as refused:
        open_scanner(parse_spec("keyboard:/dev/input/event3;layout=tlh"))
    assert "us, uk, de, fr" in refused.value.words.zh


def test_what_is_no_keyboard_is_said_to_be_none(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    async def read(path: str):
        await anext(open_scanner(parse_spec(f"keyboard:{path}")).scans())

    for path in ("/dev/null", str(tmp_path / "file"), str(tmp_path)):
        with pytest.raises(DeviceUnsupportedError):
            asyncio.run(read(path))
