"""What the transactions of outpatients and of stays share: how they read lines and diagnoses, and how they answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.benefits.case import OUTSIDE_CATALOGUE
from server.fsi.desk import Desk, Output
from server.fsi.transactions.reversers import caller_of
from server.settlement.answers import cancel_output, settlement_output
from server.settlement.charging import Charged, charge
from server.settlement.errors import ReversalError
from server.settlement.late_lines import remarks_on_late_lines
from server.settlement.practitioners import doubtful_doctors
from server.settlement.sale import Credential, SaleLine, SoldCode, trimmed
from server.settlement.settled import Settled, found_cancelled, found_settled
from server.settlement.visit_errors import DiagnosisError, VisitError
from server.settlement.visit_sales import Asked
from server.settlement.visiting import CalledVisit, find_locked
from server.store import insured, settlements, visits
from server.store.fsi_messages import Message as KeptMessage
from server.store.settlements import Settlement
from server.store.visits import Diagnosis, FeeLine, Visit, VisitKind
from wire.fsi.areas import Area
from wire.fsi.envelope import Request
from wire.fsi.record import Message, Record
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import read_settled_codes

_OTHER_KIND: Final = "14"
"""`med_chrgitm_type` of what no list holds: other."""
_WHOLE: Final = Decimal(1)
_SPLIT: Final = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
"""Amounts that a settlement repeats from the answers about its lines."""
_NOT_VALID: Final = "0"


def called_visit(request: Request, said: Record) -> CalledVisit:
    """Return which visit a record names."""
    return CalledVisit(request.institution, said.text("mdtrt_id"), said.text("psn_no"))


def read_credential(said: Record) -> Credential:
    """Return what the person showed."""
    return Credential(said.text("mdtrt_cert_type"), said.text("mdtrt_cert_no"))


def read_asked(desk: Desk, request: Request, message: Message, said: Record) -> Asked:
    """Return what a settlement or its trial states, apart from the visit."""
    return Asked(
        by=caller_of(desk, request),
        psn_no=said.text("psn_no"),
        credential=read_credential(said),
        insutype=said.text("insutype"),
        insured_district=request.insured_district,
        total=said.number("medfee_sumamt"),
        uses_account=said.flag("acct_used_flag"),
        invoice=said.text_or("invono", ""),
        codes=tuple(
            SoldCode(one.code, one.fee_line, is_split=one.is_split, smallest_unit=one.unit)
            for one in read_settled_codes(message)
        ),
    )


# -- lines -------------------------------------------------------------------------------------------------------------


def upload_lines(desk: Desk, request: Request, message: Message, kind: VisitKind) -> Output:
    """Keep the fee lines of a visit (2204, 2301), and answer how each of them splits."""
    rows = message.many("feedetail")
    named = {(one.text("mdtrt_id"), one.text("psn_no")) for one in rows}
    if len(named) != 1:
        raise VisitError(
            Words(
                "一个报文只能上传一次就诊（mdtrt_id、psn_no 一致）的明细",
                "One message holds the lines of one visit (mdtrt_id, psn_no)",
            )
        )
    visit = find_locked(desk.connection, called_visit(request, rows[0]), kind)
    place = (desk.institution, desk.parts.settlements.ground)
    lines = [read_line(one) for one in rows]
    found = charge(desk.connection, visit, lines, caller_of(desk, request), place)
    _warn_of_repeated(desk, lines, found)
    new = {one.line.feedetl_sn for one in found if not one.is_found}
    fresh = [one for one in lines if one.serial in new]
    for doubtful in doubtful_doctors(desk.connection, fresh, desk.institution):
        told = doubtful.words
        desk.warn(Words(f"{told.zh}，结算时将被拒绝", f"{told.en}; its settlement would be refused"))
    for late in remarks_on_late_lines(visit, fresh, desk.parts.settlements.ground, caller_of(desk, request)):
        desk.warn(late)
    for one in found:
        if one.line.charged_at < visit.begins_at:
            serial = one.line.feedetl_sn
            desk.warn(
                Words(f"明细 {serial} 的费用早于就诊开始时间", f"the fee of line {serial} arose before the visit")
            )
    return {"result": [line_output(one) for one in found]}


def _warn_of_repeated(desk: Desk, lines: Sequence[SaleLine], found: Sequence[Charged]) -> None:
    """Say which lines were kept once although they came more often: two fees under one serial would be one."""
    repeated = sum(one.is_found for one in found)
    if repeated:
        desk.warn(
            Words(f"{repeated} 条明细此前已上传，未重复记录", f"{repeated} lines were uploaded before; kept once")
        )
    for serial, times in Counter(line.serial for line in lines).items():
        if times > 1:
            desk.warn(
                Words(
                    f"明细 {serial} 在报文中出现 {times} 次且内容相同，只记一条",
                    f"line {serial} is there {times} times with the same contents; kept once",
                )
            )


def read_line(one: Record) -> SaleLine:
    """Return a fee line as it is stated."""
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
        is_from_outside=one.flag("rx_circ_flag") if "rx_circ_flag" in one else False,
        days=one.number_or("prd_days", None),
        sent=one.as_json(),
    )


def line_output(one: Charged) -> Output:
    """Return how a line splits, by the interface's names."""
    line, item = one.line, one.priced.item
    told: dict[str, object] = {
        "feedetl_sn": line.feedetl_sn,
        "det_item_fee_sumamt": line.amount,
        "cnt": trimmed(line.count),
        "pric": trimmed(line.price),
        # The field is required, and a line without a limit is not above it.
        "pric_uplmt_amt": trimmed(line.price if line.price_limit is None else line.price_limit),
        "selfpay_prop": _WHOLE if line.charge_class == OUTSIDE_CATALOGUE else trimmed(line.pays_first),
        "fulamt_ownpay_amt": line.outside,
        "overlmt_amt": line.over_limit,
        "preselfpay_amt": line.first,
        "inscp_scp_amt": line.in_scope,
        "chrgitm_lv": line.charge_class,
        "med_chrgitm_type": line.charge_kind or _OTHER_KIND,
        "hi_nego_drug_flag": "1" if item is not None and item.is_negotiated else "0",
        "lmt_used_flag": item.fields.get("lmt_used_flag") or "0" if item is not None else "0",
    }
    return told | ({"memo": one.priced.memo.zh} if one.priced.remarks else {})


