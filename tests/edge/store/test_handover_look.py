"""A dead box's disk is read and not changed, whatever state its store is in, and what cannot be read is told."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from edge.store.database import FILE_NAME, KEY_FILE, SALVAGING, database_path, opened_store
from edge.store.errors import DamagedStoreError, NewerStoreError, SalvageRunsError
from edge.store.files import copy_readable
from edge.store.handover import NoStoreError
from edge.store.handover_adopt import Adopted
from edge.store.handover_export import Exported, export_events
from edge.store.handover_look import LOG, NoRoomToLookError, opened_estate
from edge.store.outbox import read_counts
from edge.store.salvage import DAMAGED
from edge.store.salvage_sectors import ReadAt
from tests.disk import BadDisk
from tests.edge.scene import EPOCH, NOON, TERMINAL
from tests.edge.store.test_handover import NEW_EPOCH, Box
from wire.events import thaw
from wire.receipts import Receipt, Rejected

pytestmark = pytest.mark.req("T-70")
EVENTS = 60
DELIVERED = 10
PAGE = 4_096


@pytest.fixture(scope="module")
def remains(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """Return folders `stopped` and `crashed` of the same box, and its events."""
    root = tmp_path_factory.mktemp("remains")
    with ExitStack() as stack:
        box = Box(root / "stopped", stack)
        frozen = box.record(EVENTS)
        refused = [Rejected(20, thaw(frozen[19]).id, "event.invalid")]
        receipt = Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [(1, DELIVERED)], refused)
        box.outbox.apply_receipts([receipt], NOON)
        shutil.copytree(box.folder, root / "crashed")
    return root, frozen


@pytest.fixture
def left(remains: tuple[Path, list[bytes]], tmp_path: Path) -> Callable[[str], Path]:
    """Return a copy of one of the folders, for this test alone."""

    def copied(name: str) -> Path:
        return Path(shutil.copytree(remains[0] / name, tmp_path / "left" / name))

    return copied


@pytest.fixture
def heir(tmp_path: Path) -> Iterator[Box]:
    with ExitStack() as stack:
        yield Box(tmp_path / "heir", stack, epoch=NEW_EPOCH)


def interrupted(folder: Path, *, has_moved_log: bool) -> None:
    """Leave the folder as a salvage does that is killed."""
    (folder / SALVAGING).write_text("20261121T040000Z")
    aside = folder / DAMAGED / "20261121T040000Z"
    aside.mkdir(parents=True)
    for suffix in ("", LOG) if has_moved_log else ("",):
        (folder / f"{FILE_NAME}{suffix}").rename(aside / f"{FILE_NAME}{suffix}")
    if has_moved_log:
        (folder / f"{FILE_NAME}.new").write_bytes(b"half a store")


def state_of_disk(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return when each name was changed, folders included, and what each file holds."""
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in (folder, *folder.rglob("*"))
    }


def failing_at(source: Path, *, page: int) -> ReadAt:
    """Return a disk that cannot read one page of a file."""
    disk = BadDisk()
    disk.give_up(source, (page - 1) * PAGE)
    return disk.read


def exported(folder: Path, read: ReadAt = os.pread) -> tuple[Exported, bytes, list[str]]:
    """Return what was exported, the file, and what is said of the store."""
    out = io.BytesIO()
    with opened_estate(folder, NOON, read) as estate, estate.connection.begin():
        done = export_events(estate.connection, out, now=NOON, wrong=estate.wrong)
        return done, out.getvalue(), [one.code for one in estate.remarks]


@pytest.mark.parametrize(
    "name", ["stopped", "crashed", "salvage interrupted", "salvage interrupted while it moved the files"]
)
def test_everything_is_exported_and_the_disk_is_not_changed(
    remains: tuple[Path, list[bytes]], left: Callable[[str], Path], heir: Box, name: str
) -> None:
    is_interrupted = name.startswith("salvage")
    folder = left("crashed" if is_interrupted else name)
    if is_interrupted:
        interrupted(folder, has_moved_log="moved" not in name)
    before = state_of_disk(folder)
    done, export, remarks = exported(folder)
    assert state_of_disk(folder) == before
    assert (done.terminal, done.epoch, done.events, done.left_out) == (TERMINAL, EPOCH, EVENTS - DELIVERED, [])
    assert remarks == (["store.salvage_unfinished"] if is_interrupted else [])
    assert heir.adopt(export) == Adopted(EVENTS - DELIVERED, 0, [EPOCH])
    assert heir.waiting() == {EPOCH: remains[1][DELIVERED:]}


@pytest.mark.parametrize("name", ["stopped", "crashed"])
def test_what_a_failing_disk_still_gives_is_exported_and_the_rest_is_named(
    remains: tuple[Path, list[bytes]], left: Callable[[str], Path], heir: Box, name: str
) -> None:
    folder, frozen = left(name), remains[1]
    file = folder / (FILE_NAME if name == "stopped" else f"{FILE_NAME}{LOG}")
    page = file.read_bytes().rindex(frozen[40]) // PAGE + 1
    before = state_of_disk(folder)
    with opened_estate(folder, NOON, failing_at(file, page=page)) as estate, estate.connection.begin():
        out = io.BytesIO()
        done = export_events(estate.connection, out, now=NOON)
        assert (estate.is_whole, estate.unreadable) == (False, {file.name: [page]})
        assert {one.code for one in estate.remarks} >= {"store.damaged", "disk.unreadable"}
        lost = {seq for first, last in estate.lost.get(EPOCH, ()) for seq in range(first, last + 1)}
        counts = read_counts(estate.connection)
        assert counts.pending + counts.dead == done.events
    assert state_of_disk(folder) == before
    assert heir.adopt(out.getvalue()).taken == done.events
    (waiting,) = heir.waiting().values()
    kept = {thaw(one).seq for one in waiting}
    assert waiting == [one for one in frozen if thaw(one).seq in kept]
    assert kept | lost >= set(range(DELIVERED + 1, EVENTS + 1)), "each number is exported or named"
    assert len(kept) > EVENTS // 2


