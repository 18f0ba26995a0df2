"""The two kinds of wire that simulated scanners write to: a pseudo-terminal and a named pipe.

Both are there or gone as a device node is, and both know whether somebody has the other end open.
"""

from __future__ import annotations

import os
import select
import time
import tty
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from drivers.scanner.simulated.twin import Delivery, Wait

PATIENCE_S = 2.0
"""How long a twin waits for a reader that has the line open and reads nothing."""
_RETRY_S = 0.01

Piece = tuple[bytes, float]
"""Bytes that go out together, and the seconds they take on the line."""


class Wire(Protocol):
    """One end of a connection to a terminal."""

    def plug(self) -> None:
        """Make the device node appear."""
        ...

    def unplug(self) -> None:
        """Make it vanish; whoever reads it notices."""
        ...

    def write(self, piece: bytes) -> int | None:
        """Write what fits and return how much that is; None if nobody has the device open."""
        ...


class PtyWire:
    """A serial port: a link that stays, to a node that may change with each plugging."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._master: int | None = None

    def plug(self) -> None:
        if self._master is not None:
            return
        self._master, slave = os.openpty()
        os.set_blocking(self._master, False)
        tty.setraw(slave)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        if self._master is None:
            return
        self._link.unlink(missing_ok=True)
        os.close(self._master)
        self._master = None

    def write(self, piece: bytes) -> int | None:
        if self._master is None or _is_hung_up(self._master):
            return None
        try:
            return os.write(self._master, piece)
        except BlockingIOError:
            return 0


class PipeWire:
    """A node that carries records: a named pipe which takes part of a record never, and all of it or none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pipe: int | None = None

    def plug(self) -> None:
        if self._pipe is not None:
            return
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path)
        # A pipe can be opened for writing only while someone has it open for reading: be that someone, for a moment.
        reader = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self._pipe = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        os.close(reader)

    def unplug(self) -> None:
        if self._pipe is None:
            return
        self._path.unlink(missing_ok=True)
        os.close(self._pipe)
        self._pipe = None

    def write(self, piece: bytes) -> int | None:
        if self._pipe is None:
            return None
        try:
            return os.write(self._pipe, piece[: select.PIPE_BUF])
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return None


class Cable:
    """A wire with somebody's hand on the plug: sends at a pace, and gives up on a reader that has stopped reading."""

    def __init__(self, wire: Wire, wait: Wait, patience_s: float) -> None:
        self._wire = wire
        self._wait = wait
        self._patience_s = patience_s

    def plug(self) -> None:
        self._wire.plug()

    def unplug(self) -> None:
        self._wire.unplug()

    async def send(self, pieces: Sequence[Piece], *, pull_before: int | None = None) -> Delivery:
        """Send `pieces` at their own pace, and pull the cable before piece number `pull_before`."""
        written, patience_s, handed_at = 0, self._patience_s, None
        for number, (piece, seconds) in enumerate(pieces):
            if number == pull_before:
                self._wire.unplug()
            count, at = await self._write(piece, patience_s)
            if count < len(piece):
                patience_s = 0.0  # waited once for this code; the rest of it is not worth another wait
            written += count
            handed_at = at or handed_at
            await self._wait(seconds)
        return Delivery(written, sum(len(piece) for piece, _ in pieces) - written, handed_at)

    async def _write(self, piece: bytes, patience_s: float) -> tuple[int, float | None]:
        """Write all of `piece`, unless nobody has the line open or nothing moves for `patience_s`.

        Returns:
            How many bytes went out, and when the last of them did.
        """
        written, moved_at, handed_at = 0, time.monotonic(), None
        while written < len(piece):
            at = time.time()
            count = self._wire.write(piece[written:])
            if count:
                written, moved_at, handed_at = written + count, time.monotonic(), at
            elif count is None or time.monotonic() - moved_at >= patience_s:
                break
            else:
                await self._wait(_RETRY_S)
        return written, handed_at


def _is_hung_up(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(events & select.POLLHUP for _, events in poll.poll(0))
