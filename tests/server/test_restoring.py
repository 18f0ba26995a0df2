"""A store is replaced only where nobody has it open; a crash leaves one of the two; what trust comes back is said."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text
from typer.testing import CliRunner

from cli.app import app
from server.continuity import Restored, back_up, renew, restore
from server.errors import CentreRunsError, RestoreFinishedError, StoreBeingReplacedError, StoreReplacedError
from server.fleet import Fleet
from server.ingest import Ingest
from server.people.accounts import Accounts
from server.people.roles import COMMAND_LINE, Role
from server.store import alarms, audit, postgresql, replacing, tables
from server.store.database import Store, open_store, unmade_store
from server.store.in_use import FileLock
from server.store.naming import give_name
from server.store.replacing import Recovered
from server.store.trust import TrustedAgain
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key
from tests.server.test_continuity import LATER, config_for, kept

pytestmark = pytest.mark.req("T-70")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_PATIENCE_MS", 300)


def brought_back(url: str, folder: Path, file: Path, now: datetime = LATER) -> Restored:
    config = config_for(url, folder)
    return restore(config, file, replaces=True, new_epoch=lambda: "epoch-2", now=now, told=lambda _t, _c: None)


def events_in(url: str, recovered: Callable[[Recovered], None] = lambda _: None) -> tuple[str, int]:
    store = open_store(url, new_epoch=lambda: "never", recovered=recovered)
    with store.reading() as connection:
        count = connection.scalar(select(func.count()).select_from(tables.event)) or 0
    store.close()
    return store.epoch, count


def test_a_store_that_a_centre_elsewhere_has_open_is_not_replaced(store: Store, store_url: str, tmp_path: Path) -> None:
    file = kept(store, tmp_path)
    # Its address is another one: nothing answers where this configuration says.
    with pytest.raises(CentreRunsError, match="in use by a centre"):
        brought_back(store_url, tmp_path, file)
    with pytest.raises(CentreRunsError):
        renew(config_for(store_url, tmp_path), new_epoch=lambda: "epoch-2", now=LATER)
    beside = open_store(store_url, new_epoch=lambda: "never")
    beside.close()
    store.close()
    assert renew(config_for(store_url, tmp_path), new_epoch=lambda: "epoch-2", now=LATER).epoch == "epoch-2"


def test_no_centre_opens_a_store_that_is_being_replaced(store: Store, store_url: str, tmp_path: Path) -> None:
    store.close()
    if store_url.startswith("sqlite"):
        lock = FileLock(tmp_path / "centre.db")
        lock.take_alone()
        with pytest.raises(StoreBeingReplacedError):
            open_store(store_url, new_epoch=lambda: "never")
        lock.close()
    else:
        with unmade_store(store_url), pytest.raises(StoreBeingReplacedError):
            open_store(store_url, new_epoch=lambda: "never")
    assert events_in(store_url)[1] == 0


def test_a_centre_that_lost_its_line_takes_no_part_in_another_life_of_the_store(
    migrated_database: Callable[[], str], tmp_path: Path
) -> None:
    url = migrated_database()
    running = open_store(url, new_epoch=lambda: "epoch-1")
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    with running.reading() as connection:
        connection.execute(cut)
    # The line is cut, while the centre believes that it runs.
    running._engine.dispose()
    renew(config_for(url, tmp_path), new_epoch=lambda: "epoch-2", now=LATER)
    with pytest.raises(StoreReplacedError):
        running.ping()
    running.close()


# -- a crash in the middle -----------------------------------------------------------------------------------------


def dies_at(step: int, url: str, folder: Path, file: Path) -> None:
    """Restore in a child process that is gone at the given renaming: nothing is tidied up, as after `kill -9`."""
    child = os.fork()
    if child == 0:
        done = 0

        def dying(file: Path, name: Path) -> None:
            nonlocal done
            done += 1
            if done == step:
                os._exit(0)
            give_name(file, name)

        replacing.give_name = dying  # type: ignore[attr-defined] # in the child only
        try:
            brought_back(url, folder, file)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(("step", "is_new"), [(1, False), (2, True), (3, True), (4, True), (5, True)])
def test_a_crash_between_the_renamings_leaves_the_old_store_or_the_new_one(
    step: int, migrated_file: Path, tmp_path: Path, *, is_new: bool
) -> None:
    path = tmp_path / "centre.db"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{path}"
    store = open_store(url, new_epoch=lambda: "never")
    file = kept(store, tmp_path)
    terminal = FakeTerminal().registered(store)
    Ingest(store, new_key()).take_many([terminal.frame(terminal.say(dispensed(code_of(8))))], NOW)
    store.close()
    # What SQLite keeps beside the file of a centre that was killed; here without commits of its own.
    for companion in ("-wal", "-shm"):
        (tmp_path / f"centre.db{companion}").touch()

    dies_at(step, url, tmp_path, file)

    said: list[Recovered] = []
    epoch, events = events_in(url, said.append)
    assert (epoch, events) == (("epoch-2", 0) if is_new else ("epoch-1", 1))
    assert [one.is_finished for one in said] == [is_new]
    assert not list(tmp_path.glob("centre.db.restor*"))
    if is_new:
        (aside,) = {one.set_aside for one in said}
        assert aside is not None
        assert events_in(f"sqlite:///{aside}") == ("epoch-1", 1)
    assert events_in(url, said.append) == (epoch, events)
    assert len(said) == 1


def test_the_next_restore_says_that_the_one_before_broke_off(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{path}"
    store = open_store(url, new_epoch=lambda: "never")
    file = kept(store, tmp_path)
    store.close()
    dies_at(3, url, tmp_path, file)
    config = config_for(url, tmp_path)
    with pytest.raises(
        RestoreFinishedError, match=r"is finished now, the former store is kept as .*centre\.db\.before-"
    ):
        restore(config, file, replaces=False, new_epoch=lambda: "e", now=LATER, told=lambda _t, _c: None)
    dies_at(1, url, tmp_path, file)
    done = brought_back(url, tmp_path, file)
    assert done.recovered == Recovered(is_finished=False)
    # Twice in one second: the store that was set aside first is still there.
    assert done.set_aside is not None
    assert done.set_aside.endswith("-2")


def test_a_restore_on_a_new_machine_that_broke_off_is_finished_and_speaks_of_no_former_store(
    migrated_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "centre.db"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{path}"
    store = open_store(url, new_epoch=lambda: "never")
    file = kept(store, tmp_path)
    store.close()
    path.unlink()
    dies_at(2, url, tmp_path, file)
    config = config_for(url, tmp_path)
    with pytest.raises(RestoreFinishedError) as said:
        restore(config, file, replaces=False, new_epoch=lambda: "e", now=LATER, told=lambda _t, _c: None)
    assert said.value.words.en == "The restore that had broken off is finished now"
    assert "None" not in said.value.words.zh
    assert said.value.next_step.en.startswith("Start the centre.")
    assert events_in(url) == ("epoch-2", 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files that the centre's user cannot open")
def test_what_root_restores_still_belongs_to_the_user_of_the_centre(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    path.write_bytes(migrated_file.read_bytes())
    os.chown(path, 12345, 12345)
    url = f"sqlite:///{path}"
    store = open_store(url, new_epoch=lambda: "never")
    file = kept(store, tmp_path)
    store.close()
    brought_back(url, tmp_path, file)
    assert {one.stat().st_uid for one in tmp_path.glob("centre.db*")} == {12345}


# -- trust ---------------------------------------------------------------------------------------------------------


def test_a_restore_names_the_trust_that_comes_back_and_ends_all_sessions(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    fleet, accounts = Fleet(store), Accounts(store)
    for name in ("T-100", "T-101", "T-102"):
        FakeTerminal(name=name, key=new_key()).registered(store)
    for name in ("ann", "bob", "eve"):
        accounts.add(name, Role.OPERATOR, by=COMMAND_LINE, now=NOW)
    with store.writing() as connection:
        row = {"digest": "d", "account": "ann", "created_us": 1, "expires_us": 2**60}
        connection.execute(insert(tables.session).values(**row))
    file = kept(store, tmp_path)
    fleet.revoke("T-101", by=COMMAND_LINE, now=NOW)
    accounts.set_active("bob", is_active=False, by=COMMAND_LINE, now=NOW)
    accounts.set_password("eve", by=COMMAND_LINE, now=NOW)
    store.close()
    done = brought_back(store_url, tmp_path, file)
    assert done.trust.again == [
        TrustedAgain("terminal", "T-101", "revoked"),
        TrustedAgain("account", "bob", "disabled"),
        TrustedAgain("account", "eve", "password"),
    ]
    assert done.trust.sessions_ended == 1
    assert done.trust.counts == {"terminal": 3, "account": 3, "token": 0}
    restored = open_store(store_url, new_epoch=lambda: "never")
    with restored.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(tables.session)) == 0
        (told,) = alarms.load_newest_alarms(connection, terminal="", before=None, limit=9)
        detail = audit.load_audit(connection, after=0, limit=99)[-1].detail
    if store_url.startswith("postgresql"):
        with restored.writing() as connection:
            connection.exec_driver_sql(f'DROP SCHEMA "{done.set_aside}" CASCADE')
    restored.close()
    assert "3 trusts" in told.words.en
    assert detail["trusted_again_first"] == [
        "terminal T-101: revoked",
        "account bob: disabled",
        "account eve: password",
    ]


def test_the_time_of_the_backup_is_said_as_a_clock_in_china_shows_it(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{path}"
    store = open_store(url, new_epoch=lambda: "never")
    file = tmp_path / "centre.yimabak"
    back_up(store, file, now=datetime(2026, 11, 21, 18, 30, tzinfo=UTC), told=lambda _t, _c: None)
    store.close()
    brought_back(url, tmp_path, file)
    restored = open_store(url, new_epoch=lambda: "never")
    with restored.reading() as connection:
        (told,) = alarms.load_newest_alarms(connection, terminal="", before=None, limit=9)
    restored.close()
    assert "2026-11-22 02:30" in told.words.zh
    assert "UTC" not in told.words.zh + told.words.en


def test_a_damaged_store_is_replaced_all_the_same_and_nothing_is_compared(migrated_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "centre.db"
    path.write_bytes(migrated_file.read_bytes())
    url = f"sqlite:///{path}"
    store = open_store(url, new_epoch=lambda: "never")
    file = kept(store, tmp_path)
    store.close()
    path.write_bytes(b"no database at all" * 1_000)
    done = brought_back(url, tmp_path, file)
    assert done.trust.again is None
    assert done.set_aside is not None
    assert Path(done.set_aside).read_bytes().startswith(b"no database at all")


def test_the_command_says_in_words_whom_it_trusts_again(migrated_file: Path, tmp_path: Path) -> None:
    (tmp_path / "centre.db").write_bytes(migrated_file.read_bytes())
    config = tmp_path / "server.toml"
    config.write_text(
        f'[centre]\nkey_file = "{tmp_path}/centre.key"\n[store]\nurl = "sqlite:///{tmp_path}/centre.db"\n'
        f"[web]\nport = {config_for('sqlite:///x', tmp_path).web.port}\n"
    )
    store = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "never")
    FakeTerminal(name="T-101", key=new_key()).registered(store)
    file = str(kept(store, tmp_path))
    Fleet(store).revoke("T-101", by=COMMAND_LINE, now=NOW)
    store.close()
    done = CliRunner().invoke(app, ["server", "restore", file, "--config", str(config), "--replace"])
    assert done.exit_code == 0, done.output
    assert "终端 T-101：此后已吊销 / terminal T-101: revoked since" in done.stdout
    assert "已结束登录 0 个 / sign-ins ended: 0" in done.stdout
    assert "UTC" not in done.stdout
