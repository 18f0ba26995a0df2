"""A vendor's library behind a process: loaded when first called, one call at a time, ended when it hangs.

A call that is cancelled or takes too long ends the process, because nothing else stops foreign code; the next call
loads the library anew. Nothing is called twice by itself: the caller knows what may be repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec

from codes.words import Words
from drivers.child import ended
from drivers.vendor.calls import ENCODER, REPLIES, Call, Returned, Unusable
from drivers.vendor.errors import (
    VendorFileMissingError,
    VendorLibraryCrashedError,
    VendorLibrarySilentError,
    VendorLibraryUnusableError,
)
from drivers.vendor.files import LibraryFiles, load_error

_MOST_BYTES = 1 << 20
"""Of one answer line."""


class VendorLibrary:
    """One library, loaded at most once at a time."""

    def __init__(
        self, device: str, command: Sequence[str], *, files: LibraryFiles | None = None, folder: Path | None = None
    ) -> None:
        self.device = device
        """As the configuration names it, for messages."""
        self._command = tuple(command)
        self._files = files
        self._folder = folder
        """Where a twin is played."""
        self._child: Process | None = None
        self._turn = asyncio.Lock()
        self.is_fresh = True
        """Nothing has been set up in it since it was loaded, or what was is not to be relied upon: see `set_up`."""

    @property
    def is_running(self) -> bool:
        """Its process is there."""
        return self._child is not None and self._child.returncode is None

    @contextlib.asynccontextmanager
    async def session(self) -> AsyncIterator[VendorLibrary]:
        """Have the library to oneself."""
        async with self._turn:
            if not self.is_running:
                # It was never there, or ended between two calls: nobody waited for it, so nobody need hear of it.
                await self.close()
            yield self

    def set_up(self) -> None:
        """Note that whatever a freshly loaded library needs first was done."""
        self.is_fresh = False

    def unset(self) -> None:
        """Note that it has to be done again before the next call."""
        self.is_fresh = True

    def look(self) -> None:
        """Look at what is needed, as far as that can be seen without loading it.

        Raises:
            DriverError: It is not there, or cannot be used here.
        """
        if self._files is not None:
            self._files.look(self.device)
        if self._folder is not None and not self._folder.is_dir():
            raise VendorFileMissingError(self.device, str(self._folder))

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
        except BaseException:
            # An answer that comes late must not pass for the next one.
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
        try:
            return await child.stdout.readline()
        except ValueError:
            # Longer than any answer is.
            return b""

    async def _started(self) -> Process:
        self.look()
        try:
            # A session of its own: Ctrl-C is for us, and we end it by closing its input.
            self._child = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, start_new_session=True, limit=_MOST_BYTES
            )
        except OSError as exc:
            raise VendorLibraryUnusableError(self.device, Words(str(exc), str(exc))) from exc
        return self._child

    async def _told(self, call: Call, line: bytes) -> Returned:
        try:
            reply = REPLIES.decode(line)
        except msgspec.DecodeError:
            await self.close()
            # Without its cause: that would carry what could not be read.
            raise VendorLibraryCrashedError(self.device, call.function) from None
        if isinstance(reply, Unusable):
            await self.close()
            raise load_error(self.device, self._files, reply.detail)
        return reply


def try_loading(device: str, files: LibraryFiles, *, within_s: float) -> None:
    """Load a library in a process of its own, call nothing, and let it go.

    Raises:
        DriverError: It cannot be used.
    """
    files.look(device)
    try:
        tried = subprocess.run(  # noqa: S603 - our own program, and a path from the configuration
            files.command, input=b"", capture_output=True, check=False, timeout=within_s, start_new_session=True
        )
    except subprocess.TimeoutExpired as exc:
        raise VendorLibrarySilentError(device, "dlopen", within_s) from exc
    if tried.stdout:
        reply = REPLIES.decode(tried.stdout)
        if isinstance(reply, Unusable):
            raise load_error(device, files, reply.detail)
    if tried.returncode != 0:
        raise VendorLibraryCrashedError(device, "dlopen")
