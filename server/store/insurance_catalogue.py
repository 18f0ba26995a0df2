"""The lists of insurance, dated: items, highest prices, shares paid first, and which item is which.

Rows are never deleted: one that no longer holds says so, so that whoever downloads what changed hears of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import BindParameter, ColumnElement, Connection, Table, and_, bindparam, func, insert, or_, select

from server.store import bulk
from server.store.direct import Among, Asked
from server.store.insurance_tables import (
    catalogue_version,
    institution_match,
    insurance_item,
    list_match,
    pays_first,
    price_limit,
)
from server.store.records import Records


@dataclass(frozen=True, slots=True)
class Version:
    """A change of one list."""

    list: str
    version: int
    made_at: datetime
    made_by: str
    source: str
    changed: int
    """Rows that it added or changed."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list for a time."""

    list: str
    """The transaction that downloads it: 1301, 1307."""
    code: str
    from_day: date
    to_day: date | None
    list_type: str
    """101 western drug, 102 patent medicine, 201 service, 301 material."""
    name: str
    charge_class: str
    """`chrgitm_lv`: 01, 02, 03; empty for diseases and the like."""
    charge_kind: str
    """`med_chrgitm_type`."""
    is_negotiated: bool
    is_prescription: bool
    is_valid: bool
    fields: Mapping[str, str]
    """The other columns."""
    version: int
    """That last changed it."""
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class PriceLimit:
    """The highest price that insurance reckons with, for a time."""

    code: str
    level: str
    """Of the institution; empty for every one."""
    district: str
    """Empty for everywhere."""
    from_day: date
    to_day: date | None
    limit: Decimal
    limit_kind: str
    """`hilist_lmtpric_type`."""
    is_valid: bool
    updated_at: datetime
    above: str = "1"
    """`overlmt_dspo_way`: what becomes of what is above; 1: the person pays it."""


@dataclass(frozen=True, slots=True)
class PaysFirst:
    """The share that a person pays first, for a time."""

    code: str
    psn_type: str
    """`selfpay_prop_psn_type`; empty for everybody."""
    district: str
    """Empty for everywhere."""
    from_day: date
    to_day: date | None
    share: Decimal
    share_kind: str
    """`selfpay_prop_type`."""
    is_valid: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ListMatch:
    """Which item of the insurance list an item of the medical list is, for a time."""

    med_list_codg: str
    hilist_code: str
    district: str
    """Empty for everywhere."""
    from_day: date
    to_day: date | None
    list_type: str
    is_valid: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class InstitutionMatch:
    """Which item an institution's own item is, for a time."""

    institution: str
    own_item: str
    list_type: str
    item: str
    """`med_list_codg`; empty where there is none."""
    from_day: date
    to_day: date | None
    name: str
    is_valid: bool
    fields: Mapping[str, object]
    updated_at: datetime


VERSIONS = Records(catalogue_version, Version)
ITEMS = Records(insurance_item, Item)
PRICE_LIMITS = Records(price_limit, PriceLimit)
PAYS_FIRST = Records(pays_first, PaysFirst)
LIST_MATCHES = Records(list_match, ListMatch)
INSTITUTION_MATCHES = Records(institution_match, InstitutionMatch)


def _holds(table: Table) -> ColumnElement[bool]:
    """Tell in SQL whether a row holds on `day`."""
    day: BindParameter[str] = bindparam("day")
    return and_(table.c.is_valid, table.c.from_day <= day, or_(table.c.to_day.is_(None), table.c.to_day >= day))


_CODES: BindParameter[str] = bindparam("codes")
_ITEMS_ON = Asked(
    select(insurance_item)
    .where(Among(insurance_item.c.code, _CODES), _holds(insurance_item))
    .order_by(insurance_item.c.from_day, insurance_item.c.list)
)
_PRICE_LIMITS_ON = Asked(
    select(price_limit).where(Among(price_limit.c.code, _CODES), _holds(price_limit)).order_by(*price_limit.primary_key)
)
_PAYS_FIRST_ON = Asked(
    select(pays_first).where(Among(pays_first.c.code, _CODES), _holds(pays_first)).order_by(*pays_first.primary_key)
)
_INSTITUTION_MATCHES_ON = Asked(
    select(institution_match)
    .where(
        institution_match.c.institution == bindparam("institution"),
        Among(institution_match.c.own_item, _CODES),
        _holds(institution_match),
    )
    .order_by(*institution_match.primary_key)
)