# -- diagnoses ---------------------------------------------------------------------------------------------------------


def read_diagnoses(mdtrt_id: str, moment: str, rows: Sequence[Record], main: str = "") -> list[Diagnosis]:
    """Return diagnoses in their order; the main one is the one that is named, or else the first.

    Raises:
        DiagnosisError: None of them is valid.
    """
    ordered = sorted(rows, key=lambda one: one.number("diag_srt_no"))
    valid = [one for one in ordered if one.text("vali_flag") != _NOT_VALID]
    if not valid:
        raise DiagnosisError(
            Words(
                "diseinfo（诊断信息）没有有效诊断（vali_flag=1）",
                "diseinfo holds no diagnosis that is valid (vali_flag 1)",
            )
        )
    named = next((one for one in valid if one.text("diag_code") == main), valid[0])
    return [
        Diagnosis(
            mdtrt_id=mdtrt_id,
            moment=moment,
            n=n,
            diag_type=one.text("diag_type"),
            code=one.text("diag_code"),
            name=one.text("diag_name"),
            is_main=one is named,
            doctor=one.text("dise_dor_no"),
            fields=one.as_json(),
        )
        for n, one in enumerate(ordered, start=1)
    ]


# -- answers -----------------------------------------------------------------------------------------------------------


def answer_settled(desk: Desk, infno: str, settled: Settled) -> Output:
    """Return the output of a settlement or of its trial."""
    if settled.is_found:
        desk.warn(found_settled(settled))
    for one in settled.remarks:
        desk.warn(one)
    for serial, memo in settled.memos.items():
        desk.warn(Words(f"明细 {serial}：{memo.zh}", f"line {serial}: {memo.en}"))
    return tabled(settlement_output(settled, infno, desk.area, desk.parts.sealer), infno, desk.area)


def answer_cancelled(desk: Desk, infno: str, cancelled: Settled) -> Output:
    """Return the output of a cancellation."""
    if cancelled.is_found:
        desk.warn(found_cancelled(cancelled))
    return tabled(cancel_output(cancelled, infno, desk.area), infno, desk.area)


def tabled(output: Output, infno: str, area: Area) -> Output:
    """Return the part of an output that the table of a transaction has."""
    found: dict[str, object] = {}
    for node in transaction(infno, area).output:
        names = {field.name for field in node.fields}
        held = output.get(node.name)
        if isinstance(held, Mapping):
            found[node.name] = {name: value for name, value in held.items() if name in names}
        elif isinstance(held, Sequence) and not isinstance(held, str):
            found[node.name] = [{name: value for name, value in row.items() if name in names} for row in held]
    return found


def compare_split(desk: Desk, said: Record, settled: Settled) -> None:
    """Tell the sender which of the amounts that it repeats are not those of the settlement."""
    for name in _SPLIT:
        stated, reckoned = said.number_or(name, None), getattr(settled.record, name)
        if stated is not None and stated != reckoned:
            desk.warn(
                Words(
                    f"{name} 报文为 {stated:.2f}，中心计算为 {reckoned:.2f}，以中心为准",
                    f"{name} is {stated:.2f} in the message and {reckoned:.2f} as reckoned, which counts",
                )
            )


def refuse_settled_trial(setl_id: str | None) -> VisitError:
    """Return the refusal of a trial of what is settled."""
    return VisitError(
        Words(
            f"该批费用已结算（setl_id {setl_id}），无需预结算", f"These lines are settled already (setl_id {setl_id})"
        ),
        next_step=Words("查询请用 5203；要重新结算请先撤销该结算。", "Ask with 5203; to settle anew, cancel it first."),
    )


# -- reversal ----------------------------------------------------------------------------------------------------------


def locked_settlement(desk: Desk, done: KeptMessage) -> Settlement:
    """Return the settlement that a message is about, as it is once its person is locked."""
    if done.psn_no:
        insured.lock_person(desk.connection, done.psn_no)
    record = settlements.load_settlement(desk.connection, done.setl_id or "")
    assert record is not None  # noqa: S101 - an answered settlement or cancellation names its settlement
    return record


def visit_of_message(desk: Desk, done: KeptMessage) -> Visit:
    """Return the visit that a message is about, as it is once its person is locked.

    Raises:
        ReversalError: The message made none.
    """
    if done.psn_no:
        insured.lock_person(desk.connection, done.psn_no)
    visit = visits.load_visit(desk.connection, done.mdtrt_id or "")
    if visit is None:
        raise ReversalError(Words(f"报文 {done.msgid} 没有就诊", f"The message {done.msgid} made no visit"))
    return visit


def first_settled(lines: Sequence[FeeLine]) -> str | None:
    """Return the settlement that stands on lines."""
    return next((one.setl_id for one in lines if one.setl_id is not None), None)
