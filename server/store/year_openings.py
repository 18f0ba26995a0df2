"""What people's years had come to before this centre settled for them: deductibles paid, caps used, stays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, bindparam, select

from server.store import bulk
from server.store.amounts import FEN
from server.store.records import Records
from server.store.settlement_tables import year_opening


@dataclass(frozen=True, slots=True)
class YearOpening:
    """One total of a person's year, as it was told; `settlements.load_year_totals` counts on from it."""

    psn_no: str
    year: int
    key: str
    """As the benefit rules call it."""
    amount: Decimal
    told_at: datetime


_OPENINGS = Records(year_opening, YearOpening)
_OPENING = select(year_opening.c.amount_fen).where(
    year_opening.c.psn_no == bindparam("psn_no"),
    year_opening.c.year == bindparam("year"),
    year_opening.c.key == bindparam("key"),
)


def load_openings_of_all(connection: Connection, psn_nos: Collection[str]) -> Sequence[YearOpening]:
    """Return what was told of people's years."""
    return _OPENINGS.records(bulk.fetch(connection, _OPENINGS.columns, year_opening.c.psn_no, psn_nos))


def load_opening(connection: Connection, psn_no: str, year: int, key: str) -> Decimal:
    """Return what was told of one total of a person's year; nothing if it was not."""
    fen = connection.scalar(_OPENING, {"psn_no": psn_no, "year": year, "key": key})
    return FEN.amount(int(fen or 0))


def put_openings(connection: Connection, openings: Sequence[YearOpening]) -> None:
    """Tell totals, or correct those of the same person, year and key."""
    bulk.insert_or_replace(connection, year_opening, _OPENINGS.rows(openings))
