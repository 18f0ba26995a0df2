"""Visits to a hospital, registered or admitted, and cancelled: each step only from where it may come.

A registration is open until it is cancelled; several charges may be settled in it. A stay is open from admission to
discharge, then waits for its settlement, and is settled. Each step back goes through the same states. Whoever changes a
visit has locked its person first, so that two messages about one person never pass each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from codes.words import Words
from server.people.practice import check_practitioner
from server.people.sealing import Sealer
from server.settlement.errors import NotYetError, PersonError
from server.settlement.kept import id_of
from server.settlement.persons import load_insured
from server.settlement.sale import Caller, Credential, Sale
from server.settlement.sent import told_differences, without_persons
from server.settlement.visit_errors import (
    LineSettledError,
    UnknownVisitError,
    VisitDiffersError,
    VisitStateError,
)
from server.store import insured, settlements, visits
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.practitioners import PractitionerKind
from server.store.settlements import Settlement, SettlementState
from server.store.visits import FeeLine, Visit, VisitKind, VisitState
from wire.fsi.values import BEIJING

OUTPATIENT: Final = "11"
"""The category of a registration until 2203 tells another."""
_BEGUN_BY: Final = {VisitKind.OUTPATIENT: "2201", VisitKind.INPATIENT: "2401", VisitKind.PHARMACY: "2102"}
_KINDS: Final = {
    VisitKind.OUTPATIENT: Words("门诊", "outpatient visit"),
    VisitKind.INPATIENT: Words("住院", "stay"),
    VisitKind.PHARMACY: Words("药店购药", "pharmacy purchase"),
}
_STATES: Final = {
    (VisitKind.OUTPATIENT, VisitState.OPEN): Words("已挂号", "registered"),
    (VisitKind.OUTPATIENT, VisitState.CANCELLED): Words("挂号已撤销", "its registration was cancelled"),
    (VisitKind.INPATIENT, VisitState.OPEN): Words("在院", "not discharged"),
    (VisitKind.INPATIENT, VisitState.DISCHARGED): Words("已出院未结算", "discharged, not settled"),
    (VisitKind.INPATIENT, VisitState.SETTLED): Words("已出院且已结算", "discharged and settled"),
    (VisitKind.INPATIENT, VisitState.CANCELLED): Words("入院已撤销", "its admission was cancelled"),
}


@dataclass(frozen=True, slots=True)
class CalledVisit:
    """How an institution names a visit."""

    institution: str
    mdtrt_id: str
    psn_no: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A registration or an admission, as it is told."""

    by: Caller
    kind: VisitKind
    psn_no: str
    credential: Credential
    insutype: str
    insured_district: str
    """`insuplc_admdvs`; empty if the message names none."""
    med_type: str
    begins: datetime
    number: str
    """`ipt_otp_no` or `ipt_no`."""
    doctor: str
    disease: str
    disease_name: str
    sent: Mapping[str, object]
    """All that was sent of it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A visit, and whether it was on record before this message."""

    visit: Visit
    is_found: bool


def lock_person(connection: Connection, psn_no: str) -> None:
    """Keep other messages off a person.

    Raises:
        PersonError: Nobody has that number.
    """
    if not insured.lock_person(connection, psn_no):
        raise PersonError(Words(f"没有人员编号 {psn_no}", f"There is no person {psn_no}"))


def open_visit(connection: Connection, opening: Opening, institution: Institution, sealer: Sealer) -> Opened:
    """Put a visit on record, or find that it is; whoever calls this has locked the person.

    Raises:
        VisitDiffersError: It is on record with other contents; each is named.
        NotYetError: It begins on a day that has not come.
        PersonError: The person is not insured so on that day.
        PracticeError: The doctor may not practise there.
    """
    found = find_standing(connection, opening)
    if found is not None:
        return Opened(found, is_found=True)
    check_come("begntime（开始时间）", "begntime", opening.begins, opening.by.at)
    person = load_insured(connection, _probe(opening), sealer, opening.by.at)
    check_practitioner(connection, opening.doctor, institution.code, opening.begins, PractitionerKind.DOCTOR)
    made = Visit(
        mdtrt_id=id_of("visit", opening.by),
        institution=opening.by.institution,
        psn_no=opening.psn_no,
        kind=opening.kind,
        state=VisitState.OPEN,
        insutype=opening.insutype,
        med_type=opening.med_type,
        number=opening.number,
        begins_at=opening.begins,
        ends_at=None,
        district=opening.by.district,
        insured_district=person.insurance.district,
        doctor=opening.doctor,
        dise_codg=opening.disease,
        dise_name=opening.disease_name,
        fields=without_persons(opening.sent),
        made_by=opening.by.msgid,
        made_at=opening.by.at,
    )
    visits.add_visit(connection, made)
    return Opened(made, is_found=False)


