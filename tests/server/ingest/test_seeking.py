"""What is remembered of a chain while it is followed back."""

from __future__ import annotations

import pytest

from server.ingest import seeking
from server.ingest.seeking import MOST_TOLD, Chains

pytestmark = pytest.mark.req("T-71")


def test_each_of_thousands_of_lost_numbers_is_told_once() -> None:
    """A broken life is followed anew each hour: what was told must not ring again."""
    chains, lost = Chains(), range(3 * MOST_TOLD, 0, -2)
    assert all(chains.note_told(seq) for seq in lost)
    for _ in range(2):
        assert not any(chains.note_told(seq) for seq in lost)
    assert len(chains.told) == MOST_TOLD


def test_above_what_was_told_a_new_loss_is_told_and_what_touches_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeking, "MOST_TOLD", 2)
    chains = Chains()
    assert [chains.note_told(seq) for seq in (9, 8, 7, 8, 5)] == [True, True, True, False, True]
    assert chains.told == [(5, 5), (7, 9)]
    assert chains.note_told(20)
    assert chains.told == [(5, 5), (7, 20)]
    assert [chains.note_told(seq) for seq in (20, 7, 5, 30, 30)] == [False, False, False, True, False]
