"""The messages of the national interface behind what the ledger knows of a code: stock records and settlements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from server.store import settlements, stock_entry
from server.store.database import Connection
from server.store.ledger import EvidenceRow
from server.store.settlements import Settlement
from server.store.stock import StockRecord
from server.trace.telling import source_of

MOST_RECORDS = 1_000
_OPERATORS = ("sel_retn_opter_name", "purc_retn_opter_name", "inv_chg_opter_name")
_SETTLED, _CANCELLED = "settled", "cancelled"


@dataclass(frozen=True, slots=True)
class InterfaceRecord:
    """One message that said something about a pack."""

    infno: str
    """Transaction; of a settlement the one that its kind of visit settles with."""
    msgid: str
    operator: str
    happened_at: datetime
    received_at: datetime


def record_of_settlement(setl_id: str) -> str:
    """Return the identity of what a settlement says about the packs that came with it."""
    return f"{_SETTLED}/{setl_id}"


def record_of_cancelling(setl_id: str) -> str:
    """Return the identity of what the cancelling of that settlement says."""
    return f"{_CANCELLED}/{setl_id}"


def find_records(connection: Connection, code: str, said: Iterable[EvidenceRow]) -> dict[bytes, InterfaceRecord]:
    """Return the messages behind what was said of `code`, by what marks their evidence."""
    stated = stock_entry.find_records_of_code(connection, code, limit=MOST_RECORDS)
    found = {source_of(one.id): _of_stock(one) for one in stated}
    sources = {row.source for row in said} - found.keys()
    for setl_id in sorted({row.document for row in said if row.source in sources}):
        settled = settlements.load_settlement(connection, setl_id)
        if settled is not None:
            found[source_of(record_of_settlement(setl_id))] = _of_settlement(settled)
            cancelling = settlements.find_cancelling(connection, setl_id)
            if cancelling is not None:
                found[source_of(record_of_cancelling(setl_id))] = _of_settlement(cancelling)
    return found


def _of_stock(one: StockRecord) -> InterfaceRecord:
    operator = next((str(one.fields[name]) for name in _OPERATORS if one.fields.get(name)), "")
    return InterfaceRecord(one.infno, one.msgid, operator, one.happened_at, one.received_at)


def _of_settlement(one: Settlement) -> InterfaceRecord:
    return InterfaceRecord(_infno(one), one.msgid, one.operator_name or one.operator, one.settled_at, one.settled_at)


def _infno(one: Settlement) -> str:
    settles, cancels = {"41": ("2102", "2103"), "21": ("2304", "2305")}.get(one.clr_type, ("2207", "2208"))
    return settles if one.cancels is None else cancels
