"""What a return of packs of a settled sale comes to: which settlement is cancelled, and what stays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.counter.errors import PackNotSoldError, ReturnTooLateError
from edge.counter.returning import Wanted, refuse_return
from edge.counter.splitting import SplitNotReturnedError
from edge.store import sales
from edge.store.settlements import SettlementRow
from edge.till.after_errors import NotSettledError
from edge.till.asked import AskedSettlement, Person
from edge.till.errors import InsuranceUnknownError, NotThisPersonError
from edge.till.ledger import Ledger
from edge.till.plans import Plan, money_of
from edge.till.refreshing import last_settled
from edge.till.staying import without
from rules.return_judgement import is_in_time
from rules.settling import Standing


def planned_return(tx: Connection, ledger: Ledger, wanted: Wanted, shown: Person | None, now: datetime) -> Plan:
    """Return what taking packs back comes to; nothing is changed.

    Raises:
        EdgeError: A pack may not come back, or the sale has no settlement that stands.
    """
    row = last_settled(tx, wanted.sale)
    asked = ledger.asked_of(row)
    codes = _may_come_back(tx, wanted, asked, now)
    lines = without(asked.lines, codes)
    rest = msgspec.structs.replace(asked, lines=lines) if lines else None
    if rest is not None and shown is not None:
        rest = paid_by(rest, shown, "")
    return plan_of(row, asked, codes, wanted.reason, rest)


def plan_of(
    row: SettlementRow, asked: AskedSettlement, codes: Sequence[str], reason: str, rest: AskedSettlement | None
) -> Plan:
    """Return the plan that cancels a settlement.

    Raises:
        NotSettledError: It does not stand.
    """
    if row.paid is None or row.standing is not Standing.SETTLED:
        raise NotSettledError(row.sale)
    return Plan(
        codes=tuple(codes), reason=reason, nth=row.nth, setl_id=row.paid.setl_id, mdtrt_id=row.paid.mdtrt_id,
        person=asked.person.number, district=asked.insurance.district, rest=rest,
        before=money_of(row.paid, row.fee),
    )  # fmt: skip


def paid_by(asked: AskedSettlement, shown: Person, kind: str) -> AskedSettlement:
    """Return a settlement as somebody pays it with what they have shown now.

    Raises:
        NotThisPersonError: It is somebody else.
        InsuranceUnknownError: They have no such insurance.
    """
    if shown.number != asked.person.number:
        raise NotThisPersonError
    wanted = kind or asked.insurance.kind
    insurance = next((one for one in shown.insurances if one.kind == wanted), None)
    if insurance is None:
        raise InsuranceUnknownError(Words(f"该人员没有险种 {wanted}", f"This person has no insurance {wanted}"))
    return msgspec.structs.replace(asked, person=shown, insurance=insurance)


def _may_come_back(tx: Connection, wanted: Wanted, asked: AskedSettlement, now: datetime) -> tuple[str, ...]:
    """Return the packs, if they may; of a sale of another terminal what the centre told of it decides."""
    if sales.find_sale(tx, wanted.sale) is not None:
        return refuse_return(tx, wanted, now=now)
    codes = tuple(dict.fromkeys(wanted.codes))
    strange = [code for code in codes if all(code not in line.codes for line in asked.lines)]
    if strange:
        shown = "、".join(strange)
        raise PackNotSoldError(
            Words(f"销售 {wanted.sale} 中没有 {shown}", f"{', '.join(strange)} is not in sale {wanted.sale}")
        )
    opened = next((code for line in asked.lines if line.is_split for code in line.codes if code in codes), None)
    if opened is not None:
        raise SplitNotReturnedError(opened)
    if not is_in_time(asked.begun, now, wanted.within_days):
        raise ReturnTooLateError(
            Words(f"已超过 {wanted.within_days} 天退货期限", f"More than {wanted.within_days} days have passed")
        )
    return codes
