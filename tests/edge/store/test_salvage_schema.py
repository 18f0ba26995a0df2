"""One bit in what the schema says of a table: every table is there afterwards, and what was sold here is known."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from edge.counter.counter import Request
from edge.counter.errors import PackReturnedBeforeError
from edge.counter.sold import find_sold_pack
from edge.store import sql
from edge.store.database import database_path, opened_store
from edge.store.life import former_stores
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import REPORT, Owner
from edge.store.salvage_schema import put_schema_right
from edge.store.schema import APPLICATION_ID
from edge.store.terminal import ensure_state
from edge.store_troubles import store_troubles
from rules.scan_judgement import Mode, Verdict
from tests.disk import BadDisk
from tests.edge.scene import (
    CATALOGUE,
    EPOCH,
    NOON,
    OTHER_TRACE,
    TERMINAL,
    TRACE_1,
    TRACE_2,
    FakeClock,
    Shop,
    seeded_bytes,
)

PAGE = 4_096
FIXTURES = Path(__file__).parents[2] / "fixtures" / "db"
OWNER = Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))
SELECT_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
SELECT_STATEMENTS = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
WRITTEN_BY_SALVAGE = {"outbox", "former_store", "terminal_state", "session"}


def sell(folder: Path) -> None:
    """Sell two boxes, take one of them back, and leave a third on the list."""
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        shop.scan(TRACE_1)
        shop.scan(TRACE_2)
        sale = shop.counter.close_sale(Request(None, "")).sale
        shop.counter.return_packs(Request(None, ""), sale, [TRACE_2], "wrong box")
        shop.scan(OTHER_TRACE)


def rows_of(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as store:
        tables = [name for (name,) in store.execute(SELECT_TABLES)]
        return {name: store.execute(f"SELECT count(*) FROM {name} NOT INDEXED").fetchone()[0] for name in tables}  # noqa: S608 - ours


def kept_in(path: Path) -> dict[str, int]:
    return {name: rows for name, rows in rows_of(path).items() if name not in WRITTEN_BY_SALVAGE}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    sell(folder)
    return database_path(folder)


def statements_of(path: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(path)) as store:
        return {name: statement.encode() for name, statement in store.execute(SELECT_STATEMENTS)}


def verdicts(folder: Path) -> dict[str, str]:
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=9)
        shop.sign_in(token="after")
        return {code: shop.scan(code).verdict for code in (TRACE_1, TRACE_2, OTHER_TRACE)}


@pytest.mark.req("T-10")
def test_bit_in_any_statement_of_the_schema_hides_no_table(whole: Path, tmp_path: Path) -> None:
    content, before, image = whole.read_bytes(), rows_of(whole), tmp_path / "image.db"
    for number, (name, statement) in enumerate(statements_of(whole).items()):
        damaged = bytearray(content)
        # Each time another bit of another byte; the highest makes the text into none.
        damaged[content.index(statement) + number % len(b"CREATE TABLE")] ^= 1 << number % 8
        image.write_bytes(damaged)
        put_schema_right(image)
        assert rows_of(image) == before, name


@pytest.mark.req("T-10")
def test_schema_on_a_sector_that_the_disk_gives_up_hides_no_table_and_ends_no_process(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, bad, asked = tmp_path / "image.db", BadDisk(), set()
    image.write_bytes(whole.read_bytes())
    bad.give_up(image, 0)

    def read(descriptor: int, size_bytes: int, at: int) -> bytes:
        asked.add(at)
        return bad.read(descriptor, size_bytes, at)

    monkeypatch.setattr(os, "pread", read)
    put_schema_right(image)
    assert 0 in asked, "through mapped memory a bad sector is a signal that nobody can catch"
    assert set(rows_of(image)) >= {"outbox", "sale", "sale_pack", "operator"}


@pytest.mark.req("T-10", "T-23")
@pytest.mark.parametrize("part", [b"tablesale_packsale_pack", b"CREATE TABLE operator", b"CREATE TABLE outbox"])
def test_start_on_a_broken_schema_keeps_every_table(whole: Path, folder: Path, part: bytes) -> None:
    damaged = bytearray(whole.read_bytes())
    damaged[damaged.index(part) + len(part) - 1] ^= 1
    folder.mkdir()
    database_path(folder).write_bytes(damaged)
    assert mend(database_path(folder), OWNER).is_salvaged
    assert kept_in(database_path(folder)) == kept_in(whole)
    assert verdicts(folder)[TRACE_1] is Verdict.SOLD_HERE


@pytest.mark.req("T-10", "T-23")
@pytest.mark.parametrize("size", [PAGE, 512, 100])
def test_box_sold_before_is_known_after_the_first_page_was_zeroed(whole: Path, folder: Path, size: int) -> None:
    content = whole.read_bytes()
    folder.mkdir()
    database_path(folder).write_bytes(bytes(size) + content[size:])
    assert mend(database_path(folder), OWNER).is_salvaged
    assert kept_in(database_path(folder)) == kept_in(whole)
    assert [code for code, said in verdicts(folder).items() if said is Verdict.SOLD_HERE] == [TRACE_1]


@pytest.mark.req("T-10", "T-23")
@pytest.mark.parametrize("lost", [["sale"], ["sale_line"], ["sale_pack"], ["sale", "sale_line", "sale_pack"]])
def test_box_sold_before_is_known_from_its_event_when_the_rows_of_sales_are_gone(
    whole: Path, folder: Path, lost: list[str]
) -> None:
    content = bytearray(whole.read_bytes())
    with closing(sqlite3.connect(whole)) as store:
        roots = dict(store.execute("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'"))
    for table in lost:
        content[(roots[table] - 1) * PAGE : roots[table] * PAGE] = bytes(PAGE)
    folder.mkdir()
    database_path(folder).write_bytes(content)
    assert mend(database_path(folder), OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=9)
        shop.sign_in(token="after")
        with connection.begin():
            sold = find_sold_pack(connection, TRACE_1)
            assert sql.rows(connection, "PRAGMA foreign_key_check") == []
        assert (sold.operator, sold.product, sold.price) == ("wang", "D0001", CATALOGUE.products[0].price)
        assert shop.scan(TRACE_1).verdict is Verdict.SOLD_HERE
        assert shop.scan(TRACE_2).verdict is Verdict.QUARANTINED, "it came back"
        with pytest.raises(PackReturnedBeforeError):
            shop.counter.return_packs(Request(None, ""), sold.sale, [TRACE_2], "again")
        assert shop.counter.return_packs(Request(None, ""), sold.sale, [TRACE_1], "wrong box").codes == (TRACE_1,)


@pytest.mark.req("T-10")
def test_box_received_before_is_known_from_its_event_when_the_rows_are_gone(folder: Path) -> None:
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.RECEIVE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        shop.scan(TRACE_1)
        shop.counter.close_delivery(Request(None, ""))
    path = database_path(folder)
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as store:
        (root,) = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'sale'").fetchone()
    content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    path.write_bytes(content)
    assert mend(path, OWNER).is_salvaged
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock(), seed=9)
        shop.sign_in(token="after")
        assert shop.scan(TRACE_1).verdict is Verdict.RECEIVED_HERE


@pytest.mark.req("T-10")
def test_parts_that_were_not_read_whole_are_named_with_a_way_to_sign_in_again(whole: Path, folder: Path) -> None:
    content = bytearray(whole.read_bytes())
    with closing(sqlite3.connect(whole)) as store:
        (root,) = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'operator'").fetchone()
    content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    folder.mkdir()
    database_path(folder).write_bytes(content)
    assert mend(database_path(folder), OWNER).is_salvaged
    with opened_store(folder) as connection, connection.begin():
        (former,) = former_stores(connection)
    # Without the operators there are no shifts of theirs.
    assert former.incomplete == ("operator", "session", "shift")
    (trouble,) = store_troubles(Mended(), [former], NOON)
    assert "没有完整读出：操作员、班次" in trouble.words.zh
    assert "not read whole: operators, shifts" in trouble.words.en
    assert "yima edge operator password yaoshi" in trouble.next_step.zh
    assert "yima edge operator password yaoshi" in trouble.next_step.en
    assert former.folder is not None
    plain = [line for line in (folder / former.folder / REPORT).read_text("utf-8").splitlines() if line[0] == "#"]
    assert any("操作员" in line and "operators" in line for line in plain)


def test_report_names_numbers_that_are_lost_and_nothing_that_was_read(whole: Path, folder: Path) -> None:
    content = bytearray(whole.read_bytes())
    at = content.index(b'{"v":1') // PAGE * PAGE
    content[at : at + PAGE] = bytes(PAGE)
    folder.mkdir()
    database_path(folder).write_bytes(content)
    assert mend(database_path(folder), OWNER).is_salvaged
    with opened_store(folder) as connection, connection.begin():
        (former,) = former_stores(connection)
    (trouble,) = store_troubles(Mended(), [former], NOON)
    assert former.incomplete == ()
    assert "没有完整读出" not in trouble.words.zh
    assert "operator" not in trouble.next_step.en
    assert former.folder is not None
    text = (folder / former.folder / REPORT).read_text("utf-8")
    assert f"numbers {', '.join(f'{first}-{last}' for first, last in former.lost)}" in text
    for line in text.splitlines():
        assert line[0] == "#" or json.loads(line)


@pytest.mark.req("T-10")
@pytest.mark.parametrize("version", [1, 5])
def test_older_store_with_a_broken_schema_misses_no_table_that_it_never_had(folder: Path, version: int) -> None:
    folder.mkdir()
    path = database_path(folder)
    with closing(sqlite3.connect(path)) as store:
        store.executescript((FIXTURES / f"edge-{version:04}.sql").read_text("utf-8"))
        store.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        store.execute(f"PRAGMA user_version = {version}")
    before, content = kept_in(path), bytearray(path.read_bytes())
    content[content.index(b"CREATE TABLE sale_pack") + 8] ^= 0x80
    path.write_bytes(content)
    assert mend(path, OWNER).is_salvaged
    assert {name: rows for name, rows in kept_in(path).items() if name in before} == before
    with opened_store(folder) as connection, connection.begin():
        assert [former.incomplete for former in former_stores(connection)] == [()]


@pytest.mark.req("T-10")
def test_bit_in_the_version_hides_no_table_that_is_gone(whole: Path, folder: Path) -> None:
    content = bytearray(whole.read_bytes())
    with closing(sqlite3.connect(whole)) as store:
        (root,) = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'adopted'").fetchone()
    content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    content[60:64] = (4).to_bytes(4)
    folder.mkdir()
    database_path(folder).write_bytes(content)
    assert mend(database_path(folder), OWNER).is_salvaged
    with opened_store(folder) as connection, connection.begin():
        assert [former.incomplete for former in former_stores(connection)] == [("adopted",)]
