"""A code that goes on as keys or over a line: byte for byte what a scanner would have sent."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import grp
import os
import select
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import DeviceLostError, DeviceMissingError, DriverError
from drivers.scanner import input_event as keys
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.strokes import EndKey, GsTyping
from drivers.wedge.boot_report import MODIFIERS, NOTHING_DOWN, REPORT_BYTES, USAGES, reports_of
from drivers.wedge.errors import WedgeClosedError, WedgeStuckError, WedgeTextError
from drivers.wedge.keyboards import make_gadget_wedge, make_uinput_wedge
from drivers.wedge.lines import LineSettings, make_pty_wedge, make_serial_wedge
from drivers.wedge.port import Wedge
from drivers.wedge.typing import TypingSettings, strokes_of

EAN = b"6924561884074"
TRACE = b"83857930000879766660"
_KEY_OF = {usage: key for key, usage in USAGES.items()}


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "node"
    os.mkfifo(path)
    yield path
    path.unlink(missing_ok=True)


def read_until(descriptor: int, end: bytes, within_s: float = 10.0) -> bytes:
    """Read what was written until it ends so: a terminal's other side gives it piece by piece, when it comes to it."""
    got, ends_at = b"", time.monotonic() + within_s
    while not got.endswith(end) and (left_s := ends_at - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left_s)[0]:
            got += os.read(descriptor, 1 << 16)
    return got


