"""A byte that flips anywhere in the store: it opens in time, and nothing is lost without a word."""

from __future__ import annotations

import pytest

from tests.edge.store.flips import BURSTS, LONGEST_S, SPOILS, fuzz

FLIPS = 39
"""Three of each kind; `make fuzz` does a thousand."""


@pytest.mark.slow
@pytest.mark.req("T-10")
def test_no_damage_stops_a_start_or_loses_an_event_silently() -> None:
    tally = fuzz(FLIPS, seed=20_261_122)
    assert tally.lost_silently == []
    assert tally.damaged == FLIPS == tally.as_it_was + tally.salvaged
    assert tally.salvaged > len(SPOILS)
    assert tally.rows_gone == []
    assert tally.tables_spared > FLIPS // 2
    assert tally.kept > 10 * FLIPS
    assert tally.slowest_s < LONGEST_S


@pytest.mark.slow
@pytest.mark.req("T-10")
def test_many_bytes_at_once_stop_no_start_and_lose_no_event_silently() -> None:
    count = len(BURSTS)
    tally = fuzz(count, seed=20_261_122, spoils=BURSTS)
    assert tally.lost_silently == []
    assert tally.damaged == count == tally.as_it_was + tally.salvaged
    assert tally.salvaged > len(BURSTS) // 2
    assert tally.rows_gone == []
    assert tally.tables_spared > len(BURSTS) // 4
    assert tally.kept > 10 * count
    assert tally.slowest_s < LONGEST_S
