"""A look at the machine that may never come back: a driver that hangs keeps whoever reads the kernel's file of it.

One look at a time, each in a thread that can be left to itself: it holds up neither the event loop nor a clean stop,
and however long it hangs, there is no second one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import structlog

from drivers.scanner.aside import aside

LATE_S: Final = 1.0
"""A look takes milliseconds. Nobody waits longer than this for one."""

_T = TypeVar("_T")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Look(Generic[_T]):
    """Looks whenever it is asked to, unless the look before still hangs.

    Args:
        name: What is looked at, for the log.
        look: May block, for ever.
        late_s: How long to wait for it.
    """

    def __init__(self, name: str, look: Callable[[], _T], *, late_s: float = LATE_S) -> None:
        self._name = name
        self._look = look
        self._late_s = late_s
        self._under_way: asyncio.Task[_T] | None = None
        self._is_late = False

    async def seen(self) -> _T | None:
        """Return what is seen now; None while a look hangs. It is waited for once, then only asked after."""
        if self._is_late and self._under_way is not None and self._under_way.done():
            # What comes late says what was, not what is.
            self._end(self._under_way)
        if self._under_way is None:
            self._under_way = asyncio.create_task(aside(self._look), name=f"look at {self._name}")
        looking = self._under_way
        await asyncio.wait({looking}, timeout=0 if self._is_late else self._late_s)
        if not looking.done():
            self._note_late(is_late=True)
            return None
        return self._end(looking)

    def _end(self, looking: asyncio.Task[_T]) -> _T:
        self._under_way = None
        self._note_late(is_late=False)
        return looking.result()

    def _note_late(self, *, is_late: bool) -> None:
        """Say once that a look hangs, and once that it came back."""
        if is_late and not self._is_late:
            _logger.warning("look.hangs", what=self._name)
        elif self._is_late and not is_late:
            _logger.info("look.back", what=self._name)
        self._is_late = is_late
