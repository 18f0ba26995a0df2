"""Who may be paid for a pack: the first settlement that came in with its code, while it stands and nothing came back.

A claim decides about money and about nothing else. What was done to the pack is for the ledger, which keeps a second
sale as a conflict. Who comes second is marked so when he comes, while the pack's row of the ledger is locked: a payment
that was granted is never undone by a message that arrives later, whatever the time that it bears.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.pack_life import Act, FactKey
from server.store import ledger, settlements, stock_entry
from server.store.database import Connection
from server.store.ledger import EvidenceRow
from server.store.settlements import Settlement, SettlementState
from server.store.stock import StockRecord
from server.trace.records import MOST_RECORDS, record_of_settlement
from server.trace.standing import facts_of
from server.trace.telling import source_of

UNPAID = "unpaid"
"""In the fields of a sale's record: packs of it for which another settlement was paid when it came."""
_SALE = "3505"
_WHOLE, _PART, _BACK = Act.DISPENSED.value, Act.SPLIT_DISPENSED.value, Act.RETURNED.value


@dataclass(frozen=True, slots=True)
class Claim:
    """A settlement that is paid for a pack."""

    institution: str
    setl_id: str
    since: datetime
    """When the code came in with it."""
    is_split: bool
    """Only units of the pack were settled; more settlements may be paid for the rest."""


def claims(connection: Connection, code: str) -> Sequence[Claim]:
    """Return the settlements that stand and are paid for the pack `code`, the one that came first in front.

    They are more than one only of an opened pack. To act on it, tell the ledger first: that locks the pack's row.
    """
    said = ledger.load_evidence(connection, [code])
    came = _came_with_sales(connection, code) | _came_with_settlements(connection, said)
    standing = {setl_id: settlement for setl_id in came if (settlement := _standing(connection, setl_id)) is not None}
    back = _given_back(connection, said, standing)
    parts = {row.document for row in said if row.act == _PART}
    found = [
        Claim(settlement.institution, setl_id, came[setl_id], is_split=setl_id in parts)
        for setl_id, settlement in standing.items()
        if setl_id not in back
    ]
    return sorted(found, key=lambda claim: (claim.since, claim.setl_id))


def claim_before(connection: Connection, code: str, setl_id: str, *, is_split: bool = False) -> Claim | None:
    """Return the claim that shuts out `setl_id`; None if it has a claim itself, or may have one.

    Two settlements of units of one opened pack do not shut each other out; the ledger counts the units.
    """
    standing = claims(connection, code)
    if any(claim.setl_id == setl_id for claim in standing):
        return None
    return next((claim for claim in standing if not (claim.is_split and is_split)), None)


def _came_with_sales(connection: Connection, code: str) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for record in stock_entry.find_records_of_code(connection, code, limit=MOST_RECORDS):
        if record.infno == _SALE and record.setl_id is not None and code not in unpaid_of(record):
            found.setdefault(record.setl_id, record.received_at)
    return found


def unpaid_of(record: StockRecord) -> Sequence[str]:
    """Return the packs of a sale for which another settlement was paid when it came."""
    named = record.fields.get(UNPAID)
    return [str(code) for code in named] if isinstance(named, list) else []


def _came_with_settlements(connection: Connection, said: Sequence[EvidenceRow]) -> dict[str, datetime]:
    """Return the settlements that the code travelled with; they claim it earlier than a sale row of theirs."""
    named = {
        row.document
        for row in said
        if row.act in {_WHOLE, _PART} and row.source == source_of(record_of_settlement(row.document))
    }
    settled = ((setl_id, settlements.load_settlement(connection, setl_id)) for setl_id in sorted(named))
    return {setl_id: one.settled_at for setl_id, one in settled if one is not None}


def _standing(connection: Connection, setl_id: str) -> Settlement | None:
    found = settlements.load_settlement(connection, setl_id)
    return found if found is not None and found.state is SettlementState.ACTIVE else None


def _given_back(connection: Connection, said: Sequence[EvidenceRow], setl_ids: Collection[str]) -> set[str]:
    """Return the settlements whose sale of the pack was undone as a whole."""
    names = ledger.load_stream_names(connection, {row.stream for row in said})
    facts = facts_of(said, names)
    back = {_sale(key) for key, row in zip(facts, said, strict=True) if row.act == _BACK and row.units is None}
    return {
        row.document
        for key, row in zip(facts, said, strict=True)
        if row.document in setl_ids and row.act != _BACK and _sale(key) in back
    }


def _sale(key: FactKey) -> tuple[str, str]:
    return key.institution, key.document
