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
from wire.fsi.repeats import CANCELLED_BEFORE, SETTLED_BEFORE, marked


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


def found_settled(settled: Settled) -> Words:
    """Say that a settlement stood before this message came, and whose message settled it."""
    record = settled.record
    return marked(
        SETTLED_BEFORE,
        Words(
            f"该笔费用此前已结算（报文 {record.msgid}，setl_id {record.setl_id}），返回原结算结果",
            f"It was settled before by {record.msgid} (setl_id {record.setl_id}); this is that settlement",
        ),
    )


def found_cancelled(cancelled: Settled) -> Words:
    """Say that a settlement was cancelled before this message came, and whose message cancelled it."""
    by = cancelled.record.msgid
    return marked(
        CANCELLED_BEFORE,
        Words(
            f"该结算此前已撤销（报文 {by}），返回原撤销结果",
            f"It was cancelled before by {by}; this is that cancellation",
        ),
    )
