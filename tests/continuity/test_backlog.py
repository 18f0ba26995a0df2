"""A terminal that comes back with a backlog while somebody is being served at its counter."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edge.uplink import ROWS_PER_BATCH, WINDOW
from tests.bench.bench_backlog import Counter, open_counter

ROWS = 6_000
ON_THE_WAY = ROWS_PER_BATCH * WINDOW
"""What may have left already when a live scan is made."""


@pytest.mark.contract
@pytest.mark.req("T-13")
def test_live_scans_go_before_the_rest_of_the_backlog_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")

    async def play() -> tuple[Counter, list[int]]:
        async with open_counter(tmp_path, ROWS) as counter:
            await counter.come_into_reach()
            await counter.drain(per_second=None)
            await counter.settle()
            return counter, await counter.at_centre()

    counter, at_centre = asyncio.run(play())

    place = {seq: number for number, seq in enumerate(counter.screen.receipts)}
    last_of_backlog = max(place[seq] for seq in range(1, ROWS + 1))
    # Made when a part of the backlog had not left yet: that part must wait for it.
    live = [scan for scan in counter.scans if scan.is_in_reach and scan.pending > ON_THE_WAY + ROWS_PER_BATCH]
    assert live, "nothing was scanned while the backlog drained"
    assert [scan.seq for scan in live if place[scan.seq] > last_of_backlog] == []

    assert sorted(at_centre) == list(range(1, max(at_centre) + 1))
    assert {scan.seq for scan in counter.scans} <= set(at_centre)
    assert len(at_centre) > ROWS
