"""A POS that takes codes, and fails as it is told to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from drivers.errors import DeviceLostError, DriverError


@dataclass
class Till:
    """Satisfies `drivers.wedge.port.Wedge`."""

    device: str = "wedge:till"
    is_open: bool = False
    got: list[bytes] = field(default_factory=list)
    refuses: DriverError | None = None
    """What every code fails with."""
    absent: DriverError | None = None
    """What opening fails with."""
    is_unplugged: bool = False
    hangs: bool = False
    opened: int = 0

    async def open(self) -> None:
        if self.absent is not None:
            raise self.absent
        self.is_open = True
        self.is_unplugged = False
        self.opened += 1

    async def send(self, code: bytes) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.refuses is not None:
            raise self.refuses
        await asyncio.sleep(0)
        self.got.append(code)

    async def look(self) -> None:
        if self.is_unplugged:
            self.is_open = False
            raise DeviceLostError(self.device, "/dev/till")

    async def close(self) -> None:
        self.is_open = False
