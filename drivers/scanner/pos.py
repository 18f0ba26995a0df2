"""Scanners in HID-POS mode, read from their hidraw node.

A named pipe that carries the same reports stands in for a node where there is no device. What the reports mean is in
`drivers.scanner.pos_report`.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from drivers.opening import opened_node
from drivers.scanner.discovery import find_node, occupant_of
from drivers.scanner.port import Clock
from drivers.scanner.pos_report import REPORT_BYTES, ReportDecoder
from drivers.scanner.spec import PosSpec
from drivers.scanner.stream import Stream, StreamScanner

_HIDIOCGRDESCSIZE = 0x80044801
"""Asks for the size of the report descriptor: only a hidraw node answers."""


def make_scanner(spec: PosSpec, *, clock: Clock) -> StreamScanner:
    """Return the driver for a HID-POS scanner."""
    return StreamScanner(spec.device, lambda: _opened(spec), clock)


@contextmanager
def _opened(spec: PosSpec) -> Iterator[Stream]:
    path = find_node(spec.kind, spec.address, spec.device)
    with opened_node(spec.device, path, _claim) as (descriptor, is_pipe):
        yield Stream(path, descriptor, ReportDecoder(spec, REPORT_BYTES if is_pipe else None), occupant_of(path))


def _claim(descriptor: int) -> None:
    fcntl.ioctl(descriptor, _HIDIOCGRDESCSIZE, bytes(4))
