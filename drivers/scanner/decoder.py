"""What turns a device's bytes into scans: pure, one per device, time passed in.

All state of a device lives in its own decoder, so that two scanners used at once cannot mix (T-21). A decoder never
raises on what a device sends: bytes it cannot use become a marked scan, because a scan that vanishes is a sale that
vanishes.
"""

from __future__ import annotations

import re
from typing import Protocol

from codes.reading import Scan
from drivers.scanner.spec import AimId

MAX_SCAN_BYTES = 8192
"""More than the largest symbol can hold (a QR code: 7,089 digits). A longer line is cut here and flagged."""

GAP = "\N{REPLACEMENT CHARACTER}".encode()
"""Stands where characters are known to be missing: with it, the rest cannot pass for a whole code."""

TRUST_IN_SUFFIX = 4
"""How many times longer to wait for a suffix that the device is known to send: without it, a code that was held up
on its way would be taken for two, and each half might pass for a code."""

_AIM = re.compile(rb"\][A-Za-z][0-9]")
_AIM_LENGTH = 3


class Decoder(Protocol):
    """Bytes in, scans out."""

    @property
    def deadline(self) -> float | None:
        """When `silence` is due if nothing more comes; None while nothing waits."""
        ...

    @property
    def unfinished_bytes(self) -> int:
        """Bytes of a scan that has not ended."""
        ...

    @property
    def unterminated(self) -> int:
        """Scans so far that ended by silence although a suffix was expected."""
        ...

    def feed(self, chunk: bytes, now: float) -> list[Scan]:
        """Take the next bytes and return the scans that end in them."""
        ...

    def silence(self, now: float) -> list[Scan]:
        """End what waits, because nothing came until the deadline."""
        ...


def split_aim(raw: bytes, mode: AimId) -> tuple[str | None, bytes]:
    """Split a leading symbology identifier off.

    Examples:
        >>> split_aim(b"]d20106901234567892", AimId.AUTO)
        (']d2', b'0106901234567892')
        >>> split_aim(b"]x", AimId.AUTO)
        (None, b']x')
    """
    is_there = _AIM.match(raw) if mode is AimId.AUTO else mode is AimId.ON and raw.startswith(b"]")
    head = raw[:_AIM_LENGTH]
    if not is_there or len(head) < _AIM_LENGTH or not head.isascii():
        return None, raw
    return head.decode("ascii"), raw[_AIM_LENGTH:]