def sent(make: Callable[[TypingSettings], Wedge], settings: TypingSettings, *codes: bytes) -> bytes:
    """Send codes through a pipe and return every byte that came out."""

    async def run() -> bytes:
        wedge = make(settings)
        await wedge.open()
        reader = os.open(settings.path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            for code in codes:
                await wedge.send(code)
            return os.read(reader, 1 << 20)
        finally:
            os.close(reader)
            await wedge.close()

    return asyncio.run(run())


def text_of(reports: bytes, layout: str = "us") -> str:
    """Be the host: turn boot reports into the text a desktop of this layout shows."""
    characters = {stroke: character for character, stroke in LAYOUTS[layout].strokes.items()}
    text, before = "", 0
    for start in range(0, len(reports), REPORT_BYTES):
        modifiers, nothing, down, *rest = reports[start : start + REPORT_BYTES]
        assert (nothing, rest) == (0, [0] * 5)
        if down and down != before:
            level = 1 if modifiers & 0x22 else 2 if modifiers & 0x40 else 0
            key = _KEY_OF[down]
            text += {keys.KEY_ENTER: "\n", keys.KEY_TAB: "\t"}.get(key) or characters[level, key]
        before = down
    assert reports[-REPORT_BYTES:] == NOTHING_DOWN
    return text


def test_a_barcode_is_typed_to_another_machine_byte_for_byte(pipe):
    reports = sent(make_gadget_wedge, TypingSettings(str(pipe), pace_s=0), b"60")
    assert reports.hex(" ", REPORT_BYTES) == (
        "0000230000000000 0000000000000000 0000270000000000 0000000000000000 0000280000000000 0000000000000000"
    )


def test_a_letter_in_upper_case_is_typed_with_shift(pipe):
    reports = sent(make_gadget_wedge, TypingSettings(str(pipe), end=None, pace_s=0), b"aA")
    assert reports.hex(" ", REPORT_BYTES) == (
        "0000040000000000 0000000000000000 0200000000000000 0200040000000000 0200000000000000 0000000000000000"
    )


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@given(code=st.text("0123456789ABCxyz-+/.$%", min_size=1, max_size=40))
def test_what_is_typed_is_what_the_host_reads_in_its_layout(layout, code):
    settings = TypingSettings("/dev/null", layout=layout, end=EndKey.TAB)
    assert text_of(b"".join(reports_of(strokes_of(code.encode(), settings))), layout) == f"{code}\t"


def test_every_key_of_every_layout_has_a_usage_of_its_own():
    typed = {stroke.key for layout in LAYOUTS.values() for stroke in layout.characters}
    assert typed <= set(USAGES)
    assert len(set(USAGES.values())) == len(USAGES)
    assert not set(USAGES) & set(MODIFIERS)


def test_a_keyboard_on_this_machine_is_read_by_a_keyboard_driver(pipe):
    async def run() -> list[bytes]:
        wedge = make_uinput_wedge(TypingSettings(str(pipe), pace_s=0.0005))
        await wedge.open()
        got: list[bytes] = []
        async with contextlib.aclosing(open_scanner(parse_spec(f"keyboard:{pipe}")).scans()) as scans:
            first = asyncio.create_task(anext(scans))
            await asyncio.sleep(0.3)
            await wedge.send(EAN)
            got.append((await asyncio.wait_for(first, 10)).raw)
            await wedge.send(TRACE)
            got.append((await asyncio.wait_for(anext(scans), 10)).raw)
        await wedge.close()
        return got

    assert asyncio.run(run()) == [EAN, TRACE]


@pytest.mark.parametrize("code", ["药".encode(), b"a\x00b", b"\xff"])
def test_what_no_key_gives_is_refused_whole(pipe, code):
    with pytest.raises(WedgeTextError):
        sent(make_gadget_wedge, TypingSettings(str(pipe)), code)


def test_a_group_separator_is_left_out_unless_it_is_asked_for(pipe):
    udi = b"0106901234567892\x1d21SN1"
    dropped = sent(make_gadget_wedge, TypingSettings(str(pipe), end=None, pace_s=0), udi)
    assert text_of(dropped) == "010690123456789221SN1"
    kept = sent(make_gadget_wedge, TypingSettings(str(pipe), end=None, gs=GsTyping.CTRL_BRACKET, pace_s=0), udi)
    assert bytes([0x01, 0, USAGES[keys.KEY_RIGHTBRACE], 0, 0, 0, 0, 0]) in kept


@pytest.mark.parametrize("make", [make_uinput_wedge, make_gadget_wedge])
def test_a_node_that_is_not_there_and_one_that_was_not_opened_say_so(make, tmp_path):
    wedge = make(TypingSettings(str(tmp_path / "none")))
    with pytest.raises(DeviceMissingError):
        asyncio.run(wedge.open())
    with pytest.raises(WedgeClosedError):
        asyncio.run(wedge.send(EAN))


def test_a_host_that_takes_nothing_is_named_and_no_key_stays_down(pipe, monkeypatch):
    monkeypatch.setattr("drivers.wedge.node._PATIENCE_S", 0.2)

    async def run() -> DriverError:
        wedge = make_gadget_wedge(TypingSettings(str(pipe), pace_s=0))
        await wedge.open()
        pipe_bytes = fcntl.fcntl(wedge._descriptor or -1, fcntl.F_GETPIPE_SZ)
        with pytest.raises(WedgeStuckError) as caught:
            await wedge.send(EAN * (pipe_bytes // len(EAN)))
        await wedge.close()
        return caught.value

    assert "takes nothing" in asyncio.run(run()).words.en


def test_software_on_this_machine_reads_a_port_that_is_made_for_it(tmp_path):
    async def run() -> bytes:
        wedge = make_pty_wedge(LineSettings(str(tmp_path / "pos-scanner"), suffix=b"\r\n"))
        await wedge.open()
        port = os.open(tmp_path / "pos-scanner", os.O_RDWR | os.O_NOCTTY)
        try:
            await wedge.send(EAN)
            return read_until(port, b"\r\n")
        finally:
            os.close(port)
            await wedge.close()

    assert asyncio.run(run()) == EAN + b"\r\n"
    assert not (tmp_path / "pos-scanner").is_symlink()


def test_a_port_that_nobody_has_open_takes_nothing_for_later(tmp_path):
    async def run() -> bytes:
        link = tmp_path / "pos-scanner"
        wedge = make_pty_wedge(LineSettings(str(link)))
        await wedge.open()
        with pytest.raises(WedgeStuckError):
            await wedge.send(EAN)
        port = os.open(link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        await wedge.send(TRACE)
        got = read_until(port, b"\r")
        os.close(port)
        with pytest.raises(WedgeStuckError):
            await wedge.send(EAN)
        await wedge.close()
        return got

    assert asyncio.run(run()) == TRACE + b"\r"


def test_a_real_port_carries_the_code_and_its_loss_is_noticed(tmp_path):
    async def run() -> bytes:
        far = make_pty_wedge(LineSettings(str(tmp_path / "far")))
        await far.open()
        near = make_serial_wedge(LineSettings(str(tmp_path / "far")))
        await near.open()
        await near.send(EAN)
        got = read_until(far._descriptor or -1, b"\r")
        await far.close()
        with pytest.raises(DeviceLostError):
            await near.send(EAN)
        assert not near.is_open
        return got

    assert asyncio.run(run()) == EAN + b"\r"


def test_a_file_is_no_way_out_and_is_not_written_to(tmp_path):
    path = tmp_path / "node"
    path.write_bytes(b"")
    for make in (make_gadget_wedge, make_uinput_wedge):
        with pytest.raises(DriverError, match="not a device"):
            asyncio.run(make(TypingSettings(str(path))).open())
    with pytest.raises(DriverError, match="file of this name"):
        asyncio.run(make_pty_wedge(LineSettings(str(path))).open())
    assert path.read_bytes() == b""


def test_two_codes_at_once_go_out_one_after_the_other(pipe):
    async def run() -> bytes:
        wedge = make_gadget_wedge(TypingSettings(str(pipe)))
        await wedge.open()
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        try:
            await asyncio.gather(wedge.send(EAN), wedge.send(TRACE))
            return os.read(reader, 1 << 16)
        finally:
            os.close(reader)
            await wedge.close()

    assert text_of(asyncio.run(run())) == f"{EAN.decode()}\n{TRACE.decode()}\n"


def test_a_port_that_is_made_here_may_be_opened_by_its_group(tmp_path):
    async def scene(group: str) -> int:
        wedge = make_pty_wedge(LineSettings(str(tmp_path / "tty"), group=group))
        await wedge.open()
        try:
            return (tmp_path / "tty").stat().st_mode & 0o777
        finally:
            await wedge.close()

    assert asyncio.run(scene(grp.getgrgid(os.getegid()).gr_name)) == 0o660
    with pytest.raises(DriverError, match="no group nobody-here"):
        asyncio.run(scene("nobody-here"))
    assert not (tmp_path / "tty").is_symlink()


def test_half_a_code_on_a_line_is_ended_before_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setattr("drivers.wedge.node._PATIENCE_S", 0.05)

    async def run() -> bytes:
        wedge = make_pty_wedge(LineSettings(str(tmp_path / "tty")))
        await wedge.open()
        port = os.open(tmp_path / "tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        with pytest.raises(WedgeStuckError):
            await wedge.send(b"8" * 100_000)
        got = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                got += os.read(port, 1 << 16)
        monkeypatch.setattr("drivers.wedge.node._PATIENCE_S", 10.0)
        await wedge.send(EAN)
        await wedge.send(TRACE)
        got += read_until(port, TRACE + b"\r")
        os.close(port)
        await wedge.close()
        return got

    assert asyncio.run(run()).lstrip(b"8") == b"\r" + EAN + b"\r" + TRACE + b"\r"


def test_a_port_that_goes_is_noticed_without_a_code(tmp_path):
    async def run() -> None:
        far = make_pty_wedge(LineSettings(str(tmp_path / "far")))
        await far.open()
        near = make_serial_wedge(LineSettings(str(tmp_path / "far")))
        await near.open()
        await near.look()
        await far.close()
        with pytest.raises(DeviceLostError):
            await near.look()
        assert not near.is_open

    asyncio.run(run())


def test_nothing_is_typed_until_the_desktop_has_taken_notice_of_the_keyboard(monkeypatch):
    monkeypatch.setattr("drivers.wedge.keyboards._create", lambda _: None)

    async def run() -> None:
        wedge = make_uinput_wedge(TypingSettings("/dev/null"))
        opening = asyncio.create_task(wedge.open())
        await asyncio.sleep(0.01)
        assert not wedge.is_open
        with pytest.raises(WedgeClosedError):
            await wedge.send(EAN)
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await opening
        assert not wedge.is_open

    asyncio.run(run())
