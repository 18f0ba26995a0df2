"""A cell of the store that holds what it may not: the terminal starts all the same, and loses no event silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.edge.store.cells import OTHER_CODE, VALUES, Cell, all_cells, fuzz, live, look_at, try_cell

CELLS = 12
"""`python -m tests.edge.store.cells` tries every cell of every table."""


@pytest.mark.slow
@pytest.mark.req("T-10")
def test_no_cell_stops_a_start_or_loses_an_event_silently() -> None:
    assert fuzz(CELLS, seed=20_261_122) == []


@pytest.mark.req("T-10")
@pytest.mark.parametrize(
    ("table", "column", "where", "value"),
    [
        ("outbox", "created_at", "state = 'delivered'", "1152921504606846976"),
        ("outbox", "delivered_at", "state = 'delivered'", "1152921504606846976"),
        ("former_store", "ended_at", "1", "1152921504606846976"),
        ("last_run", "alive_at", "1", "'elsewhen'"),
        ("scanner_socket", "label", "1", "CAST(x'c3ff28' AS TEXT)"),
        ("terminal_state", "mode", "1", "'elsewhen'"),
        ("terminal_state", "terminal", "1", "'counter-3'"),
        ("terminal_state", "epoch", "1", "'epoch-3'"),
        ("outbox", "bytes", "state = 'delivered'", OTHER_CODE),
        ("outbox", "bytes", "state = 'dead'", OTHER_CODE),
        ("outbox", "id", "state = 'delivered'", "'elsewhen'"),
        ("outbox", "kind", "state = 'dead'", "'elsewhen'"),
        ("outbox", "epoch", "state = 'pending'", "'epoch-3'"),
        ("outbox", "epoch", "state = 'pending'", "CAST(epoch AS BLOB)"),
        ("outbox", "epoch", "state = 'delivered'", "CAST(epoch AS BLOB)"),
    ],
)
def test_terminal_starts_tidies_and_reports_whatever_stands_in_a_cell(
    tmp_path: Path, table: str, column: str, where: str, value: str
) -> None:
    (tmp_path / "living").mkdir()
    whole = live(tmp_path / "living")
    assert try_cell(tmp_path / "started", whole, Cell(table, column, where, value)) is None


MAY_BE_NULL = {"held_until", "dead_code", "delivered_at", "clock_offset_ms", "centre", "home"}
NEEDED = {("delivered_at", "state = 'delivered'"), ("dead_code", "state = 'dead'")}


@pytest.mark.req("T-10")
def test_no_cell_of_the_history_is_a_blob_or_empty_unseen(tmp_path: Path) -> None:
    whole = live(tmp_path)
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
