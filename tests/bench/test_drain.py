"""The drain bench works in small, so that a change of what it measures is noticed before the next long run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.bench_drain import measure, serve, serve_barely
from tests.conftest import make_broker

ROWS = 300


@pytest.mark.contract
@pytest.mark.req("P-06")
def test_a_small_backlog_drains_into_the_centre_and_into_the_bare_one(tmp_path: Path) -> None:
    broker = make_broker("embedded", tmp_path)
    broker.start()
    try:
        assert measure(serve, broker.port, tmp_path / "ours", ROWS) > 0
        assert measure(serve_barely, broker.port, tmp_path / "bare", ROWS) > 0
    finally:
        broker.kill()
