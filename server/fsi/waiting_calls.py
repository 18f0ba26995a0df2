"""Questions that came over MQTT and wait for a worker, or are in one's hands.

A terminal that waits long sends the same question again. While the first is still here the second is not kept, so that
a centre that falls behind is not given the same work twice.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from wire.exchange import Exchange
from wire.topics import TerminalTopics

MOST_WAITING = 256
MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A question as it came."""

    topics: TerminalTopics
    """Whose topic it came on."""
    topic: str
    frame: bytes
    exchange: Exchange
    expires_at_s: float
    """On the monotonic clock: from then on nobody waits for the answer."""

    @property
    def key(self) -> tuple[str, bytes]:
        """What a repeat of the same question has in common with it."""
        return self.topic, self.exchange.correlation


class WaitingCalls:
    """Filled by the link's thread, emptied by the workers."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._calls: deque[Call] = deque()
        self._in_hand: set[tuple[str, bytes]] = set()
        self._bytes = 0
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Nothing is given out any more."""
        return self._is_closed

    @property
    def waiting(self) -> int:
        """Questions that no worker has taken yet."""
        return len(self._calls)

    def put(self, call: Call) -> bool:
        """Keep a question, unless it is here already; False if there is no room."""
        with self._news:
            if self._is_closed or call.key in self._in_hand:
                return True
            if len(self._calls) >= MOST_WAITING or self._bytes + len(call.frame) > MOST_BYTES:
                return False
            self._calls.append(call)
            self._in_hand.add(call.key)
            self._bytes += len(call.frame)
            self._news.notify()
        return True

    def take(self) -> Call | None:
        """Return the oldest question, waiting for one; None once the place is closed."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or self._calls)
            if self._is_closed:
                return None
            call = self._calls.popleft()
            self._bytes -= len(call.frame)
        return call

    def done(self, call: Call) -> None:
        """Say that a question was dealt with: if it comes again, it is worth another answer."""
        with self._news:
            self._in_hand.discard(call.key)

    def close(self) -> None:
        """Give nothing out any more; what waits is asked again, of the next centre."""
        with self._news:
            self._is_closed = True
            self._calls.clear()
            self._news.notify_all()
