"""A power cut at any moment of a salvage: the next start ends it, with everything that was held, once."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from edge.store import sql
from edge.store.database import FILE_NAME, SALVAGING, database_path, opened_store
from edge.store.life import former_stores
from edge.store.salvage import mend
from sim.disk.shim import Change, ChangeKind, DiskFaults, environment, read_log
from tests.disk import folder_in_memory, shim_or_skip
from tests.edge.scene import EPOCH
from tests.edge.store import salvage_on_disk
from tests.edge.store.power_cut import PowerCut, at_random, everything, nothing, write_disk
from tests.edge.store.salvage_on_disk import BEGUN, OWNER, STORE
from tests.edge.store.test_salvage import PAGE, open_shop, page_with, spoil

ROOT = Path(__file__).parents[3]
FEWEST_SYNCS = 10
KINDS = 3
"""Disks at each synchronisation."""
Held = tuple[dict[int, bytes], set[int]]


def play_salvage(library: Path, folder: Path, damaged: Path) -> list[Change]:
    """Salvage, and return all that was done to the disk."""
    disk, log = folder / "disk", folder / "log"
    disk.mkdir(parents=True)
    added = environment(library, disk, DiskFaults(folder / "control").control, log)
    command = [sys.executable, "-m", salvage_on_disk.__name__, str(disk), str(damaged)]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **added}, check=True, timeout=60)
    return read_log(log)


def cuts(done: list[Change]) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield disks after a power cut at each synchronisation since the salvage began, one kind after the other."""
    rng = random.Random(20_261_122)
    disk, has_begun = PowerCut(), False
    for number, change in enumerate(done):
        if change.kind is ChangeKind.SYNC and has_begun:
            yield f"{number} lost", disk.disk(nothing, lambda _: 0)
            yield f"{number} mixed", disk.disk(at_random(rng), lambda most: rng.randint(0, most))
        disk.apply(change)
        has_begun |= change.name == BEGUN
        if change.kind is ChangeKind.SYNC and has_begun:
            yield f"{number} killed", disk.disk(everything, lambda most: most)


def held_after_start(folder: Path, where: str) -> Held:
    """Start, and return the events of the first life and the numbers that the store says are lost."""
    mend(database_path(folder), OWNER)
    with opened_store(folder) as connection, connection.begin():
        rows = sql.rows(connection, "SELECT epoch, seq, id, bytes FROM outbox")
        (former,) = former_stores(connection)
    assert len({id_ for _, _, id_, _ in rows}) == len(rows), where
    lost = {seq for first, last in former.lost for seq in range(first, last + 1)}
    return {seq: frozen for epoch, seq, _, frozen in rows if epoch == EPOCH}, lost


@pytest.mark.slow
@pytest.mark.req("T-03")
@pytest.mark.req("T-10")
def test_power_cut_in_the_midst_of_a_salvage_costs_nothing(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    library = shim_or_skip(tmp_path_factory)
    events = open_shop(tmp_path / "whole")
    database = database_path(tmp_path / "whole")
    damaged = spoil(database, page_with(database, b'{"v":'), bytes(PAGE))
    with folder_in_memory(tmp_path) as workshop:
        done = play_salvage(library, workshop / "play", database)
        expected = held_after_start(workshop / "play" / "disk" / STORE, "not cut")
        assert expected[1], "the damage cost something, or the test shows nothing"
        assert expected[0] == {seq: frozen for seq, frozen in events.items() if seq not in expected[1]}
        count = 0
        for where, files in islice(cuts(done), 0, None, one_in(2)):
            count += 1
            folder = workshop / str(count)
            folder.mkdir()
            write_disk(files, folder)
            assert held_after_start(folder / STORE, where) == expected, where
            asides = [aside / FILE_NAME for aside in (folder / STORE / "damaged").iterdir()]
            assert [aside.read_bytes() == damaged for aside in asides] == [True], where
            assert not (folder / STORE / SALVAGING).exists(), where
            shutil.rmtree(folder)
    assert count >= KINDS * FEWEST_SYNCS // one_in(2)
