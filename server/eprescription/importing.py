"""E-prescriptions of a platform, taken from its list: how they enter a centre that no platform can be asked from.

A line is a drug; the lines of one number are one prescription. Importing the same list again changes nothing. What was
prescribed, to whom and by whom, stands for good; how long it is valid may change, and how far it has come only goes on:
an older list takes no review back and raises no prescription that was withdrawn, and what is left is known here alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from codes.words import Words
from server.people import list_cells as cells
from server.people.drafting import Drafted, midnight, sorted_out
from server.people.list_file import Column, Counts, Fault, Line, Sheet, read_lists, refuse_faults
from server.people.roles import Person
from server.store import audit, institutions, insured, practitioners
from server.store import entitlements as store_of
from server.store.database import Connection, Store
from server.store.entitlements import Prescription, PrescriptionLine, PrescriptionState
from server.store.practitioners import PractitionerKind
from server.store.times import micros

_STATES: Final = {
    "已开具": PrescriptionState.ISSUED,
    "已审方": PrescriptionState.REVIEWED,
    "审方未通过": PrescriptionState.REFUSED,
    "已撤销": PrescriptionState.WITHDRAWN,
}
_BY_NAME: Final = _STATES | {state.value: state for state in _STATES.values()}
_HOW_FAR: Final = {
    PrescriptionState.UPLOADED: 0,
    PrescriptionState.SIGNED: 0,
    PrescriptionState.ISSUED: 1,
    PrescriptionState.REVIEWED: 2,
    PrescriptionState.REFUSED: 2,
    PrescriptionState.USED: 3,
    PrescriptionState.WITHDRAWN: 4,
}
_LOOKED_AT: Final = frozenset({PrescriptionState.REVIEWED, PrescriptionState.REFUSED})
_CLOCKS_DIFFER: Final = timedelta(hours=1)
_STOPPED: Final = frozenset({PrescriptionState.REFUSED, PrescriptionState.WITHDRAWN})
_FOR_GOOD: Final = (("psn_no", "psn_no"), ("doctor", "doctor"), ("institution", "institution"), ("issued", "issued_at"))
"""Columns, and what a prescription calls them."""


def _until(cell: str) -> datetime:
    """Return the first moment at which something holds no more; a day alone is its last one."""
    try:
        return cells.moment(cell)
    except cells.CellError:
        return midnight(cells.day(cell) + timedelta(days=1))


PRESCRIPTIONS: Final = Sheet(
    "prescriptions",
    Words("电子处方", "e-prescriptions"),
    (
        Column("number", "处方编号", cells.number, is_required=True),
        Column("psn_no", "人员编号", cells.number, is_required=True),
        Column("doctor", "开方医师", cells.number, is_required=True),
        Column("institution", "开方机构", cells.number, is_required=True),
        Column("issued", "开具时间", cells.moment, is_required=True),
        Column("valid_to", "有效期至", _until, is_required=True),
        Column("item", "药品编码", cells.number, is_required=True),
        Column("name", "药品名称", cells.text),
        Column("count", "数量", cells.quantity, is_required=True),
        Column("unit", "单位", cells.text),
        Column("state", "状态", cells.one_of(_BY_NAME)),
        Column("reviewed_by", "审方药师", cells.number),
        Column("reviewed_at", "审方时间", cells.moment),
    ),
)


@dataclass(slots=True)
class _Draft:
    found: Drafted[str, Prescription] = field(default_factory=Drafted)
    lines: dict[str, list[PrescriptionLine]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def whole(self) -> dict[str, _Whole]:
        return {number: (one, _drugs(self.lines[number])) for number, one in self.found.values.items()}


_Drug = tuple[str, str, Decimal, str]
_Whole = tuple[Prescription, tuple[_Drug, ...]]


def import_prescriptions(
    store: Store, content: bytes, *, by: Person, now: datetime, is_trial: bool = False
) -> Mapping[str, Counts]:
    """Take a list, all of it or nothing, and return how many prescriptions were new or changed.

    Raises:
        ListFileError: The file, or a line of it, cannot be used: among them unknown people, doctors and pharmacists,
            and prescriptions that are known otherwise.
    """
    draft = _draft_of(content, now)
    numbers = list(draft.found.values)
    with store.reading() if is_trial else store.writing() as connection:
        load = store_of.load_prescriptions if is_trial else store_of.lock_prescriptions
        known = load(connection, numbers)
        kept = store_of.load_prescription_lines(connection, known)
        before = {number: (one, _drugs(kept[number])) for number, one in known.items()}
        wanted = {
            number: (_gone_on(before[number][0], one), drugs) if number in before else (one, drugs)
            for number, (one, drugs) in draft.whole().items()
        }
        refuse_faults([*draft.faults, *_unknown(connection, draft), *_otherwise(draft, before, kept)])
        counts, changed = sorted_out(before, wanted)
        if not is_trial and changed:
            for one, _ in changed:
                if one.number in known:
                    store_of.change_prescription(connection, replace(one, changed_at=now))
                else:
                    store_of.add_prescription(connection, one, draft.lines[one.number])
            detail = {"prescriptions": [counts.added, counts.changed]}
            audit.record(
                connection, at_us=micros(now), who=by.name, action="prescription.import", subject="list", detail=detail
            )
    return {"prescriptions": counts}


def _gone_on(known: Prescription, told: Prescription) -> Prescription:
    """Return a prescription as it is after what a list tells of it."""
    one = replace(known, valid_to_at=told.valid_to_at)
    if _HOW_FAR[told.state] < _HOW_FAR[known.state] or told.state is known.state:
        return one
    if told.state in _LOOKED_AT:
        one = replace(one, reviewed_by=told.reviewed_by, reviewed_at=told.reviewed_at)
    return replace(one, state=told.state)


def _draft_of(content: bytes, now: datetime) -> _Draft:
    file = read_lists(content, [PRESCRIPTIONS])
    draft = _Draft(faults=list(file.faults))
    faulty = {fault.line for fault in file.faults}
    for line in file.lines:
        if line.number not in faulty:
            draft.faults += _take(draft, line, now)
    return draft


def _take(draft: _Draft, line: Line, now: datetime) -> Iterator[Fault]:
    issued, until, count = line.moment("issued"), line.moment("valid_to"), line.amount("count")
    assert issued is not None  # noqa: S101 - the column is required
    assert until is not None  # noqa: S101 - the column is required
    assert count is not None  # noqa: S101 - the column is required
    number, reviewer, reviewed_at = line.text("number"), line.text("reviewed_by"), line.moment("reviewed_at")
    otherwise = PrescriptionState.REVIEWED if reviewer else PrescriptionState.ISSUED
    state = PrescriptionState(line.text("state", otherwise.value))
    if until <= issued:
        yield line.fault("valid_to", "people.span", Words("不晚于开具时间", "is not after the moment of issue"))
    if issued > now + _CLOCKS_DIFFER:
        yield line.fault("issued", "people.not_yet", Words("尚未到来", "has not come yet"))
    if reviewed_at is not None and reviewed_at < issued:
        yield line.fault("reviewed_at", "people.span", Words("早于开具时间", "is before the moment of issue"))
    if (state in _LOOKED_AT and not reviewer) or (reviewed_at is None) != (not reviewer):
        missing = "reviewed_at" if reviewer else "reviewed_by"
        words = Words("审方药师与审方时间须同时填写", "must not be empty: reviewer and time belong together")
        yield line.fault(missing, "people.empty", words)
    one = Prescription(
        number,
        line.text("psn_no"),
        line.text("doctor"),
        line.text("institution"),
        state,
        issued,
        until,
        reviewer or None,
        reviewed_at,
        {"source": "list"},
        now,
    )
    contradicted = draft.found.add(number, one, line, "number")
    if contradicted is not None:
        yield contradicted
    lines = draft.lines.setdefault(number, [])
    drug = (line.text("item"), line.text("name"), count, Decimal(0), line.text("unit"))
    lines.append(PrescriptionLine(number, len(lines) + 1, *drug, {}))


def _drugs(lines: Sequence[PrescriptionLine]) -> tuple[_Drug, ...]:
    return tuple((line.item, line.name, line.count, line.unit) for line in lines)


def _otherwise(
    draft: _Draft, before: Mapping[str, _Whole], kept: Mapping[str, Sequence[PrescriptionLine]]
) -> Iterator[Fault]:
    """Yield what a list tells otherwise than it is known."""
    for number, (one, drugs) in draft.whole().items():
        if number not in before:
            continue
        known, known_drugs = before[number]
        line = draft.found.lines[number]
        for column, name in _FOR_GOOD:
            if getattr(known, name) != getattr(one, name):
                yield _other(line, column, Words("与已导入的处方不同", "is not that of the prescription on record"))
        if drugs != known_drugs:
            yield _other(line, "item", Words("药品与已导入的处方不同", "the drugs are not those on record"))
        is_stopped = one.state in _STOPPED and one.state is not known.state
        if is_stopped and any(drug.dispensed for drug in kept[number]):
            yield _other(line, "state", Words("已配药，不能停用", "was dispensed on, and cannot be stopped"))


def _other(line: Line, column: str, words: Words) -> Fault:
    return line.fault(column, "people.prescription_differs", words)


def _unknown(connection: Connection, draft: _Draft) -> Iterator[Fault]:
    """Yield whom lines name that nobody has on record."""
    found = draft.found.values
    people = insured.load_people(connection, {one.psn_no for one in found.values()})
    named = {one.doctor for one in found.values()} | {one.reviewed_by for one in found.values() if one.reviewed_by}
    who = practitioners.load_practitioners(connection, named)
    doctors = {code for code, one in who.items() if one.kind is PractitionerKind.DOCTOR}
    pharmacists = {code for code, one in who.items() if one.kind is PractitionerKind.PHARMACIST}
    places = institutions.load_institutions(connection, {one.institution for one in found.values()})
    for number, one in found.items():
        line = draft.found.lines[number]
        if one.psn_no not in people:
            yield line.fault("psn_no", "people.unknown", _nobody(Words("人员", "person"), one.psn_no))
        if one.doctor not in doctors:
            yield line.fault("doctor", "people.doctor_unknown", _nobody(Words("医师", "doctor"), one.doctor))
        if one.institution not in places:
            words = _nobody(Words("机构", "institution"), one.institution)
            yield line.fault("institution", "people.institution_unknown", words)
        if one.reviewed_by and one.reviewed_by not in pharmacists:
            words = _nobody(Words("药师", "pharmacist"), one.reviewed_by)
            yield line.fault("reviewed_by", "people.pharmacist_unknown", words)


def _nobody(kind: Words, code: str) -> Words:
    return Words(f"没有{kind.zh} {code}", f"there is no {kind.en} {code}")
