"""Keyboard reports as a USB host takes them: the eight bytes of the HID boot protocol. Pure.

Byte 0 holds the modifiers, byte 1 nothing, bytes 2 to 7 the keys that are down (HID 1.11, appendix B; usage tables
1.4, page 0x07). Here one key is down at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from drivers.scanner import input_event as keys
from drivers.scanner.strokes import Stroke

REPORT_BYTES = 8
NOTHING_DOWN = bytes(REPORT_BYTES)

MODIFIERS: Mapping[int, int] = MappingProxyType(
    {
        keys.KEY_LEFTCTRL: 0x01,
        keys.KEY_LEFTSHIFT: 0x02,
        keys.KEY_LEFTALT: 0x04,
        keys.KEY_LEFTMETA: 0x08,
        keys.KEY_RIGHTCTRL: 0x10,
        keys.KEY_RIGHTSHIFT: 0x20,
        keys.KEY_RIGHTALT: 0x40,
        keys.KEY_RIGHTMETA: 0x80,
    }
)
"""Bit of byte 0 by Linux key code."""


def _numbered(first_usage: int, *codes: int) -> dict[int, int]:
    return {code: first_usage + place for place, code in enumerate(codes)}


USAGES: Mapping[int, int] = MappingProxyType(
    {
        # a to z, wherever Linux numbers them
        **_numbered(
            0x04, 30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44
        ),
        # 1 to 9, then 0
        **_numbered(0x1E, *range(2, 12)),
        # Enter, Escape, Backspace, Tab, space, - = [ ]
        **_numbered(0x28, 28, 1, 14, 15, 57, 12, 13, 26, 27),
        43: 0x31,  # backslash
        **_numbered(0x33, 39, 40, 41, 51, 52, 53),  # ; ' ` , . /
        58: 0x39,  # Caps Lock
        66: 0x41,  # F8
        108: 0x51,  # Down
        **_numbered(0x54, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83),  # the keypad
        86: 0x64,  # the key beside the left Shift that American keyboards lack
    }
)
"""Usage by Linux key code."""


def reports_of(strokes: Iterable[Stroke]) -> Iterator[bytes]:
    """Yield one report for each change, as a keyboard sends them."""
    modifiers, down = 0, 0
    for stroke in strokes:
        for key, value in stroke:
            if key in MODIFIERS:
                bit = MODIFIERS[key]
                modifiers = modifiers | bit if value == keys.PRESSED else modifiers & ~bit
            else:
                down = USAGES[key] if value == keys.PRESSED else 0
            yield bytes([modifiers, 0, down, 0, 0, 0, 0, 0])
