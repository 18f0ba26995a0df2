"""A disk that fails at any one operation: refused in our words, nothing half kept, and it goes on once it is mended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.store import sql
from edge.store.chain import check_chain
from edge.store.database import opened_store
from sim.disk.shim import DiskFaults, environment
from tests.disk import folder_in_memory, shim_or_skip
from tests.edge.scene import EPOCH
from tests.edge.store import work_on_failing_disk
from tests.edge.store.work_on_failing_disk import FAR, FAULTS
from wire.events import Scanned, thaw

ROOT = Path(__file__).parents[3]
MAY_SAY = {
    "FULL": {"store.disk_full", "store.write_failed"},
    "IO_ERROR": {"store.write_failed"},
    "READ_ONLY": {"store.write_failed"},
}
"""While its index is made, SQLite does not say that the disk is full, only that it could not write."""


@pytest.mark.slow
@pytest.mark.req("T-09")
def test_store_goes_on_after_a_fault_at_any_operation(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    library = shim_or_skip(tmp_path_factory)
    with folder_in_memory(tmp_path) as folder:
        disk, control = folder / "disk", folder / "control"
        disk.mkdir()
        added = environment(library, disk, DiskFaults(control).control)
        command = [sys.executable, "-m", work_on_failing_disk.__name__, str(disk), str(control), str(one_in(2))]
        done = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **added}, capture_output=True, text=True, timeout=90, check=False
        )
        assert done.returncode == 0, done.stderr
        said = [json.loads(line) for line in done.stdout.splitlines()]
        with opened_store(disk / "running") as connection:
            assert check_chain(connection, EPOCH).broken_at is None
            with connection.begin():
                rows = sql.rows(connection, "SELECT bytes FROM outbox ORDER BY seq")
                packs = sql.rows(connection, "SELECT code FROM sale_pack")
    facts = [thaw(frozen).fact for (frozen,) in rows]
    promised = Counter(line["code"] for line in said if "code" in line)
    assert Counter(fact.code for fact in facts if isinstance(fact, Scanned)) == promised
    assert Counter(code for (code,) in packs) == promised
    assert set(promised.values()) == {1}
    refused = Counter((line["where"], line["fault"]) for line in said if "refused" in line)
    for fault in FAULTS:
        assert refused["work", fault.name] == FAR // one_in(2)
        assert refused["start", fault.name] >= 15 // one_in(2)
        assert {line["refused"] for line in said if line.get("fault") == fault.name} <= MAY_SAY[fault.name]
