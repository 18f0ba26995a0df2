"""2401 to 2405 and 2301 to 2305: a stay from admission over its fee lines and discharge to its settlement, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from codes.words import Words
from server.fsi.desk import Beginning, Deeds, Desk, Output, reading, writing
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
    visit_of_message,
)
from server.settlement.categories import check_visit_category
from server.settlement.charging import check_chargeable, withdraw_lines
from server.settlement.errors import ReversalError
from server.settlement.insured_days import insured_to, last_moment, stay_facts_of
from server.settlement.insured_part import insurance_ended
from server.settlement.sale import Caller
from server.settlement.standing import Called, find_called
from server.settlement.stay_ends import SETTLED_BY
from server.settlement.stays import check_alone, discharge, settle_up, stay_number, undo_discharge
from server.settlement.visit_errors import MedTypeError, VisitError
from server.settlement.visit_sales import Reach, VisitSale, check_codes, check_last_part, refuse_nothing, stay_sale
from server.settlement.visiting import (
    CalledVisit,
    Opening,
    cancel_visit,
    find_locked,
    find_standing,
    find_visit,
    lock_person,
    open_visit,
)
from server.store import visits
from server.store.database import Connection
from server.store.fsi_messages import Message as KeptMessage
from server.store.settlements import SettlementState
from server.store.visits import Visit, VisitKind, VisitState
from wire.fsi.envelope import Request
from wire.fsi.record import Message
from wire.fsi.values import BEIJING

_KIND: Final = VisitKind.INPATIENT
_ADMISSION, _DISCHARGE = "admission", "discharge"


def admit(desk: Desk, request: Request, message: Message) -> Output:
    """Admit somebody (2401); the same admission again gets the same visit."""
    said = message.one("mdtrtinfo")
    opening = Opening(
        by=caller_of(desk, request),
        kind=_KIND,
        psn_no=said.text("psn_no"),
        credential=read_credential(said),
        insutype=said.text("insutype"),
        insured_district=request.insured_district,
        med_type=said.text("med_type"),
        begins=said.moment("begntime"),
        number=said.text("ipt_no"),
        doctor=said.text("atddr_no"),
        disease=said.text_or("dise_codg", ""),
        disease_name=said.text_or("dise_name", ""),
        sent=said.as_json(),
    )
    lock_person(desk.connection, opening.psn_no)
    if find_standing(desk.connection, opening) is None:
        check_alone(desk.connection, opening.psn_no, opening.begins)
    opened = open_visit(desk.connection, opening, desk.institution, desk.parts.sealer)
    mdtrt_id = opened.visit.mdtrt_id
    if opened.is_found:
        desk.warn(Words("该入院此前已办理，返回原就诊ID", "The admission is on record; this is that visit"))
    else:
        book = desk.parts.settlements.ground.books.for_district(opened.visit.insured_district)
        rules = book.near(opening.begins.astimezone(BEIJING).date())
        check_visit_category(rules, _KIND, opening.insutype, opening.med_type, opening.disease)
        main = said.text("dscg_maindiag_code")
        diagnoses = read_diagnoses(mdtrt_id, _ADMISSION, message.many("diseinfo"), main)
        visits.replace_diagnoses(desk.connection, mdtrt_id, _ADMISSION, diagnoses)
    return {"result": {"mdtrt_id": mdtrt_id, "psn_no": opened.visit.psn_no}}


def leave(desk: Desk, request: Request, message: Message) -> Output:
    """Discharge somebody (2402); the same discharge again changes nothing."""
    said = message.one("dscginfo")
    visit = find_locked(desk.connection, called_visit(request, said), _KIND)
    insutype = said.text("insutype")
    if insutype != visit.insutype:
        raise MedTypeError(
            Words(
                f"insutype（险种类型）{insutype} 与入院登记的 {visit.insutype} 不一致",
                f"insutype is {insutype}, that of the admission is {visit.insutype}",
            )
        )
    diagnoses = read_diagnoses(visit.mdtrt_id, _DISCHARGE, message.many("diseinfo"))
    ends = said.moment("endtime")
    ended, is_found = discharge(desk.connection, visit, ends, said.as_json(), caller_of(desk, request))
    if is_found:
        desk.warn(Words("此前已办理出院，未重复办理", "The discharge is on record already"))
    else:
        visits.replace_diagnoses(desk.connection, visit.mdtrt_id, _DISCHARGE, diagnoses)
    _warn_of_insurance(desk, ended)
    return {}


def _warn_of_insurance(desk: Desk, visit: Visit) -> None:
    """Say already with the discharge that its settlement will be refused, and how its insured part is settled."""
    last = _insured_to(desk, visit)
    free = [one for one in visits.load_lines(desk.connection, visit.mdtrt_id) if one.setl_id is None]
    if last is not None and free:
        refusal = insurance_ended(visit, last, free)
        desk.warn(refusal.words)
        desk.warn(refusal.next_step)


def cancel_admission(desk: Desk, request: Request, message: Message) -> Output:
    """Cancel an admission (2404); a second time changes nothing."""
    visit = find_locked(desk.connection, called_visit(request, message.one("data")), _KIND)
    if visit.state is VisitState.CANCELLED:
        desk.warn(Words("该入院此前已撤销", "It was cancelled before"))
        return {}
    gone = cancel_visit(desk.connection, visit)
    if gone:
        desk.warn(Words(f"未结算的 {gone} 条明细一并撤销", f"Lines that were not settled and went with it: {gone}"))
    return {}


def cancel_discharge(desk: Desk, request: Request, message: Message) -> Output:
    """Take a discharge back (2405): the stay is open again."""
    visit = find_locked(desk.connection, called_visit(request, message.one("data")), _KIND)
    undo_discharge(desk.connection, visit)
    visits.replace_diagnoses(desk.connection, visit.mdtrt_id, _DISCHARGE, [])
    return {}


def upload(desk: Desk, request: Request, message: Message) -> Output:
    """Keep fee lines of a stay, and answer how each of them splits (2301)."""
    output = upload_lines(desk, request, message, _KIND)
    settle_up(desk.connection, message.many("feedetail")[0].text("mdtrt_id"))
    return output


def withdraw(desk: Desk, request: Request, message: Message) -> Output:
    """Remove lines, or with 0000 all that are not settled (2302)."""
    rows = message.many("data")
    if len({(one.text("mdtrt_id"), one.text("psn_no")) for one in rows}) != 1:
        raise VisitError(
            Words(
                "一个报文只能撤销一次就诊（mdtrt_id、psn_no 一致）的明细",
                "One message withdraws lines of one visit (mdtrt_id, psn_no)",
            )
        )
    visit = find_locked(desk.connection, called_visit(request, rows[0]), _KIND)
    check_chargeable(visit)
    serials = dict.fromkeys(one.text("feedetl_sn") for one in rows)
    if not withdraw_lines(desk.connection, visit, list(serials)):
        desk.warn(Words("没有未结算的明细", "There were no lines that are not settled"))
    settle_up(desk.connection, visit.mdtrt_id)
    return {}


def trial(desk: Desk, request: Request, message: Message) -> Output:
    """Answer what the stay would come to (2303)."""
    visit = find_visit(desk.connection, called_visit(request, message.one("data")), _KIND)
    found = _sale(desk, request, message, visit)
    if found.is_settled:
        raise refuse_settled_trial(first_settled(found.lines))
    return answer_settled(desk, request.infno, desk.parts.settlements.trial(desk.connection, found.sale))


def settle(desk: Desk, request: Request, message: Message) -> Output:
    """Settle a stay after the discharge, or in mid-stay what is not settled yet (2304)."""
    said = message.one("data")
    visit = find_locked(desk.connection, called_visit(request, said), _KIND)
    found = _sale(desk, request, message, visit)
    check_codes(read_asked(desk, request, message, said), found, are_required=False)
    settled = desk.parts.settlements.settle(desk.connection, found.sale)
    settle_up(desk.connection, visit.mdtrt_id)
    compare_split(desk, said, settled)
    return answer_settled(desk, request.infno, settled)


def cancel(desk: Desk, request: Request, message: Message) -> Output:
    """Cancel a settlement of a stay (2305): after its last one the stay waits for a settlement again."""
    said = message.one("data")
    called = Called(request.institution, said.text("setl_id"), said.text("mdtrt_id"), said.text("psn_no"))
    record = find_called(desk.connection, called)
    visit = find_locked(desk.connection, CalledVisit(request.institution, record.mdtrt_id, record.psn_no), _KIND)
    if record.state is SettlementState.ACTIVE:
        check_last_part(desk.connection, visit, record)
    cancelled = desk.parts.settlements.cancel(desk.connection, called, caller_of(desk, request), kind=_KIND)
    if not cancelled.is_found:
        settle_up(desk.connection, visit.mdtrt_id)
    return answer_cancelled(desk, request.infno, cancelled)


def _sale(desk: Desk, request: Request, message: Message, visit: Visit) -> VisitSale:
    said = message.one("data")
    asked = read_asked(desk, request, message, said)
    book = desk.parts.settlements.ground.books.for_district(visit.insured_district)
    last = _insured_to(desk, visit)
    paid = visit if last is None else replace(visit, ends_at=last_moment(last))
    number = stay_number(desk.connection, paid, book, desk.now)
    found = stay_sale(desk.connection, visit, asked, Reach(said.flag("mid_setl_flag"), number, last))
    refuse_nothing(found)
    return found


def _insured_to(desk: Desk, visit: Visit) -> date | None:
    """Return the last insured day of a stay that lasts longer."""
    book = desk.parts.settlements.ground.books.for_district(visit.insured_district)
    return insured_to(desk.connection, visit, stay_facts_of(visit, book), desk.now)


def _undo_settlement(desk: Desk, done: KeptMessage, by: Caller) -> None:
    """Undo what a 2304 did."""
    record = locked_settlement(desk, done)
    if record.state is SettlementState.ACTIVE:
        check_last_part(desk.connection, _visit(desk, record.mdtrt_id), record)
    desk.parts.settlements.reverse_settlement(desk.connection, record, by, kind=_KIND)
    settle_up(desk.connection, record.mdtrt_id)


def _undo_cancellation(desk: Desk, done: KeptMessage, by: Caller) -> None:
    """Undo what a 2305 did: the settlement stands again."""
    record = locked_settlement(desk, done)
    visit = _visit(desk, record.mdtrt_id)
    is_last = visit.fields.get(SETTLED_BY) == record.setl_id
    if is_last and visit.state is VisitState.OPEN:
        raise ReversalError(
            Words(
                f"就诊 {visit.mdtrt_id} 的出院已撤销（2405），住院结算的撤销不能再冲正",
                f"The discharge of {visit.mdtrt_id} was undone (2405) after the settlement was cancelled",
            )
        )
    desk.parts.settlements.reverse_cancellation(desk.connection, record, by)
    settle_up(desk.connection, visit.mdtrt_id)


def _undo_admission(desk: Desk, done: KeptMessage, by: Caller) -> None:
    """Undo what a 2401 did; whoever has cancelled the admission meanwhile knew of it."""
    del by
    visit = visit_of_message(desk, done)
    if visit.state is VisitState.CANCELLED:
        return
    if visit.state is not VisitState.OPEN:
        raise ReversalError(
            Words(
                f"就诊 {visit.mdtrt_id} 已办理出院，入院不能再冲正；请先用 2305、2405 撤销",
                f"The stay {visit.mdtrt_id} ended meanwhile: first undo that by 2305 and 2405",
            )
        )
    cancel_visit(desk.connection, visit)


def _visit(desk: Desk, mdtrt_id: str) -> Visit:
    visit = visits.load_visit(desk.connection, mdtrt_id)
    assert visit is not None  # noqa: S101 - a settlement names a visit, and visits are never deleted
    return visit


def _admitted(node: str) -> Beginning:
    """Tell when the stay was admitted that the rows of a node name."""

    def admitted(connection: Connection, request: Request, message: Message) -> datetime | None:
        found = visits.load_visit(connection, message.many(node)[0].text("mdtrt_id"))
        is_own = found is not None and found.institution == request.institution and found.kind is _KIND
        return found.begins_at if found is not None and is_own else None

    return admitted


TRANSACTIONS: Deeds = {
    "2301": writing(upload, began=_admitted("feedetail")),
    "2302": writing(withdraw, is_always_open=True),
    "2303": reading(trial, is_look_up=True, began=_admitted("data")),
    "2304": writing(settle, began=_admitted("data")),
    "2305": writing(cancel, is_always_open=True),
    "2401": writing(admit),
    # Nobody has to stay because the hospital's agreement was suspended meanwhile.
    "2402": writing(leave, is_always_open=True),
    "2404": writing(cancel_admission, is_always_open=True),
    "2405": writing(cancel_discharge, is_always_open=True),
}
REVERSERS: Final[Mapping[str, Reverser]] = {
    "2304": _undo_settlement,
    "2305": _undo_cancellation,
    "2401": _undo_admission,
}
