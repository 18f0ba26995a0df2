"""The register of lots on the shelf: which of a product is in use, and which lot a line of a sale was taken from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from edge.clock import from_us, to_us
from edge.store import sql

_COLUMNS = "product, batch, lot, made_on, expires_on, opened_at"
PUT_BATCH = """
INSERT INTO shelf_batch (product, batch, lot, made_on, expires_on, opened_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (product, batch) DO UPDATE
SET lot = excluded.lot, made_on = excluded.made_on, expires_on = excluded.expires_on, opened_at = excluded.opened_at
"""
SELECT_ALL = f"SELECT {_COLUMNS} FROM shelf_batch ORDER BY product, opened_at"  # noqa: S608 - ours
SELECT_BATCH = f"SELECT {_COLUMNS} FROM shelf_batch WHERE product = ? AND batch = ?"  # noqa: S608 - ours
SELECT_IN_USE = f"""
SELECT {_COLUMNS} FROM shelf_batch WHERE product = ?1
ORDER BY opened_at > ?2, CASE WHEN opened_at > ?2 THEN opened_at ELSE -opened_at END, batch LIMIT 1
"""  # noqa: S608 - ours
# The same lot may have come with several deliveries: one that is good for longer is believed.
SELECT_LOT = f"""
SELECT {_COLUMNS} FROM shelf_batch WHERE product = ? AND lot = ?
ORDER BY expires_on IS NOT NULL, expires_on DESC LIMIT 1
"""  # noqa: S608 - ours
OPEN_BATCH = "UPDATE shelf_batch SET opened_at = ? WHERE product = ? AND batch = ?"
NAME_BATCH = "INSERT OR REPLACE INTO line_batch (sale, line, batch) VALUES (?, ?, ?)"
SELECT_NAMED = "SELECT batch FROM line_batch WHERE sale = ? AND line = ?"


@dataclass(frozen=True, slots=True)
class Batch:
    """One lot of a product."""

    product: str
    """Of the catalogue."""
    batch: str
    """`fixmedins_bchno`: the house's own serial of it."""
    lot: str
    """`manu_lotnum`."""
    made_on: date
    expires_on: date | None
    opened_at: datetime
    """Since when it is sold from."""


def put_batch(tx: Connection, one: Batch) -> None:
    """Keep a lot, or what is known of it now."""
    expires = None if one.expires_on is None else one.expires_on.isoformat()
    values = (one.product, one.batch, one.lot, one.made_on.isoformat(), expires, to_us(one.opened_at))
    sql.change(tx, PUT_BATCH, values)


def all_batches(tx: Connection) -> list[Batch]:
    """Return the register."""
    return [_batch(row) for row in sql.rows(tx, SELECT_ALL)]


def find_batch(tx: Connection, product: str, batch: str) -> Batch | None:
    """Return one lot."""
    found = sql.first(tx, SELECT_BATCH, (product, batch))
    return None if found is None else _batch(found)


def batch_in_use(tx: Connection, product: str, at: datetime) -> Batch | None:
    """Return the lot that was opened last before a moment; where none was yet, the one that was opened first since."""
    found = sql.first(tx, SELECT_IN_USE, (product, to_us(at)))
    return None if found is None else _batch(found)


def batch_of_lot(tx: Connection, product: str, lot: str) -> Batch | None:
    """Return what is registered of a lot by its maker's number."""
    found = sql.first(tx, SELECT_LOT, (product, lot))
    return None if found is None else _batch(found)


def open_batch(tx: Connection, product: str, batch: str, at: datetime) -> bool:
    """Say that a product is sold from this lot from now on; False if it is not in the register."""
    return sql.change(tx, OPEN_BATCH, (to_us(at), product, batch)) > 0


def name_batch(tx: Connection, sale: str, line: int, batch: str) -> None:
    """Say which lot a line of a sale was taken from."""
    sql.change(tx, NAME_BATCH, (sale, line, batch))


def named_batch(tx: Connection, sale: str, line: int) -> str | None:
    """Return the lot that was named for a line."""
    found = sql.first(tx, SELECT_NAMED, (sale, line))
    return None if found is None else str(found[0])


def _batch(row: sql.Row) -> Batch:
    product, batch, lot, made_on, expires_on, opened_at = row
    expires = None if expires_on is None else date.fromisoformat(expires_on)
    return Batch(product, batch, lot, date.fromisoformat(made_on), expires, from_us(opened_at))
