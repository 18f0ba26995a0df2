"""3501 to 3504: stock taken, changed, purchased, sent back.

Each row is kept once, whatever the number of messages that bring it; with other contents it is refused. Its codes are
told to the ledger as far as the kind of the row says what was done to each pack; the code of a carton is kept with the
row and is no pack. Of 3501A all rows are kept or none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from codes.words import Words
from rules.pack_life import Act
from rules.stock import CHANGE_KINDS
from server.fsi.batches import quantity_of
from server.fsi.desk import Deeds, Desk, Output, writing
from server.fsi.stock_asked import LAST_MOMENT
from server.fsi.stock_refusals import RecordDiffersError, ReturnedMoreError, StockRefusal
from server.fsi.stock_repeats import refuse_other_contents, refuse_other_packs, says_the_same
from server.fsi.stock_rows import (
    Kept,
    Row,
    count_of,
    end_of_day,
    identity,
    newest_record,
    raw_rows,
    read_row,
    record_of,
    small_packs,
    standing_record,
)
from server.fsi.transactions import stock_deletions, stock_queries
from server.store import stock, stock_entry
from server.store.stock import StockQuery, StockRecord
from server.trace import telling
from server.trace.telling import Told
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.values import BEIJING

_TAKEN, _CHANGED, _PURCHASED, _SENT_BACK = "3501", "3502", "3503", "3504"
_MOST_BESIDE = 1_000
_SECOND = timedelta(seconds=1)
_GIFT = "prod_geay_flag"
_COUNT_LABEL = "采购/退货数量"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a row comes to."""

    kept: Kept
    key: tuple[object, ...]
    """What tells it from another row of the same item and batch: of what has an hour, besides its packs."""
    act: Act | None
    document: str
    has_hour: bool = True
    """False of a stock-taking: it has a day, on which it may be done again."""


_Read = Callable[[Desk, Row], _Said]


def take_stock(desk: Desk, request: Request, message: Message) -> Output:
    """Keep how much was counted."""
    return _keep_all(desk, _TAKEN, request, (message.one("invinfo"),), _counted)


def take_stock_many(desk: Desk, request: Request, message: Message) -> Output:
    """Keep how much was counted of many batches, or nothing.

    Raises:
        RecordDiffersError: Of one batch two quantities are told.
    """
    rows = message.many("invinfoDetail")
    _refuse_two_quantities(rows)
    return _keep_all(desk, _TAKEN, request, rows, _counted)


def change(desk: Desk, request: Request, message: Message) -> Output:
    """Keep that stock changed by other means than buying and selling."""
    return _keep_all(desk, _CHANGED, request, (message.one("invinfo"),), _changed)


def purchase(desk: Desk, request: Request, message: Message) -> Output:
    """Keep a purchase."""
    return _keep_all(desk, _PURCHASED, request, (message.one("purcinfo"),), _purchased)


def send_back(desk: Desk, request: Request, message: Message) -> Output:
    """Keep that goods went back to their supplier."""
    return _keep_all(desk, _SENT_BACK, request, (message.one("purcinfo"),), _sent_back)


def _refuse_two_quantities(rows: Sequence[Record]) -> None:
    told: dict[tuple[object, ...], Record] = {}
    for row in rows:
        batch = row.text("fixmedins_bchno")
        first = told.setdefault((row.text("fixmedins_hilist_id"), batch, row.day("invdate")), row)
        was, now = first.number("inv_cnt"), row.number("inv_cnt")
        if was != now:
            raise RecordDiffersError(
                Words(
                    f"{row.path}.inv_cnt（库存数量）{now:f}：同一批次 {batch} 在 {first.path} 为 {was:f}，请合计为一行",
                    f"{row.path}.inv_cnt {now:f}: {first.path} tells {was:f} of the same batch {batch}; add them up",
                )
            )


# -- keeping -----------------------------------------------------------------------------------------------------------


