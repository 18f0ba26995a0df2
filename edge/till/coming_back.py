"""What a return of packs of a settled sale comes to: which settlement is cancelled, and what stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.clock import SHOP_TIME
from edge.counter.returning import Wanted, refuse_judged, refuse_return
from edge.counter.splitting import SplitNotReturnedError
from edge.sealing import Sealer
from edge.store import sales
from edge.store.sales import PackState
from edge.store.settlements import SettlementRow
from edge.till.after_errors import NotSettledError
from edge.till.asked import AskedSettlement, Person
from edge.till.came_back import HERE, came_back, refuse_lost_return
from edge.till.errors import InsuranceUnknownError, NotThisPersonError
from edge.till.ledger import Ledger
from edge.till.plans import Plan, money_of
from edge.till.refreshing import last_settled
from edge.till.staying import without
from rules.return_judgement import (
    PackThere,
    ReturnFacts,
    ReturnVerdict,
    SaleThere,
    is_expired,
    is_in_time,
    judge_return,
)
from rules.settling import Standing


def planned_return(
    tx: Connection, ledger: Ledger, sealer: Sealer, wanted: Wanted, *, shown: Person | None, now: datetime
) -> Plan:
    """Return what taking packs back comes to; nothing is changed.

    Raises:
        EdgeError: A pack may not come back, or the sale has no settlement that stands.
    """
    row = last_settled(tx, wanted.sale)
    asked = ledger.asked_of(row)
    codes = _may_come_back(tx, ledger, sealer, wanted, asked=asked, now=now)
    lines = without(asked.lines, codes)
    rest = msgspec.structs.replace(asked, lines=lines) if lines else None
    if rest is not None and shown is not None:
        rest = paid_by(rest, shown, "")
    plan = plan_of(row, asked, codes, wanted.reason, rest)
    return msgspec.structs.replace(plan, is_of_another=sales.find_sale(tx, wanted.sale) is None)


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


def refuse_returned(tx: Connection, sealer: Sealer, wanted: Wanted) -> None:
    """Refuse packs that are known to have come back, before anybody else is asked.

    Raises:
        PackReturnedBeforeError: There are some.
    """
    back = _back(tx, sealer, wanted.sale, wanted.codes)
    refuse_judged(tx, wanted, dict.fromkeys(back, ReturnVerdict.RETURNED_BEFORE), back)


def _may_come_back(
    tx: Connection, ledger: Ledger, sealer: Sealer, wanted: Wanted, *, asked: AskedSettlement, now: datetime
) -> tuple[str, ...]:
    """Return the packs, if they may; of a sale of another terminal what the centre told of it decides.

    Raises:
        EdgeError: One of `REFUSALS`: a pack may not come back.
        ReturnLostError: Another pack that the settlement is about came back, and the centre does not know it.
    """
    out = [code for line in asked.lines for code in line.codes]
    back = _back(tx, sealer, wanted.sale, (*out, *wanted.codes))
    if sales.find_sale(tx, wanted.sale) is not None:
        codes = refuse_return(tx, wanted, now=now, back=back)
    else:
        codes = _judged_as_told(tx, ledger, wanted, asked=asked, now=now, back=back)
    refuse_lost_return(wanted.sale, {code: where for code, where in back.items() if code in out})
    return codes


def _judged_as_told(
    tx: Connection, ledger: Ledger, wanted: Wanted, *, asked: AskedSettlement, now: datetime, back: Mapping[str, str]
) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(wanted.codes))
    opened = next((code for line in asked.lines if line.is_split for code in line.codes if code in codes), None)
    if opened is not None:
        raise SplitNotReturnedError(opened)
    out = {code for line in asked.lines for code in line.codes}
    expiries, today = ledger.expiries_told(tx, wanted.sale), now.astimezone(SHOP_TIME).date()
    in_time = is_in_time(asked.begun, now, wanted.within_days)

    def there(code: str) -> PackThere:
        if code in back:
            return PackThere.RETURNED
        return PackThere.SOLD if code in out else PackThere.ABSENT

    judged = {
        code: judge_return(
            ReturnFacts(
                sale=SaleThere.CLOSED, pack=there(code), recalled=False,
                expired=is_expired(expiries.get(code), today), in_time=in_time,
            )
        )
        for code in codes
    }  # fmt: skip
    refuse_judged(tx, wanted, judged, back)
    return codes


def _back(tx: Connection, sealer: Sealer, sale: str, codes: Collection[str]) -> dict[str, str]:
    known = came_back(tx, sealer, sale, codes)
    here = {pack.code for pack in sales.packs_of(tx, sale) if pack.state is PackState.RETURNED and pack.code in codes}
    return dict.fromkeys(here, HERE) | known
