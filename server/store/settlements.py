"""Settlements: one for a sale that stands, its negative when it is cancelled, and what both add to a person's year.

Nothing of a settlement is ever changed but its state. That a sale has one settlement that stands, and a settlement one
negative, is held by indexes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, or_, select, update

from server.store import bulk, shown_at_settling
from server.store.amounts import FEN
from server.store.direct import Asked
from server.store.records import Records
from server.store.settlement_tables import (
    IS_ACTIVE,
    IS_CANCELLING,
    settlement,
    settlement_code,
    settlement_increment,
    settlement_line,
    year_opening,
)
from server.store.times import micros

OF_VISIT = "@visit"
"""How the key of an increment ends that is no total of a year: what a part of a stay hands on to the next."""
AMOUNTS = tuple(column.name.removesuffix("_fen") for column in settlement.columns if column.name.endswith("_fen"))
"""The amounts of a settlement, by the interface's names."""


class SettlementState(StrEnum):
    """Whether a settlement stands."""

    ACTIVE = "active"
    CANCELLED = "cancelled"
    CANCELLING = "cancelling"
    """It is the negative of another."""
    REVERSED = "reversed"
    """It was struck out, as if it had never been: it counts nowhere, and is kept for whoever asks what happened."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who pays what for a sale. Amounts have the interface's names."""

    setl_id: str
    state: SettlementState
    cancels: str | None
    """The settlement that this one is the negative of."""
    sale_key: str
    sale_number: str
    """`chrg_bchno` or `stoout_no`; empty if none was given."""
    msgid: str
    """`medins_setl_id`."""
    mdtrt_id: str
    institution: str
    psn_no: str
    insutype: str
    psn_type: str
    is_civil_servant: bool
    med_type: str
    credential_kind: str
    """`mdtrt_cert_type`."""
    district: str
    """Of treatment."""
    insured_district: str
    clr_type: str
    clr_way: str
    clr_optins: str
    uses_account: bool
    invono: str
    operator: str
    operator_name: str
    begins_at: datetime
    ends_at: datetime
    settled_at: datetime
    day: date
    """Of settling, in Beijing."""
    year: int
    """Whose totals it counts towards."""
    medfee_sumamt: Decimal
    fulamt_ownpay_amt: Decimal
    overlmt_selfpay: Decimal
    preselfpay_amt: Decimal
    inscp_scp_amt: Decimal
    act_pay_dedc: Decimal
    hifp_pay: Decimal
    cvlserv_pay: Decimal
    hifes_pay: Decimal
    hifmi_pay: Decimal
    hifob_pay: Decimal
    maf_pay: Decimal
    oth_pay: Decimal
    fund_pay_sumamt: Decimal
    """Without the personal account."""
    psn_part_amt: Decimal
    acct_pay: Decimal
    acct_mulaid_pay: Decimal
    psn_cash_pay: Decimal
    hosp_part_amt: Decimal
    balc: Decimal
    """Of the account afterwards."""
    pool_prop_selfpay: Decimal
    process_info: str
    """`setl_proc_info`."""
    steps: str
    """JSON."""
    rules: str
    """JSON: ids and versions."""
    funds: str
    """JSON: `setldetail`."""
    n: int = 0
    """Counts what was made of a person's, negatives too, in the order in which it was made; given when it is kept.

    Moments do not say it: a message that came first may have waited for the person longer than the next one.
    """
    struck_n: int | None = None
    """In the same order, when a negative was struck out, so that what it had cancelled stood again."""


@dataclass(frozen=True, slots=True)
class SettledLine:
    """How a settlement split one line."""

    setl_id: str
    feedetl_sn: str
    item: str
    own_item: str
    count: Decimal
    price: Decimal
    amount: Decimal
    charge_class: str
    charge_kind: str
    price_limit: Decimal | None
    pays_first: Decimal
    is_negotiated: bool
    over_limit: Decimal
    outside: Decimal
    first: Decimal
    in_scope: Decimal


@dataclass(frozen=True, slots=True)
class SettledCode:
    """A trace code that came with a settlement."""

    code: str
    setl_id: str
    feedetl_sn: str
    is_split: bool
    """`trdn_flag`."""
    smallest_unit: str
    """`min_prcunt_type`."""


@dataclass(frozen=True, slots=True)
class Increment:
    """By how much a settlement moves one of a person's totals of a year."""

    setl_id: str
    key: str
    psn_no: str
    year: int
    amount: Decimal


