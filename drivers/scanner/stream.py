"""A scanner that is a descriptor and a decoder: the loop that all wired scanners share.

Reads only when asked for the next scan, so a slow consumer leaves the bytes with the kernel and nothing piles up
here. Ending the loop, by cancellation too, closes the device and takes its descriptor off the event loop.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from codes.reading import Scan
from drivers.errors import DeviceLostError
from drivers.scanner.decoder import Decoder
from drivers.scanner.port import Clock, Progress

_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Stream:
    """An open device."""

    path: str
    """The node that was opened."""
    descriptor: int
    """Non-blocking; a read of nothing means that the device is gone."""
    decoder: Decoder
    """Fresh: nothing of an earlier life of the device."""


class StreamScanner:
    """Reads scans from whatever `opening` opens. Satisfies `drivers.scanner.port.Scanner`."""

    def __init__(self, device: str, opening: Callable[[], AbstractContextManager[Stream]], clock: Clock) -> None:
        self._device = device
        self._opening = opening
        self._clock = clock
        self._is_open = False
        self._opened = 0
        self._bytes_seen = 0
        self._scans = 0
        self._unterminated = 0
        self._last_progress: float | None = None

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
        )

    async def scans(self) -> AsyncGenerator[Scan, None]:
        """Open the device and yield each scan as it ends; see the port for the rules."""
        with self._opening() as stream:
            self._is_open = True
            self._opened += 1
            try:
                while True:
                    for scan in await self._next(stream):
                        self._scans += 1
                        yield scan
            finally:
                self._is_open = False

    async def _next(self, stream: Stream) -> list[Scan]:
        """Wait for bytes or for the silence that ends a scan, whichever is first."""
        decoder, before = stream.decoder, stream.decoder.unterminated
        chunk = await self._read(stream)
        now = self._clock()
        scans: list[Scan] = []
        if chunk:
            self._bytes_seen += len(chunk)
            self._last_progress = now
            scans = decoder.feed(chunk, now)
        elif decoder.deadline is not None and now >= decoder.deadline:
            scans = decoder.silence(now)
        self._unterminated += decoder.unterminated - before
        return scans

    async def _read(self, stream: Stream) -> bytes:
        """Return the next bytes, or none if the decoder's deadline passed without any."""
        deadline = stream.decoder.deadline
        await _readable(stream.descriptor, None if deadline is None else max(0.0, deadline - self._clock()))
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


async def _readable(descriptor: int, timeout_s: float | None) -> None:
    """Wait until the descriptor has something to say, at most `timeout_s`."""
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
