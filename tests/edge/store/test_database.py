"""A store is opened durable, whole, of this terminal and at this version, or not at all."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from codes.errors import TransientError
from edge.errors import EdgeError
from edge.store import database, schema
from edge.store.chain import check_chain
from edge.store.database import database_path, opened_store, reading_store, visited_store
from edge.store.errors import (
    DamagedStoreError,
    DiskFullError,
    NewerStoreError,
    NotDurableError,
    OlderStoreError,
    OtherTerminalError,
    StoreBusyError,
    StoreLockedError,
    WriteFailedError,
    store_errors,
)
from edge.store.outbox import Outbox
from edge.store.salvage import mend
from edge.store.salvage_build import Owner
from edge.store.schema import APPLICATION_ID
from edge.store.terminal import count_credential, ensure_state, read_state, set_mode
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes

DUMPS = Path(__file__).parents[2] / "fixtures" / "db"
NEWEST = schema.history()[-1].version


def make_store(folder: Path) -> Path:
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
    return database_path(folder)


@pytest.mark.req("T-01")
def test_commit_means_on_the_disk(folder: Path) -> None:
    with opened_store(folder) as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


@pytest.mark.req("T-01")
@pytest.mark.parametrize("weaker", ["PRAGMA journal_mode = DELETE", "PRAGMA synchronous = NORMAL"])
def test_anything_less_durable_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, weaker: str) -> None:
    monkeypatch.setattr(database, "_SETTINGS", (*database._SETTINGS, weaker))
    with pytest.raises(NotDurableError) as caught, opened_store(folder):
        pass
    assert "journal_mode" in caught.value.words.zh


def test_folder_and_lock_are_closed_to_others(folder: Path) -> None:
    make_store(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert database_path(folder).with_suffix(".lock").stat().st_mode & 0o077 == 0


def test_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotDurableError), opened_store(tmp_path / "file" / "store"):
        pass


# -- one process ---------------------------------------------------------------------------------------------------


def test_second_terminal_process_is_refused_and_names_the_first(folder: Path) -> None:
    with opened_store(folder), pytest.raises(StoreLockedError) as caught, opened_store(folder):
        pass
    assert str(os.getpid()) in caught.value.words.zh
    with opened_store(folder):
        pass


def test_lock_that_is_a_link_is_refused_and_what_it_leads_to_stays(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("somebody's own")
    folder.mkdir()
    database_path(folder).with_suffix(".lock").symlink_to(other)
    with pytest.raises(NotDurableError), opened_store(folder):
        pass
    assert other.read_text() == "somebody's own"


def test_lock_of_a_killed_process_is_free(folder: Path) -> None:
    script = (
        "import sys, signal, os; from pathlib import Path; from edge.store.database import opened_store\n"
        "with opened_store(Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    assert killed.returncode == -9
    with opened_store(folder):
        pass


def test_tool_may_visit_beside_a_running_terminal(folder: Path) -> None:
    make_store(folder)
    with opened_store(folder) as daemon, visited_store(folder) as tool:
        with tool.begin():
            set_mode(tool, Mode.RECEIVE)
        with daemon.begin():
            assert read_state(daemon).mode is Mode.RECEIVE


def test_tool_makes_the_store_if_there_is_none(folder: Path) -> None:
    with visited_store(folder) as tool, tool.begin():
        assert schema.schema_version(tool) == NEWEST


def test_tool_leaves_an_older_store_of_a_running_terminal_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(folder)
    newer = (*schema.history(), schema.Step(NEWEST + 1, ()))
    with opened_store(folder):
        monkeypatch.setattr(schema, "history", lambda: newer)
        with pytest.raises(OlderStoreError), visited_store(folder):
            pass


def test_reader_cannot_write(folder: Path) -> None:
    make_store(folder)
    with reading_store(folder) as reader, reader.begin():
        assert read_state(reader).terminal == TERMINAL
        with pytest.raises(WriteFailedError), store_errors(folder):
            count_credential(reader)


# -- the right store -----------------------------------------------------------------------------------------------


def test_store_remembers_who_it_is(folder: Path) -> None:
    make_store(folder)
    with opened_store(folder) as connection:
        state = ensure_state(connection, terminal=TERMINAL, new_epoch="another", mode=Mode.RECEIVE)
        assert (state.epoch, state.mode, state.next_seq) == (EPOCH, Mode.DISPENSE, 1)
        with connection.begin():
            count_credential(connection)
            assert read_state(connection).credentials_seen == 1


def test_store_of_another_terminal_is_refused(folder: Path) -> None:
    make_store(folder)
    with opened_store(folder) as connection, pytest.raises(OtherTerminalError) as caught:
        ensure_state(connection, terminal="counter-2", new_epoch="e", mode=Mode.DISPENSE)
    assert TERMINAL in caught.value.words.en


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"this is no database at all, but it is long enough to be taken for one" * 20),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"\xff" * 4_000 + path.read_bytes()[4_100:]),
        lambda path: path.write_bytes(path.read_bytes()[:8_192] + b"\xa5" * 4_096 + path.read_bytes()[12_288:]),
    ],
    ids=["no database", "first page", "third page"],
)
def test_damaged_store_is_refused_and_left_as_it_is(folder: Path, spoil: Callable[[Path], int]) -> None:
    path = make_store(folder)
    spoil(path)
    damaged = path.read_bytes()
    with pytest.raises(DamagedStoreError) as caught, opened_store(folder):
        pass
    assert caught.value.code == "store.corrupt"
    assert str(path) in caught.value.words.zh
    assert "请勿删除" in caught.value.next_step.zh
    assert path.read_bytes() == damaged


def test_database_of_another_program_is_refused(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(database_path(folder))) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(DamagedStoreError) as caught, opened_store(folder):
        pass
    assert "不是一码终端" in caught.value.words.zh


# -- versions ------------------------------------------------------------------------------------------------------


@pytest.mark.req("T-11")
def test_store_of_a_newer_program_is_refused_untouched(folder: Path) -> None:
    path = make_store(folder)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {NEWEST + 1}")
    for opening in (opened_store, visited_store):
        with pytest.raises(NewerStoreError), opening(folder):
            pass
    with closing(sqlite3.connect(path)) as after:
        assert after.execute("PRAGMA user_version").fetchone() == (NEWEST + 1,)


def test_visitor_refuses_a_newer_store_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(folder)
    with opened_store(folder) as daemon:
        with daemon.begin():
            daemon.exec_driver_sql(f"PRAGMA user_version = {NEWEST + 1}")
        with pytest.raises(NewerStoreError), visited_store(folder):
            pass


def test_failed_step_leaves_the_version_before_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(folder)
    broken = schema.Step(NEWEST + 1, ("CREATE TABLE half (x)", "CREATE TABLE half (x)"))
    monkeypatch.setattr(schema, "history", lambda: (broken,))
    with pytest.raises(OperationalError), opened_store(folder):
        pass
    monkeypatch.undo()
    with opened_store(folder) as connection, connection.begin():
        assert schema.schema_version(connection) == NEWEST
        assert not connection.exec_driver_sql("SELECT 1 FROM sqlite_schema WHERE name = 'half'").all()


def test_history_is_numbered_without_gap() -> None:
    assert [step.version for step in schema.history()] == list(range(1, NEWEST + 1))


@pytest.mark.req("T-11")
@pytest.mark.parametrize("version", range(1, NEWEST + 1))
def test_store_of_every_release_opens_with_all_it_held(folder: Path, version: int) -> None:
    """Each release leaves a dump of a store it wrote; opening it twice must change nothing the second time."""
    folder.mkdir()
    path = database_path(folder)
    with closing(sqlite3.connect(path)) as old:
        old.executescript((DUMPS / f"edge-{version:04}.sql").read_text(encoding="utf-8"))
        rows = old.execute("SELECT count(*) FROM outbox WHERE state = 'pending'").fetchone()[0]
    dumps = []
    for _ in range(2):
        with opened_store(folder) as connection, connection.begin():
            assert schema.schema_version(connection) == NEWEST
            assert connection.exec_driver_sql("PRAGMA application_id").scalar_one() == APPLICATION_ID
            kept = connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE state = 'pending'").scalar_one()
            assert kept == rows > 0
        with closing(sqlite3.connect(path)) as after:
            dumps.append(list(after.iterdump()))
    assert dumps[0] == dumps[1]


def open_until_killed(folder: Path, step: int) -> None:
    """Bring a store up to date, and be killed at one of the statements that do it."""
    left = step

    def trace(_: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def connect(*args: Any, **options: Any) -> sqlite3.Connection:
        connection = real_connect(*args, **options)
        connection.set_trace_callback(trace)
        return connection

    real_connect = sqlite3.connect
    sqlite3.connect = connect  # type: ignore[assignment]
    with opened_store(folder):
        pass


@pytest.mark.req("T-11")
@pytest.mark.parametrize("version", range(1, NEWEST))
def test_queued_rows_of_every_release_can_be_sent_byte_for_byte_after_a_kill_in_the_midst(
    folder: Path, version: int
) -> None:
    folder.mkdir()
    path = database_path(folder)
    with closing(sqlite3.connect(path)) as old:
        old.executescript((DUMPS / f"edge-{version:04}.sql").read_text(encoding="utf-8"))
        queued = dict(old.execute("SELECT seq, bytes FROM outbox WHERE state = 'pending'").fetchall())
    kills = 0
    for step in range(4, 60, 9):
        process = multiprocessing.get_context("fork").Process(target=open_until_killed, args=(folder, step))
        process.start()
        process.join(60)
        kills += process.exitcode == -signal.SIGKILL
    assert kills
    for _ in range(2):
        assert not mend(path, Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes())).is_salvaged
        with opened_store(folder) as connection:
            outbox = Outbox(connection, random=seeded_bytes())
            due = outbox.pending(epoch=EPOCH, after_seq=0, up_to_seq=None, limit=100, now=NOON + timedelta(hours=2))
            assert {row.seq: row.bytes for row in due} == queued
            assert check_chain(connection, EPOCH).broken_at is None


@pytest.mark.req("T-11")
def test_terminal_of_before_leaves_every_file_of_a_newer_store_as_it_is(folder: Path) -> None:
    path = make_store(folder)
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("CREATE TABLE of_tomorrow (x)")
        newer.execute(f"PRAGMA user_version = {NEWEST + 1}")
        files = {each.name: each.read_bytes() for each in folder.iterdir() if "db" in each.name}
    for name, content in files.items():
        # As a kill leaves it: with a log that was not folded back.
        (folder / name).write_bytes(content)
    owner = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes())

    def mend_first(database: Path) -> None:
        mend(database, owner)

    with pytest.raises(NewerStoreError), opened_store(folder, mend_first):
        pass
    assert {each.name: each.read_bytes() for each in folder.iterdir() if "db" in each.name} == files


# -- SQLite's errors in our words ----------------------------------------------------------------------------------


class _Told(sqlite3.OperationalError):
    def __init__(self, code: int) -> None:
        super().__init__("told")
        self.sqlite_errorcode = code


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_FULL, DiskFullError),
        (sqlite3.SQLITE_BUSY, StoreBusyError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusyError),
        (sqlite3.SQLITE_IOERR_FSYNC, WriteFailedError),
        (sqlite3.SQLITE_READONLY_DBMOVED, WriteFailedError),
        (sqlite3.SQLITE_CORRUPT_INDEX, DamagedStoreError),
        (sqlite3.SQLITE_NOTADB, DamagedStoreError),
    ],
)
def test_disk_trouble_is_told_in_our_words(code: int, expected: type[EdgeError]) -> None:
    with pytest.raises(expected), store_errors(Path("x")):
        raise _Told(code)
    with pytest.raises(expected), store_errors(Path("x")):
        raise OperationalError("SELECT", (), _Told(code))


def test_passing_trouble_is_worth_another_try() -> None:
    assert issubclass(DiskFullError, TransientError)
    assert not issubclass(DamagedStoreError, TransientError)


def test_errors_in_our_own_sql_are_not_dressed_up_as_disk_trouble() -> None:
    with pytest.raises(IntegrityError), store_errors(Path("x")):
        raise IntegrityError("INSERT", (), _Told(sqlite3.SQLITE_CONSTRAINT_UNIQUE))
