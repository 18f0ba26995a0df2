"""Only what a restore has decided replaces a store: by its note, its name and its epoch. It says so if it must wait."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from server.continuity import Restored, back_up, restore
from server.errors import (
    BackupFileError,
    RestoreDecidedError,
    StoreBeingReplacedError,
    StoreUnavailableError,
    UnclearRestoreError,
)
from server.store import decision, replacing
from server.store.database import open_store
from server.store.decision import decision_for, load_decision, note_beside, write_decision
from server.store.in_use import FileLock
from server.store.naming import give_name
from server.store.replacing import Recovered
from server.store.sqlite import opened_unchanged
from tests.server.fake_terminal import NOW
from tests.server.test_continuity import LATER, config_for
from tests.server.test_restoring import dies_at

pytestmark = pytest.mark.req("T-70")

MARK = "20261121T100000Z"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def path(migrated_file: Path, tmp_path: Path) -> Path:
    """A store of the epoch `epoch-1`, and beside it its backup, `b.yimabak`."""
    path = tmp_path / "centre.db"
    shutil.copy(migrated_file, path)
    store = open_store(f"sqlite:///{path}", new_epoch=lambda: "never")
    back_up(store, tmp_path / "b.yimabak", now=NOW, told=lambda _t, _c: None)
    store.close()
    return path


def brought_back(path: Path) -> Restored:
    config = config_for(f"sqlite:///{path}", path.parent)
    file = path.with_name("b.yimabak")
    return restore(config, file, replaces=True, new_epoch=lambda: "epoch-2", now=LATER, told=lambda _t, _c: None)


def epoch_of(path: Path, recovered: Callable[[Recovered], None] = lambda _: None) -> str:
    store = open_store(f"sqlite:///{path}", new_epoch=lambda: "made anew", recovered=recovered)
    store.close()
    return store.epoch


def copy_of(path: Path, name: str, epoch: str) -> Path:
    copy = path.with_name(name)
    shutil.copy(path, copy)
    connection = sqlite3.connect(copy)
    connection.execute("UPDATE centre SET value = ? WHERE name = 'epoch'", (epoch,))
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return copy


@pytest.mark.parametrize("name", ["centre.db.restored-test-of-monday", f"centre.db.restored-{MARK}"])
def test_a_copy_that_somebody_named_alike_replaces_nothing(name: str, path: Path) -> None:
    copy = copy_of(path, name, "epoch-of-the-copy")
    assert epoch_of(path) == "epoch-1"
    assert copy.exists()


def test_a_restore_overwrites_no_copy_that_somebody_named_alike(path: Path) -> None:
    copy = copy_of(path, f"centre.db.restored-{LATER:%Y%m%dT%H%M%SZ}", "epoch-of-the-copy")
    before = copy.read_bytes()
    brought_back(path)
    assert copy.read_bytes() == before
    assert epoch_of(path) == "epoch-2"


@pytest.mark.parametrize("ready", ["another epoch", "missing", "no store", "another store", "a link"])
def test_a_note_whose_file_is_not_the_one_that_was_decided_stops_everything(ready: str, path: Path) -> None:
    decided = decision_for(path, MARK, "epoch-2")
    if ready == "another epoch":
        copy_of(path, decided.ready, "epoch-3")
    elif ready == "no store":
        path.with_name(decided.ready).write_bytes(b"nothing of the kind")
    elif ready == "another store":
        sqlite3.connect(path.with_name(decided.ready)).execute("CREATE TABLE other (x)").connection.close()
    elif ready == "a link":
        path.with_name(decided.ready).symlink_to(copy_of(path, "other.db", "epoch-2"))
    write_decision(path, decided)
    before = path.read_bytes()
    with pytest.raises(UnclearRestoreError):
        epoch_of(path)
    with pytest.raises(UnclearRestoreError):
        brought_back(path)
    assert path.read_bytes() == before
    note_beside(path).unlink()
    assert epoch_of(path) == "epoch-1"


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b'{"store":',
        b'{"store":"centre.db","ready":"../../other.db","aside":"centre.db.before-x","epoch":"e"}',
        b'{"store":"centre.db","ready":"centre.db.restored-monday","aside":"centre.db.before-monday","epoch":"e"}',
    ],
)
def test_a_note_that_is_not_ours_names_nothing(note: bytes, path: Path) -> None:
    note_beside(path).write_bytes(note)
    assert load_decision(path) is None
    with pytest.raises(UnclearRestoreError):
        epoch_of(path)
    # Cut off while it was written: the half-made file is still there, and nothing was decided.
    path.with_name("centre.db.restoring").touch()
    said: list[Recovered] = []
    assert epoch_of(path, said.append) == "epoch-1"
    assert said == [Recovered(is_finished=False)]
    assert not note_beside(path).exists()


# -- what a person does between the crash and the next start -------------------------------------------------------


def cut_off_at(step: int, path: Path) -> None:
    """Restore until the renaming of that number, with a log that holds nothing beside the former store."""
    path.with_name("centre.db-wal").touch()
    dies_at(step, f"sqlite:///{path}", path.parent, path.with_name("b.yimabak"))


@pytest.mark.parametrize(("step", "name"), [(3, "centre.db"), (5, "centre.db"), (5, "centre.db-wal")])
def test_a_file_put_where_the_former_store_was_replaces_neither_it_nor_what_is_restored(
    step: int, name: str, path: Path
) -> None:
    cut_off_at(step, path)
    assert not path.exists()
    put = path.with_name(name)
    put.write_bytes(b"what somebody put there")
    before = {one: one.read_bytes() for one in path.parent.glob("centre.db*")}

    with pytest.raises(UnclearRestoreError, match=f"another {name} was put there"):
        epoch_of(path)
    with pytest.raises(UnclearRestoreError):
        brought_back(path)

    assert {one: one.read_bytes() for one in path.parent.glob("centre.db*")} == before
    put.unlink()
    said: list[Recovered] = []
    assert epoch_of(path, said.append) == "epoch-2"
    assert said[0].set_aside is not None
    assert epoch_of(said[0].set_aside) == "epoch-1"


def test_a_file_put_there_while_nothing_is_kept_yet_is_kept_itself(path: Path) -> None:
    cut_off_at(2, path)
    path.write_bytes(b"what somebody put there")
    said: list[Recovered] = []
    assert epoch_of(path, said.append) == "epoch-2"
    assert said[0].set_aside is not None
    assert said[0].set_aside.read_bytes() == b"what somebody put there"


def test_what_was_decided_is_finished_though_a_file_has_the_name_of_a_half_made_one(path: Path) -> None:
    cut_off_at(3, path)
    path.with_name("centre.db.restoring").write_bytes(b"what somebody put there")
    said: list[Recovered] = []
    assert epoch_of(path, said.append) == "epoch-2"
    assert [one.is_finished for one in said] == [True]


def test_no_store_is_opened_while_a_restore_of_it_waits_to_be_finished(path: Path) -> None:
    cut_off_at(3, path)
    # Somebody who is about to find out the same, or who could not finish it, and has not let go of the lock yet.
    with closing(FileLock(path)) as other:
        other.share()
        with pytest.raises(StoreBeingReplacedError, match="broke off"):
            epoch_of(path)
    assert not path.exists()
    said: list[Recovered] = []
    assert epoch_of(path, said.append) == "epoch-2"
    assert said[0].set_aside is not None
    assert epoch_of(said[0].set_aside) == "epoch-1"


# -- decided, but the disk does not play along ---------------------------------------------------------------------


@pytest.mark.parametrize("refused", [f"centre.db.before-{LATER:%Y%m%dT%H%M%SZ}", "centre.db", "the note"])
def test_a_restore_that_cannot_be_finished_says_that_it_is_decided(
    refused: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(source: Path, target: Path) -> None:
        if target.name == refused:
            raise PermissionError(13, "no")
        give_name(source, target)

    def kept(_path: Path) -> None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patched:
        patched.setattr(replacing, "give_name", refusing)
        if refused == "the note":
            patched.setattr(replacing, "forget_decision", kept)
        with pytest.raises(RestoreDecidedError, match="decided"):
            brought_back(path)
        if refused == "centre.db":
            with pytest.raises(StoreUnavailableError):
                brought_back(path)
    said: list[Recovered] = []
    assert epoch_of(path, said.append) == "epoch-2"
    assert [one.is_finished for one in said] == [True]
    assert said[0].set_aside is not None
    assert epoch_of(said[0].set_aside) == "epoch-1"
    assert not list(path.parent.glob("centre.db.restor*"))


@contextmanager
def no_descriptors(path: Path, *, has_log: bool) -> Iterator[Connection]:
    """Open a store in a process that may open no more files."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limit[1]))
    try:
        with opened_unchanged(path, has_log=has_log) as connection:
            yield connection
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


