"""The short form of chaos, as it is typed: real processes, real kills, every kind of fault once, and one verdict.

`make chaos` is the long form. This one ends soon after each kind had its turn, by which nine processes were killed and
each of the four at least once: two terminals, 1,500 records and 10 kills at least, on whichever brokers and stores are
installed here.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sim.chaos.brokers import BrokerKind
from sim.chaos.plan import Kind
from sim.chaos.report import ITS_TURN_DID_NOT_COME
from sim.chaos.stand import StoreKind, missing_parts

EVENTS = 1_500
KILLS = 10
KEYS = {"acknowledged", "at_centre", "lost", "doubled", "kills", "faults", "recovered_s"}
WORST_S = 30.0
RUN_S = 840


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.timeout(RUN_S + 60)
@pytest.mark.req("T-01", "T-02", "T-04", "T-05", "T-06", "T-07", "T-09", "T-10", "T-12")
def test_chaos_loses_nothing_doubles_nothing_and_ends_soon(tmp_path: Path) -> None:
    """On the larger parts where they are installed: the demo's kills meet the embedded broker and SQLite."""
    broker = "embedded" if missing_parts(BrokerKind.MOSQUITTO, StoreKind.SQLITE) else "mosquitto"
    store = "sqlite" if missing_parts(BrokerKind.EMBEDDED, StoreKind.POSTGRESQL) else "postgresql"
    report = _report(tmp_path, "--broker", broker, "--store", store, "--events", str(EVENTS), "--kills", str(KILLS))
    assert report["acknowledged"] >= EVENTS
    assert report["kills"] >= KILLS
    assert {*report["faults_by_kind"], *report["skipped"]} == set(Kind)
    assert ITS_TURN_DID_NOT_COME not in report["skipped"].values(), "each kind comes once before any comes by chance"
    assert report["recovered_s"] <= WORST_S


def _report(folder: Path, *options: str) -> dict[str, Any]:
    file = folder / "report.json"
    command = [sys.executable, "-m", "cli.app", "chaos", "--seed", "20", *options, "--report", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert set(report) >= KEYS
    assert report["is_right"]
    assert report["at_centre"] == report["acknowledged"]
    assert [report[key] for key in ("lost", "doubled", "wrong_states", "false_answers", "declared_lost")] == [0] * 5
    return report
