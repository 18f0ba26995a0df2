"""Requests that are at work: a repeat that comes meanwhile waits for the answer of the first one, and does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from codes.words import Words
from edge.counter.counter import Request
from edge.counter.errors import KeyReusedError

_T = TypeVar("_T")


@dataclass(slots=True)
class Repeats(Generic[_T]):
    """Those of one verb after another, in the event loop that answers."""

    _at_work: dict[str, tuple[str, asyncio.Task[_T]]] = field(default_factory=dict)

    async def once(self, request: Request, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Do it, unless the same request is at work.

        Raises:
            KeyReusedError: Its key belongs to another request.
        """
        key = request.key
        if key is None:
            return await work()
        asked, task = self._at_work.get(key, (request.asked, None))
        if asked != request.asked:
            raise key_reused()
        if task is None:
            task = asyncio.create_task(work(), name="request")
            self._at_work[key] = asked, task
            task.add_done_callback(lambda _: self._at_work.pop(key, None))
        # Whoever asked may have gone; what is at work goes on for who asks again.
        return await asyncio.shield(task)


def key_reused() -> KeyReusedError:
    """Return the refusal of a key that was used for another request."""
    return KeyReusedError(
        Words("同一 Idempotency-Key 用于不同请求", "This Idempotency-Key was used for another request")
    )
