"""Cells that guard something: damage opens nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from edge.operators.guesses import FREE, LONGEST_WAIT, after_guess, wait_for
from edge.store.database import FILE_NAME, opened_store
from edge.store.salvage import mend
from edge.store.salvage_build import Owner
from edge.store.salvage_cells import LONGEST_LOCK_US, checks_of, columns_of
from edge.store.shifts import Guesses, find_guesses, note_guesses
from rules.scan_judgement import Mode
from tests.edge.scene import NOON, TERMINAL, seeded_bytes
from tests.edge.store.cells import Cell, damage, live


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A store in which somebody guessed at a password."""
    folder = tmp_path_factory.mktemp("living")
    live(folder)
    with opened_store(folder) as connection, connection.begin():
        note_guesses(connection, "wang", Guesses(9, NOON + timedelta(minutes=8)))
    return (folder / FILE_NAME).read_bytes()


def test_lock_is_never_longer_than_the_longest_that_is_believed() -> None:
    assert timedelta(microseconds=LONGEST_LOCK_US) == LONGEST_WAIT


@pytest.mark.req("T-10")
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("locked_until", "1152921504606846976"),
        ("locked_until", "NULL"),
        ("locked_until", "x'00ff'"),
        ("failures", "-123"),
        ("failures", "NULL"),
        ("failures", "'never'"),
    ],
)
def test_damage_lifts_no_wait_after_wrong_passwords(tmp_path: Path, whole: bytes, column: str, value: str) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    assert damage(path, Cell("guess", column, "login = 'wang'", value))
    assert mend(path, Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))).is_salvaged
    with opened_store(tmp_path) as connection, connection.begin():
        guesses = find_guesses(connection, "wang")
    assert guesses is not None
    assert timedelta(minutes=8) <= wait_for(guesses, NOON) <= LONGEST_WAIT
    assert guesses.failures >= FREE
    assert wait_for(after_guess(guesses, NOON), NOON) >= timedelta(minutes=8)


@pytest.mark.req("T-10")
def test_damage_keeps_a_session_over(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    assert damage(path, Cell("session", "expires_at", "1", "1152921504606846976"))
    assert mend(path, Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))).is_salvaged
    with closing(sqlite3.connect(path)) as store:
        assert store.execute("SELECT expires_at FROM session").fetchall() == [(0,)]


def test_every_condition_of_the_schema_is_found_and_no_row_may_belong_to_nothing(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    with closing(sqlite3.connect(path)) as store:
        tables = [
            (name, statement)
            for name, statement in store.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'")
        ]
        found = {name: len(checks_of(store, name)) for name, _ in tables}
        nullable = {
            (name, column.name) for name, _ in tables for column in columns_of(store, name) if column.may_be_null
        }
        belonging = {
            (name, here)
            for name, _ in tables
            for _, _, _, here, *_ in store.execute(f"PRAGMA foreign_key_list({name})")
        }
    assert found == {name: statement.count("CHECK (") for name, statement in tables}
    assert sum(found.values()) > 4
    # Else `drop_orphans` would take it for an orphan.
    assert belonging
    assert not belonging & nullable
