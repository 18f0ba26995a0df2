"""A scanner that is a descriptor and a decoder: the loop that all wired scanners share.

Reads only when asked for the next scan, so a slow consumer leaves the bytes with the kernel and nothing piles up
here. Ending the loop, by cancellation too, closes the device and takes its descriptor off the event loop. The device
is opened and closed aside, because both may block; in between nothing does.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from codes.reading import Scan
from drivers.aside import entered_aside
from drivers.errors import DeviceLostError
from drivers.scanner.decoder import Decoder
from drivers.scanner.port import Clock, Progress

_CHUNK = 65536
_TURN_S = 1.0
"""The loop comes round so often even when nothing is scanned."""


@dataclass(frozen=True, slots=True)
class Stream:
    """An open device."""

    path: str
    """The node that was opened."""
    descriptor: int
    """Non-blocking; a read of nothing means that the device is gone."""
    decoder: Decoder
    """Fresh: nothing of an earlier life of the device."""
    occupant: str = ""
    """Which device it is, as the system tells."""


Listener = Callable[[bytes, float], object]
"""Takes what a device sends, and when."""


class StreamScanner:
    """Reads scans from whatever `opening` opens. Satisfies `drivers.scanner.port.Scanner`."""

    def __init__(self, device: str, opening: Callable[[], AbstractContextManager[Stream]], clock: Clock) -> None:
        self._device = device
        self._opening = opening
        self._clock = clock
        self._listener: Listener | None = None
        self._is_open = False
        self._opened = 0
        self._bytes_seen = 0
        self._scans = 0
        self._unterminated = 0
        self._last_progress: float | None = None
        self._turns = 0
        self._occupant = ""
        self._decoded: deque[Scan] = deque()
        """Not yielded yet."""

    @property
    def device(self) -> str:
        return self._device

    @property
    def progress(self) -> Progress:
        return Progress(
            is_open=self._is_open,
            opened=self._opened,
            bytes_seen=self._bytes_seen,
            scans=self._scans,
            unterminated=self._unterminated,
            last_progress=self._last_progress,
            turns=self._turns,
            occupant=self._occupant,
        )

    def divert(self, listener: Listener | None) -> None:
        """Hand what the device sends to `listener` as it comes, instead of making scans of it; None ends that."""
        self._listener = listener

    async def scans(self) -> AsyncGenerator[Scan, None]:
        """Open the device and yield each scan as it ends; see the port for the rules."""
        async with entered_aside(self._opening()) as stream:
            self._is_open = True
            self._opened += 1
            self._occupant = stream.occupant
            try:
                while True:
                    self._decoded += await self._next(stream)
                    while self._decoded:
                        self._scans += 1
                        yield self._decoded.popleft()
            finally:
                self._is_open = False

    def left(self) -> tuple[Scan, ...]:
        scans = tuple(self._decoded)
        self._decoded.clear()
        self._scans += len(scans)
        return scans

    async def _next(self, stream: Stream) -> list[Scan]:
        """Wait for bytes, for the silence that ends a scan or for the time to come round, whichever is first."""
        decoder, before = stream.decoder, stream.decoder.unterminated
        chunk = await self._read(stream)
        self._turns += 1
        now = self._clock()
        scans: list[Scan] = []
        if chunk:
            self._bytes_seen += len(chunk)
            self._last_progress = now
            scans = decoder.feed(chunk, now) if self._listener is None else self._divert(chunk, now)
        elif decoder.deadline is not None and now >= decoder.deadline:
            scans = decoder.silence(now)
        self._unterminated += decoder.unterminated - before
        return scans

    def _divert(self, chunk: bytes, now: float) -> list[Scan]:
        if self._listener is not None:
            self._listener(chunk, now)
        return []

    async def _read(self, stream: Stream) -> bytes:
        """Return the next bytes, or none if none came in time."""
        deadline = stream.decoder.deadline
        wait_s = _TURN_S if deadline is None else min(_TURN_S, max(0.0, deadline - self._clock()))
        await readable(stream.descriptor, wait_s)
        try:
            # After the deadline too: bytes may have come while this process was held up.
            chunk = os.read(stream.descriptor, _CHUNK)
        except BlockingIOError:
            return b""
        except OSError as exc:
            raise self._lost(stream) from exc
        if not chunk:
            raise self._lost(stream)
        return chunk

    def _lost(self, stream: Stream) -> DeviceLostError:
        return DeviceLostError(self._device, stream.path, unfinished_bytes=stream.decoder.unfinished_bytes)


async def readable(descriptor: int, timeout_s: float) -> None:
    """Wait until a descriptor has something to say, at most `timeout_s`."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    loop.add_reader(descriptor, _settle, ready)
    try:
        await asyncio.wait([ready], timeout=timeout_s)
    finally:
        loop.remove_reader(descriptor)


def _settle(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)
