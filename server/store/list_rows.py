"""The lists of insurance by the many: what an import compares and writes, what files and pages are made of.

Pages go by the key of the rows, which no change moves: whoever fetches page after page, while others change rows,
misses none that stays.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, tuple_

from server.store import bulk
from server.store.insurance_catalogue import INSTITUTION_MATCHES, InstitutionMatch
from server.store.insurance_tables import institution_match, insurance_item
from server.store.records import Records
from server.store.register_tables import institution
from server.store.times import micros

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = TypeVar("Row", bound="DataclassInstance")
Key = tuple[str, ...]
"""Of a row, in the order of the primary key."""

_PART = 2_000
"""Rows that are in memory at a time."""


class ItemRow(NamedTuple):
    """What a file has of an item, as it is kept; a quarter of a million of them go by."""

    code: str
    from_day: str
    to_day: str | None
    list_type: str
    name: str
    charge_class: str
    charge_kind: str
    is_negotiated: bool
    is_valid: bool
    fields: str
    version: int
    updated_us: int


# -- imports -----------------------------------------------------------------------------------------------------------


def load_of_codes(connection: Connection, of: Records[Row], codes: Collection[str]) -> Sequence[Row]:
    """Return all rows of some items."""
    return of.records(bulk.fetch(connection, of.columns, of.table.c.code, codes))


def put_rows(connection: Connection, of: Records[Row], rows: Sequence[bulk.Row]) -> None:
    """Add rows, or overwrite those of the same keys."""
    bulk.insert_or_replace(connection, of.table, rows)


def count_rows(connection: Connection, of: Records[Row]) -> int:
    """Return how many rows there are."""
    return connection.scalar(select(func.count()).select_from(of.table)) or 0


# -- files -------------------------------------------------------------------------------------------------------------


def count_items(connection: Connection, name: str, *, since: int = 0, to: int | None = None) -> int:
    """Return how many items of a list were last changed after one version of it and not after another."""
    return connection.scalar(select(func.count()).where(*_between(name, since, to))) or 0


def stream_items(connection: Connection, name: str, *, since: int, to: int) -> Iterator[Sequence[ItemRow]]:
    """Yield those items in parts, by code and beginning: neither this process nor the database holds them all."""
    found = insurance_item.c
    columns = [found[field] for field in ItemRow._fields]
    # The sum keeps the index of versions out of it: by that one, each part would cost sorting all that is left.
    asked = select(*columns).where(found.list == name, found.version + 0 > since, found.version + 0 <= to)
    asked = asked.order_by(found.code, found.from_day).limit(_PART)
    last: tuple[str, str] | None = None
    while True:
        going_on = asked if last is None else asked.where(tuple_(found.code, found.from_day) > tuple_(*last))
        part = [ItemRow(*row) for row in connection.execute(going_on)]
        if part:
            yield part
        if len(part) < _PART:
            return
        last = part[-1].code, part[-1].from_day


def _between(name: str, since: int, to: int | None) -> list[ColumnElement[bool]]:
    found = insurance_item.c
    conditions = [found.list == name, found.version > since]
    return conditions if to is None else [*conditions, found.version <= to]


# -- pages -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Query:
    """Which rows of a list are asked for; what is empty or None does not matter."""

    since: datetime | None = None
    """Rows that changed then or later."""
    on: date | None = None
    """Rows that hold on a day."""
    is_valid: bool | None = None
    texts: Mapping[str, str] | None = None
    """Columns of the list that must have a value."""
    part_of_name: str = ""
    fields: Mapping[str, tuple[str, str]] | None = None
    """Among the other columns of an item: the value that is wanted, and the one that counts where none is kept."""
    districts: Collection[str] | None = None
    is_insured: bool = False
    """Items that have a class."""
    owned: tuple[str, str] | None = None
    """An institution and an item of its own: items that this is matched to."""


def load_after(
    connection: Connection, of: Records[Row], query: Query, *, after: Key | None, limit: int
) -> Sequence[tuple[Key, Row]]:
    """Return rows and their keys in the order of these, those after a key or from the first."""
    keys = list(of.table.primary_key)
    asked = select(*of.columns).where(*_conditions(of, query)).order_by(*keys)
    if after is not None:
        asked = asked.where(tuple_(*keys) > tuple_(*after))
    rows = connection.execute(asked.limit(limit)).all()
    places = [of.columns.index(key) for key in keys]
    return [(tuple(row[place] for place in places), of.record(row)) for row in rows]


def find_key_of(
    connection: Connection, of: Records[Row], query: Query, *, n: int, changed_since: datetime
) -> Key | None:
    """Return the key of the n-th row of those that are asked for, or that may have been until they were changed.

    Whoever was given so many rows since then was given none after this key: each of them is counted here, for a row
    that was asked for then and is not now has been changed.
    """
    keys = list(of.table.primary_key)
    # What the key says of a row, no change does.
    held = {name: value for name, value in (query.texts or {}).items() if name in of.table.primary_key}
    lately = _conditions(of, Query(since=changed_since, texts=held))
    asked = select(*keys).where(or_(and_(*_conditions(of, query)), and_(*lately))).order_by(*keys)
    row = connection.execute(asked.offset(n - 1).limit(1)).one_or_none()
    return None if row is None else tuple(row)


def _conditions(of: Records[Row], query: Query) -> Iterator[ColumnElement[bool]]:
    found: Any = of.table.c
    if query.since is not None:
        yield found.updated_us >= micros(query.since)
    if query.is_valid is not None:
        yield found.is_valid.is_(query.is_valid)
    if query.on is not None:
        day = query.on.isoformat()
        yield and_(found.from_day <= day, or_(found.to_day.is_(None), found.to_day >= day))
    for name, value in (query.texts or {}).items():
        yield found[name] == value
    if query.part_of_name:
        yield found.name.contains(query.part_of_name, autoescape=True)
    for name, (value, otherwise) in (query.fields or {}).items():
        yield _field_is(found.fields, name, value, otherwise)
    if query.districts is not None:
        yield found.district.in_(query.districts)
    if query.is_insured:
        yield found.charge_class != ""
    if query.owned is not None:
        yield found.code.in_(_matched(*query.owned))


def _field_is(column: ColumnElement[str], name: str, value: str, otherwise: str) -> ColumnElement[bool]:
    """Tell in SQL whether a text of JSON, as `json_text` writes it, has a value under a name."""
    says = column.contains(f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}", autoescape=True)
    if value != otherwise:
        return says
    return or_(says, ~column.contains(f"{json.dumps(name)}:", autoescape=True))


def _matched(code: str, own_item: str) -> Any:
    found = institution_match.c
    return select(found.item).where(found.institution == code, found.own_item == own_item, found.is_valid)


# -- matches -----------------------------------------------------------------------------------------------------------


def lock_institution(connection: Connection, code: str) -> None:
    """Keep others off an institution's matches until the transaction ends."""
    connection.execute(select(institution.c.code).where(institution.c.code == code).with_for_update()).all()


def load_matches_of(connection: Connection, code: str, own_items: Collection[str]) -> Sequence[InstitutionMatch]:
    """Return all matches of some of an institution's own items, those taken back as well."""
    rows = bulk.fetch(connection, INSTITUTION_MATCHES.columns, institution_match.c.own_item, own_items)
    return [one for one in INSTITUTION_MATCHES.records(rows) if one.institution == code]


def load_known_items(connection: Connection, codes: Collection[str]) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Return list and kind of each item that some list holds as valid, whatever the day."""
    found = insurance_item.c
    columns = (found.code, found.list, found.list_type, found.is_valid)
    known: dict[str, list[tuple[str, str]]] = {}
    for code, name, list_type, is_valid in bulk.fetch(connection, columns, found.code, codes):
        if is_valid:
            known.setdefault(code, []).append((name, list_type))
    return known
