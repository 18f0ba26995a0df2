"""A keyboard made by the kernel, where it can make one: grabbed, read, and gone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.errors import DeviceBusyError, DeviceLostError
from drivers.scanner import input_event as keys
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.strokes import GsTyping, tap, type_code

UINPUT = Path("/dev/uinput")
TRACE = b"83857930000879766660"

pytestmark = pytest.mark.skipif(not UINPUT.exists(), reason="this kernel makes no virtual keyboards (no /dev/uinput)")


@pytest.fixture
def keyboard():
    evdev = pytest.importorskip("evdev")
    try:
        keyboard = evdev.UInput(name="yima test keyboard")
    except (OSError, evdev.uinput.UInputError) as refused:
        pytest.skip(f"no virtual keyboard: {refused}")
    yield keyboard
    keyboard.close()


def test_a_real_node_is_grabbed_read_and_lost(keyboard, listen):
    spec = f"keyboard:{keyboard.device.path};name=left"
    strokes = [*type_code(TRACE, LAYOUTS["us"], GsTyping.ALT_029), tap(keys.KEY_ENTER)]
    actions = [action for stroke in strokes for action in stroke]

    async def play():
        async with listen(spec) as ear:
            for code, value in actions:
                keyboard.write(keys.EV_KEY, code, value)
                keyboard.syn()
            await ear.count(1)
            with pytest.raises(DeviceBusyError):
                await anext(open_scanner(parse_spec(spec)).scans())
            keyboard.close()
            await ear.until(lambda ear: ear.errors)
            return ear.scans, ear.errors

    scans, errors = asyncio.run(play())
    assert [scan.raw for scan in scans] == [TRACE]
    assert isinstance(errors[0], DeviceLostError)
