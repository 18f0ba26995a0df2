"""A look at the machine that may never come back: a driver that hangs keeps whoever reads the kernel's file of it.

One look at a time, each in a thread that can be left to itself: it holds up neither the event loop nor a clean stop,
and however long it hangs, there is no second one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import structlog

from drivers.aside import aside

LATE_S: Final = 1.0
"""A look takes milliseconds. Nobody waits longer than this for one."""

_T = TypeVar("_T")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Look(Generic[_T]):
    """Looks whenever it is asked to, unless the look before is still under way.

    Args:
        name: What is looked at, for the log.
        look: May block, for ever.
        good_s: How long after it was begun a look still says what is.
        late_s: How long to wait for it.
        monotonic_s: Tells the time.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[], _T],
        *,
        good_s: float,
        late_s: float = LATE_S,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._look = look
        self._good_s = good_s
        self._late_s = late_s
        self._monotonic_s = monotonic_s
        self._under_way: asyncio.Task[tuple[_T, float]] | None = None
        self._begun_s = 0.0
        self._is_late = False

    async def seen(self) -> _T | None:
        """Return what is seen now; None while a look hangs. It is waited for once, then only asked after."""
        looking = self._under_way or self._begin()
        if looking.done() and self._monotonic_s() - self._begun_s > self._good_s:
            # What comes so late says what was, not what is.
            await self._answer(looking)
            looking = self._begin()
        await asyncio.wait({looking}, timeout=0 if self._is_late else self._late_s)
        if not looking.done():
            self._note_late(is_late=True)
            return None
        answer = await self._answer(looking)
        if self._is_late:
            # On a machine that is slow the next one is then there when it is asked for.
            self._begin()
        return answer

    def _begin(self) -> asyncio.Task[tuple[_T, float]]:
        self._begun_s = self._monotonic_s()
        self._under_way = asyncio.create_task(aside(self._timed), name=f"look at {self._name}")
        return self._under_way

    def _timed(self) -> tuple[_T, float]:
        began_s = self._monotonic_s()
        return self._look(), self._monotonic_s() - began_s

    async def _answer(self, looking: asyncio.Task[tuple[_T, float]]) -> _T:
        self._under_way = None
        answer, took_s = await looking
        self._note_late(is_late=took_s > self._late_s)
        return answer

    def _note_late(self, *, is_late: bool) -> None:
        """Say once that looks take too long, and once that they do no more."""
        if is_late and not self._is_late:
            _logger.warning("look.hangs", what=self._name)
        elif self._is_late and not is_late:
            _logger.info("look.back", what=self._name)
        self._is_late = is_late
