"""A settlement with all that its answer tells, made now or found as it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from codes.words import Words
from server.settlement.remarks import remarks_in
from server.store import insured, settlements
from server.store.database import Connection
from server.store.insured import Person
from server.store.settlements import SettledLine, Settlement


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement, a trial, or the negative of a settlement."""

    record: Settlement
    lines: Sequence[SettledLine]
    person: Person
    memos: Mapping[str, Words] = field(default_factory=dict)
    """What the sender should know of a line, by its serial."""
    remarks: tuple[Words, ...] = ()
    """What the sender should know of the whole."""
    is_found: bool = False
    """It stood before this message came."""


def load_settled(connection: Connection, record: Settlement, *, is_found: bool = True) -> Settled:
    """Return a settlement that is kept, or its negative, with its lines and its person."""
    person = insured.load_person(connection, record.psn_no)
    assert person is not None  # noqa: S101 - a settlement names a person, and people are never deleted
    lines = settlements.load_lines(connection, record.cancels or record.setl_id)
    remarks = () if record.cancels else remarks_in(record.process_info)
    return Settled(record, lines, person, remarks=remarks, is_found=is_found)
