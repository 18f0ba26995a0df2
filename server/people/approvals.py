"""Approvals of dual-channel drugs: taken from lists, listed, and withdrawn; each change is in the audit trail.

One approval names one pharmacy; a document that names three is three lines. An approval is known by person, drug,
doctor, pharmacy and first day: to import it anew with another last day ends or prolongs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final

from codes.words import Words
from server.people import list_cells as cells
from server.people.drafting import Drafted, sorted_out
from server.people.list_file import Column, Counts, Fault, Line, Sheet, read_lists, refuse_faults
from server.people.roles import Person
from server.store import audit, entitlements, institutions, insured, practitioners
from server.store.database import Connection, Store
from server.store.entitlements import Approval, ApprovalState
from server.store.practitioners import PractitionerKind
from server.store.times import micros
from web.errors import NotFoundError

_PAGE: Final = 500
_ID_LENGTH: Final = 16
_STATES = {"有效": ApprovalState.GRANTED, "撤销": ApprovalState.WITHDRAWN}
_STATES |= {state.value: state for state in ApprovalState}

APPROVALS: Final = Sheet(
    "approvals",
    Words("双通道审批", "dual-channel approvals"),
    (
        Column("number", "审批编号", cells.number),
        Column("psn_no", "人员编号", cells.number, is_required=True),
        Column("item", "药品编码", cells.number, is_required=True),
        Column("doctor", "责任医师", cells.number, is_required=True),
        Column("pharmacy", "定点药店", cells.number, is_required=True),
        Column("from", "起始日期", cells.day, is_required=True),
        Column("to", "截止日期", cells.day),
        Column("quantity", "限量", cells.money),
        Column("window_days", "限量天数", cells.number),
        Column("state", "状态", cells.one_of(_STATES)),
        Column("memo", "备注", cells.text),
    ),
)


@dataclass(slots=True)
class _Draft:
    approvals: Drafted[str, Approval] = field(default_factory=Drafted)
    faults: list[Fault] = field(default_factory=list)

    def note(self, fault: Fault | None) -> None:
        if fault is not None:
            self.faults.append(fault)


def import_approvals(
    store: Store, content: bytes, *, by: Person, now: datetime, is_trial: bool = False
) -> Mapping[str, Counts]:
    """Take a list, all of it or nothing, and return how much was new.

    Raises:
        ListFileError: The file, or a line of it, cannot be used: among them unknown people, doctors and pharmacies.
    """
    draft = _draft_of(content, now)
    with store.reading() if is_trial else store.writing() as connection:
        refuse_faults([*draft.faults, *_unknown(connection, draft)])
        known = entitlements.load_approvals(connection, list(draft.approvals.values))
        before = {id_: replace(one, changed_at=now) for id_, one in known.items()}
        counts, changed = sorted_out(before, draft.approvals.values)
        if not is_trial and changed:
            entitlements.put_approvals(connection, changed)
            detail = {"approvals": [counts.added, counts.changed]}
            audit.record(
                connection, at_us=micros(now), who=by.name, action="approval.import", subject="list", detail=detail
            )
    return {"approvals": counts}


def revoke_approvals(store: Store, named: str, *, by: Person, now: datetime, reason: str = "") -> Sequence[Approval]:
    """Withdraw one approval by its id, or all of a document by its number; return those that were good till now.

    Raises:
        NotFoundError: There is none.
    """
    with store.writing() as connection:
        found = [one for one in _all(connection) if named in {one.id, one.detail.get("number")}]
        if not found:
            raise NotFoundError(Words(f"没有双通道审批 {named}", f"There is no approval {named}"))
        good = [one for one in found if one.state is ApprovalState.GRANTED]
        withdrawn = [
            replace(
                one,
                state=ApprovalState.WITHDRAWN,
                detail={**one.detail, "reason": reason} if reason else one.detail,
                changed_at=now,
            )
            for one in good
        ]
        entitlements.put_approvals(connection, withdrawn)
        for one in withdrawn:
            audit.record(
                connection,
                at_us=micros(now),
                who=by.name,
                action="approval.revoke",
                subject=one.id,
                detail={"reason": reason},
            )
    return withdrawn


def list_approvals(store: Store, *, psn_no: str = "", item: str = "") -> Sequence[Approval]:
    """Return every approval, of one person and one drug if so asked."""
    with store.reading() as connection:
        return list(_all(connection, psn_no=psn_no, item=item))


def _all(connection: Connection, *, psn_no: str = "", item: str = "") -> Iterator[Approval]:
    last = ""
    while page := entitlements.load_approval_page(connection, after=last, limit=_PAGE, psn_no=psn_no, item=item):
        yield from page
        last = page[-1].id


def _draft_of(content: bytes, now: datetime) -> _Draft:
    file = read_lists(content, [APPROVALS])
    draft = _Draft(faults=list(file.faults))
    faulty = {fault.line for fault in file.faults}
    for line in file.lines:
        if line.number not in faulty:
            _take(draft, line, now)
    return draft


def _take(draft: _Draft, line: Line, now: datetime) -> None:
    first, last, quantity, days = line.day("from"), line.day("to"), line.amount("quantity"), line.text("window_days")
    assert first is not None  # noqa: S101 - the column is required
    if last is not None and last < first:
        draft.note(line.fault("to", "people.span", Words("早于起始日期", "is before the first day")))
        return
    if (quantity is None) != (not days):
        missing = "quantity" if quantity is None else "window_days"
        words = Words("限量与限量天数须同时填写", "must not be empty: quantity and days belong together")
        draft.note(line.fault(missing, "people.empty", words))
        return
    if days and not (days.isascii() and days.isdigit() and 0 < int(days) < 1_000):  # noqa: PLR2004 - three digits
        words = Words(f"{days!r} 应为 1–999", f"{days!r} is not a number from 1 to 999")
        draft.note(line.fault("window_days", "people.days", words))
        return
    names = [line.text(name) for name in ("psn_no", "item", "doctor", "pharmacy")]
    psn_no, item, doctor, pharmacy = names
    one = Approval(
        _id_of([*names, first.isoformat()]),
        psn_no,
        item,
        doctor,
        pharmacy,
        first,
        last,
        ApprovalState(line.text("state", ApprovalState.GRANTED.value)),
        _detail(line, quantity),
        now,
    )
    draft.note(draft.approvals.add(one.id, one, line, "from"))


def _detail(line: Line, quantity: Decimal | None) -> Mapping[str, str]:
    detail = {name: line.text(name) for name in ("number", "window_days", "memo") if line.has(name)}
    return detail if quantity is None else {**detail, "quantity": f"{quantity.normalize():f}"}


def _id_of(key: Sequence[str]) -> str:
    return sha256(json.dumps(key).encode()).hexdigest()[:_ID_LENGTH]


def _unknown(connection: Connection, draft: _Draft) -> Iterator[Fault]:
    """Yield whom lines name that nobody has on record."""
    found, lines = draft.approvals.values, draft.approvals.lines
    people = insured.load_people(connection, {one.psn_no for one in found.values()})
    who = practitioners.load_practitioners(connection, {one.doctor for one in found.values()})
    doctors = {code for code, one in who.items() if one.kind is PractitionerKind.DOCTOR}
    places = institutions.load_institutions(connection, {one.pharmacy for one in found.values()})
    for id_, one in found.items():
        line = lines[id_]
        if one.psn_no not in people:
            yield line.fault("psn_no", "people.unknown", _nobody(Words("人员", "person"), one.psn_no))
        if one.doctor not in doctors:
            yield line.fault("doctor", "people.doctor_unknown", _nobody(Words("医师", "doctor"), one.doctor))
        place = places.get(one.pharmacy)
        if place is None:
            words = _nobody(Words("机构", "institution"), one.pharmacy)
            yield line.fault("pharmacy", "people.institution_unknown", words)
        elif not place.is_dual_channel:
            words = Words(f"{one.pharmacy} 不是双通道药店", f"{one.pharmacy} is no dual-channel pharmacy")
            yield line.fault("pharmacy", "people.not_dual_channel", words)


def _nobody(kind: Words, code: str) -> Words:
    return Words(f"没有{kind.zh} {code}", f"there is no {kind.en} {code}")
