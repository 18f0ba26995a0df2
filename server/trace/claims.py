"""Who may be paid for a pack: the first settlement that came in with its code, while it stands and nothing came back.

A claim decides about money and about nothing else. What was done to the pack is for the ledger, which keeps a second
sale as a conflict. Who comes second is marked so when he comes, while the pack's row of the ledger is locked: a payment
that was granted is never undone by a message that arrives later, whatever the time that it bears.

All packs of a sale are asked about at once: a pack that was never sold before, as nearly all are, costs a share of one
statement.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.pack_life import SALES, Act, FactKey
from server.store import ledger
from server.store.claimants import Claimant, find_insured_sales, load_claimants
from server.store.database import Connection
from server.store.ledger import EvidenceRow
from server.store.stock import StockRecord
from server.trace.records import record_of_settlement
from server.trace.standing import facts_of
from server.trace.telling import source_of

UNPAID = "unpaid"
"""In the fields of a sale's record: packs of it for which another settlement was paid when it came."""
_SOLD = frozenset(act.value for act in SALES)
_PART, _BACK = Act.SPLIT_DISPENSED.value, Act.RETURNED.value


@dataclass(frozen=True, slots=True)
class Claim:
    """A settlement that is paid for a pack."""

    institution: str
    setl_id: str
    since: datetime
    """When the code came in with it."""
    is_split: bool
    """Only units of the pack were settled; more settlements may be paid for the rest."""


def claims(connection: Connection, codes: Collection[str], *, besides: str = "") -> dict[str, list[Claim]]:
    """Return, by pack, the settlements that stand and are paid for it, the one that came first in front.

    They are more than one only of an opened pack. To act on it, tell the ledger first: that locks the packs' rows.

    Args:
        connection: To read with.
        codes: Keys of packs; those that nobody is paid for are left out of the answer.
        besides: A settlement whose own claims are not asked for, and not told.
    """
    said: dict[str, list[EvidenceRow]] = {}
    for row in ledger.load_evidence(connection, codes):
        said.setdefault(row.code, []).append(row)
    ours = source_of(record_of_settlement(besides)) if besides else None
    sold = {code: rows for code, rows in said.items() if any(row.act in _SOLD and row.source != ours for row in rows)}
    if not sold:
        return {}
    uploaded, travelled = _uploaded(connection, sold), {code: _travelled_with(rows) for code, rows in sold.items()}
    named = set().union(*uploaded.values(), *travelled.values()) - {besides}
    standing = {setl_id: one for setl_id, one in load_claimants(connection, named).items() if one.stands}
    if not standing:
        return {}
    names = ledger.load_stream_names(connection, {row.stream for rows in sold.values() for row in rows})
    found: dict[str, list[Claim]] = {}
    for code, rows in sold.items():
        # A code that travelled with its settlement was claimed then, and not when the sale was uploaded.
        came = uploaded[code] | {one: standing[one].settled_at for one in travelled[code] & standing.keys()}
        found |= {code: _of_pack(rows, came, standing, names)}
    return {code: listed for code, listed in found.items() if listed}


def claims_before(
    connection: Connection, codes: Collection[str], setl_id: str, *, split: Collection[str] = ()
) -> dict[str, Claim]:
    """Return, by pack, the claim that shuts out `setl_id`; packs for which it has a claim itself, or may, are left out.

    Two settlements of units of one opened pack do not shut each other out; the ledger counts the units.

    Args:
        connection: To read with.
        codes: Keys of packs.
        setl_id: Who asks; empty for somebody who is not settled yet.
        split: Those of the packs of which it has units only.
    """
    shut: dict[str, Claim] = {}
    for code, standing in claims(connection, codes).items():
        if all(claim.setl_id != setl_id for claim in standing):
            against = next((claim for claim in standing if not (claim.is_split and code in split)), None)
            shut |= {code: against} if against is not None else {}
    return shut


def unpaid_of(record: StockRecord) -> Sequence[str]:
    """Return the packs of a sale for which another settlement was paid when it came."""
    return _unpaid(record.fields)


def _unpaid(fields: Mapping[str, object]) -> Sequence[str]:
    named = fields.get(UNPAID)
    return [str(code) for code in named] if isinstance(named, list) else []


def _uploaded(connection: Connection, codes: Collection[str]) -> dict[str, dict[str, datetime]]:
    """Return, by pack, the settlements that a sale's record names, and when it came."""
    came: dict[str, dict[str, datetime]] = {code: {} for code in codes}
    for sale in find_insured_sales(connection, codes):
        if sale.code not in _unpaid(sale.fields):
            came[sale.code].setdefault(sale.setl_id, sale.received_at)
    return came


def _travelled_with(said: Sequence[EvidenceRow]) -> set[str]:
    sold = (row for row in said if row.act in _SOLD)
    return {row.document for row in sold if row.source == source_of(record_of_settlement(row.document))}


def _of_pack(
    said: Sequence[EvidenceRow],
    came: Mapping[str, datetime],
    standing: Mapping[str, Claimant],
    names: ledger.StreamNames,
) -> list[Claim]:
    paid = came.keys() & standing.keys()
    if not paid:
        return []
    back = _given_back(said, paid, names)
    parts = {row.document for row in said if row.act == _PART}
    found = [
        Claim(standing[setl_id].institution, setl_id, came[setl_id], is_split=setl_id in parts)
        for setl_id in paid - back
    ]
    return sorted(found, key=lambda claim: (claim.since, claim.setl_id))


def _given_back(said: Sequence[EvidenceRow], setl_ids: Collection[str], names: ledger.StreamNames) -> set[str]:
    """Return the settlements whose sale of the pack was undone as a whole."""
    facts = facts_of(said, names)
    back = {_sale(key) for key, row in zip(facts, said, strict=True) if row.act == _BACK and row.units is None}
    return {
        row.document
        for key, row in zip(facts, said, strict=True)
        if row.document in setl_ids and row.act != _BACK and _sale(key) in back
    }


def _sale(key: FactKey) -> tuple[str, str]:
    return key.institution, key.document
