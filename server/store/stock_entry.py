"""Entering a stock record once, taking it back once, and finding records by the packs that they name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select, update

from server.store import bulk
from server.store.fsi_tables import settlement, stock_code, stock_record
from server.store.records import Records
from server.store.stock import StockCode, StockRecord
from server.store.times import micros

_RECORDS = Records(stock_record, StockRecord)
_CODES = Records(stock_code, StockCode)


def enter_record(connection: Connection, record: StockRecord, codes: Sequence[str]) -> None:
    """Keep a record that was not there when this transaction looked, with the packs that it names.

    Raises:
        StoreContentionError: Another worker entered it meanwhile; the caller starts again.
    """
    bulk.claim(connection, stock_record, [_RECORDS.row(record)])
    named = [StockCode(record.id, n, code) for n, code in enumerate(codes)]
    bulk.insert_all(connection, stock_code, _CODES.rows(named))


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
