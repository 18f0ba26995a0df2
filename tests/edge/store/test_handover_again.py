"""Adopting a good file again puts right what was damaged here since; it never takes one fact for another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from edge.store import sql
from edge.store.asked import ROW_DAMAGED
from edge.store.database import database_path
from edge.store.dead_letters import dead_letters, set_dead_letter_aside
from edge.store.handover import BadExportError
from edge.store.handover_adopt import Adopted
from edge.store.salvage import mend
from edge.store.terminal import read_state
from tests.edge.scene import EPOCH, NOON
from tests.edge.store.test_handover import NEW_EPOCH, Box
from tests.edge.store.test_salvage import OWNER

pytestmark = pytest.mark.req("T-70")
EVENTS = 6
SPOIL = "UPDATE outbox SET bytes = ? WHERE epoch = ? AND seq = ?"


@pytest.fixture
def boxes(tmp_path: Path) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def adopted(tmp_path: Path, boxes: ExitStack) -> tuple[Box, list[bytes], bytes]:
    """Return a box that adopted the events of another one, the events and the file."""
    dead, heir = Box(tmp_path / "dead", boxes), Box(tmp_path / "heir", boxes, epoch=NEW_EPOCH)
    frozen = dead.record(EVENTS)
    export = dead.exported()
    assert heir.adopt(export).taken == EVENTS
    return heir, frozen, export


def spoil(box: Box, seq: int, cell: bytes | str) -> None:
    with box.connection.begin():
        sql.change(box.connection, SPOIL, (cell, EPOCH, seq))


def test_record_that_was_parked_as_damaged_is_put_right_and_sent(tmp_path: Path) -> None:
    with ExitStack() as stack:
        dead, heir = Box(tmp_path / "dead", stack), Box(tmp_path / "heir", stack, epoch=NEW_EPOCH)
        frozen, export = dead.record(EVENTS), dead.exported()
        heir.adopt(export)
    path = database_path(tmp_path / "heir")
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(SPOIL, (frozen[2].replace(b'"s2"', b'"s7"'), EPOCH, 3))
    assert mend(path, OWNER).parked == 1
    with ExitStack() as stack:
        again = Box(tmp_path / "heir", stack)
        with again.connection.begin():
            (letter,) = dead_letters(again.connection, 9)
            set_dead_letter_aside(again.connection, letter.id, operator="w", reason="seen", now=NOON)
            present = read_state(again.connection).epoch
        assert letter.code == ROW_DAMAGED
        assert again.adopt(export) == Adopted(1, EVENTS - 1, [EPOCH])
        assert again.waiting()[EPOCH] == frozen
        with again.connection.begin():
            assert read_state(again.connection).epoch == present
            assert dead_letters(again.connection, 9) == []
            assert sql.rows(again.connection, "SELECT 1 FROM set_aside") == []
        assert again.adopt(export) == Adopted(0, EVENTS, [])


@pytest.mark.parametrize(
    "cell", [pytest.param(b"{", id="no event"), pytest.param("text", id="a text"), pytest.param(None, id="another one")]
)
@pytest.mark.parametrize("state", ["pending", "delivered", "dead"])
def test_record_that_was_damaged_since_the_start_is_put_right(
    adopted: tuple[Box, list[bytes], bytes], state: str, cell: bytes | str | None
) -> None:
    heir, frozen, export = adopted
    spoil(heir, 3, frozen[2].replace(b'"s2"', b'"s7"') if cell is None else cell)
    with heir.connection.begin():
        done = "UPDATE outbox SET state = ?1, dead_code = iif(?1 = 'dead', 'x', NULL) WHERE epoch = ?2"
        sql.change(heir.connection, done, (state, EPOCH))
    assert heir.adopt(export) == Adopted(1, EVENTS - 1, [EPOCH])
    expected = [frozen[2]] if state != "pending" else frozen
    assert heir.waiting() == {EPOCH: expected}


@pytest.mark.parametrize("seq", [3, EVENTS])
def test_file_with_another_fact_is_refused_where_what_is_here_is_whole(
    tmp_path: Path, boxes: ExitStack, adopted: tuple[Box, list[bytes], bytes], seq: int
) -> None:
    heir = adopted[0]
    other = Box(tmp_path / "other", boxes)
    other.record(seq - 1)
    other.record(1, hours=1)
    before = heir.waiting()
    with pytest.raises(BadExportError, match=f"number {seq} differs"):
        heir.adopt(other.exported())
    assert heir.waiting() == before


def test_file_is_refused_that_does_not_fit_what_follows_a_damaged_record(
    tmp_path: Path, boxes: ExitStack, adopted: tuple[Box, list[bytes], bytes]
) -> None:
    heir, frozen, _ = adopted
    spoil(heir, 3, frozen[2].replace(b'"s2"', b'"s7"'))
    other = Box(tmp_path / "other", boxes)
    other.record(2)
    other.record(1, hours=1)
    before = heir.waiting()
    with pytest.raises(BadExportError, match="number 3 differs"):
        heir.adopt(other.exported())
    assert heir.waiting() == before


def test_record_of_a_newer_program_is_not_taken_for_a_damaged_one(adopted: tuple[Box, list[bytes], bytes]) -> None:
    heir, frozen, export = adopted
    spoil(heir, EVENTS, frozen[-1].replace(b'{"v":1', b'{"v":99'))
    with pytest.raises(BadExportError, match=f"number {EVENTS} differs"):
        heir.adopt(export)
