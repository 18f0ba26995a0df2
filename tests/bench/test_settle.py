"""The settlement bench works in small, so that a change of what it measures is noticed before the next long run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_settle import figures, measure_all
from tests.bench.settling_store import on_sqlite


@pytest.mark.contract
@pytest.mark.req("P-08")
def test_two_terminals_settle_over_both_ways_and_every_settlement_is_there_once(tmp_path: Path) -> None:
    store = on_sqlite(tmp_path)
    found, commits = measure_all(tmp_path, store, terminals=2, each=2)
    assert [one.way for one in found] == ["HTTP", "MQTT"]
    assert all(len(one.at_work[infno]) == 4 for one in found for infno in ("2101", "2102"))
    rows = [row for one in found for row in figures(store, one, commits, 2)]
    assert all(row["value"] >= 0 for row in rows)
