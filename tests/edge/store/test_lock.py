"""While a terminal starts it has the store to itself: what a salvage goes by is tidied away by nobody."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from drivers.scanner.profile import Profile
from edge.errors import EdgeError
from edge.store import lock, lock_holders, sql
from edge.store.database import FILE_NAME, KEY_FILE, lock_path, opened_store, visited_store
from edge.store.errors import (
    NotDurableError,
    SalvageRunsError,
    StoreLockedError,
    TooLittleAllowedError,
    of_os_error,
)
from edge.store.handover_look import opened_estate
from edge.store.inspection import inspect_operators, inspect_profiles, inspect_store
from edge.store.lock import gate_of, is_of_this_boot, store_lock, visit
from edge.store.lock_holders import Holder
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import Owner
from edge.store.salvage_remains import open_remains
from edge.store.scanner_profiles import save_profile
from edge.store.shifts import OperatorRow, add_operator
from edge.store.terminal import set_mode
from edge.store.wal import FRAME_BYTES, HEADER_BYTES, PAGE_BYTES, Verdict
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from tests.edge.store.log_index import indexes_of
from tests.edge.store.test_handover import Box

EVENTS = 40
OWNER = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(7))
FRAME = FRAME_BYTES + PAGE_BYTES


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder as a kill leaves it, with every event in the log and one of the frames damaged."""
    root = tmp_path_factory.mktemp("crashed")
    with ExitStack() as stack:
        box = Box(root / "living", stack)
        box.record(EVENTS)
        (box.folder / KEY_FILE).touch()
        shutil.copytree(box.folder, root / "left")
    log = root / "left" / f"{FILE_NAME}-wal"
    content = bytearray(log.read_bytes())
    frames = (len(content) - HEADER_BYTES) // FRAME
    content[HEADER_BYTES + frames // 2 * FRAME + FRAME_BYTES + 100] ^= 1
    log.write_bytes(content)
    return root / "left"


@pytest.fixture
def folder(crashed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crashed, tmp_path / "store"))


def files_in(folder: Path) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in folder.iterdir() if ".lock" not in one.name}


def looked_at(folder: Path) -> None:
    with opened_estate(folder, NOON):
        pass


def visited(folder: Path) -> None:
    with visited_store(folder):
        pass


def mended(folder: Path) -> tuple[Mended, int]:
    """Start the terminal; return what was done, and how many of its events it has."""
    done = Mended()

    def mend_first(database: Path) -> None:
        nonlocal done
        done = mend(database, OWNER)

    with opened_store(folder, mend_first) as connection, connection.begin():
        (kept,) = sql.one(connection, "SELECT count(*) FROM outbox WHERE epoch = ?", (EPOCH,))
    return done, kept


def let_in(folder: Path) -> AbstractContextManager[object]:
    """Hold the store as a terminal that runs, without a connection of its own."""
    held = ExitStack()
    held.enter_context(store_lock(lock_path(folder))).let_in()
    return held


@pytest.mark.req("T-10")
@pytest.mark.parametrize("look", [visited, looked_at, inspect_store])
def test_tool_that_comes_while_a_terminal_starts_is_refused_and_every_event_is_kept(
    folder: Path, look: Callable[[Path], object]
) -> None:
    before = files_in(folder)
    with store_lock(lock_path(folder)), pytest.raises(SalvageRunsError) as caught:
        look(folder)
    assert (caught.value.code, "started" in caught.value.next_step.en) == ("store.salvaging", True)
    assert files_in(folder) == before
    done, kept = mended(folder)
    assert (done.is_salvaged, kept) == (True, EVENTS)


@pytest.mark.req("T-10")
@pytest.mark.parametrize("look", [visited, looked_at, inspect_store])
def test_tool_does_not_read_what_a_terminal_left_that_died_while_it_was_let_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, look: Callable[[Path], object]
) -> None:
    connect, before = sqlite3.connect, files_in(folder)
    with ExitStack() as terminal:
        terminal.enter_context(let_in(folder))

        def connect_late(place: str, **how: Any) -> sqlite3.Connection:
            terminal.close()
            connection: sqlite3.Connection = connect(place, **how)
            return connection

        monkeypatch.setattr(sqlite3, "connect", connect_late)
        with pytest.raises(SalvageRunsError):
            look(folder)
    assert files_in(folder) == before


