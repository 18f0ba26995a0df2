"""A vendor's library behind a process: loaded when first called, one call at a time, ended when it hangs.

A call that is cancelled or takes too long ends the process, because nothing else stops foreign code; the next call
loads the library anew. Nothing is called twice by itself: the caller knows what may be repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from drivers.child import ended
from drivers.vendor.calls import ENCODER, REPLIES, Call, Returned, Unusable
from drivers.vendor.errors import VendorLibraryCrashedError, VendorLibrarySilentError, VendorLibraryUnusableError

_MOST_BYTES = 1 << 20
"""Of one answer line."""


def library_command(path: Path) -> tuple[str, ...]:
    """Return the command of the process that serves a shared library."""
    return (sys.executable, "-m", "drivers.vendor.child", str(path))


class VendorLibrary:
    """One library, loaded at most once at a time."""

    def __init__(self, device: str, command: Sequence[str]) -> None:
        self.device = device
        """As the configuration names it, for messages."""
        self._command = tuple(command)
        self._child: Process | None = None
        self._turn = asyncio.Lock()
        self.is_fresh = True
        """It was loaded anew, and nothing has been set up in it: see `set_up`."""

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[VendorLibrary]:
        """Have the library to oneself."""
        async with self._turn:
            yield self

    def set_up(self) -> None:
        """Note that whatever a freshly loaded library needs first was done."""
        self.is_fresh = False

    async def call(self, call: Call, *, within_s: float) -> Returned:
        """Call one function; only inside a session.

        Raises:
            VendorLibraryUnusableError: It cannot be loaded, or has no such function.
            VendorLibraryCrashedError: It crashed.
            VendorLibrarySilentError: It took longer than `within_s`.
        """
        try:
            async with asyncio.timeout(within_s):
                line = await self._asked(call)
        except TimeoutError as exc:
            await self.close()
            raise VendorLibrarySilentError(self.device, call.function, within_s) from exc
        except asyncio.CancelledError:
            await self.close()
            raise
        return await self._told(call, line)

    async def close(self) -> None:
        """End the process; the next call loads the library anew."""
        child, self._child, self.is_fresh = self._child, None, True
        if child is not None:
            await ended(child)

    async def _asked(self, call: Call) -> bytes:
        child = self._child or await self._started()
        if child.stdin is None or child.stdout is None:
            return b""
        try:
            child.stdin.write(ENCODER.encode(call) + b"\n")
            await child.stdin.drain()
        except ConnectionError:
            # It ended before the call. What it said of itself, if anything, can still be read.
            pass
        return await child.stdout.readline()

    async def _started(self) -> Process:
        # A session of its own: Ctrl-C is for us, and we end it by closing its input.
        self._child = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True, limit=_MOST_BYTES
        )
        return self._child

    async def _told(self, call: Call, line: bytes) -> Returned:
        try:
            reply = REPLIES.decode(line)
        except msgspec.DecodeError as exc:
            await self.close()
            raise VendorLibraryCrashedError(self.device, call.function) from exc
        if isinstance(reply, Unusable):
            await self.close()
            raise VendorLibraryUnusableError(self.device, reply.detail)
        return reply
