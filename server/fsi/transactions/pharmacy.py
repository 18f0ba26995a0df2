"""2101, 2102 and 2103: a pharmacy tries, settles and cancels a sale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from codes.words import Words
from server.fsi.desk import Deeds, Desk, Output, reading, writing
from server.fsi.transactions.extension import read_extension
from server.fsi.transactions.reversers import Reverser, caller_of
from server.settlement.answers import cancel_output, settlement_output
from server.settlement.sale import Caller, Credential, Sale, SaleLine, SoldCode
from server.settlement.settled import Settled, found_cancelled, found_settled
from server.settlement.standing import Called
from server.store import insured, settlements
from server.store.fsi_messages import Message as Kept
from server.store.visits import VisitKind
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.trace_codes import read_settled_codes


def trial(desk: Desk, request: Request, message: Message) -> Output:
    """Answer what a sale would come to (2101)."""
    settled = desk.parts.settlements.trial(desk.connection, read_sale(desk, request, message))
    output = settlement_output(settled, request.infno, desk.area, desk.parts.sealer)
    _remark(desk, settled)
    return output


def settle(desk: Desk, request: Request, message: Message) -> Output:
    """Settle a sale, once (2102)."""
    settled = desk.parts.settlements.settle(desk.connection, read_sale(desk, request, message))
    _remark(desk, settled)
    return settlement_output(settled, request.infno, desk.area, desk.parts.sealer)


def cancel(desk: Desk, request: Request, message: Message) -> Output:
    """Cancel a settlement (2103)."""
    said = message.one("data")
    called = Called(request.institution, said.text("setl_id"), said.text("mdtrt_id"), said.text("psn_no"))
    cancelled = desk.parts.settlements.cancel(
        desk.connection, called, caller_of(desk, request), kind=VisitKind.PHARMACY
    )
    if cancelled.is_found:
        desk.warn(found_cancelled(cancelled))
    return cancel_output(cancelled, request.infno, desk.area)


def read_sale(desk: Desk, request: Request, message: Message) -> Sale:
    """Return the sale that a 2101 or 2102 states."""
    said = message.one("druginfo")
    more = read_extension(said)
    if more.is_damaged:
        desk.warn(
            Words(
                "expContent（字段扩展）不是完整的 JSON 对象，其中的内容（如 stoout_no）未采用",
                "expContent is a damaged JSON object: what stands in it, such as stoout_no, was not taken",
            )
        )
    settled_codes = tuple(
        SoldCode(one.code, one.fee_line, is_split=one.is_split, smallest_unit=one.unit)
        for one in read_settled_codes(message) or more.codes
    )
    return Sale(
        by=caller_of(desk, request),
        psn_no=said.text("psn_no"),
        credential=Credential(said.text("mdtrt_cert_type"), said.text("mdtrt_cert_no"), more.text("card_sn")),
        insutype=said.text("insutype"),
        insured_district=request.insured_district,
        med_type=said.text("med_type"),
        begins=said.moment("begntime"),
        lines=tuple(_line(one) for one in message.many("drugdetail")),
        total=said.number("medfee_sumamt"),
        uses_account=said.flag("acct_used_flag"),
        sale_number=more.text("stoout_no") or more.text("chrg_bchno"),
        codes=settled_codes,
        pharmacist=more.text("phar_code") or more.text("phar_prac_cert_no"),
        disease=said.text_or("dise_codg", ""),
        disease_name=said.text_or("dise_name", ""),
        invoice=said.text_or("invono", ""),
    )


def _line(one: Record) -> SaleLine:
    return SaleLine(
        serial=one.text("feedetl_sn"),
        item=one.text("med_list_codg"),
        own_code=one.text("medins_list_codg"),
        amount=one.number("det_item_fee_sumamt"),
        count=one.number("cnt"),
        price=one.number("pric"),
        at=one.moment("fee_ocur_time"),
        doctor=one.text_or("bilg_dr_codg", ""),
        prescription=one.text_or("rxno", ""),
        is_from_outside=one.flag("rx_circ_flag"),
        days=one.number_or("prd_days", None),
        sent=one.as_json(),
    )


def _remark(desk: Desk, settled: Settled) -> None:
    if settled.is_found:
        desk.warn(found_settled(settled))
    for one in settled.remarks:
        desk.warn(one)
    for serial, memo in settled.memos.items():
        desk.warn(Words(f"明细 {serial}：{memo.zh}", f"line {serial}: {memo.en}"))


def _undo_settlement(desk: Desk, done: Kept, by: Caller) -> None:
    """Undo what a 2102 did."""
    record = _locked(desk, done)
    desk.parts.settlements.reverse_settlement(desk.connection, record, by, kind=VisitKind.PHARMACY)


def _undo_cancellation(desk: Desk, done: Kept, by: Caller) -> None:
    """Undo what a 2103 did: the settlement stands again."""
    desk.parts.settlements.reverse_cancellation(desk.connection, _locked(desk, done), by)


def _locked(desk: Desk, done: Kept) -> settlements.Settlement:
    """Return the settlement that a message is about, as it is once its person is locked."""
    if done.psn_no:
        insured.lock_person(desk.connection, done.psn_no)
    record = settlements.load_settlement(desk.connection, done.setl_id or "")
    assert record is not None  # noqa: S101 - an answered 2102 or 2103 names its settlement
    return record


TRANSACTIONS: Deeds = {
    "2101": reading(trial, is_look_up=True),
    "2102": writing(settle),
    "2103": writing(cancel, is_always_open=True),
}
REVERSERS: Final[Mapping[str, Reverser]] = {"2102": _undo_settlement, "2103": _undo_cancellation}
