"""The clock of another process is set while it runs; its monotonic clock and ours are not."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.chaos.clock import ClockFaults, build_clock, environment
from sim.preload import ShimError

ASKS = """
import datetime, sys, time
for line in sys.stdin:
    now = datetime.datetime.now(datetime.UTC).timestamp()
    print(time.time(), time.time_ns() / 1e9, now, time.monotonic(), flush=True)
"""
DAY_S = 86_400.0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return build_clock(tmp_path_factory.mktemp("clock"))
    except ShimError as why:
        pytest.skip(str(why))


def test_a_clock_goes_forward_and_back_while_the_process_runs(library: Path, tmp_path: Path) -> None:
    faults = ClockFaults(tmp_path / "control")
    process = subprocess.Popen(
        [sys.executable, "-c", ASKS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment(library, faults.control)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    monotonic = []
    with process:
        for offset_s in (0.0, DAY_S, -DAY_S, 0.0):
            faults.set(offset_s)
            process.stdin.write("\n")
            process.stdin.flush()
            *walls, steady = map(float, process.stdout.readline().split())
            monotonic.append(steady)
            assert all(abs(wall - offset_s - time.time()) < 30 for wall in walls)
        process.stdin.close()
    assert monotonic == sorted(monotonic)
    assert monotonic[-1] - monotonic[0] < 30


def test_libraries_that_are_preloaded_already_are_kept(library: Path, tmp_path: Path) -> None:
    assert environment(library, tmp_path / "control", before="/other.so")["LD_PRELOAD"].endswith(":/other.so")
