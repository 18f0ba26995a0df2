"""A camera as a scanner. Satisfies `drivers.scanner.port.Scanner`.

Capture and decoding live in a process of their own, because both can block or crash in foreign code. This side starts
it, reads what it tells, and turns its end into an error that says what to do; one loop over `scans` is one life of
that process. What is seen, and when it counts as a scan, is in `drivers.scanner.watching` and `confirm`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from codes.reading import Scan
from drivers.aside import aside
from drivers.camera.errors import (
    CameraCrashedError,
    CameraRefusedError,
    CameraStalledError,
    CameraUnreachableError,
)
from drivers.camera.port import CAPTURE_ENVIRONMENT, CameraSettings
from drivers.child import ended
from drivers.errors import DeviceLostError, DriverError
from drivers.opening import translated
from drivers.scanner.camera_wire import ENCODER, TOLD, Ended, Health, Opened, Order, Seen, Told
from drivers.scanner.port import Clock, Progress
from drivers.scanner.spec import CameraSpec

_COMMAND = (sys.executable, "-P", "-m", "drivers.scanner.camera_child")
_SILENT_S = 30.0
"""The process tells something every second; silent for this long, it hangs."""
_END_S = 3.0
"""What it gets to end by itself."""
_STARVED_S = 4.0
"""A camera that is open sends frames all the time; without one for this long it is said to be silent."""
_REST_S = 1.0
"""What the pipe of a process that has ended gets to be read to its end."""

_ENDINGS: Mapping[str, Callable[[str, str], DriverError]] = MappingProxyType(
    {
        CameraUnreachableError.code: CameraUnreachableError,
        CameraRefusedError.code: CameraRefusedError,
        CameraStalledError.code: CameraStalledError,
        DeviceLostError.code: DeviceLostError,
    }
)


def make_scanner(spec: CameraSpec, *, clock: Clock = time.monotonic) -> CameraScanner:
    """Return the driver for a camera."""
    return CameraScanner(_order(spec), clock=clock)


class CameraScanner:
    """Reads scans from one camera."""

    def __init__(self, order: Order, *, clock: Clock, command: Sequence[str] = _COMMAND) -> None:
        self._order = order
        self._clock = clock
        self._command = tuple(command)
        self._path = CameraSettings(order.device, order.source).path
        self._is_open = False
        self._opened = 0
        self._scans = 0
        self._last_progress: float | None = None
        self._health = Health()
        self._bytes_before = 0
        self._turns = 0
        self._is_starved = False
        self._decoded: deque[Scan] = deque()
        """Not yielded yet."""

    @property
    def device(self) -> str:
        return self._order.device

    @property
    def progress(self) -> Progress:
        return Progress(
            is_open=self._is_open,
            opened=self._opened,
            bytes_seen=self._bytes_before + self._health.frame_bytes,
            scans=self._scans,
            last_progress=self._last_progress,
            turns=self._turns,
            is_starved=self._is_starved,
        )

    @property
    def health(self) -> Health:
        """What became of the frames since the camera was opened last."""
        return self._health

    async def scans(self) -> AsyncGenerator[Scan, None]:
        """Start the process, open the camera and yield each code that counts as a scan; see the port for the rules."""
        await aside(self._look_at_node)
        async with self._child() as child:
            try:
                while True:
                    self._note(await self._told(child))
                    while self._decoded:
                        self._scans += 1
                        yield self._decoded.popleft()
            finally:
                self._is_open = self._is_starved = False
                self._bytes_before += self._health.frame_bytes
                self._health = Health()

    def left(self) -> tuple[Scan, ...]:
        scans = tuple(self._decoded)
        self._decoded.clear()
        self._scans += len(scans)
        return scans

    def _look_at_node(self) -> None:
        """Ask the system about a device node first: it knows better than OpenCV why one cannot be opened."""
        if CameraSettings(self.device, self._order.source).is_url:
            return
        with translated(self.device, self._path):
            os.close(os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))

    def _note(self, told: Told) -> None:
        """Take one thing that the process told. Each is a sign of life: it tells something every second."""
        now = self._clock()
        self._turns += 1
        if isinstance(told, Ended):
            raise _ENDINGS.get(told.code, CameraCrashedError)(self.device, self._path)
        if isinstance(told, Seen):
            self._decoded.append(self._scan(told))
        elif isinstance(told, Opened):
            self._is_open = True
            self._opened += 1
            self._last_progress = now
        else:
            if told.frame_bytes > self._health.frame_bytes:
                self._last_progress = now
            self._health = told
        self._is_starved = self._is_open and now - (self._last_progress or now) >= _STARVED_S

    def _scan(self, seen: Seen) -> Scan:
        return Scan(bytes.fromhex(seen.raw_hex), symbology=seen.aim, source=self.device)

    async def _told(self, child: Process) -> Told:
        """Return the next thing the process tells."""
        if child.stdout is None:
            raise CameraCrashedError(self.device, self._path)
        try:
            # Not `wait_for`: it may swallow the cancellation by which a driver is ended.
            async with asyncio.timeout(_SILENT_S):
                line = await child.stdout.readline()
        except TimeoutError as exc:
            raise CameraStalledError(self.device, self._path) from exc
        if not line.endswith(b"\n"):
            raise CameraCrashedError(self.device, self._path)
        try:
            return TOLD.decode(line)
        except msgspec.DecodeError as exc:
            raise CameraCrashedError(self.device, self._path) from exc

    @contextlib.asynccontextmanager
    async def _child(self) -> AsyncIterator[Process]:
        # A session of its own: Ctrl-C is for us, and we end it by closing its input.
        child = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, **CAPTURE_ENVIRONMENT},
            start_new_session=True,
        )
        try:
            if child.stdin is not None:
                child.stdin.write(ENCODER.encode(self._order) + b"\n")
            yield child
        finally:
            try:
                await ended(child, within_s=_END_S)
            finally:
                await self._take_rest(child)

    async def _take_rest(self, child: Process) -> None:
        """Keep the scans that the process told and nobody has read: it was ended, or our loop was."""
        with contextlib.suppress(TimeoutError, msgspec.DecodeError):
            async with asyncio.timeout(_REST_S):
                while child.stdout is not None and (line := await child.stdout.readline()).endswith(b"\n"):
                    told = TOLD.decode(line)
                    if isinstance(told, Seen):
                        self._decoded.append(self._scan(told))


def _order(spec: CameraSpec) -> Order:
    return Order(
        device=spec.device,
        source=spec.source,
        width=spec.width,
        height=spec.height,
        fps=spec.fps,
        budget_ms=spec.budget_ms,
        expect=spec.expect,
        absent_s=spec.absent_s,
    )
