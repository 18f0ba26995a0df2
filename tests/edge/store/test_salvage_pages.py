"""Rows that only the search on single pages finds: they are cleaned like any other."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from edge.store.database import FILE_NAME
from edge.store.pages import INDEX_LEAF
from edge.store.salvage import mend
from edge.store.salvage_build import Owner
from edge.store.salvage_check import Look, look_over
from edge.store.salvage_outbox import MARK
from edge.store.salvage_proof import event_in
from edge.store.salvage_remains import carved
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from tests.edge.store.cells import Cell, damage, events_in, live

PAGE = 4_096


def break_leaves(path: Path) -> None:
    """Let each leaf of the outbox claim more rows than a page can hold: SQLite reads none of them then."""
    content = bytearray(path.read_bytes())
    for at in range(0, len(content), PAGE):
        page = content[at : at + PAGE]
        if page[0] == INDEX_LEAF and MARK in page:
            content[at + 3 : at + 5] = b"\xff\xff"
    path.write_bytes(content)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return live(tmp_path_factory.mktemp("living"))


@pytest.mark.req("T-10")
@pytest.mark.parametrize(
    ("column", "state", "value"),
    [
        ("dead_code", "dead", "NULL"),
        ("dead_code", "dead", "CAST(x'c3ff28' AS TEXT)"),
        ("held_until", "pending", "1152921504606846976"),
        ("held_until", "pending", "-1"),
        ("delivered_at", "delivered", "NULL"),
        ("delivered_at", "delivered", "1152921504606846976"),
    ],
)
def test_store_that_was_salvaged_page_by_page_is_whole_whatever_stood_in_a_cell(
    tmp_path: Path, whole: bytes, column: str, state: str, value: str
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    frozen = events_in(path)
    assert damage(path, Cell("outbox", column, f"state = '{state}'", value))
    break_leaves(path)
    assert mend(path, Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))).is_salvaged
    look = look_over(path)
    assert (look.damage, list(look.wrong)) == ("", [])
    kept = events_in(path, f"epoch = '{EPOCH}'")
    assert len(kept) > len(frozen) // 2
    assert kept.items() <= frozen.items()


@pytest.mark.req("T-10")
def test_record_that_says_it_is_larger_than_any_memory_costs_no_start_and_no_event(
    tmp_path: Path, whole: bytes
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(whole)
    frozen = events_in(path)
    content = bytearray(whole)
    event_at = content.index(frozen[EPOCH, 4])
    page = event_at // PAGE * PAGE
    (count,) = struct.unpack_from(">H", content, page + 3)
    cells = struct.unpack_from(f">{count}H", content, page + 8)
    at = max(page + cell for cell in cells if page + cell < event_at)
    content[at : at + 6] = b"\x80\x8f\xff\xff\xff\x7f"
    path.write_bytes(content)
    assert mend(path, Owner(TERMINAL, Mode.DISPENSE, NOON, seeded_bytes(3))).is_salvaged
    assert look_over(path) == Look(wrong=[])
    assert events_in(path, f"epoch = '{EPOCH}'").items() == frozen.items()


@pytest.mark.req("T-10")
def test_page_with_a_thousand_brackets_open_hides_no_event_behind_them(whole: bytes) -> None:
    at = whole.index(MARK)
    begun = whole[at : whole.index(b'"hlc"', at)]
    spoiled = begun + b"[" * 1_500
    assert [one.bytes for one in carved(spoiled + whole[at : at + PAGE])] == [
        one.bytes for one in carved(whole[at : at + PAGE])
    ]
    assert event_in(spoiled) is None
