"""What the ledger will find impossible in a sale, said before it is made: the sender may still look at the pack.

It is told from where the pack stands and never refuses anything: whether a sale is paid is for `claims`, and what
happened is known only once all messages have come. A sale that was told before by its own number is none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from codes.words import Words
from rules.pack_life import Act, State
from rules.pack_moves import ELSEWHERE, MOVES, SOLD_BARRED, why_impossible
from server.store import ledger
from server.store.database import Connection
from server.store.ledger import LedgerRow


@dataclass(frozen=True, slots=True)
class Meant:
    """A sale that is about to be made."""

    institution: str
    document: str
    """Its number at the institution; empty if it has none."""
    split: frozenset[str]
    """Packs of which only units are sold."""


def foresee(connection: Connection, codes: Collection[str], meant: Meant) -> dict[str, Words | None]:
    """Return, by pack, why its sale would be a contradiction, or None; packs that nobody ever heard of are left out."""
    return {
        row.code: _why(row, meant, Act.SPLIT_DISPENSED if row.code in meant.split else Act.DISPENSED)
        for row in ledger.look_at_rows(connection, codes)
    }


def _why(row: LedgerRow, meant: Meant, act: Act) -> Words | None:
    state = State(row.state)
    if meant.document and (row.settled_institution, row.settled_document) == (meant.institution, meant.document):
        return None
    if row.barred is not None:
        return SOLD_BARRED[State(row.barred)][1]
    if state is State.CONFLICT:
        return Words("台账已标为冲突", "the ledger has a conflict about it already")
    if (state, act) not in MOVES:
        return why_impossible(state, act)[1]
    is_elsewhere = row.holder is not None and row.holder != meant.institution
    return ELSEWHERE[act][1] if is_elsewhere and state is not State.TRANSFERRED else None
