"""A store that was copied, restored or forked begins a new life, and both branches are kept."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.config import EdgeConfig, StoreSection, TerminalSection
from edge.core import opened_core
from edge.store import life
from edge.store.damaged import damaged_files
from edge.store.database import database_path
from edge.store.life import (
    FormerStore,
    acknowledge_damage,
    former_stores,
    home_of,
    is_same_home,
    keep_former,
    note_centre,
)
from edge.store.outbox import Outbox
from edge.store.sales import see_desk, start_sale, start_waiting
from edge.store.salvage import Mended
from edge.store.terminal import read_state
from edge.store_troubles import store_troubles
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock
from wire.events import GENESIS, ShiftOpened, StoreRebuilt, thaw

pytestmark = pytest.mark.req("T-71")


def started(folder: Path) -> tuple[str, list[str]]:
    """Start and stop a terminal on a folder; return its epoch and what waits, oldest life first."""
    config = EdgeConfig(
        terminal=TerminalSection(id=TERMINAL, area="350200", institution="P1"), store=StoreSection(folder=folder)
    )

    async def scene() -> tuple[str, list[str]]:
        async with opened_core(config, lambda _: None, FakeClock()) as core:

            def look() -> list[str]:
                return [
                    type(thaw(row.bytes).fact).__name__ + f" {epoch[:8]}/{row.seq}"
                    for epoch in core.outbox.epochs_with_pending()
                    for row in core.outbox.pending(epoch=epoch, after_seq=0, up_to_seq=None, limit=99, now=NOON)
                ]

            return core.state.epoch, await core.in_store(look)

    return asyncio.run(scene())


def test_a_restart_at_home_is_the_same_life(tmp_path: Path) -> None:
    first, waits = started(tmp_path / "store")
    assert started(tmp_path / "store") == (first, waits) == (first, [])


def test_a_copy_begins_a_new_life_and_the_original_goes_on(tmp_path: Path) -> None:
    original, _ = started(tmp_path / "store")
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    copied, waits = started(tmp_path / "copy")
    assert copied != original
    assert waits == [f"StoreRebuilt {copied[:8]}/1"]
    assert started(tmp_path / "store") == (original, [])
    assert started(tmp_path / "copy")[0] == copied, "it lives there now"


def test_a_copy_put_back_under_the_same_inode_begins_a_new_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(life, "generation_of", lambda _: 4)
    original, _ = started(tmp_path / "store")
    assert started(tmp_path / "store") == (original, [])
    monkeypatch.setattr(life, "generation_of", lambda _: 5)
    restored, waits = started(tmp_path / "store")
    assert restored != original
    assert waits == [f"StoreRebuilt {restored[:8]}/1"]
    assert started(tmp_path / "store")[0] == restored, "it lives there now"


def test_an_update_that_learns_the_generation_stays_at_home_and_notes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int | None] = [None, 4, None, 4, 5]
    monkeypatch.setattr(life, "generation_of", lambda _: said[0])
    original, _ = started(tmp_path / "store")
    while len(said) > 2:
        said.pop(0)
        assert started(tmp_path / "store") == (original, [])
    said.pop(0)
    assert started(tmp_path / "store")[0] != original, "noted in full, and not forgotten where it was not told"


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("m:7:1", "m:7:1", True),
        ("m:7", "m:7:1", True),
        ("m:7:1", "m:7", True),
        ("m:7:1", "m:7:2", False),
        ("m:7", "m:71:1", False),
        ("m:7:1", "n:7:1", False),
        (":7", ":7:1", True),
    ],
)
def test_homes_are_one_if_nothing_that_both_know_differs(one: str, other: str, is_same: bool) -> None:
    assert is_same_home(one, other) is is_same


def test_a_store_moved_to_another_machine_begins_a_new_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original, _ = started(tmp_path / "store")
    machine = tmp_path / "machine-id"
    machine.write_text("0123456789abcdef\n")
    monkeypatch.setattr(life, "MACHINE_ID", machine)
    assert started(tmp_path / "store")[0] != original


def test_a_machine_without_an_id_is_told_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "MACHINE_ID", tmp_path / "none")
    original, _ = started(tmp_path / "store")
    assert home_of(database_path(tmp_path / "store")).startswith(":")
    assert started(tmp_path / "store")[0] == original


def test_a_new_life_counts_from_one_and_says_what_became_of_the_old(connection: Connection, outbox: Outbox) -> None:
    with connection.begin():
        before = outbox.append(connection, ShiftOpened("s1"), operator="w", now=NOON)
        began = outbox.begin_epoch(connection, "damaged", NOON, lost=[(7, 9)], folder="damaged/1")
        after = outbox.append(connection, ShiftOpened("s2"), operator="w", now=NOON)
        told, next_one = (
            thaw(row[0])
            for row in connection.exec_driver_sql("SELECT bytes FROM outbox WHERE epoch = ? ORDER BY seq", (began,))
        )
        assert former_stores(connection) == [FormerStore(EPOCH, NOON, "damaged", 1, ((7, 9),), "damaged/1")]
    assert told.fact == StoreRebuilt(EPOCH, "damaged", 1, [(7, 9)])
    assert (told.seq, told.prev, told.epoch) == (1, GENESIS, began)
    assert (next_one.seq, after.seq) == (2, 2)
    assert before.hlc < told.hlc < after.hlc, "the clock of events goes on"


def test_a_fork_is_left_once(connection: Connection, outbox: Outbox) -> None:
    began = outbox.leave_epoch(EPOCH, "forked", NOON)
    assert outbox.leave_epoch(EPOCH, "forked", NOON) == began
    with connection.begin():
        assert read_state(connection).epoch == began
        assert len(former_stores(connection)) == 1


def test_a_new_life_sets_the_open_list_aside_and_gives_out_numbers_of_its_own(
    connection: Connection, outbox: Outbox
) -> None:
    with connection.begin():
        desk = see_desk(connection)
        assert start_sale(connection, desk, day="20261121", operator="w", now=NOON) == f"{TERMINAL}-20261121-1"
        start_waiting(connection, desk, day="20261121", operator="w", now=NOON)
        began = outbox.begin_epoch(connection, "damaged", NOON)
        desk = see_desk(connection)
        assert (desk.sale, desk.waiting) == (None, None)
        sale = start_sale(connection, desk, day="20261121", operator="w", now=NOON)
    assert sale == f"{TERMINAL}.{began[-4:]}-20261121-3"


@pytest.mark.req("T-70")
def test_another_life_of_the_centre_is_news(connection: Connection, outbox: Outbox) -> None:
    assert outbox.note_centre("c1") is None
    assert outbox.note_centre("c1") is None
    assert outbox.note_centre("c2") == "c1"
    with connection.begin():
        assert note_centre(connection, "c2") is None


def test_damage_that_somebody_looked_at_is_told_no_more_until_there_is_another(
    connection: Connection, outbox: Outbox
) -> None:
    def troubles() -> list[str]:
        return [one.code for one in store_troubles(Mended(), former_stores(connection), NOON)]

    with connection.begin():
        outbox.begin_epoch(connection, "damaged", NOON, folder="damaged/1")
        assert troubles() == ["store.salvaged"]
        assert acknowledge_damage(connection, "root", NOON) == 1
        assert acknowledge_damage(connection, "root", NOON) == 0
        assert troubles() == []
        assert former_stores(connection)[0].seen_at == NOON
        outbox.begin_epoch(connection, "damaged", NOON, folder="damaged/2")
        assert troubles() == ["store.salvaged"]
        # A life of which not even the name was left comes in the place of another such.
        nameless = FormerStore("", NOON, "damaged", 0, (), "damaged/3")
        keep_former(connection, nameless)
        assert acknowledge_damage(connection, "root", NOON) == 2
        keep_former(connection, nameless)
        assert troubles() == ["store.salvaged"]


def test_files_that_salvages_set_aside_are_counted(tmp_path: Path) -> None:
    assert damaged_files(tmp_path) == []
    for name in ("2", "1"):
        (tmp_path / "damaged" / name).mkdir(parents=True)
        (tmp_path / "damaged" / name / "terminal.db").write_bytes(bytes(100))
    (tmp_path / "damaged" / "1" / "terminal.db-wal").write_bytes(bytes(20))
    found = [(one.folder.name, one.files, one.size_bytes) for one in damaged_files(tmp_path)]
    assert found == [("1", 2, 120), ("2", 1, 100)]
