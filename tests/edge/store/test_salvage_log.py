"""A frame of the log goes bad: what was sold stays sold, and nothing is called whole that is older than it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.counter.counter import Request
from edge.store import sql
from edge.store.database import FILE_NAME, database_path, opened_store
from edge.store.life import former_stores
from edge.store.salvage import Mended, mend
from edge.store.salvage_build import REPORT
from edge.store.terminal import ensure_state
from edge.store.wal import FRAME_BYTES, HEADER_BYTES, PAGE_BYTES
from edge.store_troubles import store_troubles
from rules.scan_judgement import Mode, Verdict
from tests.edge.scene import EPOCH, NOON, OTHER_TRACE, TERMINAL, TRACE_1, TRACE_2, FakeClock, Shop
from tests.edge.store.test_salvage import OWNER
from wire.events import Dispensed, SaleReturned, thaw

LOG = f"{FILE_NAME}-wal"


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files of a shop that sold two boxes at once, took one of them back, and scanned a third.

    All of it is in the log; the terminal was killed, so that its index is there too.
    """
    folder = tmp_path_factory.mktemp("morning")
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        sql.driver_of(connection).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        shop.scan(TRACE_1)
        shop.scan(TRACE_2)
        sale = shop.counter.close_sale(Request(None, "")).sale
        shop.counter.return_packs(Request(None, ""), sale, [TRACE_2], "wrong box")
        shop.scan(OTHER_TRACE)
        return {one.name: one.read_bytes() for one in folder.glob(f"{FILE_NAME}*")}


def frames(log: bytes) -> range:
    return range(HEADER_BYTES, len(log), FRAME_BYTES + PAGE_BYTES)


def spoiled(folder: Path, files: dict[str, bytes], at: int) -> Path:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    log = bytearray(files[LOG])
    log[at + FRAME_BYTES + 2_000] ^= 1
    (folder / LOG).write_bytes(log)
    return database_path(folder)


@pytest.mark.req("T-10", "T-23")
def test_bit_in_any_frame_of_the_log_sells_no_box_a_second_time_while_its_event_is_kept(
    morning: dict[str, bytes], tmp_path: Path, one_in: Callable[[int], int]
) -> None:
    kept = came_back = 0
    spoils = frames(morning[LOG])[:: one_in(4)]
    for at in spoils:
        path = spoiled(tmp_path / str(at), morning, at)
        assert mend(path, OWNER).is_salvaged, at
        with opened_store(path.parent) as connection:
            shop = Shop(connection, FakeClock(), seed=9)
            with connection.begin():
                found = sql.rows(connection, "SELECT bytes FROM outbox WHERE epoch = ? AND state <> 'dead'", (EPOCH,))
                assert sql.rows(connection, "PRAGMA foreign_key_check") == []
            facts = [thaw(frozen).fact for (frozen,) in found]
            shop.sign_in(login="li", token="after")
            said = {code: shop.scan(code).verdict for code in (TRACE_1, TRACE_2)}
        if any(isinstance(fact, Dispensed) for fact in facts):
            kept += 1
            returned = any(isinstance(fact, SaleReturned) for fact in facts)
            came_back += returned
            assert said[TRACE_1] is Verdict.SOLD_HERE, at
            assert said[TRACE_2] is (Verdict.QUARANTINED if returned else Verdict.SOLD_HERE), at
    assert kept > len(spoils) // 2
    assert came_back > 0


@pytest.mark.req("T-10")
def test_sale_told_from_behind_a_bad_frame_is_closed_with_its_line(morning: dict[str, bytes], folder: Path) -> None:
    # Up to the commit of the sale the log is well: the list is there, open, with both boxes.
    path = spoiled(folder, morning, _first_frame_with(morning[LOG], b'"kind":"dispensed"'))
    assert mend(path, OWNER).is_salvaged
    with opened_store(path.parent) as connection, connection.begin():
        assert sql.rows(connection, "SELECT state, ended_at IS NULL, place FROM sale") == [("closed", 0, 0)]
        assert sql.rows(connection, "SELECT quantity, event IS NULL FROM sale_line") == [(2, 0)]
        assert sql.rows(connection, "SELECT code, state FROM sale_pack ORDER BY code") == [
            (TRACE_1, "sold"),
            (TRACE_2, "returned"),
        ]


def _first_frame_with(log: bytes, text: bytes) -> int:
    return next(at for at in frames(log) if text in log[at : at + FRAME_BYTES + PAGE_BYTES])


@pytest.mark.req("T-10")
def test_only_what_follows_on_the_rows_is_told_anew(morning: dict[str, bytes], folder: Path) -> None:
    log = morning[LOG]
    path = spoiled(folder, morning, _first_frame_with(log, b'"kind":"sale_returned"'))
    assert mend(path, OWNER).is_salvaged
    with opened_store(path.parent) as connection, connection.begin():
        (former,) = former_stores(connection)
    assert former.folder is not None
    lines = (folder / former.folder / REPORT).read_text("utf-8").splitlines()
    summary = next(json.loads(line) for line in lines if line[0] != "#")
    assert summary["packs_told_anew"] == 1


@pytest.mark.req("T-10")
def test_tables_read_only_up_to_a_bad_frame_are_called_incomplete_and_accounts_are_to_be_checked(
    morning: dict[str, bytes], folder: Path
) -> None:
    path = spoiled(folder, morning, HEADER_BYTES)
    assert mend(path, OWNER).is_salvaged
    with opened_store(path.parent) as connection, connection.begin():
        (former,) = former_stores(connection)
    assert {"operator", "sale", "sale_pack", "answered_request", "shift", "sold_at_site"} <= {*former.incomplete}
    assert "outbox" not in former.incomplete
    assert "terminal_state" not in former.incomplete
    (trouble,) = store_troubles(Mended(), [former], NOON)
    assert "刚改的密码" in trouble.next_step.zh
    assert "may be as before: check them" in trouble.next_step.en
    assert former.folder is not None
    text = (folder / former.folder / REPORT).read_text("utf-8")
    assert "All other tables were read whole" not in text
    assert "operators" in text
