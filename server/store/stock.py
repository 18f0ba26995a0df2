"""Stock, purchase and sale as institutions report it (3501 to 3506), with the trace codes of each record."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, func, select, update

from server.store import bulk
from server.store.amounts import COUNT
from server.store.records import Records
from server.store.settlement_tables import stock_code, stock_record
from server.store.times import micros


@dataclass(frozen=True, slots=True)
class StockRecord:
    """Something that happened to a batch of an item."""

    id: str
    infno: str
    """3501 taken stock of, 3502 changed, 3503 purchased, 3504 sent back, 3505 sold, 3506 taken back."""
    institution: str
    batch: str
    """`fixmedins_bchno`."""
    item: str
    """`med_list_codg`; empty if none was given."""
    own_item: str
    """`fixmedins_hilist_id`."""
    name: str
    count: Decimal
    price: Decimal | None
    happened_at: datetime
    """As the institution says."""
    change_kind: str
    """`inv_chg_type` of a 3502."""
    lot: str
    expires_day: date | None
    is_prescription: bool
    is_split: bool
    document: str
    """`rtal_docno` of a sale, `medins_prod_sel_no` of a return."""
    visit_number: str
    """`mdtrt_sn`."""
    setl_id: str | None
    psn_no: str | None
    is_insured: bool
    """A sale that an insurance settlement pays."""
    fields: Mapping[str, object]
    """All that was sent of it but what is personal."""
    personal_sealed: bytes | None
    """Names and certificate numbers: sealed JSON."""
    msgid: str
    received_at: datetime
    deleted_at: datetime | None
    """By a 3507."""


@dataclass(frozen=True, slots=True)
class StockCode:
    """A trace code of a record."""

    record: str
    n: int
    """Its place: a code may stand there twice."""
    code: str


@dataclass(frozen=True, slots=True)
class StockQuery:
    """Which records somebody asks for; what is empty does not count."""

    institution: str
    infnos: Collection[str]
    begins: datetime | None = None
    ends: datetime | None = None
    """The first moment after it."""
    batch: str = ""
    item: str = ""
    own_item: str = ""
    setl_id: str = ""
    psn_no: str = ""
    document: str = ""
    visit_number: str = ""
    code: str = ""
    """A trace code that the record must name."""
    record: str = ""
    """The id of the one that is meant."""


_RECORDS = Records(stock_record, StockRecord)
_CODES = Records(stock_code, StockCode)


def add_stock_records(connection: Connection, records: Sequence[StockRecord], codes: Sequence[StockCode]) -> None:
    """Keep new records and the codes that they name."""
    bulk.insert_all(connection, stock_record, _RECORDS.rows(records))
    bulk.insert_all(connection, stock_code, _CODES.rows(codes))


def load_stock_record(connection: Connection, record: str) -> StockRecord | None:
    """Return one record."""
    row = connection.execute(select(stock_record).where(stock_record.c.id == record)).first()
    return None if row is None else _RECORDS.record(row)


def find_stock_records(
    connection: Connection, query: StockQuery, *, limit: int, after: tuple[datetime, str] | None = None
) -> Sequence[StockRecord]:
    """Return records that were not deleted, in the order in which they happened.

    Args:
        connection: To read with.
        query: Which.
        limit: Most records.
        after: Moment and id of the last record of the page before.
    """
    found = stock_record.c
    asked = _matching(select(stock_record), query)
    if after is not None:
        moment_us, last = micros(after[0]), after[1]
        asked = asked.where((found.happened_us > moment_us) | ((found.happened_us == moment_us) & (found.id > last)))
    return _RECORDS.records(connection.execute(asked.order_by(found.happened_us, found.id).limit(limit)))


def find_sold_to(connection: Connection, psn_no: str, *, begins: datetime, ends: datetime) -> Sequence[StockRecord]:
    """Return the sales that name a person, anywhere, from `begins` until before `ends`."""
    found = stock_record.c
    asked = select(stock_record).where(
        found.psn_no == psn_no,
        found.infno == "3505",
        found.happened_us >= micros(begins),
        found.happened_us < micros(ends),
        found.deleted_us.is_(None),
    )
    return _RECORDS.records(connection.execute(asked.order_by(found.happened_us, found.id)))


def sum_counts(connection: Connection, query: StockQuery) -> dict[str, Decimal]:
    """Return how much each kind of record comes to."""
    found = stock_record.c
    asked = _matching(select(found.infno, func.sum(found.count_e4)), query).group_by(found.infno)
    return {infno: COUNT.amount(int(total)) for infno, total in connection.execute(asked)}


def _matching(asked: Select[Any], query: StockQuery) -> Select[Any]:
    found = stock_record.c
    asked = asked.where(
        found.institution == query.institution, found.infno.in_(query.infnos), found.deleted_us.is_(None)
    )
    for column, wanted in (
        (found.batch, query.batch),
        (found.item, query.item),
        (found.own_item, query.own_item),
        (found.setl_id, query.setl_id),
        (found.psn_no, query.psn_no),
        (found.document, query.document),
        (found.visit_number, query.visit_number),
        (found.id, query.record),
    ):
        if wanted:
            asked = asked.where(column == wanted)
    if query.begins is not None:
        asked = asked.where(found.happened_us >= micros(query.begins))
    if query.ends is not None:
        asked = asked.where(found.happened_us < micros(query.ends))
    if query.code:
        asked = asked.where(found.id.in_(select(stock_code.c.record).where(stock_code.c.code == query.code)))
    return asked


def load_stock_codes(connection: Connection, records: Collection[str]) -> dict[str, list[str]]:
    """Return the codes of records, in the order in which they were named."""
    found: dict[str, list[str]] = {record: [] for record in records}
    rows = bulk.fetch(connection, _CODES.columns, stock_code.c.record, records)
    for one in sorted(_CODES.records(rows), key=lambda code: code.n):
        found[one.record].append(one.code)
    return found


def delete_stock_records(connection: Connection, institution: str, batch: str, infno: str, at: datetime) -> int:
    """Take back what an institution said of a batch; return how many records that were."""
    found = stock_record.c
    gone = update(stock_record).where(
        found.institution == institution, found.batch == batch, found.infno == infno, found.deleted_us.is_(None)
    )
    return connection.execute(gone.values(deleted_us=micros(at))).rowcount
