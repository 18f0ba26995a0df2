"""A byte that flips anywhere in the store: it opens in time, and no event is lost without a word."""

from __future__ import annotations

import pytest

from tests.edge.store.flips import LONGEST_S, SPOILS, fuzz

FLIPS = 66
"""Six of each kind; `make fuzz` does a thousand."""


@pytest.mark.slow
@pytest.mark.req("T-10")
def test_no_damage_stops_a_start_or_loses_an_event_silently() -> None:
    tally = fuzz(FLIPS, seed=20_261_122)
    assert tally.lost_silently == []
    assert tally.damaged == FLIPS == tally.as_it_was + tally.salvaged
    assert tally.salvaged > len(SPOILS)
    assert tally.kept > 10 * FLIPS
    assert tally.slowest_s < LONGEST_S
