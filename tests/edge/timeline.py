"""Time that passes only when a test says so: sleepers wake in order, at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.edge.scene import FakeClock

SETTLING_TURNS = 20


@dataclass
class Timeline:
    """A clock and its sleepers."""

    clock: FakeClock = field(default_factory=FakeClock)
    sleepers: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.clock.seconds + seconds, len(self.asked), woken))
        await woken

    async def settle(self) -> None:
        """Let everything run that can."""
        for _ in range(SETTLING_TURNS):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking each sleeper at its moment."""
        end = self.clock.seconds + seconds
        await self.settle()
        while due := sorted(sleeper for sleeper in self.sleepers if sleeper[0] <= end and not sleeper[2].done()):
            at, _, woken = due[0]
            self.clock.advance(max(0.0, at - self.clock.seconds))
            self.sleepers = [sleeper for sleeper in self.sleepers if sleeper[2] is not woken]
            woken.set_result(None)
            await self.settle()
        self.clock.advance(end - self.clock.seconds)
