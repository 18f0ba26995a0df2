"""The schema of a damaged store's copy, written anew, so that a bit in the text of one table hides no other.

SQLite reads nothing at all of a file in whose schema one statement is broken. What the statements say is known here;
only where the tree of each table begins has to be found: the entries of the schema name it, wherever the page with them
is, even if the first page is gone. The tables of the first step begin at the same pages in every store of ours.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.store import schema
from edge.store.pages import INDEX_INTERIOR, INDEX_LEAF, TABLE_INTERIOR, TABLE_LEAF, FetchPage, Value, records
from edge.store.salvage_leaves import SchemaEntry, write_schema
from edge.store.salvage_sectors import Sectors, opened_sectors
from edge.store.wal import PAGE_BYTES

# Of the indexes only the one that is read in their stead is of use: it names rows that may not be readable any more.
SELECT_ENTRIES = """
SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema
WHERE (type = 'table' AND name NOT LIKE 'sqlite_%') OR name = 'outbox_pending' ORDER BY rowid
"""
# The second knows a table without row numbers too, as the index that it is; an index is no table to the first.
COUNT_COLUMNS = """
SELECT coalesce(nullif((SELECT count(*) FROM pragma_table_info(?1)), 0), (SELECT count(*) FROM pragma_index_xinfo(?1)))
"""
_STATEMENT = re.compile(rb"CREATE (?:TABLE|INDEX|UNIQUE INDEX) ")
_FIRST_LOOK = 1 << 20
"""Where a store that was never brought up to date has its schema: a third of a second less on 313 MB."""
_PIECE = 1 << 20
"""Whole pages: what of a record does not fit on one stands somewhere else, so that nothing stands on a border."""
_WORDS = 3
"""`CREATE TABLE name`: the part of a statement that no step changes."""
_ALIKE = 3
"""Of type, name, table and statement: one may be damaged."""
_CELLS = 5

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """A table or index as our schema has it."""

    type: str
    name: str
    table: str
    statement: str
    """Of the newest step. It reads rows of every step before: a column that was added later is empty in them."""
    columns: range
    """How many a row may have."""
    step: int
    """By which it was made."""
    root: int
    """Where it begins in a store that is made now; if the first step made it, in every store."""

    @property
    def likeness(self) -> tuple[str, str, str, list[str]]:
        """What its entry is known by."""
        return self.type, self.name, self.table, self.statement.split()[:_WORDS]


def put_schema_right(image: Path) -> set[str]:
    """Give the copy of a damaged store the schema that it had; return the tables and indexes that were found."""
    if image.stat().st_size <= PAGE_BYTES:
        return set()
    with opened_sectors(image) as content:

        def page(number: int) -> bytes:
            return content.read((number - 1) * PAGE_BYTES, PAGE_BYTES) if number > 0 else b""

        known, entries = _known(), list(_entries(content, page, _FIRST_LOOK))
        if not all(_roots_named(one, entries) for one in known):
            entries = list(_entries(content, page, len(content)))
        ours = _with_roots(known, entries, page)
    write_schema(image, ours)
    return {name for _, name, *_ in ours}


def tables_made_after(version: int, found: Collection[str]) -> set[str]:
    """Return the tables that a store of this version does not have; none if the version is not known.

    The version may be what is damaged: a store is no older than the newest of the tables that were found in it.
    """
    known = _known()
    oldest = max((one.step for one in known if one.name in found), default=0)
    return {one.name for one in known if one.step > max(version, oldest) and version > 0}


def _entries(content: Sectors, page: FetchPage, end: int) -> Iterator[list[Value]]:
    """Yield whatever may be an entry of the schema, wherever up to `end` it stands."""
    numbers: set[int] = set()
    for at in range(0, end, _PIECE):
        found = _STATEMENT.finditer(content.read(at, _PIECE))
        numbers |= {(at + one.start()) // PAGE_BYTES + 1 for one in found}
    for number in sorted(numbers):
        for cells in records(page(number), page, number=number, errors="replace"):
            if len(cells) == _CELLS:
                yield cells


def _with_roots(known: Sequence[_Known], entries: Sequence[list[Value]], page: FetchPage) -> list[SchemaEntry]:
    """Return the entries of the tables whose beginning was found."""
    named = {one.name: _roots_named(one, entries) for one in known}
    taken: dict[str, int] = {}
    # Where entry and custom agree there is no doubt; those choose first.
    for one in sorted(known, key=lambda one: one.root not in named[one.name][:1]):
        choices = [*named[one.name], *([one.root] if one.step == 1 else [])]
        for root in choices:
            if root not in taken.values() and _begins_at(one, page(root), page):
                taken[one.name] = root
                break
        else:
            _logger.warning("salvage.schema", missing=one.name)
    # An index without its table would break the schema again.
    found = [one for one in known if {one.name, one.table} <= taken.keys()]
    return [(one.type, one.name, one.table, taken[one.name], one.statement) for one in found]


def _roots_named(one: _Known, entries: Sequence[list[Value]]) -> list[int]:
    """Return where entries say that a table begins, the most frequent first."""
    roots: Counter[int] = Counter()
    for type_, name, table, root, statement in entries:
        words = statement.split()[:_WORDS] if isinstance(statement, str) else []
        alike = sum(cell == right for cell, right in zip((type_, name, table, words), one.likeness, strict=True))
        if alike >= _ALIKE and isinstance(root, int):
            roots[root] += 1
    return [root for root, _ in roots.most_common()]


def _begins_at(one: _Known, page: bytes, fetch: FetchPage) -> bool:
    """Tell whether a page may be the first one of a table: of its kind, and with rows of as many columns, if any."""
    has_row_numbers = one.type == "table" and not one.statement.endswith("WITHOUT ROWID")
    kinds = {TABLE_LEAF, TABLE_INTERIOR} if has_row_numbers else {INDEX_LEAF, INDEX_INTERIOR}
    if not page or page[0] not in kinds:
        return False
    rows = [len(cells) for cells in records(page, fetch, errors="replace")]
    return not rows or any(count in one.columns for count in rows)


def _known() -> list[_Known]:
    """Return the tables of the newest schema."""
    made: dict[str, tuple[int, int]] = {}
    with closing(sqlite3.connect(":memory:")) as fresh:

        def columns(name: str) -> int:
            return int(fresh.execute(COUNT_COLUMNS, (name,)).fetchone()[0])

        for step in schema.history():
            for statement in step.statements:
                fresh.execute(statement)
            for _, name, *_ in fresh.execute(SELECT_ENTRIES).fetchall():
                made.setdefault(name, (step.version, columns(name)))
        return [
            _Known(type_, name, table, statement, range(made[name][1], columns(name) + 1), made[name][0], root)
            for type_, name, table, root, statement in fresh.execute(SELECT_ENTRIES).fetchall()
        ]
