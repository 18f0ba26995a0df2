"""Whether the settlement that an uploaded sale names covers it: whose it is, that it stands, items, quantity, codes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.pack_meant import Pack, pack_meant
from server.fsi.desk import Desk
from server.fsi.stock_refusals import CodesMissingError, SettlementMismatchError
from server.fsi.stock_rows import Row, refused_code
from server.store import settlements, stock, stock_entry
from server.store.settlements import SettledCode, SettledLine, Settlement, SettlementState
from server.store.stock import StockQuery

INSURED, SELF_PAY = "1", "2"
"""`mdtrt_setl_type`."""
CODES_SINCE: Final = date(2025, 7, 1)
"""An insured sale of a pack made since then is not paid without its code; older ones may be in the no-code library."""
_CODED: Final = ("X", "Z")
"""How the national codes of western and of patent medicine begin: their packs bear trace codes."""
_SALE, _RETURN = "3505", "3506"


@dataclass(frozen=True, slots=True)
class Cover:
    """The settlement behind an insured sale, as far as it is about the item of the row."""

    settlement: Settlement
    told: frozenset[str]
    """Packs that travelled with the settlement for this item; empty if it brought none."""
    settled: Decimal
    """How much of the item."""


def cover_of(desk: Desk, row: Row) -> Cover | None:
    """Return the settlement that covers a sale; None if nobody but the person pays it.

    It is kept from being cancelled until the transaction ends.

    Raises:
        SettlementMismatchError: It names none where it has to, or one that does not cover it.
        TraceCodeError: A code differs from those that travelled with the settlement.
        CodesMissingError: It has no codes where it has to.
    """
    kind, setl_id = row.text("mdtrt_setl_type"), row.text("setl_id")
    path = row.said.path
    if kind == SELF_PAY and setl_id:
        raise SettlementMismatchError(
            Words(
                f"{path}.setl_id（结算ID）：自费销售（mdtrt_setl_type=2）不应有结算ID",
                f"{path}.setl_id: a self-pay sale (mdtrt_setl_type 2) has no settlement",
            )
        )
    if not setl_id:
        if kind == INSURED:
            raise SettlementMismatchError(
                Words(
                    f"{path}.setl_id（结算ID）：医保结算（mdtrt_setl_type=1）必填",
                    f"{path}.setl_id is required where mdtrt_setl_type is 1",
                )
            )
        return None
    found = _standing(desk, row, setl_id)
    lines = _lines_of(settlements.load_lines(desk.connection, setl_id), row)
    if not lines:
        item = row.text("med_list_codg") or row.text("fixmedins_hilist_id")
        raise _mismatch(row, "med_list_codg", "医疗目录编码", Words(f"结算中没有 {item}", f"{item} was not settled"))
    told = _told(settlements.load_codes(desk.connection, setl_id), lines)
    _check_codes(row, told)
    return Cover(found, frozenset(told), sum((line.count for line in lines), Decimal(0)))


def check_quantity(desk: Desk, row: Row, cover: Cover, count: Decimal) -> None:
    """Let no more be uploaded than was settled.

    Raises:
        SettlementMismatchError: It is more, with what was uploaded before.
    """
    item = row.text("med_list_codg")
    query = StockQuery(
        row.institution,
        (_SALE, _RETURN),
        setl_id=cover.settlement.setl_id,
        item=item,
        own_item="" if item else row.text("fixmedins_hilist_id"),
    )
    moved = stock.sum_counts(desk.connection, query)
    before = moved.get(_SALE, Decimal(0)) - moved.get(_RETURN, Decimal(0))
    if before + count > cover.settled:
        settled, uploaded, now = (f"{one.normalize():f}" for one in (cover.settled, before, count))
        raise _mismatch(
            row,
            "sel_retn_cnt",
            "销售/退货数量",
            Words(
                f"结算数量 {settled}，此前已上传 {uploaded}，本次 {now}",
                f"{settled} were settled, {uploaded} uploaded before, and these are {now}",
            ),
        )


def _standing(desk: Desk, row: Row, setl_id: str) -> Settlement:
    stock_entry.lock_settlement(desk.connection, setl_id)
    found = settlements.load_settlement(desk.connection, setl_id)
    if found is None or found.institution != row.institution or found.state is SettlementState.CANCELLING:
        # Another institution's settlement is not told from one that does not exist.
        raise _mismatch(
            row,
            "setl_id",
            "结算ID",
            Words(f"本机构没有结算 {setl_id}", f"this institution has no settlement {setl_id}"),
        )
    psn_no = row.text("psn_no")
    if psn_no and psn_no != found.psn_no:
        raise _mismatch(row, "psn_no", "人员编号", Words("与结算的人员不一致", "the settlement is another person's"))
    if found.state is not SettlementState.ACTIVE:
        raise _mismatch(row, "setl_id", "结算ID", Words(f"结算 {setl_id} 已撤销", f"{setl_id} was cancelled"))
    return found


def _check_codes(row: Row, told: dict[str, SettledCode]) -> None:
    if told:
        for pack in row.packs:
            if pack.key not in told:
                raise refused_code(
                    row.place_of(pack), Words("结算时该项目没有这个码", "the settlement did not bring it for this item")
                )
            if told[pack.key].is_split != row.said.flag("trdn_flag"):
                raise refused_code(
                    row.place_of(pack),
                    Words("trdn_flag（拆零标志）与结算时不同", "the settlement says otherwise in trdn_flag"),
                )
    elif not row.packs and _is_coded(row):
        raise CodesMissingError(
            Words(
                f"{row.said.path}.drugtracinfo（药品追溯码信息）：2025-07-01 起医保结算的药品必须上传追溯码",
                f"{row.said.path}.drugtracinfo: since 2025-07-01 an insured sale of medicine needs its trace codes",
            )
        )


def _is_coded(row: Row) -> bool:
    made = row.said.day_or("manu_date", None)
    return row.text("med_list_codg").startswith(_CODED) and made is not None and made >= CODES_SINCE


def _told(codes: Sequence[SettledCode], lines: Sequence[SettledLine]) -> dict[str, SettledCode]:
    """Return, by key, the packs that came with these lines; those that name no line may belong to any."""
    serials = {line.feedetl_sn for line in lines} | {""}
    meant = ((pack_meant(one.code), one) for one in codes if one.feedetl_sn in serials)
    return {found.key: one for found, one in meant if isinstance(found, Pack)}


def _lines_of(lines: Sequence[SettledLine], row: Row) -> list[SettledLine]:
    item, own_item = row.text("med_list_codg"), row.text("fixmedins_hilist_id")
    by_item = [line for line in lines if item and line.item == item]
    return by_item or [line for line in lines if not item and line.own_item == own_item]


def _mismatch(row: Row, field: str, label: str, why: Words) -> SettlementMismatchError:
    path = f"{row.said.path}.{field}"
    return SettlementMismatchError(Words(f"{path}（{label}）：{why.zh}", f"{path}: {why.en}"))
