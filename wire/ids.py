"""Identifiers and the hybrid logical clock: who said it, and in which order.

Time and randomness are passed in, so that both are testable and a test can replay a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

_UUID7_RANDOM_BYTES = 10
_VERSION_7 = 0x7 << 76
_VARIANT = 0b10 << 62
_RAND_A_MASK = 0xFFF << 64
_RAND_B_MASK = (1 << 62) - 1


def uuid7(unix_ms: int, random: bytes) -> UUID:
    """Return a version 7 UUID (RFC 9562 §5.7): 48 bits of Unix milliseconds, the rest random.

    Args:
        unix_ms: Milliseconds since 1970, UTC.
        random: Ten random bytes.

    Raises:
        ValueError: If `random` is not ten bytes or the time does not fit 48 bits.
    """
    if len(random) != _UUID7_RANDOM_BYTES:
        raise ValueError(f"uuid7 takes {_UUID7_RANDOM_BYTES} random bytes, not {len(random)}")
    if not 0 <= unix_ms < 1 << 48:
        raise ValueError(f"unix_ms does not fit 48 bits: {unix_ms}")
    noise = int.from_bytes(random, "big")
    value = (unix_ms << 80) | _VERSION_7 | (noise & _RAND_A_MASK) | _VARIANT | (noise & _RAND_B_MASK)
    return UUID(int=value)


@dataclass(slots=True)
class HybridClock:
    """Hybrid logical clock of one terminal: never goes back, close to real time when the clock is right.

    A value is microseconds since 1970; a clock that stands still or jumps back makes it count up by one.
    """

    last: int = 0
    """The last value given out; restored from the store at start."""

    def tick(self, corrected_now_us: int) -> int:
        """Return the next value: `max(previous + 1, corrected now)`."""
        self.last = max(self.last + 1, corrected_now_us)
        return self.last
