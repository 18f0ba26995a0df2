"""Pages of the lists of insurance for whoever keeps a copy: what changed since, in the order in which it changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import Connection, and_, func, or_, select

from server.store.records import Records
from server.store.times import micros

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """Which rows somebody asks for, and which page of them."""

    since: datetime | None
    """Rows that changed at that moment or later; None for all."""
    number: int
    """From 1."""
    size: int
    on: date | None = None
    """Rows that hold on a day; None for all."""
    wanted: Mapping[str, str] | None = None
    """Columns of text that must have a value; a column of this list or it is none of ours (`KeyError`)."""
    is_valid: bool | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page."""

    rows: Sequence[Row]
    total: int
    """Rows on all pages."""


def load_page(connection: Connection, of: Records[Row], query: PageQuery) -> Page[Row]:
    """Return one page of a list: ITEMS, PRICE_LIMITS, PAYS_FIRST, LIST_MATCHES or INSTITUTION_MATCHES.

    Rows are in the order in which they changed, so that whoever goes on from the last one's moment misses none.
    """
    table = of.table
    conditions = [table.c[name] == value for name, value in (query.wanted or {}).items()]
    if query.since is not None:
        conditions.append(table.c.updated_us >= micros(query.since))
    if query.is_valid is not None:
        conditions.append(table.c.is_valid.is_(query.is_valid))
    if query.on is not None:
        day = query.on.isoformat()
        conditions.append(and_(table.c.from_day <= day, or_(table.c.to_day.is_(None), table.c.to_day >= day)))
    total = connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0
    asked = select(table).where(*conditions).order_by(table.c.updated_us, *table.primary_key)
    rows = connection.execute(asked.offset((query.number - 1) * query.size).limit(query.size))
    return Page(of.records(rows), total)
