"""The records that Linux writes for each key: `struct input_event`, and the key codes used here. Pure.

The layout is the kernel's own for this machine (24 bytes where a long has 8), so one decoder serves an evdev node
and a pipe that carries the same records.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

RECORD = struct.Struct("@llHHi")
"""Seconds, microseconds, type, code, value."""

EV_SYN, EV_KEY, EV_MSC = 0, 1, 4
SYN_REPORT, SYN_DROPPED = 0, 3
MSC_SCAN = 4
RELEASED, PRESSED = 0, 1
"""Values of a key event; 2 is autorepeat."""

KEY_TAB, KEY_ENTER, KEY_KPENTER = 15, 28, 96
KEY_LEFTCTRL, KEY_RIGHTCTRL = 29, 97
KEY_LEFTSHIFT, KEY_RIGHTSHIFT = 42, 54
KEY_LEFTALT, KEY_RIGHTALT = 56, 100
KEY_LEFTMETA, KEY_RIGHTMETA = 125, 126
KEY_CAPSLOCK, KEY_NUMLOCK, KEY_SCROLLLOCK = 58, 69, 70
KEY_RIGHTBRACE = 27
KEY_SPACE = 57
KEY_DOWN = 108
KEY_F8 = 66

KEYPAD = {82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9"}
"""Keypad digits by key code."""
KEYPAD_SIGNS = {55: "*", 74: "-", 78: "+", 83: ".", 98: "/"}


def pack(time_s: float, kind: int, code: int, value: int) -> bytes:
    """Return one record as the kernel writes it."""
    micros = round(time_s * 1_000_000)
    return RECORD.pack(micros // 1_000_000, micros % 1_000_000, kind, code, value)


class RecordReader:
    """Takes bytes as they come and gives whole records."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> Iterator[tuple[float, int, int, int]]:
        """Yield (time in seconds, type, code, value) of each record that is complete."""
        self._rest += chunk
        whole = len(self._rest) - len(self._rest) % RECORD.size
        complete, self._rest = self._rest[:whole], self._rest[whole:]
        for seconds, micros, kind, code, value in RECORD.iter_unpack(complete):
            yield seconds + micros / 1_000_000, kind, code, value
