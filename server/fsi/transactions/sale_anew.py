"""A sale that is told anew because somebody else pays now: the rest after a return, or what was paid in cash before.

A settlement is cancelled whole and what stays is settled anew; a sale that nobody insured is insured later. The packs
have not moved. So a 3505 of such packs, under the sale's own number or of the very person whose settlement was
cancelled, takes them over from the row that told of them first: one sale to the ledger, one quantity in stock, and paid
with the settlement that stands. What the cancellation, or a 3506 of all, had said of their coming back is taken back
with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from codes.words import Words
from server.fsi.desk import Desk
from server.fsi.stock_rows import Row, standing_record
from server.store import settlements, stock, stock_entry
from server.store.settlements import Settlement, SettlementState
from server.store.stock import StockQuery, StockRecord
from server.store.stock_entry import MOVED_TO, OF_RECORD
from server.trace import telling
from server.trace.records import record_of_cancelling

_SALE, _RETURN = "3505", "3506"
_MOST = 1_000


def is_void(desk: Desk, row: Row, standing: StockRecord) -> bool:
    """Tell whether a record of the same sale holds no more: who paid by it does not, and `row` names who does."""
    setl_id = row.text("setl_id") or None
    if standing.setl_id == setl_id:
        return False
    paid = _settlement(desk, standing.setl_id)
    if paid is not None and paid.state is SettlementState.ACTIVE:
        return False
    was = {standing.document, str(standing.fields.get("stoout_no") or ""), paid.sale_number if paid else ""} - {""}
    if setl_id is None:
        return bool(was & _numbers(row))
    pays = _settlement(desk, setl_id)
    if pays is None or pays.institution != standing.institution or standing.psn_no not in {None, pays.psn_no}:
        return False
    # A till may count its receipts anew each day: where no code says which packs are meant, they do not tell it.
    if was & ({pays.sale_number} | (_numbers(row) if row.keys else set())):
        return True
    is_whole = not (standing.is_split or row.said.flag("trdn_flag"))
    return bool(row.keys and is_whole and paid and standing.psn_no) and _is_out(desk, row, standing)


def void_rows(desk: Desk, row: Row, place: str) -> Sequence[StockRecord]:
    """Return the rows whose packs this one takes over, kept from other writers until the transaction ends."""
    if row.keys:
        found = stock_entry.find_sales_of_packs(desk.connection, row.institution, row.keys)
    else:
        query = StockQuery(
            row.institution,
            (_SALE,),
            batch=row.text("fixmedins_bchno"),
            own_item=row.text("fixmedins_hilist_id"),
            document=row.text("rtal_docno"),
        )
        found = stock.find_stock_records(desk.connection, query, limit=_MOST)
    void = [one for one in found if one.id != place and is_void(desk, row, one)]
    locked = (stock_entry.lock_record(desk.connection, one.id) for one in void)
    return [one for one in locked if one is not None and one.deleted_at is None]


def take_over(desk: Desk, row: Row, void: Sequence[StockRecord], by: StockRecord) -> list[Words]:
    """Move packs from the rows that hold no more to the one that is about to be entered; return what to tell."""
    told: list[Words] = []
    wanted = by.count
    listed = stock.load_stock_codes(desk.connection, [one.id for one in void])
    for one in void:
        codes = [code for code in listed[one.id] if code in row.keys]
        if bool(listed[one.id]) != bool(row.keys):
            continue
        moved = _moved(desk, one, codes, by, wanted)
        wanted -= moved
        if moved:
            told.append(_words(row, one, moved))
    return told


def _is_out(desk: Desk, row: Row, standing: StockRecord) -> bool:
    """Tell whether no pack of a row has come back from another one: it never left the person who had it then."""
    back = stock_entry.find_returned(desk.connection, row.institution, row.keys)
    return not any((standing.id, key) in back for key in row.keys)


def _moved(desk: Desk, was: StockRecord, codes: Sequence[str], by: StockRecord, wanted: Decimal) -> Decimal:
    """Take packs off a row; return how many of them, or units, were still out by it."""
    backs = _returns_of(desk, was)
    named = stock.load_stock_codes(desk.connection, [one.id for one in backs])
    is_counted = was.is_split or not codes
    rest = was.count - sum((one.count for one in backs), Decimal(0))
    gone = {code for back in backs for code in named[back.id]}
    out = [*codes] if is_counted and rest > 0 else [code for code in codes if code not in gone]
    _forget_returns(desk, backs, named, {*codes} - {*out})
    if was.setl_id is not None:
        telling.take_back(desk.connection, record_of_cancelling(was.setl_id), codes, desk.now)
    count = min(rest, wanted) if is_counted else Decimal(len(out))
    if count > 0:
        _enter_move(desk, was, by, out, count)
    return max(count, Decimal(0))


def _forget_returns(
    desk: Desk, backs: Sequence[StockRecord], named: Mapping[str, Sequence[str]], codes: Collection[str]
) -> None:
    """Let the ledger forget that packs came back which are told as sold by the same sale."""
    for back in backs:
        again = [code for code in named[back.id] if code in codes and MOVED_TO not in back.fields]
        telling.take_back(desk.connection, back.id, again, desk.now)


def _enter_move(desk: Desk, was: StockRecord, by: StockRecord, codes: Sequence[str], count: Decimal) -> None:
    """Take a quantity off the row it was told by, as a return does; nothing is told to the ledger."""
    entry = replace(
        was,
        infno=_RETURN,
        count=count,
        happened_at=by.happened_at,
        fields={**was.fields, OF_RECORD: was.id, MOVED_TO: by.id},
        personal_sealed=None,
        msgid=by.msgid,
        received_at=desk.now,
    )
    stock_entry.enter_record(desk.connection, replace(entry, id=_place(desk, entry, by)), codes)


def _place(desk: Desk, entry: StockRecord, by: StockRecord) -> str:
    return standing_record(desk.connection, f"moved|{entry.id}|{by.id}")[1]


def _returns_of(desk: Desk, sale: StockRecord) -> list[StockRecord]:
    query = StockQuery(sale.institution, (_RETURN,), batch=sale.batch, own_item=sale.own_item, document=sale.document)
    found = stock.find_stock_records(desk.connection, query, limit=_MOST)
    return [one for one in found if one.fields.get(OF_RECORD) == sale.id]


def _settlement(desk: Desk, setl_id: str | None) -> Settlement | None:
    return settlements.load_settlement(desk.connection, setl_id) if setl_id else None


def _numbers(row: Row) -> set[str]:
    return {row.text("rtal_docno"), row.text("stoout_no")} - {""}


def _words(row: Row, was: StockRecord, moved: Decimal) -> Words:
    before = (
        Words(f"结算 {was.setl_id} 已撤销", f"{was.setl_id} was cancelled")
        if was.setl_id
        else Words("原为自费", "it was paid by the person")
    )
    return Words(
        f"{row.said.path}：单据 {was.document} 原记录中的 {moved.normalize():f} 改由本次上传（{before.zh}）",
        f"{row.said.path}: {moved.normalize():f} of {was.document} is told by this row from now on ({before.en})",
    )
