"""3506: packs of a sale come back, all or some of them, never more than went out.

The sale is found by what the return names: codes, settlement, sale serial (the receipt's number, the stock-out number
or the record's own, as 3511 tells it), visit serial; item and batch have to be the sale's. A return that is uploaded
again is the same return; with other contents it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from codes.words import Words
from rules.pack_life import Act
from server.errors import StoreContentionError
from server.fsi.desk import Desk
from server.fsi.stock_refusals import CountError, NoSuchSaleError, ReturnedMoreError, TraceCodeError
from server.fsi.stock_repeats import refuse_other_contents
from server.fsi.stock_rows import (
    Kept,
    Row,
    count_of,
    identity,
    record_of,
    refused_code,
    standing_record,
    standing_records,
)
from server.store import settlements, stock, stock_entry
from server.store.settlements import SettlementState
from server.store.stock import StockQuery, StockRecord
from server.store.stock_entry import OF_RECORD
from server.trace import telling
from server.trace.telling import Told

_SALE, _RETURN = "3505", "3506"
_MOST_SALES = 1_000
_COUNT_LABEL = "销售/退货数量"


@dataclass(frozen=True, slots=True)
class _Rest:
    """What of a sale is still out."""

    sale: StockRecord
    count: Decimal
    codes: tuple[str, ...]
    """Packs of it that have not come back; of an opened pack also one of which units are still out."""
    returns: int


def take_back(desk: Desk, row: Row) -> list[Words]:
    """Keep a return and tell the ledger; return what should be known of it.

    Raises:
        StockRefusal: It is not kept.
        StoreContentionError: Sale or return were changed just now: begin again, and it will be found.
    """
    count = count_of(row, "sel_retn_cnt", _COUNT_LABEL)
    sales = _sales_of(desk, row)
    known = _uploaded_before(desk, row, sales)
    if known is not None:
        hours = refuse_other_contents(desk, row, known, moment="sel_retn_time")
        return [Words("此前已上传，未重复记录", "it was uploaded before; kept once"), *hours]
    sale = _meant(desk, row, sales, count)
    place = _place_locked(desk, row, sale)
    _check_sale(row, sale)
    rest = _rest_of(desk, sale)
    codes = _codes_back(row, rest, count)
    record = record_of(
        desk,
        row,
        place,
        Kept(
            count=count,
            at=row.said.moment("sel_retn_time"),
            price=row.said.number_or("finl_trns_pric", None),
            document=sale.document,
            is_split=sale.is_split,
            setl_id=sale.setl_id,
            is_insured=sale.is_insured,
            psn_no=sale.psn_no,
            of_record=sale.id,
        ),
    )
    stock_entry.enter_record(desk.connection, record, codes)
    _tell(desk, record, rest, codes)
    return _notes(desk, row, sale)


def _uploaded_before(desk: Desk, row: Row, sales: Sequence[StockRecord]) -> StockRecord | None:
    """Return this return, if it stands already: whichever of the sales it was taken for then."""
    # A pack that was sold again is another sale: what came back of an earlier one is no answer for this one.
    meant = sales[-1:] if _is_by_code(row) else sales
    standing = standing_records(desk.connection, [_identity(row, sale) for sale in meant])
    return standing[0] if standing else None


def _place_locked(desk: Desk, row: Row, sale: StockRecord) -> str:
    """Return the id that the return will have, and keep others off the sale until the transaction ends."""
    locked = stock_entry.lock_record(desk.connection, sale.id)
    standing, place = standing_record(desk.connection, _identity(row, sale))
    if locked is None or locked.deleted_at is not None or standing is not None:
        raise StoreContentionError(Words("该销售刚被改动", "The sale was changed just now"))
    return place


def _identity(row: Row, sale: StockRecord) -> str:
    """Return what makes two returns of a sale the same: the packs; where these do not tell, the moment."""
    moment = () if _is_by_code(row) else (row.said.moment("sel_retn_time"),)
    return identity(row, sale.id, *moment, packs=row.keys)


def _is_by_code(row: Row) -> bool:
    """Tell whether the packs alone say what came back: of an opened one units may come back several times."""
    return bool(row.packs) and not row.said.flag("trdn_flag")


# -- which sale --------------------------------------------------------------------------------------------------------


def _sales_of(desk: Desk, row: Row) -> list[StockRecord]:
    """Return the sales that may be meant, in the order in which they happened; at least one.

    Raises:
        NoSuchSaleError: There is none.
        TraceCodeError: There are some, and none of them has all of the packs.
    """
    number, setl_id = row.text("medins_prod_sel_no"), _settlement_of(desk, row)
    visit = row.text("mdtrt_sn")
    if not (row.packs or number or setl_id or visit):
        raise NoSuchSaleError(
            Words(
                f"{row.said.path}：请填写追溯码、结算ID（setl_id）或商品销售流水号（medins_prod_sel_no）之一",
                f"{row.said.path}: name the sale by codes, setl_id or medins_prod_sel_no",
            )
        )
    query = StockQuery(
        row.institution,
        (_SALE,),
        batch=row.text("fixmedins_bchno"),
        own_item=row.text("fixmedins_hilist_id"),
        setl_id=setl_id,
        code=row.packs[0].key if row.packs else "",
        # A visit may have been given another serial when the packs came back: it counts where nothing else is said.
        visit_number="" if row.packs or number or setl_id else visit,
    )
    found = list(stock.find_stock_records(desk.connection, query, limit=_MOST_SALES))
    if number:
        found = [one for one in found if number in _numbers_of(one)]
    if row.packs:
        found = _with_codes(desk, row, found)
    if not found:
        raise _no_such_sale(row, number, setl_id)
    # A sale that was told anew may bear the moment of the first row.
    return sorted(found, key=lambda one: (one.happened_at, one.received_at, one.id))


def _meant(desk: Desk, row: Row, sales: Sequence[StockRecord], count: Decimal) -> StockRecord:
    """Return the sale that is meant: of a pack that was sold again the last one, of others one that is still out."""
    if len(sales) == 1 or _is_by_code(row):
        return sales[-1]
    in_order = [*reversed(sales)] if row.packs else sales
    return next((one for one in in_order if _rest_of(desk, one).count >= count), in_order[0])


def _settlement_of(desk: Desk, row: Row) -> str:
    """Return the settlement of the sale; a cancelling one stands for what it cancelled."""
    setl_id = row.text("setl_id")
    found = settlements.load_settlement(desk.connection, setl_id) if setl_id else None
    return (found.cancels or setl_id) if found is not None else setl_id


def _numbers_of(sale: StockRecord) -> set[str]:
    return {sale.id, sale.document, str(sale.fields.get("stoout_no") or "")} - {""}


def _with_codes(desk: Desk, row: Row, sales: Sequence[StockRecord]) -> list[StockRecord]:
    listed = stock.load_stock_codes(desk.connection, [one.id for one in sales])
    found = [one for one in sales if set(row.keys) <= set(listed[one.id])]
    if sales and not found:
        sold = {code for codes in listed.values() for code in codes}
        stray = next((pack for pack in row.packs if pack.key not in sold), row.packs[-1])
        raise refused_code(row.place_of(stray), Words("不在该销售中", "it is not in that sale"))
    return found


def _no_such_sale(row: Row, number: str, setl_id: str) -> NoSuchSaleError:
    named = [("drugtracinfo", row.packs[0].said)] if row.packs else []
    named += [("setl_id", setl_id), ("medins_prod_sel_no", number), ("mdtrt_sn", row.text("mdtrt_sn"))]
    named += [(name, row.text(name)) for name in ("fixmedins_hilist_id", "fixmedins_bchno")]
    told = [f"{name}={value}" for name, value in named if value]
    return NoSuchSaleError(
        Words(
            f"{row.said.path}：找不到要退的销售（{'，'.join(told)}）",
            f"{row.said.path}: there is no such sale ({', '.join(told)})",
        )
    )


# -- how much ----------------------------------------------------------------------------------------------------------


def _check_sale(row: Row, sale: StockRecord) -> None:
    """Let a return pass that is about the person and the item of the sale, opened or not as they were sold.

    Raises:
        CountError: It counts units of opened packs, or packs, and the sale does not.
        NoSuchSaleError: Somebody else bought it, or it was another item.
    """
    path = row.said.path
    if row.said.flag("trdn_flag") != sale.is_split:
        raise CountError(
            Words(f"{path}.trdn_flag（拆零标志）：与销售时不一致", f"{path}.trdn_flag: the sale says otherwise")
        )
    for name, label, sold in (
        ("med_list_codg", "医疗目录编码", sale.item),
        ("psn_no", "人员编号", sale.psn_no or ""),
    ):
        if sold and row.text(name) and row.text(name) != sold:
            raise NoSuchSaleError(
                Words(
                    f"{path}.{name}（{label}）{row.text(name)}：与销售时不一致",
                    f"{path}.{name} {row.text(name)}: the sale says otherwise",
                )
            )


def _rest_of(desk: Desk, sale: StockRecord) -> _Rest:
    query = StockQuery(sale.institution, (_RETURN,), batch=sale.batch, own_item=sale.own_item, document=sale.document)
    came = stock.find_stock_records(desk.connection, query, limit=_MOST_SALES)
    back = [one for one in came if one.fields.get(OF_RECORD) == sale.id]
    codes = stock.load_stock_codes(desk.connection, [sale.id, *(one.id for one in back)])
    gone = {code for one in back for code in codes[one.id]} if not sale.is_split else set()
    count = sale.count - sum((one.count for one in back), Decimal(0))
    return _Rest(sale, count, tuple(code for code in codes[sale.id] if code not in gone), len(back))


def _codes_back(row: Row, rest: _Rest, count: Decimal) -> tuple[str, ...]:
    """Return the packs that come back."""
    path = f"{row.said.path}.sel_retn_cnt"
    for pack in row.packs:
        if pack.key not in rest.codes:
            raise refused_code(row.place_of(pack), Words("此前已退货", "it came back before"))
    if count > rest.count:
        sold, left = f"{rest.sale.count.normalize():f}", f"{rest.count.normalize():f}"
        raise ReturnedMoreError(
            Words(
                f"{path}（{_COUNT_LABEL}）：售出 {sold}，尚可退 {left}，本次退 {count.normalize():f}",
                f"{path}: {sold} were sold, {left} are still out, and these are {count.normalize():f}",
            )
        )
    if not rest.sale.is_split and len(row.packs) > count:
        raise CountError(
            Words(
                f"{path}（{_COUNT_LABEL}）：数量 {count.normalize():f}，追溯码却有 {len(row.packs)} 个",
                f"{path}: {count.normalize():f} packs, but {len(row.packs)} trace codes",
            )
        )
    if row.packs or not rest.codes:
        return row.keys
    if count == rest.count or rest.sale.is_split:
        # All that is out comes back, so it is known which packs these are.
        return rest.codes
    raise TraceCodeError(
        Words(
            f"{row.said.path}.drugtracinfo（药品追溯码信息）：部分退货须写明退的是哪几盒",
            f"{row.said.path}.drugtracinfo: if only some packs come back, say which",
        )
    )


# -- what it means -----------------------------------------------------------------------------------------------------


def _tell(desk: Desk, record: StockRecord, rest: _Rest, codes: Sequence[str]) -> None:
    is_part = record.is_split and (record.count != rest.count or rest.returns > 0)
    told = Told(
        act=Act.RETURNED,
        institution=record.institution,
        documents=(record.document,),
        codes=tuple(codes),
        record=record.id,
        at=record.happened_at,
        units=int(record.count) if is_part else None,
    )
    telling.tell(desk.connection, [told], desk.now)


def _notes(desk: Desk, row: Row, sale: StockRecord) -> list[Words]:
    settled = settlements.load_settlement(desk.connection, sale.setl_id) if sale.setl_id else None
    if settled is None or settled.state is not SettlementState.ACTIVE:
        return []
    return [
        Words(
            f"{row.said.path}：结算 {settled.setl_id} 尚未撤销，医保费用仍未退回",
            f"{row.said.path}: the settlement {settled.setl_id} still stands; what insurance paid was not given back",
        )
    ]
