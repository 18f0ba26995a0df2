"""A restored file is put in place only if it holds everything by itself, without the log that is left behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.continuity import Restored, back_up, restore
from server.errors import NotWholeError
from server.store import whole
from server.store.database import open_store
from server.store.whole import Contents, make_whole
from tests.server.fake_terminal import NOW
from tests.server.test_continuity import LATER, config_for

pytestmark = pytest.mark.req("T-70")

Told = Callable[[str, int], None]


@pytest.fixture
def backup_file(migrated_file: Path, tmp_path: Path) -> Path:
    """A backup of an empty centre."""
    shutil.copy(migrated_file, tmp_path / "from.db")
    store = open_store(f"sqlite:///{tmp_path}/from.db", new_epoch=lambda: "never")
    file = tmp_path / "centre.yimabak"
    back_up(store, file, now=NOW, told=lambda _t, _c: None)
    store.close()
    return file


@pytest.fixture
def small_disk(migrated_file: Path, tmp_path: Path) -> Iterator[Path]:
    """A disk that takes the log of a restore, but not what is folded into the file afterwards."""
    size = migrated_file.stat().st_size
    folder = tmp_path / "small"
    folder.mkdir()
    # The store that is there, the log, its index, and half of the new file.
    room = size + size + size // 2 + 64 * 1024
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", folder], check=False, capture_output=True
    )
    if made.returncode:
        pytest.skip("only root can make a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def brought_back(path: Path, file: Path, told: Told = lambda _t, _c: None) -> Restored:
    config = config_for(f"sqlite:///{path}", path.parent)
    return restore(config, file, replaces=True, new_epoch=lambda: "epoch-2", now=LATER, told=told)


def epoch_of(path: Path) -> str:
    store = open_store(f"sqlite:///{path}", new_epoch=lambda: "made anew")
    store.close()
    return store.epoch


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_disk_that_fills_up_at_the_end_leaves_the_store_that_is_there(
    backup_file: Path, migrated_file: Path, small_disk: Path
) -> None:
    path = small_disk / "centre.db"
    shutil.copy(migrated_file, path)
    with pytest.raises(NotWholeError, match="full"):
        brought_back(path, backup_file)
    assert epoch_of(path) == "epoch-1"
    assert not list(small_disk.glob("*.restor*"))


def test_a_reader_that_holds_the_log_back_keeps_the_old_store_in_place(
    backup_file: Path, migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "_PATIENCE_S", 0.05)
    path = tmp_path / "centre.db"
    shutil.copy(migrated_file, path)
    readers: list[sqlite3.Connection] = []

    def reads(_table: str, _count: int) -> None:
        if not readers:
            readers.append(sqlite3.connect(tmp_path / "centre.db.restoring", isolation_level=None))
            readers[0].execute("BEGIN")
            readers[0].execute("SELECT count(*) FROM sqlite_master").fetchone()

    with pytest.raises(NotWholeError, match="open"):
        brought_back(path, backup_file, reads)
    readers[0].close()
    assert epoch_of(path) == "epoch-1"
    assert not list(tmp_path.glob("centre.db.before*"))


def test_a_reader_that_is_idle_costs_nothing(backup_file: Path, migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    shutil.copy(migrated_file, path)
    readers: list[sqlite3.Connection] = []

    def looks(_table: str, _count: int) -> None:
        if not readers:
            readers.append(sqlite3.connect(tmp_path / "centre.db.restoring", isolation_level=None))
            readers[0].execute("SELECT count(*) FROM sqlite_master").fetchone()

    brought_back(path, backup_file, looks)
    assert epoch_of(path) == "epoch-2"
    readers[0].close()
    assert epoch_of(path) == "epoch-2"


def test_a_file_that_lost_rows_or_pages_is_not_whole(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    shutil.copy(migrated_file, path)
    with pytest.raises(NotWholeError, match="does not hold"):
        make_whole(path, Contents("epoch-1", {"event": 1}))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(NotWholeError):
        make_whole(path, Contents("epoch-1", {}))
