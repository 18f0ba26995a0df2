"""Visits, what was diagnosed in them, and what was charged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, func, select, update

from server.store import bulk
from server.store.amounts import COUNT
from server.store.records import Records
from server.store.settlement_tables import fee_line, visit, visit_diagnosis
from server.store.times import micros


class VisitKind(StrEnum):
    """What sort of visit it is."""

    PHARMACY = "pharmacy"
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"


class VisitState(StrEnum):
    """How far a visit has come."""

    OPEN = "open"
    DISCHARGED = "discharged"
    SETTLED = "settled"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody's visit to an institution."""

    mdtrt_id: str
    institution: str
    psn_no: str
    kind: VisitKind
    state: VisitState
    insutype: str
    med_type: str
    number: str
    """The institution's own: `ipt_otp_no`, `ipt_no`."""
    begins_at: datetime
    ends_at: datetime | None
    district: str
    """Of treatment."""
    insured_district: str
    doctor: str
    dise_codg: str
    dise_name: str
    fields: Mapping[str, object]
    """All that was sent of it."""
    made_by: str
    """`msgid`."""
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was diagnosed."""

    mdtrt_id: str
    moment: str
    """visit, admission or discharge."""
    n: int
    diag_type: str
    code: str
    name: str
    is_main: bool
    doctor: str
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FeeLine:
    """What was charged, and how it splits."""

    mdtrt_id: str
    feedetl_sn: str
    psn_no: str
    batch: str
    """`chrg_bchno`; empty if none was given."""
    item: str
    """`med_list_codg`."""
    own_item: str
    """`medins_list_codg`."""
    charged_at: datetime
    """`fee_ocur_time`."""
    count: Decimal
    price: Decimal
    amount: Decimal
    charge_class: str
    """`chrgitm_lv`."""
    charge_kind: str
    """`med_chrgitm_type`."""
    price_limit: Decimal | None
    pays_first: Decimal
    """`selfpay_prop`."""
    over_limit: Decimal
    outside: Decimal
    first: Decimal
    """`preselfpay_amt`."""
    in_scope: Decimal
    doctor: str
    rxno: str
    setl_id: str | None
    """Of the settlement that stands."""
    fields: Mapping[str, object]


_VISITS = Records(visit, Visit)
_DIAGNOSES = Records(visit_diagnosis, Diagnosis)
_LINES = Records(fee_line, FeeLine)
_BY_ID = select(visit).where(visit.c.mdtrt_id == bindparam("mdtrt_id"))


def add_visit(connection: Connection, one: Visit) -> None:
    """Keep a new visit."""
    bulk.insert_all(connection, visit, [_VISITS.row(one)])


def load_visit(connection: Connection, mdtrt_id: str) -> Visit | None:
    """Return one visit."""
    row = connection.execute(_BY_ID, {"mdtrt_id": mdtrt_id}).first()
    return None if row is None else _VISITS.record(row)


def change_visit(connection: Connection, one: Visit) -> None:
    """Set everything of a visit that is there."""
    connection.execute(update(visit).where(visit.c.mdtrt_id == one.mdtrt_id).values(_VISITS.values(one)))


def load_visits_of(
    connection: Connection, psn_no: str, *, begins: datetime, ends: datetime, kinds: Collection[VisitKind] = ()
) -> Sequence[Visit]:
    """Return somebody's visits that begin from `begins` until before `ends`, in that order, cancelled ones too."""
    found = visit.c
    asked = select(visit).where(
        found.psn_no == psn_no, found.begins_us >= micros(begins), found.begins_us < micros(ends)
    )
    if kinds:
        asked = asked.where(found.kind.in_([kind.value for kind in kinds]))
    return _VISITS.records(connection.execute(asked.order_by(found.begins_us, found.mdtrt_id)))


def find_visits(connection: Connection, institution: str, number: str) -> Sequence[Visit]:
    """Return the visits that an institution calls by this number."""
    asked = select(visit).where(visit.c.institution == institution, visit.c.number == number)
    return _VISITS.records(connection.execute(asked.order_by(visit.c.made_us, visit.c.mdtrt_id)))


def replace_diagnoses(connection: Connection, mdtrt_id: str, moment: str, diagnoses: Sequence[Diagnosis]) -> None:
    """Set exactly these diagnoses for one moment of a visit."""
    found = visit_diagnosis.c
    connection.execute(delete(visit_diagnosis).where(found.mdtrt_id == mdtrt_id, found.moment == moment))
    bulk.insert_all(connection, visit_diagnosis, _DIAGNOSES.rows(diagnoses))


def load_diagnoses(connection: Connection, mdtrt_id: str) -> Sequence[Diagnosis]:
    """Return what was diagnosed in a visit."""
    asked = select(visit_diagnosis).where(visit_diagnosis.c.mdtrt_id == mdtrt_id)
    return _DIAGNOSES.records(connection.execute(asked.order_by(visit_diagnosis.c.moment, visit_diagnosis.c.n)))


def add_lines(connection: Connection, lines: Sequence[FeeLine]) -> int:
    """Keep the lines whose serials are free in their visit, and return how many those are."""
    return bulk.insert_missing(connection, fee_line, _LINES.rows(lines))


def put_lines(connection: Connection, lines: Sequence[FeeLine]) -> None:
    """Add lines, or change those that are there."""
    bulk.insert_or_replace(connection, fee_line, _LINES.rows(lines))


def load_lines(connection: Connection, mdtrt_id: str, batch: str | None = None) -> Sequence[FeeLine]:
    """Return the lines of a visit, or of one batch of it, by serial."""
    asked = select(fee_line).where(fee_line.c.mdtrt_id == mdtrt_id).order_by(fee_line.c.feedetl_sn)
    return _LINES.records(connection.execute(asked if batch is None else asked.where(fee_line.c.batch == batch)))


def remove_lines(connection: Connection, mdtrt_id: str, serials: Collection[str] | None = None) -> int:
    """Remove lines of a visit that no settlement stands on, named ones or all; return how many."""
    found = fee_line.c
    gone = delete(fee_line).where(found.mdtrt_id == mdtrt_id, found.setl_id.is_(None))
    if serials is not None:
        gone = gone.where(found.feedetl_sn.in_(serials))
    return connection.execute(gone).rowcount


def settle_lines(connection: Connection, mdtrt_id: str, serials: Collection[str], setl_id: str) -> int:
    """Say which settlement stands on lines that were free; return how many those were."""
    found = fee_line.c
    taken = update(fee_line).where(found.mdtrt_id == mdtrt_id, found.feedetl_sn.in_(serials), found.setl_id.is_(None))
    return connection.execute(taken.values(setl_id=setl_id)).rowcount


def free_lines(connection: Connection, mdtrt_id: str, setl_id: str) -> int:
    """Let go of the lines that a settlement stood on; return how many."""
    freed = update(fee_line).where(fee_line.c.mdtrt_id == mdtrt_id, fee_line.c.setl_id == setl_id)
    return connection.execute(freed.values(setl_id=None)).rowcount


def count_charged(connection: Connection, psn_no: str, item: str, *, begins: datetime, ends: datetime) -> Decimal:
    """Return how much of an item somebody was charged for from `begins` until before `ends`, as settled."""
    found = fee_line.c
    asked = select(func.coalesce(func.sum(found.count_e4), 0)).where(
        found.psn_no == psn_no,
        found.item == item,
        found.charged_us >= micros(begins),
        found.charged_us < micros(ends),
        found.setl_id.is_not(None),
    )
    return COUNT.amount(int(connection.scalar(asked) or 0))
