"""A cell of the store that holds what it may not: the terminal starts all the same, and loses no event silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.store.database import FILE_NAME
from tests.edge.store.cells import OTHER_CODE, VALUES, Cell, all_cells, fuzz, live, look_at, try_cell

CELLS = 12
"""`python -m tests.edge.store.cells` tries every cell of every table."""
MAY_BE_NULL = {"held_until", "dead_code", "delivered_at", "clock_offset_ms", "centre", "home"}
NEEDED = {("delivered_at", "state = 'delivered'"), ("dead_code", "state = 'dead'")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return live(tmp_path_factory.mktemp("living"))


@pytest.mark.slow
@pytest.mark.req("T-10")
def test_no_cell_stops_a_start_or_loses_an_event_silently() -> None:
    assert fuzz(CELLS, seed=20_261_122) == []


@pytest.mark.req("T-10")
@pytest.mark.parametrize(
    "cell",
    [
        Cell("outbox", "created_at", "state = 'delivered'", "1152921504606846976"),
        Cell("outbox", "delivered_at", "state = 'delivered'", "1152921504606846976"),
        Cell("former_store", "ended_at", "1", "1152921504606846976"),
        Cell("last_run", "alive_at", "1", "'elsewhen'"),
        Cell("scanner_socket", "label", "1", "CAST(x'c3ff28' AS TEXT)"),
        Cell("terminal_state", "mode", "1", "'elsewhen'"),
        Cell("terminal_state", "terminal", "1", "'counter-3'"),
        Cell("terminal_state", "epoch", "1", "'epoch-3'"),
        Cell("outbox", "bytes", "state = 'delivered'", OTHER_CODE),
        Cell("outbox", "bytes", "state = 'dead'", OTHER_CODE),
        Cell("outbox", "id", "state = 'delivered'", "'elsewhen'"),
        Cell("outbox", "kind", "state = 'dead'", "'elsewhen'"),
        Cell("outbox", "epoch", "state = 'pending'", "'epoch-3'"),
        Cell("outbox", "epoch", "state = 'pending'", "CAST(epoch AS BLOB)"),
        Cell("outbox", "epoch", "state = 'delivered'", "CAST(epoch AS BLOB)"),
    ],
    ids=str,
)
def test_terminal_starts_tidies_and_reports_whatever_stands_in_a_cell(tmp_path: Path, whole: bytes, cell: Cell) -> None:
    assert try_cell(tmp_path / "started", whole, cell) is None


@pytest.mark.req("T-10")
def test_no_cell_of_the_history_is_a_blob_or_empty_unseen(tmp_path: Path, whole: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(whole)
    tried = 0
    for cell in all_cells(tmp_path):
        may_be_null = cell.column in MAY_BE_NULL and (cell.column, cell.where) not in NEEDED
        is_right = (cell.column == "bytes") if cell.value == VALUES["blob"] else may_be_null
        if cell.table not in {"outbox", "terminal_state"} or cell.value not in {VALUES["blob"], "NULL"} or is_right:
            continue
        look = look_at(tmp_path / "spoiled.db", whole, cell)
        if look is not None:
            tried += 1
            assert look.damage, cell
            assert "Error" not in look.damage, cell
    assert tried > 40
