"""3507: a record of stock or sale is taken back, with what it told the ledger, so that it can be uploaded rightly.

The table knows the serial of the batch and nothing else, and many records may have one. What is meant is never guessed:
it is the only record; or the return of the only sale, since a sale goes only after its return; or the one that `rid` in
`data` names, which the table does not know and 3508 to 3511 tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from codes.words import Words
from server.errors import StoreContentionError
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.stock_asked import beyond_table
from server.fsi.stock_refusals import NotDeletableError, NothingToDeleteError
from server.store import stock, stock_entry
from server.store.stock import StockQuery, StockRecord
from server.store.stock_entry import OF_RECORD
from server.trace import telling
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record

_SALE, _RETURN = "3505", "3506"
_DELETES: Final = MappingProxyType({"1": ("3501",), "2": ("3502",), "3": ("3503", "3504"), "4": (_SALE, _RETURN)})
"""By `inv_data_type`."""
_MOST_NAMED = 5
_MOST_RETURNS = 1_000


def delete(desk: Desk, request: Request, message: Message) -> Output:
    """Take one record back, with what it told the ledger.

    Raises:
        NothingToDeleteError: There is none, or it was deleted before.
        NotDeletableError: It is not said which is meant, or a return rests on it.
        StoreContentionError: Somebody else deleted it just now: begin again.
    """
    meant = _meant(desk, request, message.one("data"))
    stock_entry.lock_record(desk.connection, meant.id)
    _refuse_rested_upon(desk, meant)
    gone = stock_entry.delete_record(desk.connection, meant, desk.now)
    if gone is None:
        raise StoreContentionError(Words("该记录刚被删除", "The record was deleted just now"))
    codes = stock.load_stock_codes(desk.connection, [gone.id])[gone.id]
    telling.take_back(desk.connection, gone.id, codes, desk.now)
    return {}


def _meant(desk: Desk, request: Request, said: Record) -> StockRecord:
    batch, kind = said.text("fixmedins_bchno"), said.text("inv_data_type")
    rid = beyond_table(request, "rid")
    query = StockQuery(request.institution, _DELETES[kind], batch=batch, record=rid)
    found = stock.find_stock_records(desk.connection, query, limit=_MOST_NAMED + 1)
    if not found:
        named = Words(f"，rid {rid}" if rid else "", f", rid {rid}" if rid else "")
        raise NothingToDeleteError(
            Words(
                f"data.fixmedins_bchno（定点医药机构批次流水号）{batch}{named.zh}：没有类型为 {kind} 的记录",
                f"data.fixmedins_bchno {batch}{named.en}: there is no record of kind {kind}",
            )
        )
    free = _not_rested_upon(found)
    if len(free) > 1:
        raise NotDeletableError(_several(batch, found))
    return free[0]


def _not_rested_upon(found: Sequence[StockRecord]) -> Sequence[StockRecord]:
    """Return records but for the sales that others of them give back."""
    given_back = {one.fields.get(OF_RECORD) for one in found}
    return [one for one in found if one.id not in given_back]


def _refuse_rested_upon(desk: Desk, meant: StockRecord) -> None:
    if meant.infno != _SALE:
        return
    query = StockQuery(meant.institution, (_RETURN,), batch=meant.batch, document=meant.document)
    returns = stock.find_stock_records(desk.connection, query, limit=_MOST_RETURNS)
    back = next((one for one in returns if one.fields.get(OF_RECORD) == meant.id), None)
    if back is not None:
        raise NotDeletableError(
            Words(
                f"data.rid（数据唯一记录号）{meant.id}：该销售已有退货记录 {back.id}，请先删除退货记录",
                f"data.rid {meant.id}: the return {back.id} is of this sale; delete it first",
            )
        )


def _several(batch: str, found: Sequence[StockRecord]) -> Words:
    named = "、".join(f"{one.infno} {one.document or one.own_item} {one.id}" for one in found[:_MOST_NAMED])
    more = "等" if len(found) > _MOST_NAMED else ""
    return Words(
        f"data.fixmedins_bchno（定点医药机构批次流水号）{batch}：不止一条记录使用该流水号（{named}{more}），"
        "无法确定删除哪一条",
        f"data.fixmedins_bchno {batch}: several records have this serial; which one is not said",
    )


TRANSACTIONS: Deeds = {"3507": writing(delete, is_always_open=True)}