_SETTLEMENTS = Records(settlement, Settlement)
_LINES = Records(settlement_line, SettledLine)
_CODES = Records(settlement_code, SettledCode)
_INCREMENTS = Records(settlement_increment, Increment)
_BY_ID = Asked(select(settlement).where(settlement.c.setl_id == bindparam("setl_id")))
_STANDING = Asked(select(settlement).where(settlement.c.sale_key == bindparam("sale_key"), IS_ACTIVE))
_NEWEST = Asked(
    select(func.max(settlement.c.n), func.max(settlement.c.struck_n)).where(settlement.c.psn_no == bindparam("psn_no"))
)
_LINES_OF = Asked(
    select(settlement_line)
    .where(settlement_line.c.setl_id == bindparam("setl_id"))
    .order_by(settlement_line.c.feedetl_sn)
)
_CODES_OF = Asked(
    select(settlement_code)
    .where(settlement_code.c.setl_id == bindparam("setl_id"))
    .order_by(settlement_code.c.feedetl_sn, settlement_code.c.code)
)
_ADDED_IN_YEAR = (
    select(settlement_increment.c.key, settlement_increment.c.amount_fen)
    .join(settlement, settlement.c.setl_id == settlement_increment.c.setl_id)
    .where(
        settlement_increment.c.psn_no == bindparam("psn_no"),
        settlement_increment.c.year == bindparam("year"),
        settlement_increment.c.key.not_like(f"%{OF_VISIT}"),
        settlement.c.state != SettlementState.REVERSED.value,
    )
    .union_all(
        select(year_opening.c.key, year_opening.c.amount_fen).where(
            year_opening.c.psn_no == bindparam("psn_no"), year_opening.c.year == bindparam("year")
        )
    )
    .subquery()
)
_YEAR_TOTALS = Asked(select(_ADDED_IN_YEAR.c.key, func.sum(_ADDED_IN_YEAR.c.amount_fen)).group_by(_ADDED_IN_YEAR.c.key))


def add_settlement(
    connection: Connection,
    one: Settlement,
    *,
    lines: Sequence[SettledLine] = (),
    codes: Sequence[SettledCode] = (),
    increments: Sequence[Increment] = (),
) -> bool:
    """Keep a settlement with all that belongs to it; return whether it was kept.

    It is not if its sale has one that stands, or what it cancels is cancelled already. On PostgreSQL this waits for
    whoever is about to settle the same sale. It gets the next number of its person, whom the caller has locked.
    """
    numbered = replace(one, n=_next_number(connection, one.psn_no))
    if not bulk.insert_missing(connection, settlement, [_SETTLEMENTS.row(numbered)]):
        return False
    bulk.insert_all(connection, settlement_line, _LINES.rows(lines))
    bulk.insert_missing(connection, settlement_code, _CODES.rows(codes))
    bulk.insert_all(connection, settlement_increment, _INCREMENTS.rows(increments))
    if one.state is SettlementState.ACTIVE and one.cancels is None:
        shown_at_settling.count(connection, one.setl_id, 1)
    return True


def load_settlement(connection: Connection, setl_id: str) -> Settlement | None:
    """Return one settlement."""
    row = _BY_ID.row(connection, {"setl_id": setl_id})
    return None if row is None else _SETTLEMENTS.record(row)


def find_standing(connection: Connection, sale_key: str) -> Settlement | None:
    """Return the settlement that stands for a sale."""
    row = _STANDING.row(connection, {"sale_key": sale_key})
    return None if row is None else _SETTLEMENTS.record(row)


def find_by_msgid(connection: Connection, institution: str, msgid: str) -> Settlement | None:
    """Return the settlement, never a negative, that a message of an institution made."""
    found = settlement.c
    asked = select(settlement).where(found.institution == institution, found.msgid == msgid, found.cancels.is_(None))
    row = connection.execute(asked).first()
    return None if row is None else _SETTLEMENTS.record(row)


def find_cancelling(connection: Connection, setl_id: str) -> Settlement | None:
    """Return the negative of a settlement; one that was struck out is none."""
    found = settlement.c
    asked = select(settlement).where(found.cancels == setl_id, IS_CANCELLING)
    row = connection.execute(asked).first()
    return None if row is None else _SETTLEMENTS.record(row)


def cancelled_last_as(connection: Connection, psn_no: str, setl_id: str) -> int | None:
    """Return the number of a settlement's last negative, even if that was taken back; None if it never had one."""
    # By the person: those that were taken back are not in the index over what is cancelled.
    asked = select(func.max(settlement.c.n)).where(settlement.c.psn_no == psn_no, settlement.c.cancels == setl_id)
    newest: int | None = connection.scalar(asked)
    return newest


