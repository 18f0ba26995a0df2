"""What entitles to a sale: approvals of dual-channel drugs, e-prescriptions, and what was dispensed on them.

How much of a prescription is left stands with its lines, and who took it in the uses. Both are changed together, in
one statement each that cannot take more than there is, whoever else is at it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, bindparam, select, update

from server.store import bulk
from server.store.amounts import COUNT
from server.store.direct import Among, Asked
from server.store.insurance_tables import drug_approval, e_prescription, e_prescription_line, e_prescription_use
from server.store.records import Records
from server.store.settlement_tables import fee_line
from server.store.times import micros, moment


class ApprovalState(StrEnum):
    """Whether an approval is good."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class PrescriptionState(StrEnum):
    """How far an e-prescription has come."""

    UPLOADED = "uploaded"
    """Looked through; the doctor has not signed."""
    SIGNED = "signed"
    ISSUED = "issued"
    """It may be dispensed once a pharmacist has reviewed it."""
    REVIEWED = "reviewed"
    REFUSED = "refused"
    """A pharmacist found fault with it."""
    USED = "used"
    """Nothing is left."""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody may have a drug at one pharmacy, at the hospital's ratio, on the word of one doctor."""

    id: str
    psn_no: str
    item: str
    """`med_list_codg`."""
    doctor: str
    """The responsible one."""
    pharmacy: str
    """The one that is named."""
    from_day: date
    to_day: date | None
    """The last day; None until further notice."""
    state: ApprovalState
    detail: Mapping[str, str]
    """`number` of the document; `quantity` that may be had within `window_days`; `memo`."""
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Prescription:
    """An e-prescription."""

    number: str
    """`hi_rxno`."""
    psn_no: str
    doctor: str
    institution: str
    """That issued it."""
    state: PrescriptionState
    issued_at: datetime
    valid_to_at: datetime
    """The first moment at which it is no longer valid."""
    reviewed_by: str | None
    reviewed_at: datetime | None
    fields: Mapping[str, object]
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class PrescriptionLine:
    """A drug of an e-prescription."""

    number: str
    n: int
    item: str
    name: str
    count: Decimal
    dispensed: Decimal
    unit: str
    fields: Mapping[str, object]

    @property
    def left(self) -> Decimal:
        """What may still be dispensed."""
        return self.count - self.dispensed


@dataclass(frozen=True, slots=True)
class Use:
    """What was dispensed on a line of a prescription."""

    used_by: str
    """`setl_id`, or the document of a sale that nobody insures."""
    institution: str
    number: str
    n: int
    count: Decimal
    used_at: datetime
    given_back_at: datetime | None
    """None while the use stands."""


@dataclass(frozen=True, slots=True)
class Charged:
    """A settled line of some drug."""

    item: str
    at: datetime
    count: Decimal
    fields: Mapping[str, object]


_APPROVALS = Records(drug_approval, Approval)
_PRESCRIPTIONS = Records(e_prescription, Prescription)
_LINES = Records(e_prescription_line, PrescriptionLine)
_USES = Records(e_prescription_use, Use)
_APPROVALS_OF = Asked(
    select(drug_approval)
    .where(drug_approval.c.psn_no == bindparam("psn_no"), Among(drug_approval.c.item, bindparam("items")))
    .order_by(drug_approval.c.item, drug_approval.c.from_day, drug_approval.c.id)
)


def put_approvals(connection: Connection, approvals: Sequence[Approval]) -> None:
    """Add approvals, or change those of the same id."""
    bulk.insert_or_replace(connection, drug_approval, _APPROVALS.rows(approvals))


def load_approvals(connection: Connection, ids: Collection[str]) -> dict[str, Approval]:
    """Return those of `ids` that exist."""
    rows = bulk.fetch(connection, _APPROVALS.columns, drug_approval.c.id, ids)
    return {one.id: one for one in _APPROVALS.records(rows)}


def load_approvals_of(connection: Connection, psn_no: str, items: Collection[str]) -> Sequence[Approval]:
    """Return somebody's approvals of some drugs, whenever they hold and whether they were withdrawn or not."""
    return _APPROVALS.records(_APPROVALS_OF.rows(connection, {"psn_no": psn_no, "items": sorted(items)}))


def load_approval_page(
    connection: Connection, *, after: str = "", limit: int, psn_no: str = "", item: str = ""
) -> Sequence[Approval]:
    """Return approvals in the order of their ids, of one person and of one drug if so asked."""
    found = drug_approval.c
    asked = select(drug_approval).where(found.id > after).order_by(found.id).limit(limit)
    if psn_no:
        asked = asked.where(found.psn_no == psn_no)
    if item:
        asked = asked.where(found.item == item)
    return _APPROVALS.records(connection.execute(asked))


def add_prescription(connection: Connection, one: Prescription, lines: Sequence[PrescriptionLine]) -> None:
    """Keep a new prescription."""
    bulk.insert_all(connection, e_prescription, [_PRESCRIPTIONS.row(one)])
    bulk.insert_all(connection, e_prescription_line, _LINES.rows(lines))


