"""2201 to 2208: an outpatient is registered, described, charged, tried, settled; and each of it taken back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from codes.words import Words
from rules.benefits.rule_set import RuleSet
from server.fsi.desk import Deeds, Desk, Output, reading, writing
from server.fsi.transactions.reversers import Reverser, caller_of
from server.fsi.transactions.visits import (
    answer_cancelled,
    answer_settled,
    called_visit,
    compare_split,
    first_settled,
    locked_settlement,
    read_asked,
    read_credential,
    read_diagnoses,
    refuse_settled_trial,
    upload_lines,
)
from server.settlement.categories import check_visit_category, unregistered
from server.settlement.charging import check_chargeable, withdraw_batch
from server.settlement.labels import named
from server.settlement.sale import Caller
from server.settlement.sent import without_persons
from server.settlement.standing import Called
from server.settlement.visit_errors import UnknownVisitError
from server.settlement.visit_sales import VisitSale, batch_sale, check_codes, refuse_nothing
from server.settlement.visiting import (
    OUTPATIENT,
    Opening,
    cancel_visit,
    check_come,
    find_locked,
    find_visit,
    lock_person,
    open_visit,
    refused,
    settled_error,
    standing_settlements,
)
from server.store import insured, visits
from server.store.fsi_messages import Message as KeptMessage
from server.store.insured import FactKind
from server.store.visits import Visit, VisitKind, VisitState
from wire.fsi.areas import Channel
from wire.fsi.envelope import Request
from wire.fsi.record import Message
from wire.fsi.values import BEIJING

_KIND: Final = VisitKind.OUTPATIENT
_VISIT: Final = "visit"
_TOLD: Final = "mtdrtinfo"


def register(desk: Desk, request: Request, message: Message) -> Output:
    """Register an outpatient (2201); the same registration again gets the same visit."""
    said = message.one("data")
    opening = Opening(
        by=caller_of(desk, request),
        kind=_KIND,
        psn_no=said.text("psn_no"),
        credential=read_credential(said),
        insutype=said.text("insutype"),
        insured_district=request.insured_district,
        med_type=OUTPATIENT,
        begins=said.moment("begntime"),
        number=said.text("ipt_otp_no"),
        doctor=said.text("atddr_no"),
        disease="",
        disease_name="",
        sent=said.as_json(),
    )
    lock_person(desk.connection, opening.psn_no)
    opened = open_visit(desk.connection, opening, desk.institution, desk.parts.sealer)
    if opened.is_found:
        desk.warn(Words("该挂号此前已登记，返回原就诊ID", "It was registered before; this is that visit"))
    visit = opened.visit
    return {"data": {"mdtrt_id": visit.mdtrt_id, "psn_no": visit.psn_no, "ipt_otp_no": visit.number}}


def cancel_registration(desk: Desk, request: Request, message: Message) -> Output:
    """Cancel a registration (2202); a second time changes nothing."""
    said = message.one("data")
    visit = find_locked(desk.connection, called_visit(request, said), _KIND)
    number = said.text("ipt_otp_no")
    if visit.number != number:
        raise UnknownVisitError(
            Words(
                f"ipt_otp_no（住院/门诊号）{number} 不是就诊 {visit.mdtrt_id} 的",
                f"ipt_otp_no {number} is not that of the visit {visit.mdtrt_id}",
            )
        )
    if visit.state is VisitState.CANCELLED:
        desk.warn(Words("该挂号此前已撤销", "It was cancelled before"))
        return {}
    gone = cancel_visit(desk.connection, visit)
    if gone:
        desk.warn(Words(f"未结算的 {gone} 条明细一并撤销", f"{gone} lines that were not settled went with it"))
    return {}


def describe(desk: Desk, request: Request, message: Message) -> Output:
    """Keep what an outpatient visit is about: category, disease, diagnoses (2203)."""
    said = message.one("mdtrtinfo")
    visit = find_locked(desk.connection, called_visit(request, said), _KIND)
    if visit.state is VisitState.CANCELLED:
        wish = Words("上传就诊信息", "be described")
        raise refused(visit, wish, Words("请用 2201 重新挂号。", "Register anew with 2201."))
    med_type, disease = said.text("med_type"), said.text_or("dise_codg", "")
    check_visit_category(_rules(desk, visit, said.moment("begntime")), _KIND, visit.insutype, med_type, disease)
    check_come("begntime（开始时间）", "begntime", said.moment("begntime"), desk.now)
    described = replace(
        visit,
        med_type=med_type,
        begins_at=said.moment("begntime"),
        dise_codg=disease,
        dise_name=said.text_or("dise_name", ""),
        fields={**visit.fields, _TOLD: without_persons(said.as_json())},
    )
    _check_unsettled(desk, visit, described)
    _warn_of_disease(desk, described)
    diagnoses = read_diagnoses(visit.mdtrt_id, _VISIT, message.many("diseinfo"))
    visits.change_visit(desk.connection, described)
    visits.replace_diagnoses(desk.connection, visit.mdtrt_id, _VISIT, diagnoses)
    return {}


def upload(desk: Desk, request: Request, message: Message) -> Output:
    """Keep fee lines, and answer how each of them splits (2204)."""
    return upload_lines(desk, request, message, _KIND)


def withdraw(desk: Desk, request: Request, message: Message) -> Output:
    """Remove the lines of a batch, or with 0000 all that are not settled (2205)."""
    said = message.one("data")
    visit = find_locked(desk.connection, called_visit(request, said), _KIND)
    check_chargeable(visit)
    if not withdraw_batch(desk.connection, visit, said.text("chrg_bchno")):
        desk.warn(Words("没有未结算的明细", "There were no lines that are not settled"))
    return {}


def trial(desk: Desk, request: Request, message: Message) -> Output:
    """Answer what a batch would come to (2206)."""
    said = message.one("data")
    found = _sale(desk, request, message, find_visit(desk.connection, called_visit(request, said), _KIND))
    if found.is_settled:
        raise refuse_settled_trial(first_settled(found.lines))
    return answer_settled(desk, request.infno, desk.parts.settlements.trial(desk.connection, found.sale))


def settle(desk: Desk, request: Request, message: Message) -> Output:
    """Settle a batch, once (2207)."""
    said = message.one("data")
    visit = find_locked(desk.connection, called_visit(request, said), _KIND)
    found = _sale(desk, request, message, visit)
    asked = read_asked(desk, request, message, said)
    check_codes(asked, found, are_required=Channel.SETTLEMENT in desk.area.trace_channels)
    settled = desk.parts.settlements.settle(desk.connection, found.sale)
    compare_split(desk, said, settled)
    return answer_settled(desk, request.infno, settled)


def cancel(desk: Desk, request: Request, message: Message) -> Output:
    """Cancel a settlement (2208); its lines can be settled anew."""
    said = message.one("data")
    called = Called(request.institution, said.text("setl_id"), said.text("mdtrt_id"), said.text("psn_no"))
    cancelled = desk.parts.settlements.cancel(desk.connection, called, caller_of(desk, request), kind=_KIND)
    return answer_cancelled(desk, request.infno, cancelled)


def _sale(desk: Desk, request: Request, message: Message, visit: Visit) -> VisitSale:
    said = message.one("data")
    asked = read_asked(desk, request, message, said)
    found = batch_sale(desk.connection, visit, said.text("chrg_bchno"), said.text("med_type"), asked)
    refuse_nothing(found)
    return found


def _check_unsettled(desk: Desk, before: Visit, after: Visit) -> None:
    """Refuse to change what a settlement was reckoned with."""
    held = [
        {"begntime": one.begins_at, "dise_codg": one.dise_codg, "med_type": one.med_type} for one in (before, after)
    ]
    changed = [named(name) for name in held[0] if held[0][name] != held[1][name]]
    standing = standing_settlements(desk.connection, before) if changed else ()
    if standing:
        zh, en = ("、".join(one.zh for one in changed), ", ".join(one.en for one in changed))
        raise settled_error(before, standing[-1], Words(f"更改 {zh}", f"change {en}"))


def _warn_of_disease(desk: Desk, visit: Visit) -> None:
    """Tell the sender if the disease is not registered: then the visit is settled as an ordinary one."""
    if visit.med_type not in _rules(desk, visit, visit.begins_at).stated.by_disease:
        return
    day = visit.begins_at.astimezone(BEIJING).date()
    kinds = (FactKind.CHRONIC, FactKind.TWO_DISEASE)
    held = frozenset(fact.code for fact in insured.load_facts(desk.connection, visit.psn_no, day, kinds))
    if visit.dise_codg not in held:
        desk.warn(unregistered(visit.dise_codg, held))


def _rules(desk: Desk, visit: Visit, moment: datetime) -> RuleSet:
    """Return the rules of the place of insurance on the day of a moment."""
    book = desk.parts.settlements.ground.books.for_district(visit.insured_district)
    return book.near(moment.astimezone(BEIJING).date())


def _undo_settlement(desk: Desk, done: KeptMessage, by: Caller) -> None:
    """Undo what a 2207 did."""
    desk.parts.settlements.reverse_settlement(desk.connection, locked_settlement(desk, done), by, kind=_KIND)


def _undo_cancellation(desk: Desk, done: KeptMessage, by: Caller) -> None:
    """Undo what a 2208 did: the settlement stands again."""
    desk.parts.settlements.reverse_cancellation(desk.connection, locked_settlement(desk, done), by)


TRANSACTIONS: Deeds = {
    "2201": writing(register),
    "2202": writing(cancel_registration, is_always_open=True),
    "2203": writing(describe),
    "2204": writing(upload),
    "2205": writing(withdraw, is_always_open=True),
    "2206": reading(trial, is_look_up=True),
    "2207": writing(settle),
    "2208": writing(cancel, is_always_open=True),
}
REVERSERS: Final[Mapping[str, Reverser]] = {"2207": _undo_settlement, "2208": _undo_cancellation}
