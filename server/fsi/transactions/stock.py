"""3501 to 3504 and 3507: stock taken, changed, purchased, sent back; and a record taken back.

Each row is kept once, whatever the number of messages that bring it. Its codes are told to the ledger as far as the
kind of the row says what was done to each pack; the code of a carton is kept with the row and is no pack. Of 3501A all
rows are kept or none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from codes.words import Words
from rules.pack_life import Act
from rules.stock import CHANGE_KINDS
from server.fsi.batches import quantity_of
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.stock_refusals import NotDeletableError, NothingToDeleteError, ReturnedMoreError, StockRefusal
from server.fsi.stock_rows import (
    Kept,
    Row,
    count_of,
    end_of_day,
    identity,
    read_row,
    record_of,
    small_packs,
    standing_record,
)
from server.fsi.transactions import stock_queries
from server.store import stock, stock_entry
from server.store.stock import StockQuery, StockRecord
from server.trace import telling
from server.trace.telling import Told
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.values import BEIJING

_TAKEN, _CHANGED, _PURCHASED, _SENT_BACK, _SOLD, _RETURNED = "3501", "3502", "3503", "3504", "3505", "3506"
_DELETES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"1": (_TAKEN,), "2": (_CHANGED,), "3": (_PURCHASED, _SENT_BACK), "4": (_SOLD, _RETURNED)}
)
"""By `inv_data_type`."""
_MOST_NAMED = 5
_COUNT_LABEL = "采购/退货数量"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row comes to."""

    kept: Kept
    key: tuple[object, ...]
    """What tells it from another row of the same item, batch and packs."""
    act: Act | None
    document: str


_Read = Callable[[Desk, Row], _Said]


def take_stock(desk: Desk, request: Request, message: Message) -> Output:
    """Keep how much was counted."""
    return _keep_all(desk, _TAKEN, request, (message.one("invinfo"),), _counted)


def take_stock_many(desk: Desk, request: Request, message: Message) -> Output:
    """Keep how much was counted of many batches, or nothing."""
    return _keep_all(desk, _TAKEN, request, message.many("invinfoDetail"), _counted)


def change(desk: Desk, request: Request, message: Message) -> Output:
    """Keep that stock changed by other means than buying and selling."""
    return _keep_all(desk, _CHANGED, request, (message.one("invinfo"),), _changed)


def purchase(desk: Desk, request: Request, message: Message) -> Output:
    """Keep a purchase."""
    return _keep_all(desk, _PURCHASED, request, (message.one("purcinfo"),), _purchased)


def send_back(desk: Desk, request: Request, message: Message) -> Output:
    """Keep that goods went back to their supplier."""
    return _keep_all(desk, _SENT_BACK, request, (message.one("purcinfo"),), _sent_back)


def delete(desk: Desk, request: Request, message: Message) -> Output:
    """Take one record back, with what it told the ledger.

    Raises:
        NothingToDeleteError: There is none, or it was deleted before.
        NotDeletableError: Several have the serial, so that it cannot be told which is meant.
    """
    said = message.one("data")
    batch, kind = said.text("fixmedins_bchno"), said.text("inv_data_type")
    query = StockQuery(request.institution, _DELETES[kind], batch=batch)
    found = stock.find_stock_records(desk.connection, query, limit=_MOST_NAMED + 1)
    if len(found) > 1:
        raise NotDeletableError(_several(batch, found))
    gone = stock_entry.delete_record(desk.connection, found[0], desk.now) if found else None
    if gone is None:
        raise NothingToDeleteError(
            Words(
                f"data.fixmedins_bchno（定点医药机构批次流水号）{batch}：没有类型为 {kind} 的记录",
                f"data.fixmedins_bchno {batch}: there is no record of kind {kind}",
            )
        )
    codes = stock.load_stock_codes(desk.connection, [gone.id])[gone.id]
    telling.take_back(desk.connection, gone.id, codes, desk.now)
    return {}


# -- keeping -----------------------------------------------------------------------------------------------------------


def _keep_all(desk: Desk, infno: str, request: Request, rows: Sequence[Record], read: _Read) -> Output:
    refused: list[StockRefusal] = []
    for said, raw in zip(rows, _raw_rows(request, len(rows)), strict=True):
        try:
            _keep(desk, read_row(desk, infno, request, said, raw), read)
        except StockRefusal as refusal:
            refused.append(refusal)
    if len(refused) == 1:
        raise refused[0]
    if refused:
        zh = "；".join(f"[{one.code}] {one.words.zh}" for one in refused)
        raise StockRefusal(Words(zh, "; ".join(f"[{one.code}] {one.words.en}" for one in refused)))
    return {}


def _raw_rows(request: Request, number: int) -> Sequence[object]:
    """Return the rows as they came: codes are taken where the sender puts them, also where no table has a place."""
    nodes = request.input if isinstance(request.input, Mapping) else {}
    for node in nodes.values():
        rows = list(node) if isinstance(node, Sequence) and not isinstance(node, str) else [node]
        if len(rows) == number and all(isinstance(row, Mapping) for row in rows):
            return rows
    return [None] * number


def _keep(desk: Desk, row: Row, read: _Read) -> None:
    said = read(desk, row)
    standing, place = standing_record(desk.connection, identity(row, *said.key))
    if standing is not None:
        desk.warn(
            Words(
                f"{row.said.path}：此前已上传，未重复记录", f"{row.said.path}: it was uploaded before and is kept once"
            )
        )
        return
    record = record_of(desk, row, place, said.kept)
    stock_entry.enter_record(desk.connection, record, row.keys)
    _tell(desk, row, record, said)