def newest_version(connection: Connection, name: str) -> int:
    """Return the number of a list's last change; 0 before the first."""
    found = catalogue_version.c
    return connection.scalar(select(func.max(found.version)).where(found.list == name)) or 0


def add_version(connection: Connection, version: Version) -> None:
    """Note a change of a list."""
    connection.execute(insert(catalogue_version).values(VERSIONS.values(version)))


def load_versions(connection: Connection) -> Sequence[Version]:
    """Return every change of every list, in order."""
    return VERSIONS.records(connection.execute(select(catalogue_version).order_by(*catalogue_version.primary_key)))


def put_items(connection: Connection, items: Sequence[Item]) -> None:
    """Add items, or change those of the same list, code and beginning."""
    bulk.insert_or_replace(connection, insurance_item, ITEMS.rows(items))


def put_price_limits(connection: Connection, limits: Sequence[PriceLimit]) -> None:
    """Add highest prices, or change those of the same item, level, district and beginning."""
    bulk.insert_or_replace(connection, price_limit, PRICE_LIMITS.rows(limits))


def put_pays_first(connection: Connection, shares: Sequence[PaysFirst]) -> None:
    """Add shares, or change those of the same item, people, district and beginning."""
    bulk.insert_or_replace(connection, pays_first, PAYS_FIRST.rows(shares))


def put_list_matches(connection: Connection, matches: Sequence[ListMatch]) -> None:
    """Add matches, or change those of the same items, district and beginning."""
    bulk.insert_or_replace(connection, list_match, LIST_MATCHES.rows(matches))


def put_institution_matches(connection: Connection, matches: Sequence[InstitutionMatch]) -> None:
    """Add an institution's matches, or change those of the same items and beginning."""
    bulk.insert_or_replace(connection, institution_match, INSTITUTION_MATCHES.rows(matches))


def load_items_on(connection: Connection, codes: Collection[str], day: date) -> dict[str, Item]:
    """Return those of `codes` that some list holds on a day; of two rows the one that began last counts."""
    return {one.code: one for one in ITEMS.records(_ITEMS_ON.rows(connection, _asked(codes, day)))}


def load_price_limits_on(connection: Connection, codes: Collection[str], day: date) -> Sequence[PriceLimit]:
    """Return the highest prices of items on a day, for all levels and districts."""
    return PRICE_LIMITS.records(_PRICE_LIMITS_ON.rows(connection, _asked(codes, day)))


def load_pays_first_on(connection: Connection, codes: Collection[str], day: date) -> Sequence[PaysFirst]:
    """Return the shares of items on a day, for everybody and everywhere."""
    return PAYS_FIRST.records(_PAYS_FIRST_ON.rows(connection, _asked(codes, day)))


def load_items_since(connection: Connection, name: str, version: int) -> Sequence[Item]:
    """Return the items of a list that changed after a version of it, by code and beginning."""
    found = insurance_item.c
    asked = select(insurance_item).where(found.list == name, found.version > version)
    return ITEMS.records(connection.execute(asked.order_by(found.code, found.from_day)))


def load_institution_matches_on(
    connection: Connection, institution: str, own_items: Collection[str], day: date
) -> Sequence[InstitutionMatch]:
    """Return what an institution's own items are on a day."""
    asked = _asked(own_items, day) | {"institution": institution}
    return INSTITUTION_MATCHES.records(_INSTITUTION_MATCHES_ON.rows(connection, asked))


def _asked(codes: Collection[str], day: date) -> dict[str, object]:
    return {"codes": sorted(codes), "day": day.isoformat()}
