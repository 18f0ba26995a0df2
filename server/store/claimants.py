"""Settlements as far as they claim packs: which came in with a pack by a sale's record, and which of them stand."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select

from server.store import bulk
from server.store.settlement_tables import settlement, stock_code, stock_record
from server.store.settlements import SettlementState
from server.store.times import moment

_SALE = "3505"
_INSURED_SALES = (
    select(stock_code.c.code, stock_record.c.setl_id, stock_record.c.received_us, stock_record.c.fields)
    .join(stock_record, stock_record.c.id == stock_code.c.record)
    .where(
        stock_code.c.code.in_(bindparam("codes", expanding=True)),
        stock_record.c.infno == _SALE,
        stock_record.c.setl_id.is_not(None),
        stock_record.c.deleted_us.is_(None),
    )
    .order_by(stock_record.c.received_us, stock_record.c.id)
)
_CLAIMANT = (
    settlement.c.setl_id,
    settlement.c.institution,
    settlement.c.settled_us,
    settlement.c.state,
    settlement.c.mdtrt_id,
)


class InsuredSale(NamedTuple):
    """A pack of an uploaded sale that names a settlement."""

    code: str
    setl_id: str
    received_at: datetime
    fields: Mapping[str, object]
    """All that the record keeps."""


class Claimant(NamedTuple):
    """A settlement."""

    institution: str
    settled_at: datetime
    stands: bool
    mdtrt_id: str


def find_insured_sales(connection: Connection, codes: Collection[str]) -> Sequence[InsuredSale]:
    """Return the insured sales of packs that any institution uploaded and has not taken back, in order of arrival."""
    if not codes:
        return ()
    rows = connection.execute(_INSURED_SALES, {"codes": sorted(codes)})
    return [
        InsuredSale(code, setl_id, moment(received_us), json.loads(fields))
        for code, setl_id, received_us, fields in rows
    ]


def load_claimants(connection: Connection, setl_ids: Collection[str]) -> dict[str, Claimant]:
    """Return these settlements, by id; ids that name none are left out."""
    rows = bulk.fetch(connection, _CLAIMANT, settlement.c.setl_id, setl_ids) if setl_ids else []
    return {
        setl_id: Claimant(institution, moment(settled_us), state == SettlementState.ACTIVE.value, mdtrt_id)
        for setl_id, institution, settled_us, state, mdtrt_id in rows
    }
