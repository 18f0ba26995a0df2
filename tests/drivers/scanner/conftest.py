"""Reading a scanner in a test: a task that collects scans, restarted as a supervisor would."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from random import Random

import pytest

from codes.errors import TransientError
from codes.reading import Scan
from drivers.scanner import Clock, Scanner, open_scanner, parse_spec

DEADLINE_S = 30.0


class Listener:
    """Collects what a scanner yields, and starts it again when it breaks down."""

    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self.scans: list[Scan] = []
        self.errors: list[TransientError] = []
        self._changed = asyncio.Event()

    async def run(self) -> None:
        while True:
            try:
                await self._read()
            except TransientError as error:
                if not self.errors or type(self.errors[-1]) is not type(error):
                    self.errors.append(error)
                    self._changed.set()
                await asyncio.sleep(0)

    async def _read(self) -> None:
        async with contextlib.aclosing(self.scanner.scans()) as scans:
            async for scan in scans:
                self.scans.append(scan)
                self._changed.set()

    async def until(self, reached: Callable[[Listener], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not reached(self):
                self._changed.clear()
                await self._changed.wait()

    async def count(self, number: int) -> list[Scan]:
        """Wait for so many scans in total."""
        await self.until(lambda listener: len(listener.scans) >= number)
        return self.scans

    async def opened(self, times: int = 1) -> None:
        await self._turns_until(lambda: self.scanner.progress.opened >= times)

    async def heard(self, size_bytes: int) -> None:
        await self._turns_until(lambda: self.scanner.progress.bytes_seen >= size_bytes)

    async def _turns_until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not reached():  # noqa: ASYNC110 - a scanner tells these by its counts only
                await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def listening(spec: str, *, clock: Clock = time.monotonic) -> AsyncIterator[Listener]:
    listener = Listener(open_scanner(parse_spec(spec), clock=clock))
    task = asyncio.create_task(listener.run())
    try:
        await listener.opened()
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def at_once(_seconds: float) -> None:
    """Let others run, and no time pass."""
    await asyncio.sleep(0)


@pytest.fixture
def listen():
    """Open a scanner by its line in the configuration and collect its scans."""
    return listening


@pytest.fixture
def no_wait():
    """A twin's time that passes at once."""
    return at_once


class SetClock:
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def random():
    return Random(20261121)
