"""Pages read by ourselves: every row that SQLite wrote, and nothing but what is there from any bytes at all."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.store.pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF, UnreadableError, Value, records, varint

PAGE = 4_096
LONG = st.integers(0, 12_000).map(lambda size: bytes(range(256)) * (size // 256) + bytes(size % 256))
VALUES = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.sampled_from([0, 1, -1, 127, 128, 2**15, 2**23, 2**31, 2**47, -(2**47) - 1]),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.binary(max_size=40),
    LONG,
)
KINDS = st.sampled_from([INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF])
quick = settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])


def pages_of(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return [content[at : at + PAGE] for at in range(0, len(content), PAGE)]


def all_records(pages: list[bytes]) -> list[list[Value]]:
    def fetch(number: int) -> bytes:
        return pages[number - 1] if 0 < number <= len(pages) else b""

    return [record for number, page in enumerate(pages, 1) for record in records(page, fetch, number=number)]


@quick
@given(rows=st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=12), without_rowid=st.booleans())
def test_every_row_that_sqlite_wrote_is_read(
    tmp_path: Path, rows: list[tuple[Value, ...]], *, without_rowid: bool
) -> None:
    path = tmp_path / "rows.db"
    path.unlink(missing_ok=True)
    written = [(number, *row) for number, row in enumerate(rows)]
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        for setting in (f"page_size = {PAGE}", "journal_mode = OFF", "synchronous = OFF"):
            store.execute(f"PRAGMA {setting}").fetchall()
        store.execute(f"CREATE TABLE t (n, a, b, c, PRIMARY KEY (n)) {'WITHOUT ROWID' if without_rowid else ''}")
        store.execute("BEGIN")
        store.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", written)
        store.execute("COMMIT")
    found = [tuple(record) for record in all_records(pages_of(path)) if len(record) == 4]
    assert sorted(found, key=repr) == sorted(written, key=repr)


@quick
@given(KINDS, st.binary(min_size=4, max_size=PAGE), st.binary(max_size=PAGE), st.integers(0, 2))
def test_no_bytes_are_more_than_unreadable(kind: int, body: bytes, other: bytes, number: int) -> None:
    page = (bytes([kind]) + body).ljust(PAGE, b"\x81")
    for record in records(page, lambda _: other.ljust(PAGE, b"\x07"), number=number):
        assert all(value is None or isinstance(value, int | float | str | bytes) for value in record)


def test_chain_of_pages_that_comes_back_to_itself_is_no_record() -> None:
    cell = bytes.fromhex("8780800001") + bytes(2_000)
    page = bytearray(PAGE)
    page[:8] = bytes([TABLE_LEAF]) + (0).to_bytes(2) + (1).to_bytes(2) + (0).to_bytes(3)
    page[8:10] = (100).to_bytes(2)
    page[100 : 100 + len(cell)] = cell
    fetched: list[int] = []

    def fetch(number: int) -> bytes:
        fetched.append(number)
        return (2).to_bytes(4) + bytes(PAGE - 4)

    size, _ = varint(bytes(page), 100)
    local = 489 + (size - 489) % (PAGE - 4)
    local = local if local <= PAGE - 35 else 489
    page[105 + local : 109 + local] = (2).to_bytes(4)
    assert list(records(bytes(page), fetch)) == []
    assert fetched == [2]


@given(st.binary(max_size=12), st.integers(0, 12))
def test_integer_ends_where_the_bytes_end_or_is_none(content: bytes, at: int) -> None:
    try:
        value, end = varint(content, at)
    except UnreadableError:
        assert all(byte >= 0x80 for byte in content[at : at + 8])
        return
    assert at < end <= min(len(content), at + 9)
    assert 0 <= value < 2**64


@pytest.mark.parametrize("page", [b"", b"\x0d", bytes(PAGE), b"\x05" + bytes(PAGE - 1)])
def test_page_without_rows_of_its_own_has_none(page: bytes) -> None:
    assert list(records(page, lambda _: b"")) == []
