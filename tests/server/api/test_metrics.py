"""The centre's page for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from server.api.metrics import metrics_route
from tests.browser.centre import ConsoleStage, staged_console


@dataclass
class Line:
    """A line as the receiver knows it."""

    commits: int = 4
    commit_s: float = 0.5
    asked: int = 2
    dropped: int = 1
    refused: int = 3
    takes_records: bool = True
    hears_terminals: bool = False
    waiting: int = 9


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleStage]:
    with staged_console(Path(tmp_path_factory.mktemp("centre"))) as made:
        yield made


def asked(stage: ConsoleStage, caller: str, **headers: str) -> tuple[int, str]:
    app = FastAPI()
    app.include_router(metrics_route(stage.centre, Line()))
    answer = TestClient(app, client=(caller, 1)).get("/metrics", headers=headers)
    return answer.status_code, answer.text


def test_figures_of_line_and_ingest_are_told(stage: ConsoleStage) -> None:
    status, page = asked(stage, "127.0.0.1")
    lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    assert status == 200
    assert (float(lines["yima_centre_link_up"]), float(lines["yima_centre_notes_link_up"])) == (1, 0)
    assert float(lines["yima_centre_queue_frames"]) == 9
    assert (lines["yima_centre_commit_seconds_count"], lines["yima_centre_commit_seconds_sum"]) == ("4.0", "0.5")
    assert (float(lines["yima_centre_asked_total"]), float(lines["yima_centre_dropped_total"])) == (2, 1)
    assert float(lines["yima_centre_events_total"]) == stage.centre.ingest.tally.events > 0
    assert float(lines['yima_centre_terminals{trust="approved"}']) > 0
    assert "T-0101" not in page


def test_other_machines_are_refused(stage: ConsoleStage) -> None:
    assert asked(stage, "10.0.0.9") == (403, "loopback only\n")
    assert asked(stage, "127.0.0.1", via="1.1 proxy")[0] == 403
