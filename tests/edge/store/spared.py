"""Which tables a damage did not hit: those have to be afterwards what they were before."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from edge.store import sql
from edge.store.pages import INDEX_INTERIOR
from edge.store.wal import PAGE_BYTES

TABLES = {"operator": ["operator"], "sale_pack": ["sale_pack", "sale_line", "sale"]}
"""Who may sign in, and what was sold here; each with the tables that its rows belong to."""


@dataclass(frozen=True)
class Table:
    """A table that nobody may miss, and where it stands."""

    rows: set[sql.Row]
    pages: set[int]
    """Its own, and those of what its rows belong to."""


def tables_of(connection: Connection) -> dict[str, Table]:
    """Return the tables as they are now, the log included."""
    content = sql.driver_of(connection).serialize()
    with connection.begin():
        roots: dict[str, int] = dict(
            sql.rows(connection, "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'")
        )
        return {
            name: Table(rows_of(connection, name), {page for one in family for page in _tree(content, roots[one])})
            for name, family in TABLES.items()
        }


def rows_of(tx: Connection, table: str) -> set[sql.Row]:
    """Return every row of a table."""
    return set(sql.rows(tx, f"SELECT * FROM {table}"))  # noqa: S608 - names are ours


def spared(tables: Mapping[str, Table], whole: bytes, spoiled: bytes) -> list[str]:
    """Return the tables whose pages in the file are what they were."""
    pages = range(1, max(len(whole), len(spoiled)) // PAGE_BYTES + 2)
    hit = {page for page in pages if _page(whole, page) != _page(spoiled, page)}
    return [name for name, table in tables.items() if not table.pages & hit]


def _page(content: bytes, page: int) -> bytes:
    return content[(page - 1) * PAGE_BYTES : page * PAGE_BYTES]


def _tree(content: bytes, page: int) -> set[int]:
    """Return the pages of a tree without row numbers."""
    top = _page(content, page)
    if top[0] != INDEX_INTERIOR:
        return {page}
    (count,), (last,) = struct.unpack_from(">H", top, 3), struct.unpack_from(">I", top, 8)
    children = {last, *(struct.unpack_from(">I", top, place)[0] for place in struct.unpack_from(f">{count}H", top, 12))}
    return {page}.union(*(_tree(content, child) for child in children))