def _keep_all(desk: Desk, infno: str, request: Request, rows: Sequence[Record], read: _Read) -> Output:
    refused: list[StockRefusal] = []
    for said, raw in zip(rows, raw_rows(request, len(rows)), strict=True):
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


def _keep(desk: Desk, row: Row, read: _Read) -> None:
    said = read(desk, row)
    is_known, place = _known(desk, row, said)
    if is_known:
        desk.warn(
            Words(
                f"{row.said.path}：此前已上传，未重复记录", f"{row.said.path}: it was uploaded before and is kept once"
            )
        )
        return
    if row.infno == _SENT_BACK:
        _refuse_more_than_there(desk, row, said.kept.count)
    record = record_of(desk, row, place, said.kept)
    stock_entry.enter_record(desk.connection, record, row.keys)
    _tell(desk, row, record, said)


def _known(desk: Desk, row: Row, said: _Said) -> tuple[bool, str]:
    """Tell whether the row was uploaded before; return also the id that it has, or will have.

    Raises:
        RecordDiffersError: It was, with other contents.
    """
    if not said.has_hour:
        # Counted again on the same day it is another count, also if it comes to what an earlier one came to.
        newest, place = newest_record(desk.connection, identity(row, *said.key, packs=()))
        return newest is not None and says_the_same(desk, row, newest), place
    standing, place = standing_record(desk.connection, identity(row, *said.key, packs=row.keys))
    if standing is not None:
        refuse_other_contents(desk, row, standing)
    else:
        refuse_other_packs(desk, row, _at_the_same_moment(desk, row, said))
    return standing is not None, place


def _at_the_same_moment(desk: Desk, row: Row, said: _Said) -> Sequence[StockRecord]:
    """Return records that differ from the row by their packs alone, as far as number and moment tell."""
    at = said.kept.at
    query = StockQuery(
        row.institution,
        (row.infno,),
        begins=at,
        ends=at + min(_SECOND, LAST_MOMENT - at),
        batch=row.text("fixmedins_bchno"),
        own_item=row.text("fixmedins_hilist_id"),
    )
    found = stock.find_stock_records(desk.connection, query, limit=_MOST_BESIDE)
    told = said.kept.document, said.kept.change_kind, row.said.flag(_GIFT)
    return [one for one in found if (one.document, one.change_kind, one.fields.get(_GIFT) == "1") == told]


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
    return _Said(Kept(count, at), (day,), Act.STOCKTAKEN, row.text("fixmedins_bchno"), has_hour=False)


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
    return _Said(kept, (kind, at), known.act if known is not None else None, row.text("fixmedins_bchno"))


def _purchased(desk: Desk, row: Row) -> _Said:
    del desk
    kept = _traded(row, row.text("dynt_no"))
    # What is given with a purchase may come with the same note, at the same time.
    return _Said(
        kept,
        (kept.document, kept.at, row.said.flag(_GIFT)),
        Act.RECEIVED,
        row.text("dynt_no") or row.text("fixmedins_bchno"),
    )


def _sent_back(desk: Desk, row: Row) -> _Said:
    del desk
    kept = _traded(row, row.text("purc_invo_no"))
    return _Said(kept, (kept.document, kept.at), Act.TRANSFERRED, kept.document)


def _traded(row: Row, document: str) -> Kept:
    at = row.said.moment("purc_retn_stoin_time")
    count = count_of(row, "purc_retn_cnt", _COUNT_LABEL)
    return Kept(count, at, price=row.said.number_or("finl_trns_pric", None), document=document)


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


TRANSACTIONS: Deeds = {
    "3501": writing(take_stock, is_open_suspended=True),
    "3501A": writing(take_stock_many, is_open_suspended=True),
    "3502": writing(change, is_open_suspended=True),
    "3503": writing(purchase, is_open_suspended=True),
    "3504": writing(send_back, is_always_open=True),
    **stock_deletions.TRANSACTIONS,
    **stock_queries.TRANSACTIONS,
}