def find_standing(connection: Connection, opening: Opening) -> Visit | None:
    """Return the visit that an institution's number stands for already.

    Raises:
        VisitDiffersError: It is another person's, or stands with other contents.
    """
    now = without_persons(opening.sent)
    for one in visits.find_visits(connection, opening.by.institution, opening.number):
        if one.kind is not opening.kind or one.state is VisitState.CANCELLED:
            continue
        is_same_day = _day(one.begins_at) == _day(opening.begins)
        if one.psn_no != opening.psn_no:
            # Numbers may begin anew after a while; two people with one number at a time would be mixed up.
            if is_same_day or (one.kind is VisitKind.INPATIENT and one.state is VisitState.OPEN):
                raise VisitDiffersError(
                    Words(
                        f"{_KINDS[one.kind].zh}号 {one.number} 已登记给另一人员（就诊 {one.mdtrt_id}）",
                        f"The number {one.number} is another person's (visit {one.mdtrt_id})",
                    )
                )
        elif one.fields.get("begntime") == now.get("begntime"):
            found = told_differences(one.fields, now)
            if found:
                raise VisitDiffersError(
                    Words(
                        f"{_KINDS[one.kind].zh}号 {one.number} 已登记（就诊 {one.mdtrt_id}），内容不同：{found.zh}",
                        f"{one.number} is on record (visit {one.mdtrt_id}), with other contents: {found.en}",
                    )
                )
            return one
    return None


def find_visit(connection: Connection, called: CalledVisit, kind: VisitKind) -> Visit:
    """Return the visit that is meant.

    Raises:
        UnknownVisitError: The institution has none of that name, it is another person's, or of another kind.
    """
    found = visits.load_visit(connection, called.mdtrt_id)
    if found is None or found.institution != called.institution:
        # Another institution's visit is not told from one that does not exist.
        raise UnknownVisitError(
            Words(f"本机构没有就诊 {called.mdtrt_id}", f"This institution has no visit {called.mdtrt_id}")
        )
    if found.psn_no != called.psn_no:
        raise UnknownVisitError(
            Words(
                f"psn_no（人员编号）{called.psn_no} 不是就诊 {called.mdtrt_id} 的",
                f"psn_no {called.psn_no} is not that of the visit {called.mdtrt_id}",
            )
        )
    if found.kind is not kind:
        is_kind, is_not = _KINDS[found.kind], _KINDS[kind]
        begun = _BEGUN_BY[found.kind]
        raise UnknownVisitError(
            Words(
                f"就诊 {called.mdtrt_id} 是{is_kind.zh}（{begun}），不是{is_not.zh}",
                f"The visit {called.mdtrt_id} is of the kind {is_kind.en} ({begun}), no {is_not.en}",
            )
        )
    return found


def find_locked(connection: Connection, called: CalledVisit, kind: VisitKind) -> Visit:
    """Return the visit that is meant, as it is once its person is locked.

    Raises:
        UnknownVisitError: As `find_visit`.
    """
    find_visit(connection, called, kind)
    lock_person(connection, called.psn_no)
    return find_visit(connection, called, kind)


def cancel_visit(connection: Connection, visit: Visit) -> int:
    """Cancel a registration or an admission; return how many lines go with it.

    Raises:
        VisitStateError: The person was discharged.
        LineSettledError: A settlement stands on it.
    """
    if visit.state is VisitState.DISCHARGED:
        raise refused(visit, Words("撤销入院", "be cancelled"), Words("请先用 2405 撤销出院。", "First undo by 2405."))
    standing = standing_settlements(connection, visit)
    if standing:
        raise settled_error(visit, standing[-1], Words("撤销就诊", "cancel the visit"))
    visits.change_visit(connection, replace(visit, state=VisitState.CANCELLED))
    return visits.remove_lines(connection, visit.mdtrt_id)


def standing_settlements(connection: Connection, visit: Visit) -> Sequence[Settlement]:
    """Return the settlements of a visit that stand, in the order in which they were made."""
    found = settlements.load_settlements_of_visit(connection, visit.mdtrt_id)
    return [one for one in found if one.state is SettlementState.ACTIVE]


def check_come(label: str, name: str, moment: datetime, now: datetime) -> None:
    """Refuse a day that has not come yet; clocks of hospitals may be minutes ahead.

    Raises:
        NotYetError: It has not.
    """
    if _day(moment) > _day(now):
        day, today = _day(moment), _day(now)
        raise NotYetError(Words(f"{label}{day} 晚于今天 {today}", f"{name} is {day}, which is after today, {today}"))


def refused(visit: Visit, wish: Words, next_step: Words) -> VisitStateError:
    """Return the refusal of a step that the state does not allow."""
    state = _STATES[visit.kind, visit.state]
    return VisitStateError(
        Words(
            f"就诊 {visit.mdtrt_id} {state.zh}，不能{wish.zh}",
            f"The visit {visit.mdtrt_id} ({state.en}) cannot {wish.en}",
        ),
        next_step,
    )


def settled_error(visit: Visit, standing: Settlement, wish: Words) -> LineSettledError:
    """Return the refusal of something that a standing settlement is in the way of."""
    return LineSettledError(
        Words(
            f"就诊 {visit.mdtrt_id} 有未撤销的结算（setl_id {standing.setl_id}），不能{wish.zh}",
            f"The settlement {standing.setl_id} of the visit {visit.mdtrt_id} stands: you cannot {wish.en}",
        )
    )


def settled_lines(lines: Sequence[FeeLine]) -> list[FeeLine]:
    """Return the lines that a settlement stands on."""
    return [line for line in lines if line.setl_id is not None]


def _probe(opening: Opening) -> Sale:
    """Return the opening as a sale of nothing, to look up who it is for."""
    return Sale(
        by=opening.by,
        psn_no=opening.psn_no,
        credential=opening.credential,
        insutype=opening.insutype,
        insured_district=opening.insured_district,
        med_type=opening.med_type,
        begins=opening.begins,
        lines=(),
        total=Decimal(0),
        uses_account=False,
    )


def _day(moment: datetime) -> date:
    return moment.astimezone(BEIJING).date()
