"""Answers of transactions that only read, for a while: the same message gets the same bytes.

Nothing of them is in the store, which would cost a commit for each. So the promise holds as long as this process lives,
a quarter of an hour, and within a bound of memory; beyond, the message is read anew, which changes nothing anywhere.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEPT_S = 900.0
MOST_BYTES = 16 * 1024 * 1024
ENTRY_BYTES = 400
"""What an answer takes besides its bytes, roughly."""

Key = tuple[str, str]
"""Institution and msgid."""


@dataclass(frozen=True, slots=True)
class RecentAnswer:
    """What was answered to which message."""

    digest: bytes
    body: bytes
    until_s: float


class RecentAnswers:
    """The newest answers, by institution and msgid."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._answers: OrderedDict[Key, RecentAnswer] = OrderedDict()
        self._bytes = 0

    def find(self, key: Key) -> RecentAnswer | None:
        """Return what the message was answered lately."""
        with self._lock:
            found = self._answers.get(key)
        return found if found is not None and found.until_s > self._monotonic() else None

    def keep(self, key: Key, digest: bytes, body: bytes) -> RecentAnswer:
        """Keep an answer, unless a twin of the message was quicker; return the one that counts."""
        now_s = self._monotonic()
        made = RecentAnswer(digest, body, now_s + KEPT_S)
        with self._lock:
            found = self._answers.get(key)
            if found is not None and found.until_s > now_s:
                return found
            if found is not None:
                self._forget(key)
            self._answers[key] = made
            self._bytes += _size(made)
            while self._bytes > MOST_BYTES:
                self._forget(next(iter(self._answers)))
        return made

    def _forget(self, key: Key) -> None:
        self._bytes -= _size(self._answers.pop(key))


def _size(answer: RecentAnswer) -> int:
    return ENTRY_BYTES + len(answer.body)
