"""Scanners that type: HID keyboards, read from their evdev node.

The node is grabbed, so that no key reaches the desktop, its input method or the window in front. A named pipe that
carries the same records stands in for a node where there is no device. What the keys mean is in
`drivers.scanner.keystrokes`.
"""

from __future__ import annotations

import fcntl
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.opening import opened_node
from drivers.scanner.discovery import find_node, occupant_of
from drivers.scanner.keystrokes import KeyDecoder
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.port import Clock
from drivers.scanner.spec import KeyboardSpec
from drivers.scanner.stream import Stream, StreamScanner

# From linux/input.h; the numbers are part of the kernel's interface.
_EVIOCGRAB = 0x40044590
_EVIOCSCLOCKID = 0x400445A0


def make_scanner(spec: KeyboardSpec, *, clock: Clock) -> StreamScanner:
    """Return the driver for a keyboard scanner."""
    return StreamScanner(spec.device, lambda: _opened(spec), clock)


@contextmanager
def _opened(spec: KeyboardSpec) -> Iterator[Stream]:
    path = find_node(spec.kind, spec.address, spec.device)
    with opened_node(spec.device, path, _claim) as (descriptor, _):
        yield Stream(path, descriptor, KeyDecoder(spec, LAYOUTS[spec.layout]), occupant_of(path))


def _claim(descriptor: int) -> None:
    """Take an evdev node's keys away from everyone else."""
    fcntl.ioctl(descriptor, _EVIOCGRAB, 1)
    # Pace is judged by the events' own times, and the wall clock may be set in the middle of a scan.
    fcntl.ioctl(descriptor, _EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
