"""The settlements that a sale has had, one after the other: where packs came back, the rest was settled anew."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from server.store.records import Records
from server.store.settlement_tables import settlement
from server.store.settlements import Settlement, SettlementState

_SETTLEMENTS = Records(settlement, Settlement)
_OF_SALE = (
    select(settlement)
    .where(
        settlement.c.psn_no == bindparam("psn_no"),
        settlement.c.sale_key == bindparam("sale_key"),
        settlement.c.cancels.is_(None),
        settlement.c.state != SettlementState.REVERSED.value,
    )
    .order_by(settlement.c.n)
)


def find_settlements_of_sale(connection: Connection, psn_no: str, sale_key: str) -> Sequence[Settlement]:
    """Return the settlements of a sale to a person, the first first: one may stand, those before it were cancelled."""
    return _SETTLEMENTS.records(connection.execute(_OF_SALE, {"psn_no": psn_no, "sale_key": sale_key}))
