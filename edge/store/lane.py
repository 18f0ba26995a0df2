"""A lane: one thread that owns one connection, and a queue of work in front of it.

SQLite's connections belong to the thread that opened them. The writing lane is what makes the terminal's history one
line: everything that changes the store happens there, one piece of work after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from edge.errors import EdgeError
from edge.store.errors import DiskFullError, WriteFailedError, store_errors

_T = TypeVar("_T")


class InStore(Protocol):
    """Runs work in the thread that owns the store."""

    def __call__(self, work: Callable[[], _T], /) -> Awaitable[_T]:
        """Return what `work` returns, when it has run."""
        ...


class Reading(Protocol):
    """Reads beside the writer, on a connection of its own."""

    def __call__(self, work: Callable[[Connection], _T], /) -> Awaitable[_T]:
        """Return what `work` finds, within one transaction."""
        ...


class Lane:
    """Runs work in the one thread that owns a connection."""

    def __init__(self, name: str, path: Path, opening: AbstractContextManager[Connection]) -> None:
        self.executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._path = path
        self._opening = opening
        self._closing = ExitStack()
        self.refusal: EdgeError | None = None
        """Why the disk refused something here, until it has taken a write again (`forget_refusal`)."""

    async def open(self) -> Connection:
        """Open the connection in the lane's thread and return it; it may be used in that thread only."""
        return await self.run(lambda: self._closing.enter_context(self._opening))

    async def run(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns. Work that has begun is finished even if the caller is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, self._told, work)

    def wait_for(self, work: Callable[[], _T]) -> _T:
        """Return what `work` returns. From any thread that may wait, but never from the lane's own."""
        return self.executor.submit(self._told, work).result()

    async def close(self) -> None:
        """Finish what waits, close the connection and end the thread."""
        await self.run(self._closing.close)
        self.executor.shutdown()

    def forget_refusal(self) -> None:
        """Take it that the disk works again. In the lane's thread only, right after something was written."""
        self.refusal = None

    def _told(self, work: Callable[[], _T]) -> _T:
        try:
            with store_errors(self._path):
                return work()
        except (DiskFullError, WriteFailedError) as exc:
            self.refusal = exc
            raise
