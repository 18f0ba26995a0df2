"""However large the store and however often somebody asks, counting what was delivered costs next to nothing."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import Connection

from edge import delivered_count
from edge.delivered_count import DeliveredCount
from tests.edge.scene import FakeClock

COUNT_S: Final = 0.02
"""For 300,000 rows."""


def played(monkeypatch: pytest.MonkeyPatch, connection: Connection, *, takes_s: float, asked_every_s: float) -> int:
    """Ask for a minute; return how often it was counted. What is told is never older than a hundred counts."""
    clock, counted = FakeClock(), []

    def count(_: Connection) -> int:
        clock.advance(takes_s)
        counted.append(clock.monotonic_s())
        return len(counted)

    monkeypatch.setattr(delivered_count, "count_delivered", count)
    reader, ends_s = DeliveredCount(clock), clock.monotonic_s() + 60
    while clock.monotonic_s() < ends_s:
        assert reader.read(connection) == len(counted)
        assert clock.monotonic_s() - counted[-1] <= 100 * takes_s
        clock.advance(asked_every_s)
    return len(counted)


def test_large_store_is_counted_a_hundredth_of_the_time(
    monkeypatch: pytest.MonkeyPatch, connection: Connection
) -> None:
    assert played(monkeypatch, connection, takes_s=COUNT_S, asked_every_s=0.05) * COUNT_S <= 0.6 + COUNT_S


def test_count_that_costs_nothing_is_always_fresh(monkeypatch: pytest.MonkeyPatch, connection: Connection) -> None:
    assert played(monkeypatch, connection, takes_s=0.0, asked_every_s=1.0) == 60
