"""The resolver in a thread of its own, made anew if it crashes, ended when the terminal stops."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.aside import aside
from edge.fsi.resolving import Resolver

END_S = 1.5
"""What a try that is under way gets to end; then the thread is left to itself, and its message is open at the start."""


class Resolving:
    """Where the rest of the terminal finds the resolver of the moment."""

    def __init__(self, new_resolver: Callable[[], Resolver]) -> None:
        self._new_resolver = new_resolver
        self._resolver: Resolver | None = None

    @property
    def stuck(self) -> tuple[str, ...]:
        """Ids of messages of which nothing can be found out here, the oldest first."""
        return () if self._resolver is None else tuple(sorted(self._resolver.stuck))

    def wake(self) -> None:
        """Say that the line is back, or that somebody signed in. From any thread."""
        resolver = self._resolver
        if resolver is not None:
            resolver.wake()

    async def run(self) -> None:
        """Take up what is open until cancelled; what was left open by the run before comes first."""
        resolver = self._resolver = self._new_resolver()
        running = asyncio.ensure_future(aside(resolver.run))
        try:
            await asyncio.shield(running)
        finally:
            resolver.stop()
            await asyncio.wait({running}, timeout=END_S)
