"""What was counted is added up now and then, whatever stands in the way once."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from server.store.database import Store
from server.store.tables import tally, tally_change
from server.store.visit_steps import Months, add_visit_steps
from server.visits import folding
from server.visits.folding import TallyKeeper, fold
from server.visits.report import load_report
from tests.conftest import wait_until
from tests.server.fsi.counter import file_store
from tests.server.store.test_visit_steps import MORNING, step

MARCH = Months("2026-03", "2026-03")
LATER = MORNING + timedelta(days=9)


def waiting(store: Store) -> tuple[int, int]:
    """Return how many rows wait, and how many were added up."""
    with store.reading() as connection:
        one, other = (connection.scalar(select(func.count()).select_from(found)) for found in (tally_change, tally))
    return one or 0, other or 0


def test_everything_is_added_up_a_little_at_a_time_and_the_report_stays(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_AT_A_TIME", 4)
    with store.writing() as connection:
        add_visit_steps(connection, [step("01101", f"V{number}", minutes=number * 61) for number in range(11)])
        before = load_report(connection, MARCH, LATER)
    assert waiting(store) == (11, 0)
    fold(store, LATER, is_enough=lambda: True)
    assert waiting(store) == (11, 0)
    fold(store, LATER)
    assert waiting(store) == (0, 1)
    with store.reading() as connection:
        assert load_report(connection, MARCH, LATER) == before


def test_the_keeper_goes_on_after_a_full_disk_and_says_so_once(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "EVERY_S", 0.01)
    failures = iter(range(3))

    def full(*said: object) -> None:
        if "INSERT" in str(said[2]) and next(failures, None) is not None:
            raise OperationalError(str(said[2]), None, sqlite3.OperationalError("database or disk is full"))

    with file_store(migrated_file, tmp_path) as store, capture_logs() as logs:
        with store.writing() as connection:
            add_visit_steps(connection, [step("01101")])
        event.listen(store._engine, "before_cursor_execute", full)
        keeper = TallyKeeper(store, lambda: LATER)
        keeper.start()
        wait_until(lambda: waiting(store) == (0, 1))
        keeper.stop()
    assert [one["event"] for one in logs] == ["tallies.not_added_up"]