def test_what_is_known_of_scanners_is_not_asked_for_while_a_terminal_starts_and_operators_are(tmp_path: Path) -> None:
    with opened_store(tmp_path) as connection, connection.begin():
        save_profile(connection, Profile("serial:left", "", "", (), (), (), gs_ok=True), NOON)
        add_operator(connection, OperatorRow("zhang", "张三丰", "no hash", NOON))
    assert set(inspect_profiles(tmp_path)) == {"serial:left"}
    with store_lock(lock_path(tmp_path)):
        assert inspect_profiles(tmp_path) == {}
        assert [one.login for one in inspect_operators(tmp_path)] == ["zhang"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_in_the_folder_of_another_account_belongs_to_that_account(folder: Path, tmp_path: Path) -> None:
    account, new = 12_345, tmp_path / "new"
    new.mkdir()
    for place in (folder, new):
        os.chown(place, account, account)
    # The folder may be another's that lets the account write in it: then the store says whose it is.
    os.chown(folder / FILE_NAME, account + 1, account + 1)
    with store_lock(lock_path(folder)):
        pass
    with opened_store(new):
        made = {one.name: one.stat().st_uid for one in new.iterdir()}
    assert set(made.values()) == {account}
    assert {one.stat().st_uid for one in folder.glob("*.lock")} == {account + 1}


def test_whoever_is_not_root_gives_nothing_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, ...]] = []
    monkeypatch.setattr(os, "fchown", lambda *told: given.append(told))
    monkeypatch.setattr(os, "geteuid", lambda: 1_000)
    with store_lock(lock_path(folder)):
        pass
    assert not given


def test_terminal_waits_for_a_tool_and_starts_once_it_has_let_go(folder: Path) -> None:
    waits: list[float] = []
    with ExitStack() as tool, ExitStack() as former:
        former.enter_context(let_in(folder))
        tool.enter_context(visit(lock_path(folder)))
        former.close()

        def wait(for_s: float) -> None:
            waits.append(for_s)
            if len(waits) == 3:
                tool.close()

        with store_lock(lock_path(folder), wait=wait), pytest.raises(SalvageRunsError), visit(lock_path(folder)):
            pass
    assert len(waits) == 3


@contextmanager
def left_inside(folder: Path) -> Iterator[None]:
    """Have a tool in the store that came beside a terminal which has ended since, and that does not end."""
    with ExitStack() as tool:
        with let_in(folder):
            tool.enter_context(visit(lock_path(folder)))
        yield


def test_salvage_does_not_begin_while_a_tool_stays_and_names_it(folder: Path) -> None:
    before = files_in(folder)
    with left_inside(folder):
        with pytest.raises(StoreLockedError) as caught, opened_store(folder, mend_it, patience_s=0):
            pass
        assert files_in(folder) == before
    assert f"A tool ({os.getpid()})" in caught.value.words.en
    assert "yima" in caught.value.next_step.zh
    assert mended(folder)[1] == EVENTS


def test_two_terminals_do_not_wait_for_one_another(folder: Path) -> None:
    def never(_: float) -> None:
        raise AssertionError

    for is_started in (False, True):
        with store_lock(lock_path(folder)) as first:
            if is_started:
                first.let_in()
            with pytest.raises(StoreLockedError) as caught, store_lock(lock_path(folder), wait=never):
                pass
            assert str(os.getpid()) in caught.value.words.en


