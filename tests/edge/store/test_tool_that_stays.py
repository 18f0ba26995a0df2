"""A tool that hangs keeps no shop closed: the terminal starts beside it unless it has to salvage its store."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.store import lock
from edge.store.database import FILE_NAME, KEY_FILE, SALVAGING, lock_path, opened_store, visited_store
from edge.store.errors import SalvageRunsError, StoreLockedError
from edge.store.lock import store_lock, visit
from edge.store.terminal import read_state, set_mode
from edge.store.wal import PAGE_BYTES, Verdict
from rules.scan_judgement import Mode
from tests.edge.store.test_handover import Box
from tests.edge.store.test_lock import files_in, left_inside, mend_it, verdict


@pytest.mark.parametrize("spoil", ["cut off", "gone", "begun", "page"])
def test_whatever_is_to_be_salvaged_or_was_cut_off_is_refused_beside_a_tool(tmp_path: Path, spoil: str) -> None:
    with ExitStack() as terminal:
        box = Box(tmp_path / "store", terminal)
        box.record(3)
    database, log = box.folder / FILE_NAME, box.folder / f"{FILE_NAME}-wal"
    (box.folder / KEY_FILE).touch()
    if spoil == "cut off":
        with opened_store(box.folder) as connection:
            with connection.begin():
                set_mode(connection, Mode.RECEIVE)
            left = log.read_bytes()
        log.write_bytes(left + (1).to_bytes(4) + bytes(4) + left[16:24] + bytes(8 + PAGE_BYTES))
        assert verdict(box.folder) is Verdict.TORN
    elif spoil == "gone":
        database.unlink()
    elif spoil == "begun":
        (box.folder / SALVAGING).write_text("20260101T000000Z")
    else:
        content = bytearray(database.read_bytes())
        content[PAGE_BYTES : PAGE_BYTES + 8] = bytes(8)
        database.write_bytes(content)
    before = files_in(box.folder)
    with left_inside(box.folder), pytest.raises(StoreLockedError), opened_store(box.folder, mend_it, patience_s=0):
        pass
    # A database that was closed in good order has its log made, empty, by the look at its pages.
    assert {name: files_in(box.folder)[name] for name in before} == before
    assert not (box.folder / "damaged").exists()


def test_terminal_starts_beside_a_tool_that_stays_where_nothing_has_to_be_salvaged(tmp_path: Path) -> None:
    folder, waits = tmp_path / "store", list[float]()
    with ExitStack() as terminal:
        Box(folder, terminal).record(3)
    with left_inside(folder):
        with store_lock(lock_path(folder), wait=waits.append) as held:
            assert held.beside == [str(os.getpid())]
        with capture_logs() as logs, opened_store(folder, mend_it, patience_s=0) as connection:
            with connection.begin():
                set_mode(connection, Mode.RECEIVE)
            with visit(lock_path(folder)):
                pass
            with pytest.raises(StoreLockedError) as caught, opened_store(folder, mend_it, patience_s=0):
                pass
        assert "Another terminal" in caught.value.words.en
        # A tool has time.
        with pytest.raises(SalvageRunsError), visited_store(folder):
            pass
    assert sum(waits) == pytest.approx(lock.PATIENCE_S)
    assert [(one["event"], one["log_level"]) for one in logs] == [("store.beside_tools", "warning")]
    with opened_store(folder, mend_it) as connection, connection.begin():
        assert read_state(connection).mode is Mode.RECEIVE
