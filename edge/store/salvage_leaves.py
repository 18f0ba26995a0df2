"""Pages of a table whose tree is damaged, hung on inner pages of our own, so that SQLite reads their rows.

Reading half a million rows by hand takes a minute, SQLite takes seconds. A walk from leaf to leaf compares no keys, so
it does not matter in which order the leaves hang, and the rows between them may be empty. In a table without row
numbers the inner pages hold rows too; each is made a leaf. All are hung in groups, each a table of its own, so that a
page that cannot be read hides its group and no other.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from os import SEEK_CUR
from pathlib import Path

from edge.store.pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_LEAF
from edge.store.wal import PAGE_BYTES

LEAVES_TOGETHER = 128
_INNER = struct.Struct(">BHHHBI")
_LEAF_HEADER, _CHILD_BYTES = 8, 4
_MOST_ROWS = (PAGE_BYTES - _INNER.size) // 2
_ENTRY = struct.Struct(">I3s")
_EMPTY_ROW = b"\x02\x02\x00"
"""Two bytes of record: a header of two bytes that names one NULL."""
_HEADER = struct.Struct(">16s H BB B BBB 4I")
_MAGIC = b"SQLite format 3\0"
_SCHEMA_AT, _VALID_FOR_AT = 44, 92
_FORMAT, _UTF8 = 4, 1
ADD_ENTRY = "INSERT INTO sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES (?, ?, ?, ?, ?)"

SchemaEntry = tuple[str, str, str, int, str]
"""Type, name, table, first page and statement."""


def file_header(pages: int) -> bytes:
    """Return the header of a database of so many pages: not in WAL mode, no page free, of version 0."""
    header = bytearray(100)
    _HEADER.pack_into(header, 0, _MAGIC, PAGE_BYTES, 1, 1, 0, 64, 32, 32, 1, pages, 0, 0)
    struct.pack_into(">4I", header, _SCHEMA_AT, _FORMAT, 0, 0, _UTF8)
    struct.pack_into(">I", header, _VALID_FOR_AT, 1)
    return bytes(header)


def hang_leaves(image: Path, columns: str, mark: bytes, free: Collection[int]) -> list[str]:
    """Make a table of each group of leaves that hold `mark`; the image has no other table any more.

    Args:
        image: A copy that nobody else reads. Its first page is written over.
        columns: What a row holds; the first two are the key.
        mark: Bytes in which rows of this table are known.
        free: Pages that are in no use; what stands on them is over.
    """
    with image.open("r+b") as file:
        pages = file.seek(0, 2) // PAGE_BYTES
        leaves = []
        for number in range(2, pages + 1):
            file.seek((number - 1) * PAGE_BYTES)
            page = file.read(PAGE_BYTES)
            if page[0] not in {INDEX_LEAF, INDEX_INTERIOR} or mark not in page or number in free:
                continue
            leaves.append(number)
            if page[0] == INDEX_INTERIOR:
                file.seek(-PAGE_BYTES, SEEK_CUR)
                file.write(_as_leaf(page))
        roots = []
        file.seek(pages * PAGE_BYTES)
        for group in _groups(leaves):
            # An inner page has two children at least.
            roots.append(group[0] if len(group) == 1 else pages + 1)
            if len(group) > 1:
                file.write(_inner_page(group))
                pages += 1
    key = ", ".join(columns.split(", ")[:2])
    names = [f"leaves_{root}" for root in roots]
    statements = [f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({key})) WITHOUT ROWID" for name in names]
    named = zip(names, roots, statements, strict=True)
    write_schema(image, [("table", name, name, root, statement) for name, root, statement in named])
    return names


def write_schema(image: Path, entries: Sequence[SchemaEntry]) -> None:
    """Write over the first page of a copy that nobody else reads: it holds these tables, and no others."""
    with image.open("r+b") as file:
        pages = file.seek(0, 2) // PAGE_BYTES
        file.seek(0)
        empty = bytes([TABLE_LEAF]) + struct.pack(">HHHB", 0, 0, PAGE_BYTES, 0)
        file.write((file_header(pages) + empty).ljust(PAGE_BYTES, b"\0"))
    with closing(sqlite3.connect(image, isolation_level=None)) as store:
        for setting in ("journal_mode = MEMORY", "synchronous = OFF", "writable_schema = ON"):
            store.execute(f"PRAGMA {setting}").fetchall()
        store.execute("BEGIN")
        store.executemany(ADD_ENTRY, entries)
        store.execute("COMMIT")


def _as_leaf(page: bytes) -> bytes:
    """Return an inner page as a leaf with the same rows: each stands behind the number of a child."""
    (rows,) = struct.unpack_from(">H", page, 3)
    rows = min(rows, _MOST_ROWS)
    places = (min(place + _CHILD_BYTES, PAGE_BYTES) for place in struct.unpack_from(f">{rows}H", page, _INNER.size))
    head = bytes([INDEX_LEAF]) + page[1:_LEAF_HEADER] + struct.pack(f">{rows}H", *places)
    return head.ljust(_INNER.size + 2 * rows, b"\0") + page[_INNER.size + 2 * rows :]


def _groups(leaves: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(leaves), LEAVES_TOGETHER):
        yield leaves[first : first + LEAVES_TOGETHER]


def _inner_page(children: Sequence[int]) -> bytes:
    """Return an inner page of a tree, with an empty row between each two children."""
    rows = len(children) - 1
    content_at = PAGE_BYTES - rows * _ENTRY.size
    head = _INNER.pack(INDEX_INTERIOR, 0, rows, content_at, 0, children[-1])
    places = struct.pack(f">{rows}H", *range(content_at, PAGE_BYTES, _ENTRY.size))
    entries = b"".join(_ENTRY.pack(child, _EMPTY_ROW) for child in children[:-1])
    return (head + places).ljust(content_at, b"\0") + entries
