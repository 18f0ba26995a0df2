"""A terminal at noon in Xiamen: the clock, the names and the randomness that the tests share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
"""12:00 in Xiamen."""
TERMINAL = "counter-1"
EPOCH = "epoch-1"


@dataclass
class FakeClock:
    """A clock that moves when it is told to."""

    wall: datetime = NOON
    seconds: float = 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic_s(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.seconds += seconds


def seeded_bytes(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes
