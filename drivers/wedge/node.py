"""A wedge that is a node: opened once, written to piece by piece at a pace, and noticed when it goes.

A named pipe stands in for a node where there is no device, and takes the same bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import stat
import termios
from collections.abc import Callable, Sequence

from drivers.errors import DeviceLostError, DriverError
from drivers.opening import translated
from drivers.wedge.errors import WedgeClosedError, WedgeStuckError

_PATIENCE_S = 2.0
"""A host polls a keyboard every few milliseconds, and a program empties its serial port."""


class NodeWedge:
    """Satisfies `drivers.wedge.port.Wedge`.

    Args:
        device: As the configuration names it.
        path: For messages.
        opening: Opens the node, non-blocking, and returns its descriptor; may raise `OSError`.
        pieces: What to write for one code; may raise `DriverError`.
        release: What to write when a code breaks off, now or before the next one: a key that stays down repeats itself
            for ever, and half a code must not be read as one with the next.
        pace_s: Between two pieces.
        closing: Undoes what `opening` did besides.
        settle_s: After opening, until the receiver has taken notice of the node.
        is_hung_up: Tells of an open node whether what it led to is gone, where a write would not be the first to know.
    """

    def __init__(
        self,
        device: str,
        path: str,
        *,
        opening: Callable[[], int],
        pieces: Callable[[bytes], Sequence[bytes]],
        release: Sequence[bytes] = (),
        pace_s: float = 0.0,
        closing: Callable[[], None] = lambda: None,
        settle_s: float = 0.0,
        is_hung_up: Callable[[int], bool] = lambda _: False,
    ) -> None:
        self.device = device
        self._path = path
        self._opening = opening
        self._pieces = pieces
        self._release = release
        self._pace_s = pace_s
        self._closing = closing
        self._settle_s = settle_s
        self._is_hung_up = is_hung_up
        self._is_cut_short = False
        """A code broke off, and what releases it did not go out either."""
        self._turn = asyncio.Lock()
        self._descriptor: int | None = None
        self._is_settled = False

    @property
    def is_open(self) -> bool:
        return self._descriptor is not None and self._is_settled

    async def open(self) -> None:
        if self._descriptor is not None:
            return
        with translated(self.device, self._path):
            descriptor = self._descriptor = self._opening()
        self._is_cut_short = False
        try:
            if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                await asyncio.sleep(self._settle_s)
        except BaseException:
            self._let_go()
            raise
        self._is_settled = True

    async def close(self) -> None:
        self._let_go()

    async def send(self, code: bytes) -> None:
        # Two codes at once would be keys in turn.
        async with self._turn:
            pieces = self._pieces(code)
            descriptor = self._descriptor
            if descriptor is None or not self._is_settled:
                raise WedgeClosedError(self.device)
            if self._is_cut_short:
                await self._let_up(descriptor)
            try:
                await self._write(descriptor, pieces)
            except BaseException:
                self._is_cut_short = True
                with contextlib.suppress(DriverError):
                    await self._let_up(descriptor)
                raise

    async def look(self) -> None:
        if self._descriptor is not None and self._is_hung_up(self._descriptor):
            self._let_go()
            raise DeviceLostError(self.device, self._path)

    async def _let_up(self, descriptor: int) -> None:
        await self._write(descriptor, self._release)
        self._is_cut_short = False

    async def _write(self, descriptor: int | None, pieces: Sequence[bytes]) -> None:
        for done, piece in enumerate(pieces):
            if descriptor is None or descriptor != self._descriptor:
                raise WedgeClosedError(self.device)
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._write_piece(descriptor, piece)
            except TimeoutError as exc:
                raise WedgeStuckError(self.device, done, len(pieces)) from exc
            if self._pace_s:
                await asyncio.sleep(self._pace_s)

    async def _write_piece(self, descriptor: int, piece: bytes) -> None:
        left = memoryview(piece)
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:
                await _writable(descriptor)
            except OSError as exc:
                self._let_go()
                raise DeviceLostError(self.device, self._path) from exc

    def _let_go(self) -> None:
        descriptor, self._descriptor, self._is_settled = self._descriptor, None, False
        if descriptor is not None:
            with contextlib.suppress(termios.error):
                # Closing a line waits for what it has not sent, for half a minute.
                termios.tcflush(descriptor, termios.TCOFLUSH)
            os.close(descriptor)
            self._closing()


def opened(path: str, claim: Callable[[int], object] = lambda _: None) -> int:
    """Open a node to write and let `claim` set it up, unless a named pipe stands in for it.

    Raises:
        OSError: It cannot be opened or set up.
    """
    # To read as well: else a pipe could not be opened before its reader.
    descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISCHR(mode):
            claim(descriptor)
        else:
            _refuse_file(mode)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_file(mode: int) -> None:
    if not stat.S_ISFIFO(mode):
        # Codes are not to pile up in a file.
        raise OSError(errno.ENOTTY, "not a device")


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_writer(descriptor, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_writer(descriptor)
