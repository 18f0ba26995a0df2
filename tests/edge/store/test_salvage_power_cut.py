"""The power cut that damages a store is on record all the same, with the time at which the box last ran."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.store.database import database_path, opened_store
from edge.store.life import home_of, move_home
from edge.store.outbox import last_event_at
from edge.store.salvage import mend
from edge.store.watched import Run, begin_run, end_run, last_run
from edge.tamper import power_loss
from tests.edge.scene import NOON
from tests.edge.store.test_salvage import OWNER, PAGE, SCANS, open_shop, page_with, spoil

BEGAN = NOON - timedelta(hours=1)
STARTED = NOON + timedelta(hours=2)


@pytest.fixture
def cut_off(folder: Path) -> Path:
    """Return the store of a shop whose power was cut."""
    open_shop(folder)
    path = database_path(folder)
    with opened_store(folder) as connection, connection.begin():
        move_home(connection, home_of(path))
        begin_run(connection, Run(home_of(path), "boot-1", BEGAN))
    return path


def spoil_scan(path: Path) -> None:
    spoil(path, page_with(path, f"8600011{SCANS // 2:013}".encode()), bytes(PAGE))


def spoil_state(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store:
        (frozen,) = store.execute("SELECT last_hash FROM terminal_state").fetchone()
    spoil(path, page_with(path, frozen.encode()), bytes(PAGE))


def spoil_waiting_event(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE outbox SET bytes = replace(bytes, 'scan', 'scam') WHERE seq = 30")


def restart(path: Path, connection: Connection) -> tuple[Run | None, Run, datetime | None]:
    """Return the run before, the one that begins after a start of the machine, and when the last event was written."""
    with connection.begin():
        return last_run(connection), Run(home_of(path), "boot-2", STARTED), last_event_at(connection)


@pytest.mark.req("T-68")
@pytest.mark.parametrize("harm", [spoil_scan, spoil_state, spoil_waiting_event])
def test_power_cut_before_a_salvage_is_recorded_with_the_time_of_the_last_scan(
    cut_off: Path, harm: Callable[[Path], None]
) -> None:
    with opened_store(cut_off.parent) as connection:
        *_, last_scan = restart(cut_off, connection)
    harm(cut_off)
    mended = mend(cut_off, replace(OWNER, now=STARTED))
    assert mended.is_salvaged or mended.parked
    with opened_store(cut_off.parent) as connection:
        before, now, found = restart(cut_off, connection)
        loss = power_loss(before, now, found)
    assert found == last_scan
    assert loss is not None
    assert loss.detail == f"{last_scan:%Y-%m-%dT%H:%M:%SZ} -> {STARTED:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.req("T-68")
def test_power_cut_is_recorded_if_an_older_program_ran_before_the_salvage(cut_off: Path) -> None:
    with opened_store(cut_off.parent) as connection, connection.begin():
        machine_and_inode = ":".join(home_of(cut_off).split(":")[:2])
        begin_run(connection, Run(machine_and_inode, "boot-1", BEGAN))
    spoil_state(cut_off)
    assert mend(cut_off, replace(OWNER, now=STARTED)).is_salvaged
    with opened_store(cut_off.parent) as connection:
        assert power_loss(*restart(cut_off, connection)) is not None


def test_no_power_cut_is_made_up_by_a_salvage(cut_off: Path) -> None:
    elsewhere = cut_off.with_name("elsewhere.db")
    shutil.copy(cut_off, elsewhere)
    with opened_store(cut_off.parent) as connection, connection.begin():
        end_run(connection, STARTED)
    spoil_state(cut_off)
    assert mend(cut_off, OWNER).is_salvaged
    with opened_store(cut_off.parent) as connection:
        assert power_loss(*restart(cut_off, connection)) is None, "it was stopped as it should be"
    for left in ("", "-wal", "-shm"):
        cut_off.with_name(cut_off.name + left).unlink(missing_ok=True)
    elsewhere.rename(cut_off)
    spoil_state(cut_off)
    assert mend(cut_off, OWNER).is_salvaged
    with opened_store(cut_off.parent) as connection:
        before, now, found = restart(cut_off, connection)
        assert before is not None
        assert power_loss(before, now, found) is None, "it is a copy, and did not run here"