def _tell(desk: Desk, row: Row, record: StockRecord, said: _Said) -> None:
    small = {pack.key for pack in small_packs(row)}
    for pack in row.packs:
        if pack.key not in small:
            place = row.place_of(pack)
            desk.warn(
                Words(
                    f"{place.zh}：大包装码，已随记录保存，台账只记小盒",
                    f"{place.en}: a carton; the ledger has packs only",
                )
            )
    if said.act is None or record.is_split or not small:
        return
    product = next((known.product for key in small if (known := row.library.get(key)) and known.product), None)
    told = Told(
        act=said.act,
        institution=row.institution,
        documents=(said.document,),
        codes=tuple(pack.key for pack in row.packs if pack.key in small),
        record=record.id,
        at=record.happened_at,
        product=product.id if product is not None else None,
    )
    telling.tell(desk.connection, [told], desk.now)
    notes = telling.contradictions(desk.connection, told)
    for pack in row.packs:
        if pack.key in notes:
            place, note = row.place_of(pack), notes[pack.key]
            desk.warn(Words(f"{place.zh}：{note.zh}，台账标为冲突", f"{place.en}: {note.en}; it stands as a conflict"))


# -- what each kind says -----------------------------------------------------------------------------------------------


def _counted(desk: Desk, row: Row) -> _Said:
    day = row.said.day("invdate")
    if day > desk.now.astimezone(BEIJING).date():
        raise StockRefusal(
            Words(f"{row.said.path}.invdate（盘存日期）：晚于今天", f"{row.said.path}.invdate lies in the future")
        )
    count = count_of(row, "inv_cnt", "库存数量", may_be_zero=True)
    # Of the day the hour is not told: it was before the message came, and on that day.
    at = min(desk.now, end_of_day(day))
    return _Said(Kept(count, at), (day, count.normalize()), Act.STOCKTAKEN, row.text("fixmedins_bchno"))


def _changed(desk: Desk, row: Row) -> _Said:
    kind = row.text("inv_chg_type")
    known = CHANGE_KINDS.get(kind)
    if known is None:
        desk.warn(
            Words(
                f"{row.said.path}.inv_chg_type（库存变更类型）{kind} 的增减方向未知，"
                "该批次库存数量在下次盘存（3501）前按未知处理",
                f"{row.said.path}.inv_chg_type {kind} is not known here: the quantity of this batch is unknown until "
                "the next 3501",
            )
        )
    count, at = count_of(row, "cnt", "数量"), row.said.moment("inv_chg_time")
    kept = Kept(
        count,
        at,
        price=row.said.number_or("pric", None),
        change_kind=kind,
        is_split=row.said.flag("trdn_flag"),
    )
    return _Said(
        kept, (kind, at, count.normalize()), known.act if known is not None else None, row.text("fixmedins_bchno")
    )


def _purchased(desk: Desk, row: Row) -> _Said:
    del desk
    kept, at = _traded(row, row.text("dynt_no"))
    document = row.text("dynt_no") or row.text("fixmedins_bchno")
    return _Said(kept, (kept.document, at, kept.count.normalize()), Act.RECEIVED, document)


def _sent_back(desk: Desk, row: Row) -> _Said:
    kept, at = _traded(row, row.text("purc_invo_no"))
    said = _Said(kept, (kept.document, at, kept.count.normalize()), Act.TRANSFERRED, kept.document)
    if standing_record(desk.connection, identity(row, *said.key))[0] is None:
        _refuse_more_than_there(desk, row, kept.count)
    return said


def _traded(row: Row, document: str) -> tuple[Kept, datetime]:
    at = row.said.moment("purc_retn_stoin_time")
    count = count_of(row, "purc_retn_cnt", _COUNT_LABEL)
    return Kept(count, at, price=row.said.number_or("finl_trns_pric", None), document=document), at


def _refuse_more_than_there(desk: Desk, row: Row, count: Decimal) -> None:
    own_item, batch = row.text("fixmedins_hilist_id"), row.text("fixmedins_bchno")
    there = quantity_of(desk.connection, row.institution, own_item, batch, until=desk.now)
    if there is not None and count > there:
        raise ReturnedMoreError(
            Words(
                f"{row.said.path}.purc_retn_cnt（{_COUNT_LABEL}）：该批次现有 {there.normalize():f}，"
                f"本次退货 {count.normalize():f}",
                f"{row.said.path}.purc_retn_cnt: {there.normalize():f} of the batch are there, "
                f"and {count.normalize():f} are to go",
            )
        )


def _several(batch: str, found: Sequence[StockRecord]) -> Words:
    named = found[:_MOST_NAMED]
    zh = "、".join(f"{one.infno} {one.document or one.own_item}" for one in named)
    more = "等" if len(found) > _MOST_NAMED else ""
    return Words(
        f"data.fixmedins_bchno（定点医药机构批次流水号）{batch}：不止一条记录使用该流水号（{zh}{more}），无法确定删除哪一条",
        f"data.fixmedins_bchno {batch}: several records have this serial; which one is not said",
    )


TRANSACTIONS: Deeds = {
    "3501": writing(take_stock, is_always_open=True),
    "3501A": writing(take_stock_many, is_always_open=True),
    "3502": writing(change, is_always_open=True),
    "3503": writing(purchase, is_always_open=True),
    "3504": writing(send_back, is_always_open=True),
    "3507": writing(delete, is_always_open=True),
    **stock_queries.TRANSACTIONS,
}
