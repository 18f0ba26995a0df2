"""A salvage that was cut off goes on, whatever came to the place of the store meanwhile."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.store import salvage, salvage_build, salvage_remains
from edge.store.database import FILE_NAME, SALVAGING, database_path, opened_store, reading_store, visited_store
from edge.store.errors import DiskFullError, WriteFailedError
from edge.store.handover_export import export_events
from edge.store.handover_look import opened_estate
from edge.store.life import acknowledge_damage, former_stores
from edge.store.salvage import DAMAGED, Mended, mend
from edge.store.terminal import ensure_state, read_state
from edge.store_troubles import store_troubles
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop
from tests.edge.store.test_salvage import OWNER, PAGE, events_of, open_shop, spoil

pytestmark = pytest.mark.req("T-10")


class PowerCutError(Exception):
    """The salvage ends here."""


@pytest.fixture
def cut_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, dict[int, bytes]]:
    """Return the place of a store whose salvage was cut off, and the events that it held."""

    def fail(*_: object) -> None:
        raise PowerCutError

    events = open_shop(folder)
    path = database_path(folder)
    spoil(path, 0, bytes(PAGE))
    with monkeypatch.context() as power:
        power.setattr(salvage, "build_store", fail)
        with pytest.raises(PowerCutError):
            mend(path, OWNER)
    assert not path.exists()
    return path, events


def backup_at(path: Path) -> dict[str, bytes]:
    """Put another box's store there, with its log; return its files."""
    elsewhere = path.parent.with_name("elsewhere")
    with opened_store(elsewhere) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch="epoch-of-backup", mode=Mode.DISPENSE)
        for file in elsewhere.glob(f"{FILE_NAME}*"):
            shutil.copy(file, path.parent)
        return {file.name: file.read_bytes() for file in elsewhere.glob(f"{FILE_NAME}*")}


def held(path: Path) -> dict[int, bytes]:
    """Start; return the events of the life that was salvaged."""
    assert mend(path, OWNER).is_salvaged
    assert not path.with_name(SALVAGING).exists()
    with opened_store(path.parent) as connection:
        with connection.begin():
            assert [one.epoch for one in former_stores(connection)] == [EPOCH]
        return events_of(Shop(connection, FakeClock()))


def set_aside(path: Path) -> list[dict[str, bytes]]:
    """Return the files of each folder that was set aside, oldest first, without what was written of them."""
    kept = sorted((path.parent / DAMAGED).iterdir())
    return [{file.name: file.read_bytes() for file in one.glob(f"{FILE_NAME}*")} for one in kept]


def test_empty_file_at_the_place_is_no_salvaged_store(cut_off: tuple[Path, dict[int, bytes]]) -> None:
    path, events = cut_off
    path.touch()
    assert held(path) == events
    assert len(set_aside(path)) == 1


def test_store_that_somebody_put_there_is_set_aside_as_it_is(cut_off: tuple[Path, dict[int, bytes]]) -> None:
    path, events = cut_off
    (damaged,) = set_aside(path)
    backup = backup_at(path)
    mended = mend(path, OWNER)
    (trouble,) = store_troubles(mended, [], NOON)
    assert (trouble.code, trouble.is_alarm) == ("store.put_aside", False)
    assert mended.put_aside in trouble.words.zh
    assert {file.name: file.read_bytes() for file in (path.parent / mended.put_aside).iterdir()} == backup
    assert set_aside(path) == [damaged, backup]
    assert held_once(path) == events


def test_log_that_was_not_moved_yet_is_not_taken_for_another_stores(folder: Path) -> None:
    left = folder.with_name("left")
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        events = events_of(shop)
        shutil.copytree(folder, left)
    path = database_path(left)
    aside = left / DAMAGED / "20261121T040000Z"
    aside.mkdir(parents=True)
    path.rename(aside / path.name)
    path.with_name(SALVAGING).write_text(aside.name)
    path.touch()
    assert events
    assert held(path) == events


def test_store_that_the_salvage_made_is_kept_if_only_its_note_was_left(folder: Path) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    spoil(path, 0, bytes(PAGE))
    mend(path, OWNER)
    (damaged,) = (path.parent / DAMAGED).iterdir()
    made = path.read_bytes()
    path.with_name(SALVAGING).write_text(damaged.name)
    assert mend(path, OWNER).is_salvaged
    assert path.read_bytes() == made
    assert held_once(path) == events