def load_settlements_of_visit(connection: Connection, mdtrt_id: str) -> Sequence[Settlement]:
    """Return every settlement of a visit, negatives too, in order."""
    asked = select(settlement).where(settlement.c.mdtrt_id == mdtrt_id)
    return _SETTLEMENTS.records(connection.execute(asked.order_by(settlement.c.settled_us, settlement.c.setl_id)))


def load_settlements_of_person(
    connection: Connection, psn_no: str, *, begins: datetime, ends: datetime
) -> Sequence[Settlement]:
    """Return somebody's settlements, negatives too, from `begins` until before `ends`, in order."""
    found = settlement.c
    asked = select(settlement).where(
        found.psn_no == psn_no, found.settled_us >= micros(begins), found.settled_us < micros(ends)
    )
    return _SETTLEMENTS.records(connection.execute(asked.order_by(found.settled_us, found.setl_id)))


def came_beside(one: Settlement, after: int) -> ColumnElement[bool]:
    """Tell in SQL which others know nothing of a settlement, or it nothing of them.

    They were made after a number, that of its cancellation; or they did not stand when it was made, and do since.
    """
    negative = settlement.alias()
    was_away = exists().where(
        # Found by the person: the index over what is cancelled does not hold negatives that were struck out.
        negative.c.psn_no == settlement.c.psn_no,
        negative.c.cancels == settlement.c.setl_id,
        negative.c.n < one.n,
        negative.c.struck_n > one.n,
    )
    return and_(settlement.c.setl_id != one.setl_id, or_(settlement.c.n > after, was_away))


def load_standing_beside(connection: Connection, one: Settlement, after: int) -> Sequence[Settlement]:
    """Return the settlements of the same person that stand and `came_beside` one, in order."""
    found = settlement.c
    asked = select(settlement).where(
        found.psn_no == one.psn_no, found.state == SettlementState.ACTIVE.value, came_beside(one, after)
    )
    return _SETTLEMENTS.records(connection.execute(asked.order_by(found.n)))


def change_state(connection: Connection, setl_id: str, *, before: SettlementState, after: SettlementState) -> bool:
    """Set the state of a settlement that has the state `before`; return whether it had.

    Of two who try, one waits for the other and then finds that it came late.
    """
    found = settlement.c
    changed = update(settlement).where(found.setl_id == setl_id, found.state == before.value)
    if connection.execute(changed.values(state=after.value)).rowcount == 0:
        return False
    more = (after is SettlementState.ACTIVE) - (before is SettlementState.ACTIVE)
    if more:
        shown_at_settling.count(connection, setl_id, more)
    return True


def strike_out_negative(connection: Connection, negative: Settlement) -> bool:
    """Strike a negative out, so that what it cancelled may stand again; return whether it still was one.

    Whoever calls this has locked the person.
    """
    found = settlement.c
    struck = update(settlement).where(
        found.setl_id == negative.setl_id, found.state == SettlementState.CANCELLING.value
    )
    values = {"state": SettlementState.REVERSED.value, "struck_n": _next_number(connection, negative.psn_no)}
    return connection.execute(struck.values(values)).rowcount > 0


def _next_number(connection: Connection, psn_no: str) -> int:
    made, struck = _NEWEST.rows(connection, {"psn_no": psn_no})[0]
    return 1 + max(made or 0, struck or 0)


def load_lines(connection: Connection, setl_id: str) -> Sequence[SettledLine]:
    """Return how a settlement split its lines, by serial."""
    return _LINES.records(_LINES_OF.rows(connection, {"setl_id": setl_id}))


def load_codes(connection: Connection, setl_id: str) -> Sequence[SettledCode]:
    """Return the trace codes that came with a settlement."""
    return _CODES.records(_CODES_OF.rows(connection, {"setl_id": setl_id}))


def find_codes(connection: Connection, code: str) -> Sequence[SettledCode]:
    """Return every settlement that a trace code came with."""
    asked = select(settlement_code).where(settlement_code.c.code == code)
    return _CODES.records(connection.execute(asked.order_by(settlement_code.c.setl_id)))


def load_increments(connection: Connection, setl_id: str) -> Sequence[Increment]:
    """Return by how much a settlement moves the totals of its year."""
    asked = select(settlement_increment).where(settlement_increment.c.setl_id == setl_id)
    return _INCREMENTS.records(connection.execute(asked.order_by(settlement_increment.c.key)))


def load_year_totals(connection: Connection, psn_no: str, year: int) -> dict[str, Decimal]:
    """Return what a person's year comes to, by key: what was told of it, and what settlements that count have added."""
    found = _YEAR_TOTALS.rows(connection, {"psn_no": psn_no, "year": year})
    return {key: FEN.amount(int(fen)) for key, fen in found}
