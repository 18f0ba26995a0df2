"""Wedges that type: a keyboard on this machine (/dev/uinput), or towards another one (/dev/hidg*).

The first makes the kernel show a virtual keyboard and writes the kernel's own records to it. The second is this
machine being a USB device (the kernel's HID gadget), and writes the reports of a boot keyboard.
"""

from __future__ import annotations

import fcntl
import struct
import time
from collections.abc import Iterable

from drivers.scanner import input_event as keys
from drivers.scanner.strokes import Action
from drivers.wedge.boot_report import MODIFIERS, NOTHING_DOWN, USAGES, reports_of
from drivers.wedge.node import NodeWedge, opened
from drivers.wedge.typing import TypingSettings, strokes_of

# From linux/uinput.h; the numbers are part of the kernel's interface.
_UI_SET_EVBIT, _UI_SET_KEYBIT = 0x40045564, 0x40045565
_UI_DEV_SETUP, _UI_DEV_CREATE = 0x405C5503, 0x5501
_SETUP = struct.Struct("@HHHH80sI")
"""Bus, vendor, product, version, name, most force effects."""
_BUS_VIRTUAL = 0x06
_NAME = b"Yima wedge keyboard"
_DESKTOP_S = 1.0
"""A desktop takes this long to listen to a keyboard that was plugged in; what is typed before is lost."""
_EVERY_KEY = (*USAGES, *MODIFIERS)


def make_uinput_wedge(settings: TypingSettings) -> NodeWedge:
    """Return a keyboard on this machine. The kernel takes it away when it is closed."""

    def pieces(code: bytes) -> list[bytes]:
        return [_records([action]) for stroke in strokes_of(code, settings) for action in stroke]

    return NodeWedge(
        settings.device,
        settings.path,
        opening=lambda: opened(settings.path, _create),
        pieces=pieces,
        # The kernel passes over a key that is not down.
        release=[_records((key, keys.RELEASED) for key in _EVERY_KEY)],
        pace_s=settings.pace_s,
        settle_s=_DESKTOP_S,
    )


def make_gadget_wedge(settings: TypingSettings) -> NodeWedge:
    """Return a keyboard towards another machine."""
    return NodeWedge(
        settings.device,
        settings.path,
        opening=lambda: opened(settings.path),
        pieces=lambda code: list(reports_of(strokes_of(code, settings))),
        release=[NOTHING_DOWN],
        pace_s=settings.pace_s,
    )


def _create(descriptor: int) -> None:
    fcntl.ioctl(descriptor, _UI_SET_EVBIT, keys.EV_KEY)
    for key in _EVERY_KEY:
        fcntl.ioctl(descriptor, _UI_SET_KEYBIT, key)
    fcntl.ioctl(descriptor, _UI_DEV_SETUP, _SETUP.pack(_BUS_VIRTUAL, 0, 0, 1, _NAME, 0))
    fcntl.ioctl(descriptor, _UI_DEV_CREATE)


def _records(actions: Iterable[Action]) -> bytes:
    """Return the records of one report: what changed, and that this is all."""
    now = time.time()
    changed = b"".join(keys.pack(now, keys.EV_KEY, key, value) for key, value in actions)
    return changed + keys.pack(now, keys.EV_SYN, keys.SYN_REPORT, 0)
