"""The log read by ourselves ends where it ends for SQLite, whatever became of it, and no bytes are too strange."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.store.wal import FRAME_BYTES, HEADER_BYTES, PAGE_BYTES, Verdict, read_log
from tests.edge.store.log_index import index_as_of

FRAME = FRAME_BYTES + PAGE_BYTES
Files = tuple[bytes, bytes]
quick = settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return a database and its log: commits of several sizes, and behind them frames of an earlier filling."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        for setting in (f"page_size = {PAGE_BYTES}", "journal_mode = WAL", "wal_autocheckpoint = 0"):
            store.execute(f"PRAGMA {setting}").fetchall()
        store.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body)")
        for commits in (20, 9):
            for size in range(commits):
                store.execute("INSERT INTO t (body) VALUES (zeroblob(?))", (1 + size % 4 * 4_000,))
            if commits == 20:
                store.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
        return path.read_bytes(), path.with_name("log.db-wal").read_bytes()


def taken_by_sqlite(folder: Path, database: bytes, log: bytes) -> int:
    """Return how many frames SQLite takes, as it says itself."""
    path = folder / "copy.db"
    for name, content in (("copy.db", database), ("copy.db-wal", log)):
        (folder / name).write_bytes(content)
    path.with_name("copy.db-shm").unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as store:
        store.execute("PRAGMA synchronous = OFF")
        _, frames, _ = store.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return max(0, int(frames))


def commits_in(log: bytes) -> list[int]:
    """Return how many frames stand in the log's present filling after each of its commits."""
    whole = read_log(log, b"", lambda _: b"")
    return [number for number, frame in enumerate(whole.frames[: whole.taken], 1) if frame.database_pages]


def spoiled(log: bytes, frame: int) -> bytes:
    """Return the log with one wrong bit in the page of a frame, counted from 1."""
    at = HEADER_BYTES + frame * FRAME - PAGE_BYTES // 2
    return log[:at] + bytes([log[at] ^ 1]) + log[at + 1 :]


@pytest.mark.req("T-03")
@pytest.mark.parametrize("is_same_boot", [True, False])
@pytest.mark.parametrize("known", range(7))
def test_index_that_a_power_cut_left_older_hides_no_lost_commit(
    files: Files, known: int, *, is_same_boot: bool
) -> None:
    database, log = files
    commits = commits_in(log)
    damaged = spoiled(log, commits[-3])
    taken = commits[-4]
    index = index_as_of(log, commits[known])
    found = read_log(damaged, index, lambda number: page_of(database, number), is_same_boot=is_same_boot)
    assert found.taken == taken
    # Within one start of the machine the index is exact, so this is no power cut: nothing behind was acknowledged.
    is_exact = is_same_boot and commits[known] == taken
    assert found.verdict is (Verdict.TORN if is_exact else Verdict.DAMAGED)


def page_of(database: bytes, number: int) -> bytes:
    return database[(number - 1) * PAGE_BYTES : number * PAGE_BYTES] if number > 0 else b""


@st.composite
def damages(draw: st.DrawFn, size: int) -> tuple[int, bytes, int]:
    """Return where to write what, and how much of the log is left then."""
    frame = draw(st.integers(0, (size - HEADER_BYTES) // FRAME - 1))
    # Half of all damage is in the heads, where it matters which byte it is.
    in_head = HEADER_BYTES + frame * FRAME + draw(st.integers(0, FRAME_BYTES - 1))
    at = draw(st.one_of(st.integers(0, size - 1), st.just(in_head), st.integers(0, HEADER_BYTES)))
    body = draw(st.one_of(st.just(b""), st.binary(min_size=1, max_size=40), st.just(bytes(PAGE_BYTES))))
    return at, body, draw(st.one_of(st.just(size), st.integers(0, size)))


@quick
@given(choice=st.data())
def test_log_ends_at_the_last_commit_that_sqlite_takes(tmp_path: Path, files: Files, choice: st.DataObject) -> None:
    database, whole = files
    at, body, left = choice.draw(damages(len(whole)))
    log = (whole[:at] + body + whole[at + len(body) :])[:left]
    found = read_log(log, b"", lambda number: page_of(database, number))
    assert found.taken == taken_by_sqlite(tmp_path, database, log)
    assert found.taken == 0 or found.frames[found.taken - 1].database_pages
    if log == whole:
        assert found.verdict is Verdict.WHOLE


@quick
@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=40))
def test_no_bytes_are_too_strange(log: bytes, index: bytes, page: bytes) -> None:
    found = read_log(log, index, lambda _: page)
    assert found.taken == 0


@quick
@given(choice=st.data())
def test_no_garbage_behind_a_true_header_is_too_strange(files: Files, choice: st.DataObject) -> None:
    database, whole = files
    body = choice.draw(st.binary(max_size=80)) * choice.draw(st.integers(1, 200))
    found = read_log(whole[:HEADER_BYTES] + body, whole[:136], lambda number: page_of(database, number))
    assert found.taken == 0
