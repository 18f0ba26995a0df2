"""The demo as it is typed: real processes, real kills, the checker's verdict as exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

KEYS = {
    "emitted",
    "read",
    "matched",
    "unmatched",
    "events",
    "receipts",
    "lost",
    "duplicated",
    "dead_letters",
    "ledger_states",
    "wrong_states",
    "latency_ms",
}


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.req("T-02", "T-04", "T-06")
def test_a_morning_with_kills_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    command = ["demo", "--once", "--seed", "71", "--scans", "60", "--faults", "--report", str(file)]
    done = subprocess.run(
        [sys.executable, "-m", "cli.app", *command], capture_output=True, text=True, timeout=380, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(file.read_text(encoding="utf-8"))
    assert set(report) >= KEYS
    assert set(report["emitted"]) == {"serial", "hid", "camera"}
    assert all(report["read_by"][path] > 0 for path in ("serial", "hid", "camera"))
    assert set(report["latency_ms"]) == {"commit", "event", "receipt"}
    assert all(set(of) == {"p50", "p99"} and of["p50"] > 0 for of in report["latency_ms"].values())
    assert report["is_right"]
    assert report["played"] >= 60
    assert report["events"] == report["receipts"]
    assert [report[key] for key in ("lost", "duplicated", "wrong_states", "dead_letters")] == [0, 0, 0, 0]
    assert sorted(fault.split()[2] for fault in report["faults"])[:4] == ["broker", "broker", "centre", "centre"]
    assert len(report["faults"]) == 5
    assert (report["settlements"]["settled"], report["settlements"]["cancelled"]) == (12, 3)
    assert {"sold", "in_stock", "conflict"} <= set(report["ledger_states"])


@pytest.mark.slow
def test_a_run_that_is_ended_early_is_not_right_and_leaves_no_process_behind() -> None:
    command = [sys.executable, "-m", "cli.app", "demo", "--once", "--scans", "30"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as demo:
        lines = iter(demo.stdout.readline, "")
        next(line for line in lines if "centre" in line)
        tasks = Path(f"/proc/{demo.pid}/task").glob("*/children")
        children = [pid for task in tasks for pid in task.read_text(encoding="ascii").split()]
        demo.send_signal(signal.SIGTERM)
        rest = demo.stdout.read()
        assert demo.wait(90) == 1
    assert "演示已结束" in rest
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
    shutil.rmtree(rest.split()[-1])
