"""Backing up and coming back: nothing is believed that is damaged, nothing is deleted that is replaced."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, func, select
from typer.testing import CliRunner

from cli.app import app
from server.config import CentreConfig, ServerConfig, StoreConfig, WebConfig
from server.continuity import Restored, back_up, restore
from server.errors import BackupFileError, CentreRunsError, DamagedBackupError, NewerBackupError, NotEmptyError
from server.ingest import Ingest
from server.store import alarms, audit, backup, tables
from server.store.backup import Head, check_backup, read_head, write_backup
from server.store.database import Store, open_store, unmade_store
from server.store.migrate import migrate, newest_revision
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, scanned
from tests.server.store.old_stores import dump, live_through_a_morning
from tests.server.store.old_stores import restore as fill

pytestmark = pytest.mark.req("T-70")

LATER = NOW + timedelta(days=1)


def config_for(url: str, folder: Path) -> ServerConfig:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return ServerConfig(
        centre=CentreConfig(key_file=folder / "centre.key"), store=StoreConfig(url=url), web=WebConfig(port=port)
    )


def kept(store: Store, folder: Path) -> Path:
    file = folder / "centre.yimabak"
    back_up(store, file, now=NOW, told=lambda _table, _count: None)
    return file


def brought_back(url: str, folder: Path, file: Path, *, replaces: bool = False) -> Restored:
    return restore(
        config_for(url, folder),
        file,
        replaces=replaces,
        new_epoch=lambda: "epoch-2",
        now=LATER,
        told=lambda _t, _c: None,
    )


def everything(store: Store) -> dict[str, list[dict[str, object]]]:
    with store.reading() as connection:
        rows = dump(connection)
    # What the restore itself writes.
    for table in ("centre", "audit", "alarm"):
        del rows[table]
    return {table: sorted(found, key=repr) for table, found in rows.items()}


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a backup is restored to: a place where nothing is yet, on each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/restored.db"
    made: Callable[[], str] = request.getfixturevalue("new_database")
    return made()


def test_a_backup_of_either_database_restores_into_either(store: Store, other_url: str, tmp_path: Path) -> None:
    live_through_a_morning(store)
    before = everything(store)
    done = brought_back(other_url, tmp_path, kept(store, tmp_path))
    assert (done.epoch, done.set_aside, done.head.epoch) == ("epoch-2", None, store.epoch)
    restored = open_store(other_url, new_epoch=lambda: "never")
    try:
        assert restored.epoch == "epoch-2"
        assert everything(restored) == before
        with restored.reading() as connection:
            (told,) = alarms.load_newest_alarms(connection, terminal="", before=None, limit=9)
            assert told.code == "store.restored"
            assert audit.load_audit(connection, after=0, limit=99)[-1].action == "store.restored"
        goes_on(restored)
    finally:
        restored.close()


def goes_on(store: Store) -> None:
    """Numbers that the database gives out go on after the restored ones."""
    terminal = FakeTerminal(name="T-777", key=new_key()).registered(store)
    replies = Ingest(store, new_key()).take_many([terminal.frame(terminal.say(scanned(code_of(7))))], LATER)
    assert len(replies) == 1
    with store.reading() as connection:
        streams = list(connection.scalars(select(tables.stream.c.id)))
    assert len(streams) == len(set(streams))


def test_what_is_replaced_is_set_aside(store: Store, store_url: str, tmp_path: Path) -> None:
    live_through_a_morning(store)
    file = kept(store, tmp_path)
    terminal = FakeTerminal(name="T-778", key=new_key()).registered(store)
    Ingest(store, new_key()).take_many([terminal.frame(terminal.say(dispensed(code_of(8))))], NOW)
    events = len(everything(store)["event"])
    store.close()
    with pytest.raises(NotEmptyError):
        brought_back(store_url, tmp_path, file)
    done = brought_back(store_url, tmp_path, file, replaces=True)
    assert done.set_aside is not None
    if store_url.startswith("sqlite"):
        former = open_store(f"sqlite:///{done.set_aside}", new_epoch=lambda: "never")
        assert len(everything(former)["event"]) == events
        former.close()
    else:
        with unmade_store(store_url) as connection:
            table = MetaData(schema=done.set_aside)
            table.reflect(connection)
            count = select(func.count()).select_from(table.tables[f"{done.set_aside}.event"])
            assert connection.scalar(count) == events
            # The database is shared with other tests, which know one schema only.
            connection.exec_driver_sql(f'DROP SCHEMA "{done.set_aside}" CASCADE')
    restored = open_store(store_url, new_epoch=lambda: "never")
    assert len(everything(restored)["event"]) == events - 1
    restored.close()


@pytest.mark.parametrize("version", ["0001", "0002", "0003"])
def test_a_backup_of_an_older_release_is_brought_up_to_date(version: str, tmp_path: Path) -> None:
    rows = json.loads((Path("tests/fixtures/db") / f"centre-{version}.json").read_text(encoding="utf-8"))
    old = f"sqlite:///{tmp_path}/old.db"
    file = tmp_path / "old.yimabak"
    with unmade_store(old) as connection:
        migrate(connection, lambda _: None, to=version)
        fill(connection, rows)
        with file.open("wb") as out:
            write_backup(connection, out, Head(1, version, "e", NOW, "0.0.1"), lambda _t, _c: None)
    url = f"sqlite:///{tmp_path}/new.db"
    brought_back(url, tmp_path, file)
    restored = open_store(url, new_epoch=lambda: "never")
    assert len(everything(restored)["event"]) == len(rows["event"])
    restored.close()


def test_a_backup_is_one_moment_although_the_centre_goes_on(store: Store, tmp_path: Path) -> None:
    terminal = FakeTerminal().registered(store)
    ingest, stop = Ingest(store, new_key()), threading.Event()

    def work() -> None:
        while not stop.is_set():
            ingest.take_many([terminal.frame(terminal.say(dispensed(code_of(terminal.seq))))], NOW)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        for number in range(5):
            url = f"sqlite:///{tmp_path}/moment-{number}.db"
            file = tmp_path / f"{number}.yimabak"
            back_up(store, file, now=NOW, told=lambda _t, _c: None)
            brought_back(url, tmp_path, file)
            moment = open_store(url, new_epoch=lambda: "never")
            with moment.reading() as connection:
                (row,) = connection.execute(select(tables.stream.c.tip_seq, tables.stream.c.contiguous_to)).all() or [
                    (0, 0)
                ]
                events, codes = (
                    connection.scalar(select(func.count()).select_from(one)) for one in (tables.event, tables.ledger)
                )
            moment.close()
            assert (row[0], row[1], codes) == (events, events, events)
    finally:
        stop.set()
        writer.join()


# -- a backup that is no good --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good_backup(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("backup")
    made = open_store(f"sqlite:///{folder}/centre.db", new_epoch=lambda: "e")
    live_through_a_morning(made)
    file = kept(made, folder)
    made.close()
    return file.read_bytes()


@settings(max_examples=150, deadline=None)
@given(where=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cuts=st.booleans())
def test_every_damage_is_found(good_backup: bytes, where: float, flip: int, *, cuts: bool) -> None:
    place = int(where * len(good_backup))
    bad = bytearray(good_backup)
    if cuts:
        del bad[place:]
    else:
        bad[place] ^= flip
    with pytest.raises((DamagedBackupError, NewerBackupError)):
        check_backup(io.BytesIO(bytes(bad)))


def test_a_damaged_backup_touches_nothing(good_backup: bytes, store: Store, store_url: str, tmp_path: Path) -> None:
    before = everything(store)
    bad = tmp_path / "bad.yimabak"
    bad.write_bytes(good_backup[:-100])
    with pytest.raises(DamagedBackupError):
        brought_back(store_url, tmp_path, bad, replaces=True)
    assert everything(store) == before


def test_a_restore_that_breaks_off_leaves_what_was_there(
    good_backup: bytes, store: Store, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live_through_a_morning(store)
    before = everything(store)
    store.close()

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_count_on", broken)
    file = tmp_path / "good.yimabak"
    file.write_bytes(good_backup)
    with pytest.raises(KeyboardInterrupt):
        brought_back(store_url, tmp_path, file, replaces=True)
    again = open_store(store_url, new_epoch=lambda: "never")
    assert everything(again) == before
    again.close()
    assert not list(tmp_path.glob("*.restor*"))


@pytest.mark.parametrize(
    "head", [Head(2, "0001", "e", NOW, "9"), Head(1, "9999", "e", NOW, "9")], ids=["format", "revision"]
)
def test_a_newer_backup_is_refused(head: Head, tmp_path: Path) -> None:
    file = tmp_path / "newer.yimabak"
    store = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "e")
    with store.reading() as connection, file.open("wb") as out:
        write_backup(connection, out, head, lambda _t, _c: None)
    store.close()
    with pytest.raises(NewerBackupError):
        brought_back(f"sqlite:///{tmp_path}/other.db", tmp_path, file)
    assert not (tmp_path / "other.db").exists()


def test_a_file_that_is_there_is_not_overwritten(store: Store, tmp_path: Path) -> None:
    file = kept(store, tmp_path)
    with pytest.raises(BackupFileError, match="overwritten"):
        kept(store, tmp_path)
    with file.open("rb") as source:
        assert read_head(source).revision == newest_revision()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_running_centre_is_not_replaced(good_backup: bytes, tmp_path: Path) -> None:
    file = tmp_path / "good.yimabak"
    file.write_bytes(good_backup)
    config = config_for(f"sqlite:///{tmp_path}/centre.db", tmp_path)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", config.web.port))
        listening.listen()
        with pytest.raises(CentreRunsError):
            restore(config, file, replaces=True, new_epoch=lambda: "e", now=NOW, told=lambda _t, _c: None)


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text(
        f'[centre]\nkey_file = "{tmp_path}/centre.key"\n[store]\nurl = "sqlite:///{tmp_path}/centre.db"\n'
        "[web]\nport = 18629\n"
    )
    run = CliRunner().invoke
    file = tmp_path / "centre.yimabak"
    done = run(app, ["server", "backup", str(file), "--config", str(config), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"]["centre"] == 1
    refused = run(app, ["server", "restore", str(file), "--config", str(config)])
    assert refused.exit_code != 0
    done = run(app, ["server", "restore", str(file), "--config", str(config), "--replace", "--json"])
    assert done.exit_code == 0, done.output
    assert Path(json.loads(done.stdout)["set_aside"]).exists()
    epoch = json.loads(done.stdout)["epoch"]
    done = run(app, ["server", "restore", "--in-place", "--config", str(config), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["epoch"] != epoch
    assert run(app, ["server", "restore", "--config", str(config)]).exit_code != 0


def test_a_backup_replaces_no_file_that_appeared_while_it_was_written(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "centre.yimabak"

    def told(_table: str, _count: int) -> None:
        file.write_bytes(b"another backup")

    with pytest.raises(BackupFileError, match="not overwritten"):
        back_up(store, file, now=NOW, told=told)
    assert file.read_bytes() == b"another backup"
    assert [one.name for one in tmp_path.glob("centre.yimabak*")] == ["centre.yimabak"]


def test_of_two_backups_to_one_name_at_once_one_is_whole_and_the_other_refused(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "centre.yimabak"

    def told(_table: str, _count: int) -> None:
        if not file.exists():
            kept(store, tmp_path)

    with pytest.raises(BackupFileError, match="not overwritten"):
        back_up(store, file, now=NOW, told=told)
    with file.open("rb") as source:
        assert check_backup(source)["centre"] == 1
    assert not list(tmp_path.glob("*.part"))


def test_what_a_killed_backup_left_is_removed_and_nothing_else(store: Store, tmp_path: Path) -> None:
    def left(name: str, *, mode: int = 0o600, age_s: float = 86_500) -> Path:
        part = tmp_path / name
        part.write_bytes(b"half a backup")
        part.chmod(mode)
        os.utime(part, (0, time.time() - age_s))
        return part

    dead = left("yima-backup-k7_x2q9b.part")
    others = [
        left("yima-backup-being_wr.part", age_s=9),
        left("yima-backup-20261121.yima.part"),
        left("yima-backup-20261121.part", mode=0o644),
        left("yima-backup-Of_yours.part"),
    ]
    folder = tmp_path / "yima-backup-a_folder.part"
    folder.mkdir()
    os.utime(folder, (0, 0))
    kept(store, tmp_path)
    assert not dead.exists()
    assert sorted(tmp_path.glob("*.part")) == sorted([*others, folder])


def test_a_backup_that_went_away_after_it_was_checked_is_named_and_the_store_stays(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    file = kept(store, tmp_path)
    store.close()

    def new_epoch() -> str:
        file.unlink()
        return "epoch-2"

    with pytest.raises(BackupFileError, match="Cannot read"):
        restore(
            config_for(store_url, tmp_path),
            file,
            replaces=True,
            new_epoch=new_epoch,
            now=LATER,
            told=lambda _t, _c: None,
        )
    again = open_store(store_url, new_epoch=lambda: "never")
    assert again.epoch == "epoch-1"
    again.close()
