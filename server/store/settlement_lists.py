"""Settlements as people look at them: summed by month, newest first, and where a person's year stood before one.

Which of them are looked at is said by one choice for all of these, so that a sum and the list behind it agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal_column, or_, select, tuple_

from server.store.amounts import FEN
from server.store.records import Records
from server.store.settlement_tables import settlement, settlement_increment, year_opening
from server.store.settlements import Settlement, SettlementState
from server.store.times import micros

_SETTLEMENTS = Records(settlement, Settlement)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which settlements are looked at; what is empty does not choose."""

    insutype: str = ""
    med_type: str = ""
    institution: str = ""
    insured_district: str = ""
    """First digits of the district of insurance: `3502` is the whole of a prefecture."""


EVERY: Final = Chosen()


@dataclass(frozen=True, slots=True)
class MonthSums:
    """What the settlements of one month, kind of insurance and kind of treatment come to, negatives included."""

    month: str
    """As `2026-01`."""
    insutype: str
    med_type: str
    settlements: int
    """Settlements less cancellations."""
    total: Decimal
    in_scope: Decimal
    fund: Decimal


def load_monthly_sums(
    connection: Connection, *, first_month: str, last_month: str, chosen: Chosen = EVERY
) -> Sequence[MonthSums]:
    """Return what was settled month by month, newest first; what was struck out does not count.

    Args:
        connection: To read with.
        first_month: As `2026-01`.
        last_month: Belongs to it.
        chosen: Which settlements count.
    """
    found = settlement.c
    month = func.substr(found.day, literal_column("1"), literal_column("7"))
    asked = (
        select(
            month,
            found.insutype,
            found.med_type,
            func.sum(case((found.cancels.is_(None), 1), else_=-1)),
            func.sum(found.medfee_sumamt_fen),
            func.sum(found.inscp_scp_amt_fen),
            func.sum(found.fund_pay_sumamt_fen),
        )
        .where(
            found.day >= f"{first_month}-01",
            found.day <= f"{last_month}-31",
            found.state != SettlementState.REVERSED.value,
            *_choosing(chosen),
        )
        .group_by(month, found.insutype, found.med_type)
        .order_by(month.desc(), found.insutype, found.med_type)
    )
    return [
        MonthSums(named, kind, treated, int(number), *(FEN.amount(int(one)) for one in fen))
        for named, kind, treated, number, *fen in connection.execute(asked)
    ]


def load_settlement_page(
    connection: Connection, *, before: tuple[int, str] | None = None, limit: int, chosen: Chosen = EVERY
) -> Sequence[Settlement]:
    """Return the newest settlements, cancellations and those struck out too.

    Args:
        connection: To read with.
        before: Microsecond and id of the last settlement of the page before.
        limit: Most settlements.
        chosen: Which settlements are listed.
    """
    found = settlement.c
    asked = select(settlement).where(*_choosing(chosen))
    if before is not None:
        asked = asked.where(tuple_(found.settled_us, found.setl_id) < tuple_(*before))
    asked = asked.order_by(found.settled_us.desc(), found.setl_id.desc()).limit(limit)
    return _SETTLEMENTS.records(connection.execute(asked))


def load_settlements_of_message(connection: Connection, msgid: str) -> Sequence[Settlement]:
    """Return what messages of this id made; institutions number theirs on their own, so that there may be several."""
    asked = select(settlement).where(settlement.c.msgid == msgid).order_by(settlement.c.settled_us)
    return _SETTLEMENTS.records(connection.execute(asked))


def load_year_before(
    connection: Connection, psn_no: str, year: int, *, settled_at: datetime, setl_id: str
) -> dict[str, Decimal]:
    """Return what a person's year came to, by key, before one settlement: as it counts now, and what was told of it.

    What was settled earlier and struck out since is not in it.
    """
    found, added, told = settlement.c, settlement_increment.c, year_opening.c
    at_us = micros(settled_at)
    settled = (
        select(added.key, added.amount_fen)
        .join(settlement, found.setl_id == added.setl_id)
        .where(
            added.psn_no == psn_no,
            added.year == year,
            found.state != SettlementState.REVERSED.value,
            or_(found.settled_us < at_us, and_(found.settled_us == at_us, found.setl_id < setl_id)),
        )
    )
    opened = select(told.key, told.amount_fen).where(told.psn_no == psn_no, told.year == year)
    whole = settled.union_all(opened).subquery()
    asked = select(whole.c.key, func.sum(whole.c.amount_fen)).group_by(whole.c.key)
    return {key: FEN.amount(int(fen)) for key, fen in connection.execute(asked)}


def _choosing(chosen: Chosen) -> list[ColumnElement[bool]]:
    found = settlement.c
    named = {
        found.insutype: chosen.insutype,
        found.med_type: chosen.med_type,
        found.institution: chosen.institution,
    }
    conditions = [column == value for column, value in named.items() if value]
    if chosen.insured_district:
        conditions.append(found.insured_district.startswith(chosen.insured_district, autoescape=True))
    return conditions
