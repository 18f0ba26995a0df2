"""A damaged store is set aside whole, and made anew of everything in it that can be read."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from edge.config import EdgeConfig
from edge.core import opened_core
from edge.store import sql
from edge.store.chain import check_chain
from edge.store.database import FILE_NAME, KEY_FILE, database_path, opened_store, visited_store
from edge.store.errors import DamagedStoreError
from edge.store.life import former_stores
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import REPORT, Owner
from edge.store.salvage_check import Look, look_over
from edge.store.salvage_fill import COLUMNS
from edge.store.salvage_outbox import IS_DELIVERED
from edge.store.terminal import ensure_state, read_state
from edge.store_troubles import store_troubles
from rules.scan_judgement import Mode
from tests.edge.scene import CATALOGUE, EPOCH, NOON, TERMINAL, FakeClock, Shop, seeded_bytes
from wire.events import EventsLost, StoreRebuilt, thaw
from wire.receipts import Ask, Receipt, Wanted

PAGE = 4_096
SCANS = 60
OWNER = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))


def open_shop(folder: Path) -> dict[int, bytes]:
    """Sell for a while, and return every event by its number."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        for number in range(SCANS):
            shop.scan(f"8600011{number:013}")
        done = Receipt(v=1, terminal=TERMINAL, epoch=EPOCH, centre="c", at=NOON, nonce="n" * 16, accepted=[(1, 20)])
        shop.outbox.apply_receipts([done], NOON)
        return events_of(shop)


def events_of(shop: Shop, epoch: str = EPOCH) -> dict[int, bytes]:
    with shop.connection.begin():
        found = sql.rows(shop.connection, "SELECT seq, bytes FROM outbox WHERE epoch = ? AND state <> 'dead'", (epoch,))
    return dict(found)