def change_prescription(connection: Connection, one: Prescription) -> None:
    """Set everything of a prescription that is there, but its lines."""
    changed = update(e_prescription).where(e_prescription.c.number == one.number)
    connection.execute(changed.values(_PRESCRIPTIONS.values(one)))


def load_prescriptions(connection: Connection, numbers: Collection[str]) -> dict[str, Prescription]:
    """Return those of `numbers` that exist."""
    rows = bulk.fetch(connection, _PRESCRIPTIONS.columns, e_prescription.c.number, numbers)
    return {one.number: one for one in _PRESCRIPTIONS.records(rows)}


def lock_prescriptions(connection: Connection, numbers: Collection[str]) -> dict[str, Prescription]:
    """Return them, and keep other writers off them until the transaction ends."""
    rows = bulk.fetch_locked(connection, _PRESCRIPTIONS.columns, e_prescription.c.number, numbers)
    return {one.number: one for one in _PRESCRIPTIONS.records(rows)}


def load_prescription_page(
    connection: Connection, *, after: str = "", limit: int, psn_no: str = ""
) -> Sequence[Prescription]:
    """Return prescriptions in the order of their numbers, of one person if so asked."""
    found = e_prescription.c
    asked = select(e_prescription).where(found.number > after).order_by(found.number).limit(limit)
    if psn_no:
        asked = asked.where(found.psn_no == psn_no)
    return _PRESCRIPTIONS.records(connection.execute(asked))


def load_prescription_lines(connection: Connection, numbers: Collection[str]) -> dict[str, list[PrescriptionLine]]:
    """Return the lines of prescriptions, in their order."""
    rows = bulk.fetch(connection, _LINES.columns, e_prescription_line.c.number, numbers)
    found: dict[str, list[PrescriptionLine]] = {number: [] for number in numbers}
    for line in sorted(_LINES.records(rows), key=lambda one: one.n):
        found[line.number].append(line)
    return found


def load_uses(connection: Connection, numbers: Collection[str]) -> Sequence[Use]:
    """Return every use of prescriptions, given back or not, oldest first."""
    rows = bulk.fetch(connection, _USES.columns, e_prescription_use.c.number, numbers)
    return sorted(_USES.records(rows), key=lambda one: (one.used_at, one.used_by, one.number, one.n))


def load_uses_by(connection: Connection, used_by: str, institution: str | None = None) -> Sequence[Use]:
    """Return what a settlement, or an institution's document, was dispensed on."""
    found = e_prescription_use.c
    asked = select(e_prescription_use).where(found.used_by == used_by)
    if institution is not None:
        asked = asked.where(found.institution == institution)
    return _USES.records(connection.execute(asked.order_by(found.number, found.n)))


def take(connection: Connection, use: Use) -> bool:
    """Take something of a line of a prescription; return whether there was as much, else nothing is changed."""
    found, count = e_prescription_line.c, COUNT.stored(use.count)
    taken = update(e_prescription_line).where(
        found.number == use.number, found.n == use.n, found.dispensed_e4 + count <= found.count_e4
    )
    if connection.execute(taken.values(dispensed_e4=found.dispensed_e4 + count)).rowcount != 1:
        return False
    bulk.insert_or_replace(connection, e_prescription_use, [_USES.row(use)])
    return True


def give_back(connection: Connection, use: Use, at: datetime) -> bool:
    """Put back what a use took; return whether it stood, else nothing is changed."""
    of_use = e_prescription_use.c
    ended = update(e_prescription_use).where(
        of_use.used_by == use.used_by,
        of_use.institution == use.institution,
        of_use.number == use.number,
        of_use.n == use.n,
        of_use.given_back_us.is_(None),
    )
    if connection.execute(ended.values(given_back_us=micros(at))).rowcount != 1:
        return False
    found = e_prescription_line.c
    freed = update(e_prescription_line).where(found.number == use.number, found.n == use.n)
    connection.execute(freed.values(dispensed_e4=found.dispensed_e4 - COUNT.stored(use.count)))
    return True


def load_charged(
    connection: Connection, psn_no: str, *, begins: datetime, ends: datetime, items: Collection[str] | None = None
) -> Sequence[Charged]:
    """Return what somebody was charged for from `begins` until before `ends`, as settled, anywhere; oldest first."""
    found = fee_line.c
    asked = select(found.item, found.charged_us, found.count_e4, found.fields).where(
        found.psn_no == psn_no,
        found.setl_id.is_not(None),
        found.charged_us >= micros(begins),
        found.charged_us < micros(ends),
    )
    if items is not None:
        asked = asked.where(found.item.in_(sorted(items)))
    rows = connection.execute(asked.order_by(found.charged_us, found.feedetl_sn))
    return [Charged(row[0], moment(row[1]), COUNT.amount(row[2]), json.loads(row[3])) for row in rows]