def no_reading(path: Path, *, has_log: bool) -> NoReturn:
    """Open a store on a disk that answers no reading."""
    said = sqlite3.OperationalError(f"disk I/O error ({path.name}, {has_log})")
    said.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
    raise OperationalError("SELECT", None, said)


@pytest.mark.parametrize("opening", [no_descriptors, no_reading])
def test_a_restored_store_that_cannot_be_read_now_is_not_taken_for_missing(
    opening: Callable[..., object], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off_at(3, path)
    with monkeypatch.context() as patched:
        patched.setattr(decision, "opened_unchanged", opening)
        with pytest.raises(StoreUnavailableError, match=r"centre\.db\.restored-"):
            epoch_of(path)
    assert epoch_of(path) == "epoch-2"


def test_a_restore_that_fails_before_it_decides_leaves_no_note(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(_source: Path, _target: Path) -> None:
        raise PermissionError(13, "no")

    with monkeypatch.context() as patched:
        patched.setattr(replacing, "give_name", refusing)
        with pytest.raises(BackupFileError):
            brought_back(path)
    assert not list(path.parent.glob("centre.db.restor*"))
    assert epoch_of(path) == "epoch-1"


def test_folder_that_cannot_be_looked_into_is_not_taken_for_one_without_a_restore(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for question in (replacing.is_interrupted, replacing.is_absent):
        with pytest.raises(StoreUnavailableError, match="Cannot look into"):
            question(tmp_path / "loop" / "centre.db")


# -- links ---------------------------------------------------------------------------------------------------------


@as_root
@pytest.mark.parametrize("name", ["centre.db.in-use", "centre.db.restoring", "centre.db.restore-note"])
def test_no_link_makes_root_write_into_another_file_or_give_it_away(name: str, path: Path) -> None:
    os.chown(path, 12345, 12345)
    other = path.with_name("shadow")
    other.write_bytes(b"root's own")
    path.with_name("centre.db.in-use").unlink()
    path.with_name(name).symlink_to(other)
    try:
        brought_back(path)
    except (StoreUnavailableError, UnclearRestoreError):
        assert name != "centre.db.restoring"
    assert other.read_bytes() == b"root's own"
    assert other.stat().st_uid == 0


@as_root
def test_a_file_that_was_there_already_keeps_its_owner(path: Path) -> None:
    os.chown(path, 12345, 12345)
    lock = path.with_name("centre.db.in-use")
    lock.unlink()
    os.link(path.with_name("b.yimabak"), lock)
    FileLock(path).close()
    assert lock.stat().st_uid == 0
    lock.unlink()
    FileLock(path).close()
    assert lock.stat().st_uid == 12345
