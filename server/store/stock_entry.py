"""Entering a stock record once, taking it back once, and finding records by the packs that they name."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from server.store import bulk
from server.store.amounts import COUNT
from server.store.records import Records
from server.store.settlement_tables import settlement, stock_code, stock_record
from server.store.stock import StockCode, StockRecord
from server.store.times import micros

_RECORDS = Records(stock_record, StockRecord)
_CODES = Records(stock_code, StockCode)
_SALE, _RETURN = "3505", "3506"
OF_RECORD = "of_record"
"""In the fields of a return: the record of its sale."""
_RETURNED = (
    select(stock_code.c.code, stock_record.c.fields, stock_record.c.count_e4)
    .join(stock_record, stock_record.c.id == stock_code.c.record)
    .where(
        stock_code.c.code.in_(bindparam("codes", expanding=True)),
        stock_record.c.institution == bindparam("institution"),
        stock_record.c.infno == _RETURN,
        stock_record.c.deleted_us.is_(None),
    )
)
MOVED_TO = "moved_to"
"""In the fields of a return that the centre entered itself: the record under which the sale was told anew."""
_CODES_AT_ONCE = 10_000
_SOLD_WITH = (
    select(stock_record)
    .distinct()
    .join(stock_code, stock_code.c.record == stock_record.c.id)
    .where(
        stock_code.c.code.in_(bindparam("codes", expanding=True)),
        stock_record.c.institution == bindparam("institution"),
        stock_record.c.infno == _SALE,
        stock_record.c.deleted_us.is_(None),
    )
    .order_by(stock_record.c.received_us, stock_record.c.id)
)
_OF_SALE = (
    select(
        stock_record.c.id,
        stock_record.c.name,
        stock_record.c.own_item,
        stock_record.c.batch,
        stock_record.c.count_e4,
        stock_code.c.code,
    )
    .outerjoin_from(stock_record, stock_code, stock_code.c.record == stock_record.c.id)
    .where(
        stock_record.c.institution == bindparam("institution"),
        stock_record.c.document == bindparam("document"),
        stock_record.c.infno == _SALE,
        stock_record.c.deleted_us.is_(None),
    )
    .limit(bindparam("most"))
)
_IS_ALIKE = and_(stock_record.c.own_item == bindparam("own_item"), stock_record.c.batch == bindparam("batch"))
_WITH_THESE_CODES_OR_NONE = _OF_SALE.where(
    or_(stock_code.c.code.in_(bindparam("codes", expanding=True)), and_(_IS_ALIKE, stock_code.c.code.is_(None)))
)
_WITH_ANY_CODE = _OF_SALE.where(_IS_ALIKE, stock_code.c.code.is_not(None))


class RowOfSale(NamedTuple):
    """A row of an uploaded sale, and one of its packs."""

    record: str
    name: str
    own_item: str
    batch: str
    quantity: Decimal
    code: str | None
    """None: the row names no pack."""


def enter_record(connection: Connection, record: StockRecord, codes: Sequence[str]) -> None:
    """Keep a record that was not there when this transaction looked, with the packs that it names.

    Raises:
        StoreContentionError: Another worker entered it meanwhile; the caller starts again.
    """
    bulk.claim(connection, stock_record, [_RECORDS.row(record)])
    named = [StockCode(record.id, n, code) for n, code in enumerate(codes)]
    bulk.insert_all(connection, stock_code, _CODES.rows(named))


def find_rows_of_sale(
    connection: Connection, beside: StockRecord, codes: Collection[str], *, most: int
) -> Sequence[RowOfSale]:
    """Return rows of the same sale (`document`) that name one of these packs, or of which one alone names packs at all.

    The latter are about the same item and batch: the one has codes, and the other has none.
    """
    asked: dict[str, object] = {
        "institution": beside.institution,
        "document": beside.document,
        "own_item": beside.own_item,
        "batch": beside.batch,
        "most": most,
    }
    if codes:
        rows = connection.execute(_WITH_THESE_CODES_OR_NONE, asked | {"codes": sorted(codes)})
    else:
        rows = connection.execute(_WITH_ANY_CODE, asked)
    return [RowOfSale(*one[:4], COUNT.amount(one[4]), one[5]) for one in rows]


def find_returned(connection: Connection, institution: str, codes: Collection[str]) -> dict[tuple[str, str], Decimal]:
    """Return, by record of the sale and pack, how much an institution has reported as come back."""
    back: dict[tuple[str, str], Decimal] = {}
    wanted = sorted(codes)
    for start in range(0, len(wanted), _CODES_AT_ONCE):
        asked = {"institution": institution, "codes": wanted[start : start + _CODES_AT_ONCE]}
        for code, fields, count_e4 in connection.execute(_RETURNED, asked):
            place = str(json.loads(fields).get(OF_RECORD)), str(code)
            back[place] = back.get(place, Decimal(0)) + COUNT.amount(count_e4)
    return back


def find_sales_of_packs(connection: Connection, institution: str, codes: Collection[str]) -> Sequence[StockRecord]:
    """Return the sales that an institution uploaded of any of these packs, in the order of arrival."""
    if not codes:
        return ()
    return _RECORDS.records(connection.execute(_SOLD_WITH, {"institution": institution, "codes": sorted(codes)}))


def lock_record(connection: Connection, record: str) -> StockRecord | None:
    """Return a record, kept from other writers until the transaction ends."""
    row = connection.execute(select(stock_record).where(stock_record.c.id == record).with_for_update()).first()
    return None if row is None else _RECORDS.record(row)


def lock_settlement(connection: Connection, setl_id: str) -> None:
    """Keep a settlement from being cancelled, and others from uploading against it, until the transaction ends."""
    connection.execute(select(settlement.c.setl_id).where(settlement.c.setl_id == setl_id).with_for_update()).first()


def delete_record(connection: Connection, record: StockRecord, at: datetime) -> StockRecord | None:
    """Take a record back; None if somebody else has done so meanwhile."""
    found = stock_record.c
    gone = update(stock_record).where(found.id == record.id, found.deleted_us.is_(None)).values(deleted_us=micros(at))
    return replace(record, deleted_at=at) if connection.execute(gone).rowcount else None


def find_records_of_code(connection: Connection, code: str, *, limit: int) -> Sequence[StockRecord]:
    """Return what any institution reported about a pack and has not taken back, in the order of arrival."""
    naming = select(stock_code.c.record).where(stock_code.c.code == code)
    asked = select(stock_record).where(stock_record.c.id.in_(naming), stock_record.c.deleted_us.is_(None))
    ordered = asked.order_by(stock_record.c.received_us, stock_record.c.id)
    return _RECORDS.records(connection.execute(ordered.limit(limit)))


def find_records_of_batch(
    connection: Connection, institution: str, own_item: str, batch: str, *, until: datetime
) -> Sequence[StockRecord]:
    """Return all that an institution reported of one batch of an item up to a moment, in order."""
    found = stock_record.c
    asked = select(stock_record).where(
        found.institution == institution,
        found.batch == batch,
        found.own_item == own_item,
        found.happened_us <= micros(until),
        found.deleted_us.is_(None),
    )
    return _RECORDS.records(connection.execute(asked.order_by(found.happened_us, found.received_us, found.id)))


def load_records(connection: Connection, records: Collection[str]) -> dict[str, StockRecord]:
    """Return these records, deleted ones too, by id."""
    rows = bulk.fetch(connection, _RECORDS.columns, stock_record.c.id, records)
    return {record.id: record for record in _RECORDS.records(rows)}
