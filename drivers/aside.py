"""Calls that may never come back: made in a thread that can be left to itself.

Opening and closing a device waits in the kernel for as long as the device likes, and nothing can interrupt it there.
Whoever waits for such a call can be cancelled at any time; the thread stays behind, holds nobody up, does not keep the
process from ending, and undoes what it did when it comes back after all.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import TypeVar

_T = TypeVar("_T")


async def aside(call: Callable[[], _T], *, undo: Callable[[_T], object] | None = None) -> _T:
    """Return what `call` returns, from a thread of its own.

    Args:
        call: May block.
        undo: Given what `call` returned where nobody waits for it any more; in a thread too.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[_T] = loop.create_future()

    def work() -> None:
        outcome = _outcome_of(call)
        try:
            loop.call_soon_threadsafe(_tell, answer, outcome, undo)
        except RuntimeError:
            # The loop was closed meanwhile.
            _undo(outcome, undo)

    threading.Thread(target=work, name="aside", daemon=True).start()
    return await answer


@contextlib.asynccontextmanager
async def entered_aside(context: AbstractContextManager[_T]) -> AsyncGenerator[_T]:
    """Enter and leave `context` in threads. It is left even if whoever entered it has gone meanwhile."""

    def leave(_: object = None) -> None:
        context.__exit__(None, None, None)

    entered = await aside(context.__enter__, undo=leave)
    try:
        yield entered
    finally:
        await aside(leave)


def _outcome_of(call: Callable[[], _T]) -> Future[_T]:
    outcome: Future[_T] = Future()
    try:
        outcome.set_result(call())
    except BaseException as exc:  # noqa: BLE001 - nothing is swallowed: it is raised where somebody waits
        outcome.set_exception(exc)
    return outcome


def _tell(answer: asyncio.Future[_T], outcome: Future[_T], undo: Callable[[_T], object] | None) -> None:
    if answer.done():
        threading.Thread(target=_undo, args=(outcome, undo), name="aside, too late", daemon=True).start()
        return
    error = outcome.exception()
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(outcome.result())


def _undo(outcome: Future[_T], undo: Callable[[_T], object] | None) -> None:
    if undo is not None and outcome.exception() is None:
        undo(outcome.result())
