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
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from codes.reading import Scan
from drivers.camera.errors import (
    CameraCrashedError,
    CameraRefusedError,
    CameraStalledError,
    CameraUnreachableError,
)
from drivers.camera.port import CAPTURE_ENVIRONMENT, CameraSettings
from drivers.errors import DeviceLostError, DriverError
from drivers.scanner.camera_wire import ENCODER, TOLD, Ended, Health, Opened, Order, Seen, Told
from drivers.scanner.opening import translated
from drivers.scanner.port import Clock, Progress
from drivers.scanner.spec import CameraSpec

_COMMAND = (sys.executable, "-P", "-m", "drivers.scanner.camera_child")
_SILENT_S = 30.0
"""The process tells something every second; silent for this long, it hangs."""
_END_S = 3.0
"""What it gets to end by itself."""

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
        )

    @property
    def health(self) -> Health:
        """What became of the frames since the camera was opened last."""
        return self._health

    async def scans(self) -> AsyncGenerator[Scan, None]:
        """Start the process, open the camera and yield each code that counts as a scan; see the port for the rules."""
        self._look_at_node()
        async with self._child() as child:
            try:
                while True:
                    told = await self._told(child)
                    if isinstance(told, Seen):
                        self._scans += 1
                        yield Scan(bytes.fromhex(told.raw_hex), symbology=told.aim, source=self.device)
                    else:
                        self._note(told)
            finally:
                self._is_open = False
                self._bytes_before += self._health.frame_bytes
                self._health = Health()

    def _look_at_node(self) -> None:
        """Ask the system about a device node first: it knows better than OpenCV why one cannot be opened."""
        if CameraSettings(self.device, self._order.source).is_url:
            return
        with translated(self.device, self._path):
            os.close(os.open(self._path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))

    def _note(self, told: Opened | Health | Ended) -> None:
        if isinstance(told, Ended):
            raise _ENDINGS.get(told.code, CameraCrashedError)(self.device, self._path)
        if isinstance(told, Opened):
            self._is_open = True
            self._opened += 1
            self._last_progress = self._clock()
            return
        if told.frame_bytes > self._health.frame_bytes:
            self._last_progress = self._clock()
        self._health = told

    async def _told(self, child: Process) -> Told:
        """Return the next thing the process tells."""
        if child.stdout is None:
            raise CameraCrashedError(self.device, self._path)
        try:
            line = await asyncio.wait_for(child.stdout.readline(), _SILENT_S)
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
            await _ended(child)


async def _ended(child: Process) -> None:
    """End the process: by the end of its input, and by force if that is not enough."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        await asyncio.wait_for(child.wait(), _END_S)
    except TimeoutError:
        child.kill()
        await child.wait()


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
