"""Scanners on a serial port: RS-232, or USB in COM mode.

Opens the port for this process alone, throws away what came before, and reads in chunks. What the bytes mean is in
`drivers.scanner.framing`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import serial

from codes.words import Words
from drivers.errors import DeviceUnsupportedError
from drivers.opening import translated
from drivers.scanner.discovery import find_node, occupant_of
from drivers.scanner.framing import LineDecoder
from drivers.scanner.port import Clock
from drivers.scanner.spec import SerialSpec
from drivers.scanner.stream import Stream, StreamScanner


def make_scanner(spec: SerialSpec, *, clock: Clock) -> StreamScanner:
    """Return the driver for a serial scanner."""
    return StreamScanner(spec.device, lambda: _opened(spec), clock)


@contextmanager
def _opened(spec: SerialSpec) -> Iterator[Stream]:
    path = find_node(spec.kind, spec.address, spec.device)
    with _port(spec, path) as port:
        yield Stream(path, port.fileno(), LineDecoder(spec), occupant_of(path))


def _port(spec: SerialSpec, path: str) -> serial.Serial:
    data_bits, parity, stop_bits = tuple(spec.frame)
    with translated(spec.device, path):
        try:
            return serial.Serial(
                port=path,
                baudrate=spec.baud,
                bytesize=int(data_bits),
                parity=parity,
                stopbits=int(stop_bits),
                exclusive=True,
                timeout=0,
                # Makes an empty read say "nothing yet", so that a read of nothing can only mean an unplugged device,
                # not bytes that a second reader took away.
                inter_byte_timeout=0,
            )
        except (ValueError, OverflowError) as exc:
            raise DeviceUnsupportedError(
                spec.device,
                Words(
                    f"{spec.device}：{path} 不支持 {spec.baud} {spec.frame}。",
                    f"{spec.device}: {path} does not do {spec.baud} {spec.frame}.",
                ),
            ) from exc
