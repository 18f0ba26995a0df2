"""Packs that were opened to be sold in part (拆零): how much is left of each, and units of them on a list.

What the other terminals of the site sold of a pack counts with what was sold here (`site_units`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql
from edge.store.sales import LineItem
from edge.store.site_units import OPENED

_OPENED = "o.code, o.product, o.units, o.rest, o.opened_at, p.name, p.spec, p.unit"
_PRODUCT = "LEFT JOIN product AS p ON p.id = o.product"
FIND_OPENED = f"SELECT {_OPENED} FROM ({OPENED} WHERE code = ? GROUP BY code) AS o {_PRODUCT}"  # noqa: S608 - ours
SELECT_OPENED = f"""
SELECT {_OPENED} FROM ({OPENED} GROUP BY code) AS o {_PRODUCT}
WHERE o.rest > 0 ORDER BY o.opened_at, o.code LIMIT ?
"""  # noqa: S608 - ours
TAKE_UNITS = """
INSERT INTO opened_pack (code, product, units, rest, opened_at) VALUES (?1, ?2, ?3, ?3 - ?4, ?5)
ON CONFLICT (code) DO UPDATE SET rest = rest - ?4
"""
PUT_UNITS_BACK = "UPDATE opened_pack SET rest = min(units, rest + ?) WHERE code = ?"
FIND_LISTED = "SELECT line, units FROM sale_pack WHERE sale = ? AND code = ? AND state = 'listed'"
LEAVE_LINE = """
UPDATE sale_line SET quantity = quantity - 1, units = units - ? WHERE sale = ? AND line = ?
"""
JOIN_LINE = """
INSERT INTO sale_line (sale, line, item, product, name, spec, insurance_class, price, quantity, units)
VALUES (?1, (SELECT coalesce(max(line), 0) + 1 FROM sale_line WHERE sale = ?1), ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8)
ON CONFLICT (sale, item) DO UPDATE SET quantity = quantity + 1, units = units + excluded.units
RETURNING line
"""
FIND_WHOLE_LINE = """
SELECT line FROM sale_line
WHERE sale = ?1 AND units IS NULL AND product = (SELECT product FROM sale_line WHERE sale = ?1 AND line = ?2)
"""
JOIN_WHOLE_LINE = "UPDATE sale_line SET quantity = quantity + 1 WHERE sale = ? AND line = ?"
SET_PACK = "UPDATE sale_pack SET line = ?, units = ? WHERE sale = ? AND code = ?"


@dataclass(frozen=True, slots=True)
class OpenedPack:
    """A pack of which something was sold."""

    code: str
    product: str
    units: int
    """Smallest units in the whole pack."""
    rest: int
    opened_at: datetime
    name: str | None
    spec: str | None
    unit: str | None
    """What the pack is called."""


def find_opened(tx: Connection, code: str) -> OpenedPack | None:
    """Return a pack that was opened in this site, as far as is known, empty by now or not."""
    row = sql.first(tx, FIND_OPENED, (code,))
    return None if row is None else _opened(row)


def opened_packs(tx: Connection, limit: int) -> list[OpenedPack]:
    """Return the packs of which something is left, the one that is open longest first."""
    return [_opened(row) for row in sql.rows(tx, SELECT_OPENED, (limit,))]


def take_units(tx: Connection, code: str, product: str, *, of: int, taken: int, now: datetime) -> None:
    """Note that units of a pack were sold, the first of them or more."""
    sql.change(tx, TAKE_UNITS, (code, product, of, taken, to_us(now)))


def put_units_back(tx: Connection, code: str, units: int) -> None:
    """Note that units that were sold never left; the pack stays an opened one."""
    sql.change(tx, PUT_UNITS_BACK, (units, code))


def put_units(tx: Connection, sale: str, code: str, item: LineItem, units: int) -> int:
    """Let a pack that is on the list stand for so many of its units, on a line of such packs; return the line."""
    line, before = sql.one(tx, FIND_LISTED, (sale, code))
    sql.change(tx, LEAVE_LINE, (before or 0, sale, line))
    price = None if item.price is None else str(item.price)
    values = (sale, item.item, item.product, item.name, item.spec, item.insurance_class, price, units)
    joined = int(sql.one(tx, JOIN_LINE, values)[0])
    sql.change(tx, SET_PACK, (joined, units, sale, code))
    return joined


def put_whole(tx: Connection, sale: str, code: str) -> int | None:
    """Let a pack that is on the list stand for all of itself; return its line, None if the list has none for that."""
    line, before = sql.one(tx, FIND_LISTED, (sale, code))
    if before is None:
        return int(line)
    found = sql.first(tx, FIND_WHOLE_LINE, (sale, line))
    if found is None:
        return None
    whole = int(found[0])
    sql.change(tx, LEAVE_LINE, (before, sale, line))
    sql.change(tx, JOIN_WHOLE_LINE, (sale, whole))
    sql.change(tx, SET_PACK, (whole, None, sale, code))
    return whole


def _opened(row: sql.Row) -> OpenedPack:
    code, product, units, rest, opened_at, name, spec, unit = row
    return OpenedPack(code, product, units, rest, from_us(opened_at), name, spec, unit)
