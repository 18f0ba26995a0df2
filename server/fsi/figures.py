"""Counts and times of the national interface, for `/metrics`. Labels name transactions and outcomes, never people."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

BUCKETS_S: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_OTHER = "other"


class Outcome(StrEnum):
    """What became of a message."""

    ANSWERED = "answered"
    REPEATED = "repeated"
    """The same message had been answered before; it got the same bytes."""
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    """No message of the interface, or its envelope does not do."""
    UNPROVED = "unproved"
    """Who calls is not proved."""
    BUSY = "busy"
    """Too much waits, or the database does not answer."""
    FAILED = "failed"
    """A fault of ours."""


class Figures:
    """What was counted since the start."""

    def __init__(self, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, Outcome]] = Counter()
        self._buckets: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}
        self.retries = 0
        """Transactions that were begun again because another worker was in the way."""

    def note(self, infno: str, outcome: Outcome, took_s: float) -> None:
        """Count one message. What no transaction is called is counted as one kind: strangers must not make labels."""
        named = infno if infno in self._known else _OTHER
        with self._lock:
            self._counts[named, outcome] += 1
            self._buckets.setdefault(named, [0] * (len(BUCKETS_S) + 1))[bisect_left(BUCKETS_S, took_s)] += 1
            self._sums[named] = self._sums.get(named, 0.0) + took_s

    def note_retry(self) -> None:
        """Count one transaction that is begun again."""
        with self._lock:
            self.retries += 1

    def metrics(self) -> Iterator[Metric]:
        """Yield what `/metrics` shows."""
        with self._lock:
            counts = dict(self._counts)
            buckets = {infno: list(found) for infno, found in self._buckets.items()}
            sums, retries = dict(self._sums), self.retries
        messages = CounterMetricFamily(
            "yima_fsi_messages", "Messages of the national interface", labels=("infno", "outcome")
        )
        for (infno, outcome), count in sorted(counts.items()):
            messages.add_metric((infno, outcome.value), count)
        yield messages
        times = HistogramMetricFamily("yima_fsi_seconds", "From the message to its answer", labels=("infno",))
        for infno, found in sorted(buckets.items()):
            times.add_metric((infno,), _cumulative(found), sums[infno])
        yield times
        yield CounterMetricFamily("yima_fsi_retries", "Transactions begun again behind another worker", value=retries)


def _cumulative(found: list[int]) -> list[tuple[str, float]]:
    limits = [*(f"{limit:g}" for limit in BUCKETS_S), "+Inf"]
    total, shown = 0, []
    for limit, count in zip(limits, found, strict=True):
        total += count
        shown.append((limit, float(total)))
    return shown