def test_tool_that_just_asks_for_the_terminal_is_not_taken_for_one(folder: Path) -> None:
    """It shares the lock for a moment, and the note still names the terminal that was."""
    waits: list[float] = []
    with let_in(folder):
        pass
    with ExitStack() as tool:
        for file in (gate_of(lock_path(folder)), lock_path(folder)):
            asked = tool.enter_context(file.open("rb"))
            fcntl.flock(asked, fcntl.LOCK_SH)

        def wait(for_s: float) -> None:
            waits.append(for_s)
            tool.close()

        with store_lock(lock_path(folder), wait=wait) as held:
            assert not held.beside
    assert len(waits) == 1


@pytest.mark.parametrize("is_open", [False, True])
def test_terminal_waits_for_a_tool_that_has_the_store_to_itself(folder: Path, *, is_open: bool) -> None:
    waits: list[float] = []
    with ExitStack() as tool:
        held = tool.enter_context(store_lock(lock_path(folder), holder=Holder.TOOL))
        if is_open:
            held.let_in()
        with pytest.raises(StoreLockedError) as caught, store_lock(lock_path(folder), wait=waits.append):
            pass
        assert f"A tool ({os.getpid()})" in caught.value.words.en
        assert sum(waits) == pytest.approx(lock.PATIENCE_S)
        with store_lock(lock_path(folder), wait=lambda _: tool.close()):
            pass


def test_tool_is_not_let_in_where_the_terminal_has_just_ended(folder: Path) -> None:
    with let_in(folder):
        pass
    with pytest.raises(SalvageRunsError), visit(lock_path(folder)):
        pass


def test_terminal_of_an_older_program_that_has_no_gate_is_visited_as_before(tmp_path: Path) -> None:
    with ExitStack() as terminal:
        box = Box(tmp_path / "store", terminal)
        gate_of(lock_path(box.folder)).unlink()
        with visited_store(box.folder) as tool, tool.begin():
            set_mode(tool, Mode.RECEIVE)
        assert inspect_store(box.folder).finding == "ok"


def mend_it(database: Path) -> None:
    mend(database, OWNER)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOLCK, NotDurableError), (errno.EMFILE, TooLittleAllowedError), (errno.EFBIG, TooLittleAllowedError)],
)
def test_lock_that_the_system_refuses_is_not_taken_for_another_terminal(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[EdgeError]
) -> None:
    def refuse(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(kind), store_lock(lock_path(folder)):
        pass
    monkeypatch.undo()
    with store_lock(lock_path(folder)):
        monkeypatch.setattr(fcntl, "flock", refuse)
        with pytest.raises(kind), visit(lock_path(folder)):
            pass
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "account"),
        (errno.EFBIG, "LimitFSIZE"),
        (errno.EMFILE, "LimitNOFILE"),
        (errno.ENOLCK, "local disk"),
    ],
)
def test_next_step_is_of_what_the_system_said(folder: Path, number: int, said: str) -> None:
    assert said in of_os_error(folder, OSError(number, os.strerror(number))).next_step.en


def test_index_of_the_log_is_believed_to_the_last_frame_within_one_start_of_the_machine_only(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = lock_path(folder)
    assert not is_of_this_boot(tmp_path / "no.lock")
    log, index = (folder / f"{FILE_NAME}{suffix}" for suffix in ("-wal", "-shm"))
    # As old as the damage: nothing tells from it that there was more.
    index.write_bytes(indexes_of(log.read_bytes())[-1])
    with store_lock(place) as held:
        assert verdict(folder) is Verdict.TORN, (
            "copied with its lock from a store that this start of the machine opened"
        )
        boot = tmp_path / "boot_id"
        boot.write_text("another start")
        monkeypatch.setattr(lock_holders, "BOOT", boot)
        assert verdict(folder) is Verdict.DAMAGED
        held.let_in()
        assert is_of_this_boot(place)
    boot.write_text("yet another")
    with store_lock(place):
        assert not is_of_this_boot(place), "the lock alone says nothing of the index"
    boot.unlink()
    assert not is_of_this_boot(place)


def verdict(folder: Path) -> Verdict:
    with open_remains(folder / FILE_NAME) as remains:
        return remains.log.verdict
