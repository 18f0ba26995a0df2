"""The live bus: what happens is pushed to every open screen, in order, with nothing silently left out.

`LiveBus.publish` may be called from any thread. Each event gets the next number; a follower that reconnects names the
last number it saw (`Last-Event-ID`) and gets what it missed from a ring of recent events. Where that is impossible
(the ring has moved on, or the follower was too slow and its queue ran over) it gets one `reset`, which tells the page
to load its list again. So a page is either complete or knows that it is not.

The bus keeps nothing on disk and proves nothing: it is published to only after the fact is committed elsewhere.
"""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

PING = "ping"
RESET = "reset"
_RECHECK = "recheck"
"""For the streams themselves; no browser hears of it."""
RECHECK_S = 5.0
"""How old an answer may be on which something is still sent. A silent stream asks with its next heartbeat."""
RETRY_MS = 1_000
"""How long a browser waits before it reconnects."""

_LINE_END = re.compile(r"\r\n|\r|\n")
"""What the event-stream format takes for the end of a line, and nothing else: codes may hold other separators."""
_MAX_POSITION_DIGITS = 18


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One thing that happened, as a screen hears of it."""

    id: int
    """Place on the bus. A `ping` or `reset` carries the number up to which the follower is complete."""
    event: str
    """`scan`, `scan_update`, `totals`, `sync`, `device`, `alert`, `ping` or `reset`."""
    data: str
    """JSON, or an HTML fragment that was rendered once for everybody."""

    def encode(self) -> bytes:
        """Return the event in the form of a server-sent event."""
        lines = "".join(f"data: {line}\n" for line in _LINE_END.split(self.data))
        return f"id: {self.id}\nevent: {self.event}\n{lines}\n".encode()


@dataclass(slots=True, eq=False)
class _Follower:
    """One open stream and what it has not been sent yet."""

    loop: asyncio.AbstractEventLoop
    position: int
    """The last event that was handed over."""
    waiting: deque[LiveEvent] = field(default_factory=deque)
    has_overrun: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class LiveBus:
    """Carries events to every follower, thread-safe, bounded.

    Args:
        capacity: Events kept for followers that come back, and events that may wait for one slow follower before
            it gets a `reset` instead.
        heartbeat_s: Silence after which a `ping` is sent.
        first_id: Number before the first event. Give the time of the start in milliseconds, so that numbers of an
            earlier life of the process are never taken for numbers of this one.
    """

    def __init__(self, capacity: int = 2_000, *, heartbeat_s: float = 10.0, first_id: int = 0) -> None:
        self._ring: deque[LiveEvent] = deque(maxlen=capacity)
        self._capacity = capacity
        self._heartbeat_s = heartbeat_s
        self._newest = first_id
        self._followers: set[_Follower] = set()
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def newest_id(self) -> int:
        """The number of the last event: a page rendered now follows from here."""
        return self._newest

    @property
    def follower_count(self) -> int:
        """Streams that are open."""
        return len(self._followers)

    def publish(self, event: str, data: str) -> int:
        """Send to every follower; return the event's number. May be called from any thread."""
        with self._lock:
            self._newest += 1
            live = LiveEvent(self._newest, event, data)
            self._ring.append(live)
            for follower in self._followers:
                self._hand_over(follower, live)
            return live.id

    def close(self) -> None:
        """End every stream at once and for good, so that a stopping server does not wait for its screens."""
        with self._lock:
            self._is_closed = True
            for follower in self._followers:
                _wake(follower)

    def recheck(self) -> None:
        """Have every stream ask at once whether its reader may still follow: somebody has lost the right to."""
        self.publish(_RECHECK, "")

    async def follow(self, last_id: int | None = None) -> AsyncGenerator[LiveEvent]:
        """Yield events after `last_id`, or after now if it is None, until the bus closes.

        The stream opens with a `ping` (or `reset`) that names the position, so that a follower cut off before its
        first real event still knows where to go on.
        """
        with self._registered(last_id) as follower:
            yield self._greeting(follower, last_id)
            while not self._is_closed:
                batch = self._collect(follower)
                for live in batch:
                    follower.position = live.id
                    yield live
                if not batch and not await self._awake(follower):
                    yield LiveEvent(follower.position, PING, "{}")

    @contextmanager
    def _registered(self, last_id: int | None) -> Iterator[_Follower]:
        loop = asyncio.get_running_loop()
        with self._lock:
            follower = _Follower(loop, self._newest)
            if last_id is not None and self._can_replay(last_id):
                follower.position = last_id
                follower.waiting.extend(live for live in self._ring if live.id > last_id)
            self._followers.add(follower)
        try:
            yield follower
        finally:
            with self._lock:
                self._followers.discard(follower)

    def _can_replay(self, last_id: int) -> bool:
        oldest_needed = self._ring[0].id if self._ring else self._newest + 1
        return oldest_needed - 1 <= last_id <= self._newest

    def _greeting(self, follower: _Follower, last_id: int | None) -> LiveEvent:
        is_complete = last_id is None or follower.position == last_id
        return LiveEvent(follower.position, PING if is_complete else RESET, "{}")

    def _hand_over(self, follower: _Follower, live: LiveEvent) -> None:
        if len(follower.waiting) >= self._capacity:
            follower.waiting.clear()
            follower.has_overrun = True
        follower.waiting.append(live)
        _wake(follower)

    def _collect(self, follower: _Follower) -> list[LiveEvent]:
        """Take everything that waits. After an overrun the page reloads, so one `reset` stands for all of it."""
        with self._lock:
            follower.wake.clear()
            batch = list(follower.waiting)
            follower.waiting.clear()
            if not follower.has_overrun:
                return batch
            follower.has_overrun = False
            return [LiveEvent(self._newest, RESET, "{}")]

    async def _awake(self, follower: _Follower) -> bool:
        """Wait for news; False if a heartbeat is due instead."""
        try:
            async with asyncio.timeout(self._heartbeat_s):
                await follower.wake.wait()
        except TimeoutError:
            return False
        return True