def spoil(path: Path, at: int, content: bytes) -> bytes:
    """Write over a part of the file; return the file as it is then."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(content)
    return path.read_bytes()


def page_with(path: Path, text: bytes) -> int:
    return path.read_bytes().index(text) // PAGE * PAGE


@pytest.mark.req("T-10")
def test_database_without_its_first_page_gives_back_every_event(folder: Path) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    damaged = spoil(path, 0, bytes(PAGE))
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock())
        assert events_of(shop) == events
        assert check_chain(connection, EPOCH).broken_at is None
        with connection.begin():
            (former,) = former_stores(connection)
            assert read_state(connection).epoch != EPOCH
    assert (former.epoch, former.why, former.lost, former.kept) == (EPOCH, "damaged", (), len(events))
    assert former.folder is not None
    assert (folder / former.folder / FILE_NAME).read_bytes() == damaged
    assert (folder / former.folder / REPORT).exists()


@pytest.mark.req("T-10")
def test_page_that_is_gone_is_named_number_by_number_and_the_rest_of_the_shop_is_there(folder: Path) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    spoil(path, page_with(path, events[40]), bytes(PAGE))
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=2)
        with connection.begin():
            (former,) = former_stores(connection)
            sold = sql.one(connection, "SELECT count(*) FROM sale_pack")[0]
            states: dict[int, str] = dict(
                sql.rows(connection, "SELECT seq, state FROM outbox WHERE epoch = ?", (EPOCH,))
            )
        lost = {seq for first, last in former.lost for seq in range(first, last + 1)}
        assert events_of(shop) == {seq: frozen for seq, frozen in events.items() if seq not in lost}
        assert 40 in lost
        assert len(lost) < 12
        assert sold == SCANS
        assert shop.count("operator") == 1
        assert shop.count("product") == len(CATALOGUE.products)
        assert {state for seq, state in states.items() if seq <= 20} == {"delivered"}
        assert {state for seq, state in states.items() if seq > 20} == {"pending"}
        rebuilt = [fact for fact in shop.facts() if isinstance(fact, StoreRebuilt)]
        assert [(fact.former, fact.why) for fact in rebuilt] == [(EPOCH, "damaged")]
        shop.sign_in(token="after")
        assert shop.scan("86000110000000099999").seq
    (trouble,) = store_troubles(Mended(), [former], NOON + timedelta(days=1))
    assert trouble.is_alarm
    assert str(len(lost)) in trouble.words.zh
    assert list(store_troubles(Mended(), [former], NOON + timedelta(days=8))) == []


@pytest.mark.req("T-10")
def test_outbox_without_the_root_of_its_tree_keeps_what_stands_on_every_other_page(folder: Path) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    with closing(sqlite3.connect(path)) as store:
        (root,) = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'").fetchone()
    on_root = path.read_bytes()[(root - 1) * PAGE : root * PAGE].count(b'{"v":')
    spoil(path, (root - 1) * PAGE, bytes(PAGE))
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=2)
        with connection.begin():
            (former,) = former_stores(connection)
            states: dict[int, str] = dict(
                sql.rows(connection, "SELECT seq, state FROM outbox WHERE epoch = ?", (EPOCH,))
            )
        lost = {seq for first, last in former.lost for seq in range(first, last + 1)}
        assert events_of(shop) == {seq: frozen for seq, frozen in events.items() if seq not in lost}
    assert 0 < len(lost) == on_root
    assert {seq for seq, state in states.items() if state == "delivered"} == set(range(1, 21)) - lost


@pytest.mark.req("T-10")
def test_delivered_row_with_a_damaged_column_is_put_right_from_its_event(folder: Path) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE outbox SET id = CAST(x'ff' AS TEXT), kind = x'00' WHERE seq = 7")
    spoil(path, 0, b"S")
    spoil(path, page_with(path, events[60]), bytes(PAGE))
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=2)
        rows = read(shop, "SELECT id, kind, state FROM outbox WHERE seq = 7")
    assert rows == [(thaw(events[7]).id, "scanned", "delivered")]


@pytest.mark.req("T-10")
def test_waiting_event_whose_bytes_changed_is_parked_and_never_sent(folder: Path) -> None:
    events = open_shop(folder)
    path = database_path(folder)
    place = path.read_bytes().index(events[40]) + events[40].index(b"8600011")
    spoil(path, place, b"9")
    mended = mend(path, OWNER)
    assert (mended.is_salvaged, mended.parked) == (False, 1)
    assert [trouble.code for trouble in store_troubles(mended, [], NOON)] == ["store.row_damaged"]
    assert mend(path, OWNER).parked == 0, "once is enough"
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=2)
        assert EventsLost(EPOCH, [(40, 40)]) in shop.facts()[-1:]
        assert read(shop, "SELECT dead_code FROM outbox WHERE state = 'dead'") == [("store.row_damaged",)]
        ask = Ask(v=1, terminal=TERMINAL, centre="c", at=NOON, wanted=[Wanted(EPOCH, [(40, 40)])])
        shop.outbox.send_again(ask, NOON)
        assert read(shop, "SELECT seq FROM outbox WHERE state = 'dead'") == [(40,)]
        assert check_chain(connection, EPOCH).broken_at in {40, 41}


def read(shop: Shop, statement: str) -> list[tuple[object, ...]]:
    with shop.connection.begin():
        return sql.rows(shop.connection, statement)


def test_commit_that_was_cut_off_is_told_and_is_no_fact(folder: Path) -> None:
    path = database_path(folder)
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        whole = path.with_name(f"{FILE_NAME}-wal").stat().st_size
        shop.scan("86000110000000000011")
        assert len(events_of(shop)) == 2
        files = {name: (folder / name).read_bytes() for name in (FILE_NAME, f"{FILE_NAME}-wal")}
    other = folder / "cut"
    other.mkdir()
    for name, content in files.items():
        (other / name).write_bytes(content)
    spoil(other / f"{FILE_NAME}-wal", whole + 10, b"\xff\xff")
    mended = mend(other / FILE_NAME, OWNER)
    assert (mended.is_salvaged, mended.is_cut_off) == (False, True)
    assert [trouble.code for trouble in store_troubles(mended, [], NOON)] == ["store.cut_off"]
    with opened_store(other) as connection:
        assert len(events_of(Shop(connection, FakeClock()))) == 1
        assert check_chain(connection, EPOCH).broken_at is None


@pytest.mark.req("T-10")
def test_journal_that_a_power_cut_left_is_rolled_back_and_does_not_stop_the_start(folder: Path) -> None:
    open_shop(folder)
    path = database_path(folder)
    journal = path.with_name(f"{FILE_NAME}-journal")
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        for statement in (
            "PRAGMA journal_mode = DELETE",
            "PRAGMA cache_size = 1",
            "BEGIN",
            "UPDATE outbox SET kind = 'x'",
        ):
            store.execute(statement).fetchall()
        files = {one: one.read_bytes() for one in (path, journal)}
    for one, content in files.items():
        one.write_bytes(content)
    assert not mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        assert read(Shop(connection, FakeClock()), "SELECT count(*) FROM outbox WHERE kind = 'x'") == [(0,)]


def test_tool_leaves_a_damaged_log_to_the_terminal(folder: Path) -> None:
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        log = folder / f"{FILE_NAME}-wal"
        files = {path.name: path.read_bytes() for path in (database_path(folder), log)}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    spoil(log, 4, b"\xff")
    before = log.read_bytes()
    with pytest.raises(DamagedStoreError), visited_store(folder):
        pass
    assert log.read_bytes() == before
    assert mend(database_path(folder), OWNER).is_salvaged


@pytest.mark.req("T-71")
@pytest.mark.parametrize("is_there", [True, False])
def test_store_that_is_gone_or_empty_beside_a_key_is_told_and_never_taken_for_a_new_box(
    folder: Path, *, is_there: bool
) -> None:
    open_shop(folder)
    database_path(folder).unlink()
    if is_there:
        database_path(folder).touch()
    assert mend(database_path(folder), OWNER) == Mended(), "a folder without a key is a new box"
    (folder / KEY_FILE).touch()
    with pytest.raises(DamagedStoreError), visited_store(folder):
        pass
    assert mend(database_path(folder), OWNER).is_salvaged
    with opened_store(folder) as connection:
        assert [fact.why for fact in Shop(connection, FakeClock()).facts() if isinstance(fact, StoreRebuilt)] == [
            "damaged"
        ]
        with connection.begin():
            (former,) = former_stores(connection)
    (trouble,) = store_troubles(Mended(), [former], NOON)
    assert trouble.code == "store.salvaged"
    assert mend(database_path(folder), OWNER) == Mended(), "once is enough"


# -- killed at each step ------------------------------------------------------------------------------------------

STEPS = {"os.rename", "os.remove", "os.mkdir", "sqlite3.connect", "open"}


def mend_until(folder: Path, step: int) -> None:
    """Mend, and be killed before the given step that touches the folder."""
    left = step

    def watch(event: str, args: tuple[object, ...]) -> None:
        nonlocal left
        if event in STEPS and any(str(folder) in str(one) for one in args[:2]):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    mend(database_path(folder), OWNER)


@pytest.mark.slow
@pytest.mark.req("T-10")
def test_salvage_that_is_killed_at_any_step_ends_right_and_overwrites_nothing(
    tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    events = open_shop(tmp_path / "whole")
    database = database_path(tmp_path / "whole")
    damaged = spoil(database, 0, bytes(PAGE))
    kills = 0
    for step in range(0, 90, one_in(5)):
        folder = tmp_path / str(step)
        folder.mkdir()
        database_path(folder).write_bytes(damaged)
        process = multiprocessing.get_context("fork").Process(target=mend_until, args=(folder, step))
        process.start()
        process.join(60)
        mend(database_path(folder), OWNER)
        with opened_store(folder) as connection:
            assert events_of(Shop(connection, FakeClock())) == events, step
        asides = list((folder / "damaged").iterdir())
        assert [(aside / FILE_NAME).read_bytes() == damaged for aside in asides] == [True], step
        assert not (folder / "salvaging").exists()
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        kills += 1
    assert kills > 5


@pytest.mark.req("T-10")
def test_terminal_starts_on_a_store_that_is_no_store_any_more_and_makes_the_first_account(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    database_path(folder).write_bytes(os.urandom(20 * PAGE))
    config = EdgeConfig.model_validate(
        {
            "terminal": {"id": TERMINAL, "area": "350200", "institution": "H35020000001"},
            "store": {"folder": folder},
        }
    )
    told: list[object] = []

    async def start() -> None:
        async with opened_core(config, told.append, FakeClock()) as core:
            assert core.mended.is_salvaged
            assert [one.why for one in await core.read(former_stores)] == ["damaged"]

    asyncio.run(start())
    assert len(told) == 1


@pytest.mark.parametrize("table", [b"outbox", b"operator", b"sale_line"])
def test_schema_that_is_no_text_any_more_is_salvaged(folder: Path, table: bytes) -> None:
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        kept = events_of(shop)
    path = database_path(folder)
    # SQLite quotes the name in what it says about the statement.
    spoil(path, path.read_bytes().index(table + table), b"\xb4\xff")
    spoil(path, path.read_bytes().index(b"CREATE TABLE " + table), b"CREATE )TABLE")
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        assert events_of(Shop(connection, FakeClock())) == kept


def test_leaves_that_hang_in_no_order_are_walked_and_never_searched() -> None:
    with closing(sqlite3.connect(":memory:")) as store:
        store.execute(f"CREATE TABLE leaves ({COLUMNS}, PRIMARY KEY (epoch, seq)) WITHOUT ROWID")
        plan = store.execute(f"EXPLAIN QUERY PLAN SELECT {COLUMNS} FROM leaves NOT INDEXED WHERE {IS_DELIVERED}")  # noqa: S608 - names are ours
        assert [step for *_, step in plan] == ["SCAN leaves"]


@pytest.mark.req("T-10")
def test_delivered_neighbour_that_is_spoiled_condemns_no_whole_event(folder: Path) -> None:
    open_shop(folder)
    path = database_path(folder)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE outbox SET state = 'delivered', delivered_at = created_at WHERE seq = 30")
        (frozen,) = store.execute("SELECT bytes FROM outbox WHERE seq = 30").fetchone()
        digest = thaw(frozen).prev
        spoiled = frozen.replace(digest.encode(), (digest[:-16] + "0123456789abcdef").encode())
        store.execute("UPDATE outbox SET bytes = ? WHERE seq = 30", (spoiled,))
    assert look_over(path) == Look("", [])
    spoil(path, 0, bytes(PAGE))
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock())
        assert 29 in events_of(shop)
        assert [fact.lost for fact in shop.facts() if isinstance(fact, StoreRebuilt)] == [[]]
