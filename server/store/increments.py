"""What settlements that stand hand on: the parts of a stay to the next part, all of them to the totals of the year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, bindparam, func, select

from server.store.amounts import FEN
from server.store.settlement_tables import settlement, settlement_increment
from server.store.settlements import OF_VISIT, Settlement, SettlementState, came_beside, load_settlement

_STAYS = "stays"
_OF_VISIT = f"%{OF_VISIT}"
_CARRIED = (
    select(
        settlement_increment.c.key,
        func.min(settlement_increment.c.year),
        func.sum(settlement_increment.c.amount_fen),
    )
    .join(settlement, settlement.c.setl_id == settlement_increment.c.setl_id)
    .where(
        settlement.c.mdtrt_id == bindparam("mdtrt_id"),
        settlement.c.state == SettlementState.ACTIVE.value,
        settlement_increment.c.key.like(_OF_VISIT),
    )
    .group_by(settlement_increment.c.key)
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What the parts of a stay that stand hand on to the next one."""

    amounts: Mapping[str, Decimal]
    """By the key that the benefit rules have for it."""
    first_year: int | None
    """To whose totals the first of them belongs; None where none stands."""


def load_carried(connection: Connection, mdtrt_id: str) -> Carried:
    """Return what the parts of a stay that stand hand on."""
    found = connection.execute(_CARRIED, {"mdtrt_id": mdtrt_id}).all()
    return Carried(
        {key.removesuffix(OF_VISIT): FEN.amount(int(fen)) for key, _, fen in found},
        min((int(year) for _, year, _ in found), default=None),
    )


def find_sharing_totals(connection: Connection, one: Settlement, after: int) -> Settlement | None:
    """Return the first that stands, came beside this one since a number, and moves a total that this one moves.

    The number of stays is none of them: whose stay is the first of a year is said by the admissions.
    """
    moved = settlement_increment.c
    own = select(moved.key).where(moved.setl_id == one.setl_id, moved.key != _STAYS, moved.key.not_like(_OF_VISIT))
    asked = (
        select(settlement.c.setl_id)
        .join(settlement_increment, moved.setl_id == settlement.c.setl_id)
        .where(
            settlement.c.psn_no == one.psn_no,
            came_beside(one, after),
            settlement.c.state == SettlementState.ACTIVE.value,
            moved.year == one.year,
            moved.key.in_(own),
        )
        .order_by(settlement.c.n)
        .limit(1)
    )
    setl_id = connection.scalar(asked)
    return None if setl_id is None else load_settlement(connection, setl_id)