def _wake(follower: _Follower) -> None:
    """Wake the follower's loop. A loop that is closed has lost its follower already."""
    if not follower.loop.is_closed():
        follower.loop.call_soon_threadsafe(follower.wake.set)


def sse_response(
    bus: LiveBus,
    request: Request,
    *,
    may_follow: Callable[[], bool] = lambda: True,
    clock: Callable[[], float] = time.monotonic,
) -> StreamingResponse:
    """Return the stream of `bus` as server-sent events.

    A reconnecting browser sends `Last-Event-ID`; a page that was rendered with its list names the position in the
    query as `?after=`. A value that is no number counts as a position that cannot be replayed.

    Args:
        bus: What is followed.
        request: Who follows, and from where.
        may_follow: Asked in a thread of its own: at once after `LiveBus.recheck`, else before an event when the last
            answer is older than `RECHECK_S`. The stream ends with the first no.
        clock: In seconds, from any start.
    """
    asked = request.headers.get("last-event-id") or request.query_params.get("after")
    return StreamingResponse(
        _encoded(bus, position_of(asked), may_follow, clock),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def position_of(asked: str | None) -> int | None:
    """Return the position that a follower names; one that is no number cannot be replayed."""
    if asked is None:
        return None
    is_number = asked.isascii() and asked.isdigit() and len(asked) <= _MAX_POSITION_DIGITS
    return int(asked) if is_number else -1


async def _encoded(
    bus: LiveBus, last_id: int | None, may_follow: Callable[[], bool], clock: Callable[[], float]
) -> AsyncGenerator[bytes]:
    yield f"retry: {RETRY_MS}\n\n".encode()

    async def asked() -> bool:
        return await run_in_threadpool(may_follow)

    async with aclosing(followed(bus, last_id, asked, clock)) as events:
        async for live in events:
            yield live.encode()


async def followed(
    bus: LiveBus,
    last_id: int | None,
    may_follow: Callable[[], Awaitable[bool]],
    clock: Callable[[], float] = time.monotonic,
) -> AsyncGenerator[LiveEvent]:
    """Yield what happens to somebody who may follow, until they may not any more."""
    asked_at = clock()
    async with aclosing(bus.follow(last_id)) as events:
        async for live in events:
            if live.event == _RECHECK or clock() - asked_at >= RECHECK_S:
                asked_at = clock()
                if not await may_follow():
                    return
            if live.event != _RECHECK:
                yield live
