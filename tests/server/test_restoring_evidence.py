"""A restore disturbs nothing before it decides: neither a running centre nor the store that may be evidence."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from server.continuity import Restored, back_up, renew, restore
from server.errors import BackupFileError, CentreRunsError, NoStoreError
from server.fleet import Fleet
from server.people.roles import COMMAND_LINE
from server.store import postgresql
from server.store.backup import check_backup, has_tables, open_backup
from server.store.database import open_store, unmade_store
from server.store.trust import TrustedAgain
from tests.server.fake_terminal import NOW, FakeTerminal, new_key
from tests.server.test_continuity import LATER, config_for

pytestmark = pytest.mark.req("T-70")


def brought_back(path: Path, file: Path) -> Restored:
    config = config_for(f"sqlite:///{path}", path.parent)
    return restore(config, file, replaces=True, new_epoch=lambda: "epoch-2", now=LATER, told=lambda _t, _c: None)


@pytest.mark.parametrize("was_killed", [True, False])
def test_the_former_store_is_set_aside_as_it_was_found(was_killed: bool, migrated_file: Path, tmp_path: Path) -> None:
    from_path, path, file = tmp_path / "from.db", tmp_path / "centre.db", tmp_path / "b.yimabak"
    shutil.copy(migrated_file, from_path)
    store = open_store(f"sqlite:///{from_path}", new_epoch=lambda: "never")
    FakeTerminal(name="T-101", key=new_key()).registered(store)
    back_up(store, file, now=NOW, told=lambda _t, _c: None)
    Fleet(store).revoke("T-101", by=COMMAND_LINE, now=NOW)
    names = ("", "-wal") if was_killed else ("",)
    if was_killed:
        # As the power cut leaves it: the last commits are in the log only.
        _copy(from_path, path, names)
        store.close()
    else:
        store.close()
        _copy(from_path, path, names)
    found = {name: (_at(path, name).read_bytes(), _at(path, name).stat().st_mtime_ns) for name in names}

    done = brought_back(path, file)

    assert done.trust.again == [TrustedAgain("terminal", "T-101", "revoked")]
    assert done.set_aside is not None
    aside = Path(done.set_aside)
    assert {name: (_at(aside, name).read_bytes(), _at(aside, name).stat().st_mtime_ns) for name in names} == found
    assert was_killed or not _at(aside, "-wal").exists()


def test_former_store_whose_log_cannot_be_looked_at_is_set_aside_without_a_comparison(
    migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file, look = tmp_path / "centre.db", tmp_path / "b.yimabak", Path.stat
    shutil.copy(migrated_file, path)
    store = open_store(f"sqlite:///{path}", new_epoch=lambda: "never")
    back_up(store, file, now=NOW, told=lambda _t, _c: None)
    store.close()

    def failing(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if self.name == "centre.db-wal":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return look(self, follow_symlinks=follow_symlinks)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", failing)
        restored = brought_back(path, file)

    assert (restored.epoch, restored.trust.again) == ("epoch-2", None)
    assert restored.set_aside is not None


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    for name in names:
        shutil.copy(_at(source, name), _at(target, name))


def _at(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def test_an_address_that_cannot_be_used_is_no_running_centre(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    shutil.copy(migrated_file, path)
    config = config_for(f"sqlite:///{path}", tmp_path)
    # For documentation only (RFC 5737): no machine has it.
    elsewhere = config.model_copy(update={"web": config.web.model_copy(update={"host": "192.0.2.1"})})
    assert renew(elsewhere, new_epoch=lambda: "epoch-2", now=LATER).epoch == "epoch-2"


@pytest.mark.parametrize("found", ["nothing", "an empty file", "another database", "a store without an epoch"])
def test_what_is_no_store_gets_no_new_epoch_and_none_is_made(found: str, migrated_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    path = folder / "centre.db"
    config = config_for(f"sqlite:///{path}", tmp_path)
    if found != "nothing":
        folder.mkdir()
        shutil.copy(migrated_file, path)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("DELETE FROM centre" if "epoch" in found else "DROP TABLE alembic_version")
    if found == "an empty file":
        path.write_bytes(b"")
    elif found == "another database":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    before = path.read_bytes() if path.exists() else b""

    with pytest.raises(NoStoreError) as caught:
        renew(config, new_epoch=lambda: "epoch-2", now=LATER)

    assert caught.value.code == "store.missing"
    assert folder.exists() is (found != "nothing")
    if found == "a store without an epoch":
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM alarm").fetchone() == (0,)
    elif found != "nothing":
        assert path.read_bytes() == before
        assert {one.name for one in folder.iterdir()} == {"centre.db", "centre.db.in-use"}


def test_what_a_killed_restore_left_alone_is_no_store_and_the_restore_can_be_done_again(
    migrated_file: Path, tmp_path: Path
) -> None:
    path, file = tmp_path / "data" / "centre.db", tmp_path / "b.yimabak"
    shutil.copy(migrated_file, tmp_path / "from.db")
    with closing(open_store(f"sqlite:///{tmp_path}/from.db", new_epoch=lambda: "never")) as store:
        back_up(store, file, now=NOW, told=lambda _t, _c: None)
    config = config_for(f"sqlite:///{path}", tmp_path)
    path.parent.mkdir()
    path.with_name("centre.db.restoring").write_bytes(b"half made")

    with pytest.raises(NoStoreError, match="no store at"):
        renew(config, new_epoch=lambda: "epoch-2", now=LATER)

    assert [one.name for one in path.parent.iterdir()] == ["centre.db.in-use"]
    done = restore(config, file, replaces=False, new_epoch=lambda: "epoch-2", now=LATER, told=lambda _t, _c: None)
    assert (done.epoch, done.set_aside) == ("epoch-2", None)


def test_a_terminal_that_is_gone_is_no_backup_that_cannot_be_read(migrated_file: Path, tmp_path: Path) -> None:
    path, file = tmp_path / "centre.db", tmp_path / "b.yimabak"
    shutil.copy(migrated_file, tmp_path / "from.db")
    with closing(open_store(f"sqlite:///{tmp_path}/from.db", new_epoch=lambda: "never")) as store:
        back_up(store, file, now=NOW, told=lambda _t, _c: None)

    def told(_table: str, _count: int) -> None:
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))

    config = config_for(f"sqlite:///{path}", tmp_path)
    with pytest.raises(BrokenPipeError):
        restore(config, file, replaces=False, new_epoch=lambda: "epoch-2", now=LATER, told=told)
    assert [one.name for one in tmp_path.glob("centre.db*")] == ["centre.db.in-use"]


def test_a_backup_on_a_bad_disk_is_named(tmp_path: Path) -> None:
    class Bad(io.BytesIO):
        name = "b.yimabak"

        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(BackupFileError, match=r"Cannot read b\.yimabak: "):
        check_backup(Bad())
    with pytest.raises(BackupFileError, match=r"Cannot read .*gone"), open_backup(tmp_path / "gone"):
        pass


def test_a_database_without_a_store_gets_no_new_epoch(new_database: Callable[[], str], tmp_path: Path) -> None:
    url = new_database()
    with pytest.raises(NoStoreError):
        renew(config_for(url, tmp_path), new_epoch=lambda: "epoch-2", now=LATER)
    with unmade_store(url) as connection:
        assert not has_tables(connection)


def test_a_restore_that_is_refused_keeps_nobody_from_the_store(
    migrated_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = migrated_database()
    running = open_store(url, new_epoch=lambda: "epoch-1")
    opened: list[str] = []

    def meanwhile(_seconds: float) -> None:
        beside = open_store(url, new_epoch=lambda: "never")
        opened.append(beside.epoch)
        beside.close()

    monkeypatch.setattr(postgresql, "_PATIENCE_MS", 50)
    monkeypatch.setattr(time, "sleep", meanwhile)
    with pytest.raises(CentreRunsError, match="in use by a centre"):
        renew(config_for(url, tmp_path), new_epoch=lambda: "epoch-2", now=LATER)
    running.close()
    assert opened
    assert set(opened) == {"epoch-1"}


def test_a_backup_is_not_written_through_a_link(migrated_file: Path, tmp_path: Path) -> None:
    path, other = tmp_path / "centre.db", tmp_path / "other"
    shutil.copy(migrated_file, path)
    other.write_bytes(b"somebody's own")
    links = [tmp_path / "b.yimabak.part", tmp_path / "yima-backup-somebody.part"]
    for link in links:
        link.symlink_to(other)
        os.utime(link, (0, 0), follow_symlinks=False)
    store = open_store(f"sqlite:///{path}", new_epoch=lambda: "never")
    back_up(store, tmp_path / "b.yimabak", now=NOW, told=lambda _t, _c: None)
    with pytest.raises(BackupFileError):
        back_up(store, tmp_path / "b.yimabak", now=NOW, told=lambda _t, _c: None)
    store.close()
    assert other.read_bytes() == b"somebody's own"
    assert all(map(os.path.lexists, links)), "none of them is a part of ours"