def test_store_that_a_terminal_has_open_is_read_beside_it(heir: Box) -> None:
    heir.record(3)
    with opened_estate(heir.folder, NOON) as estate, estate.connection.begin():
        assert read_counts(estate.connection).pending == 3
        assert (estate.is_whole, estate.remarks) == (True, [])
    (heir.folder / SALVAGING).write_text("20261121T040000Z")
    with pytest.raises(SalvageRunsError), opened_estate(heir.folder, NOON):
        pass


def test_stores_that_were_damaged_before_are_mentioned(left: Callable[[str], Path]) -> None:
    folder = left("stopped")
    (folder / DAMAGED / "20250101T000000Z").mkdir(parents=True)
    assert exported(folder)[2] == ["store.damaged_kept"]


def test_what_is_no_store_of_ours_is_refused_and_not_changed(left: Callable[[str], Path]) -> None:
    folder = left("stopped")
    database = database_path(folder)

    def refused(kind: type[Exception]) -> None:
        before = state_of_disk(folder)
        with pytest.raises(kind), opened_estate(folder, NOON):
            pass
        assert state_of_disk(folder) == before

    with closing(sqlite3.connect(database)) as store:
        store.execute("PRAGMA user_version = 999")
        store.execute("CREATE TABLE later (x)")
    refused(NewerStoreError)
    database.write_bytes(b"no database at all" * 1_000)
    refused(DamagedStoreError)
    database.unlink()
    with closing(sqlite3.connect(database)) as store:
        store.execute("CREATE TABLE theirs (x)")
    refused(DamagedStoreError)
    database.write_bytes(b"")
    refused(NoStoreError)


def test_lost_store_is_told_from_a_wrong_folder(tmp_path: Path) -> None:
    with pytest.raises(NoStoreError, match="There is no store"), opened_estate(tmp_path, NOON):
        pass
    (tmp_path / KEY_FILE).touch()
    with pytest.raises(NoStoreError, match="gone or empty"), opened_estate(tmp_path, NOON):
        pass


def test_no_room_for_a_copy_is_said(left: Callable[[str], Path]) -> None:
    def full(*_: int) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(NoRoomToLookError), opened_estate(left("stopped"), NOON, full):
        pass


def test_only_what_the_disk_cannot_read_is_passed_over(tmp_path: Path) -> None:
    source, copy = tmp_path / "a", tmp_path / "b"
    content = os.urandom(3 * PAGE + 100)
    source.write_bytes(content)
    assert copy_readable(source, copy) == []
    assert copy.read_bytes() == content
    assert copy_readable(source, copy, failing_at(source, page=4)) == [4]
    assert copy.read_bytes() == content[: 3 * PAGE] + bytes(100)

    def refusing(*_: int) -> bytes:
        raise OSError(errno.EACCES, "Permission denied")

    with pytest.raises(PermissionError):
        copy_readable(source, copy, refusing)


def test_incomplete_export_says_so_by_its_exit_code_and_names_what_is_missing(
    remains: tuple[Path, list[bytes]], left: Callable[[str], Path], tmp_path: Path
) -> None:
    folder, out = left("stopped"), tmp_path / "x.yimaout"
    database = database_path(folder)
    content = bytearray(database.read_bytes())
    at = content.index(remains[1][40]) // PAGE * PAGE
    content[at : at + PAGE] = bytes(PAGE)
    database.write_bytes(content)
    done = CliRunner().invoke(app, ["outbox", "export", str(out), "--folder", str(folder), "--json"])
    told = json.loads(done.stdout)
    assert (done.exit_code, told["is_complete"]) == (1, False)
    lost = sum(last - first + 1 for first, last in told["lost"][EPOCH])
    assert told["events"] + lost == EVENTS - DELIVERED
    shown = CliRunner().invoke(app, ["outbox", "list", "--folder", str(folder)])
    assert shown.exit_code == 0
    assert "store.lost_numbers" in shown.stdout


def test_failed_export_leaves_no_file_and_a_wrong_folder_is_not_told_to_be_started(tmp_path: Path) -> None:
    out, unused = tmp_path / "x.yimaout", tmp_path / "unused"
    with opened_store(unused):
        pass
    done = CliRunner().invoke(app, ["outbox", "export", str(out), "--folder", str(unused)])
    assert done.exception is not None
    assert getattr(done.exception, "code", "") == "outbox.no_terminal"
    assert "[store] folder" in done.exception.next_step.en  # type: ignore[attr-defined] # an error of ours
    assert not out.exists()


@pytest.mark.parametrize("command", ["list", "export x", "adopt x"])
def test_next_step_is_of_whatever_was_named(tmp_path: Path, command: str) -> None:
    config = tmp_path / "edge.toml"
    config.write_text(
        f'[terminal]\nid = "{TERMINAL}"\narea = "350200"\ninstitution = "P1"\n[store]\nfolder = "store"\n'
    )

    def next_step(*place: str) -> str:
        done = CliRunner().invoke(app, ["outbox", *command.split(), *place])
        assert isinstance(done.exception, NoStoreError)
        return done.exception.next_step.en

    assert "Start the terminal once" in next_step("--config", str(config))
    assert "[store] folder" in next_step("--folder", str(tmp_path))
    assert {one.name for one in tmp_path.iterdir()} == {"edge.toml"}
