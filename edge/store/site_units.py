"""Packs that were sold in part (拆零), by this terminal or by the others of its site: how much of each is left in all.

What the others sold of a pack are hints that were heard of them; each terminal counts its own, and the sums meet here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from edge.store import sql

# Units that came back with a sale that was cancelled are in the pack again.
_STANDS = """
NOT EXISTS (
    SELECT 1 FROM site_back AS b
    WHERE b.code = u.code AND b.sale = u.sale AND (b.terminal <> u.terminal OR b.at >= u.at)
)
"""
OPENED = f"""
SELECT code, max(product) AS product, max(size) AS units, max(0, max(size) - sum(taken)) AS rest, min(at) AS opened_at
FROM (
    SELECT code, product, units AS size, units - rest AS taken, opened_at AS at FROM opened_pack
    UNION ALL
    SELECT code, product, size, units AS taken, at FROM site_units AS u WHERE {_STANDS}
)
"""  # noqa: S608 - ours
"""Opened packs of the site; to be completed by `WHERE code = ?` and `GROUP BY code`."""
FIND_REST = f"SELECT rest FROM ({OPENED} WHERE code = ? GROUP BY code)"  # noqa: S608 - ours
FIND_LAST = f"SELECT terminal, sale, at FROM site_units AS u WHERE code = ? AND {_STANDS} ORDER BY at DESC, terminal"  # noqa: S608 - ours
HEAR = """
INSERT INTO site_units (code, terminal, sale, product, units, size, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (code, terminal, sale) DO UPDATE SET
    product = excluded.product, units = excluded.units, size = excluded.size, at = excluded.at
WHERE (excluded.at, excluded.units, excluded.size, excluded.product) > (at, units, size, product)
"""


@dataclass(frozen=True, slots=True)
class UnitsFact:
    """Units of one pack were sold."""

    code: str
    sale: str
    hlc: int
    """The clock of the event, microseconds."""
    product: str
    """Empty where the terminal knows none."""
    units: int
    size: int
    """Units in a whole pack."""


def hear_units(tx: Connection, terminal: str, facts: Iterable[UnitsFact]) -> None:
    """Keep what another terminal says that it sold in part."""
    rows = ((one.code, terminal, one.sale, one.product, one.units, one.size, one.hlc) for one in facts)
    sql.change_many(tx, HEAR, rows)


def last_of_emptied(tx: Connection, code: str) -> tuple[str, str, int] | None:
    """Return terminal, sale and time of the other terminal's sale after which nothing is left of an opened pack."""
    rest = sql.first(tx, FIND_REST, (code,))
    found = sql.first(tx, FIND_LAST, (code,)) if rest is not None and rest[0] == 0 else None
    return None if found is None else (found[0], found[1], found[2])
