"""3506: packs of a sale come back, all or some of them, never more than went out.

The sale is found by what the return names: codes, settlement, sale serial (the receipt's number, the stock-out number
or the record's own, as 3511 tells it), visit serial; item and batch have to be the sale's. A return that is uploaded
again is the same return.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from codes.words import Words
from rules.pack_life import Act
from server.fsi.desk import Desk
from server.fsi.stock_refusals import CountError, NoSuchSaleError, ReturnedMoreError, TraceCodeError
from server.fsi.stock_rows import Kept, Row, count_of, identity, record_of, refused_code, standing_record
from server.store import settlements, stock, stock_entry
from server.store.settlements import SettlementState
from server.store.stock import StockQuery, StockRecord
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
    """
    count = count_of(row, "sel_retn_cnt", _COUNT_LABEL)
    sale = _sale_of(desk, row)
    stock_entry.lock_record(desk.connection, sale.id)
    standing, place = standing_record(desk.connection, _identity(row, sale, count))
    if standing is not None:
        return [Words("此前已上传，未重复记录", "it was uploaded before; kept once")]
    _check_split(row, sale)
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


def _identity(row: Row, sale: StockRecord, count: Decimal) -> str:
    """Return what makes two returns the same; without codes, and of opened packs, time and quantity tell them apart."""
    is_by_code = bool(row.packs) and not sale.is_split
    return identity(row, sale.id, *(() if is_by_code else (count.normalize(), row.said.moment("sel_retn_time"))))


# -- which sale --------------------------------------------------------------------------------------------------------


def _sale_of(desk: Desk, row: Row) -> StockRecord:
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
    elif len(found) > 1:
        # Rows without codes: the first of which enough is still out.
        count = row.said.number("sel_retn_cnt")
        found = [one for one in found if _rest_of(desk, one).count >= count] or found
    if not found:
        raise _no_such_sale(row, number, setl_id)
    # Of a pack that was sold, came back and was sold again the last sale is meant.
    return found[-1] if row.packs else found[0]


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
    shown = "，".join(f"{name}={value}" for name, value in named if value)
    return NoSuchSaleError(
        Words(f"{row.said.path}：找不到要退的销售（{shown}）", f"{row.said.path}: there is no such sale ({shown})")
    )


# -- how much ----------------------------------------------------------------------------------------------------------


def _check_split(row: Row, sale: StockRecord) -> None:
    if row.said.flag("trdn_flag") != sale.is_split:
        raise CountError(
            Words(
                f"{row.said.path}.trdn_flag（拆零标志）：与销售时不一致",
                f"{row.said.path}.trdn_flag: the sale says otherwise",
            )
        )


def _rest_of(desk: Desk, sale: StockRecord) -> _Rest:
    query = StockQuery(sale.institution, (_RETURN,), batch=sale.batch, own_item=sale.own_item, document=sale.document)
    came = stock.find_stock_records(desk.connection, query, limit=_MOST_SALES)
    back = [one for one in came if one.fields.get("of_record") == sale.id]
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
