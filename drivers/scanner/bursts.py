"""Bursts: everything one device sends between two silences, as it came. Pure, time passed in.

A set-up must not trust the framing it is about to find out, so it cuts by silence alone.
"""

from __future__ import annotations

QUIET_S = 0.5
"""Silence that ends a burst: longer than any pause within a code, shorter than a hand needs for the next symbol."""
MOST_BYTES = 512 * 1024
"""No symbol of the sheet comes near it, whatever the device makes of it; what is beyond is not kept."""

Burst = tuple[bytes, ...]
"""The chunks of one burst, as they were read: a HID-POS report is a chunk."""


class Bursts:
    """Collects the bursts of one device."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._last = 0.0

    @property
    def deadline(self) -> float | None:
        """When the burst at hand ends if nothing more comes; None while there is none."""
        return self._last + QUIET_S if self._chunks else None

    def feed(self, chunk: bytes, now: float) -> Burst | None:
        """Take the next bytes; return the burst that had ended before them, if one had."""
        before = self.quiet(now)
        self._last = now
        if self._size + len(chunk) <= MOST_BYTES:
            self._chunks.append(chunk)
            self._size += len(chunk)
        return before

    def quiet(self, now: float) -> Burst | None:
        """Return the burst at hand if its silence is over, else nothing."""
        if self.deadline is None or now < self.deadline:
            return None
        burst, self._chunks, self._size = tuple(self._chunks), [], 0
        return burst