def held_once(path: Path) -> dict[int, bytes]:
    with opened_store(path.parent) as connection:
        with connection.begin():
            assert len(former_stores(connection)) == 1
        return events_of(Shop(connection, FakeClock()))


def test_salvage_without_room_says_how_much_it_needs_and_writes_nothing(
    cut_off: tuple[Path, dict[int, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, events = cut_off
    before = files(path)
    with monkeypatch.context() as disk:
        disk.setattr(os, "statvfs", lambda _: full_disk(free_blocks=100))
        with pytest.raises(DiskFullError) as caught:
            mend(path, OWNER)
    needed = 2 * before[f"{DAMAGED}/20261121T040000Z/{FILE_NAME}"]
    assert f"需要 {needed // 1_000_000 + 1} MB" in caught.value.words.zh
    assert "damaged" in caught.value.next_step.zh
    assert files(path) == before
    assert held(path) == events


def test_salvage_that_runs_out_of_room_gives_it_back(
    cut_off: tuple[Path, dict[int, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, events = cut_off
    before = files(path)
    with monkeypatch.context() as disk:
        # The new store has 47 pages in the end.
        disk.setattr(salvage_build, "_UNSAFE", (*salvage_build._UNSAFE, "max_page_count = 40"))
        with pytest.raises(DiskFullError):
            mend(path, OWNER)
    assert files(path) == before
    assert held(path) == events


def files(path: Path) -> dict[str, int]:
    """Return the sizes of all files beside the store."""
    found = [one for one in path.parent.rglob("*") if one.is_file()]
    return {str(one.relative_to(path.parent)): one.stat().st_size for one in found}


def full_disk(free_blocks: int) -> os.statvfs_result:
    return os.statvfs_result((512, 512, 1_000_000, free_blocks, free_blocks, 0, 0, 0, 0, 255))


def test_run_that_salvaged_says_so_until_a_person_has_seen_it_though_its_clock_was_wrong(folder: Path) -> None:
    open_shop(folder)
    path = database_path(folder)
    spoil(path, 0, bytes(PAGE))
    mended = mend(path, replace(OWNER, now=datetime(1970, 1, 1, tzinfo=UTC)))
    with opened_store(folder) as connection:
        with connection.begin():
            unseen = former_stores(connection)
        with connection.begin():
            acknowledge_damage(connection, "wang", NOON)
        with connection.begin():
            seen = former_stores(connection)
    assert [one.code for one in store_troubles(mended, unseen, NOON)] == ["store.salvaged"]
    assert list(store_troubles(mended, seen, NOON)) == []
    assert list(store_troubles(Mended(), unseen, NOON)) == []


def test_export_reads_what_is_being_salvaged_and_not_what_was_put_there(
    cut_off: tuple[Path, dict[int, bytes]], tmp_path: Path
) -> None:
    path, events = cut_off
    backup_at(path)
    with opened_estate(path.parent, NOON) as estate, (tmp_path / "out").open("wb") as out, estate.connection.begin():
        assert export_events(estate.connection, out, now=NOON, with_delivered=True).events == len(events)
        assert read_state(estate.connection).epoch == EPOCH
        assert next(one.code for one in estate.remarks) == "store.salvage_unfinished"


def test_whoever_looks_beside_a_terminal_makes_no_store(folder: Path) -> None:
    with opened_store(folder):
        path = database_path(folder)
        for file in list(folder.glob(f"{FILE_NAME}*")):
            file.unlink()
        with pytest.raises(WriteFailedError), reading_store(folder):
            pass
        with pytest.raises(WriteFailedError), visited_store(folder):
            pass
        assert not path.exists()


def test_log_that_was_moved_is_judged_by_the_lock_that_stayed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    open_shop(folder)
    path = database_path(folder)
    spoil(path, 0, bytes(PAGE))
    asked: list[Path] = []

    def note(lock: Path) -> bool:
        asked.append(lock)
        return False

    monkeypatch.setattr(salvage_remains, "is_of_this_boot", note)
    assert mend(path, OWNER).is_salvaged
    assert len(asked) > 1
    assert set(asked) == {path.with_suffix(".lock")}


def test_note_with_a_line_end_names_the_same_folder(cut_off: tuple[Path, dict[int, bytes]]) -> None:
    path, events = cut_off
    note = path.with_name(SALVAGING)
    note.write_text(note.read_text("utf-8") + "\n", "utf-8")
    assert mend(path, OWNER).is_salvaged
    with opened_store(path.parent) as connection:
        assert events_of(Shop(connection, FakeClock())) == events
