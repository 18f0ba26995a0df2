"""The life of one code as a person reads it: where it stands, every fact with its evidence, every scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from rules.pack_life import SELLABLE, Act, FactKey, State
from server.store import events, ledger
from server.store.database import Connection, Store
from server.store.events import EventRow
from server.store.ledger import EvidenceRow, LedgerRow, SightingRow
from server.store.times import micros, moment
from server.trace.records import InterfaceRecord, find_records
from server.trace.standing import ConflictNote, conflicts_of, facts_of, settled_by
from server.trace.testimony import LONGEST_RESERVATION_US
from wire.errors import WireError
from wire.events import thaw

MOST_FACTS = 500
MOST_SCANS = 200


@dataclass(frozen=True, slots=True)
class Testimony:
    """One message that says so: an event of a terminal, or a message of the national interface."""

    event: str
    """Event id; of a message of the interface, what marks its evidence."""
    terminal: str
    """Empty for a message of the interface."""
    epoch: str
    seq: int
    hlc: int
    operator: str | None
    occurred_at: datetime | None
    """Device clock, or the time that the message states; None if the stored bytes are of a form that this release
    cannot read."""
    received_at: datetime | None
    infno: str | None = None
    """Transaction of the interface."""
    msgid: str | None = None
    """The message of the institution that the record came with."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One fact, with all evidence for it; or one scan."""

    fact: FactKey
    evidence: Sequence[Testimony]
    conflict: ConflictNote | None
    """Why the fact cannot follow the ones before it."""


@dataclass(frozen=True, slots=True)
class CodeHistory:
    """Everything that is known of a code."""

    code: str
    is_known: bool
    """Whether anything was ever heard of it."""
    state: State
    """At the time of asking: a reservation ends by itself."""
    holder: str | None
    """Institution that has or had the pack last."""
    settled_by: FactKey | None
    rest: int | None
    """Units left of an opened pack."""
    barred: State | None
    """`RECALLED` or `EXPIRED`, even while the pack is sold: it will come back as that."""
    reserved_until: datetime | None
    evidence: Sequence[EvidenceRow]
    """What was said about it, scans apart."""
    facts: Sequence[FactKey]
    """The fact that each piece of `evidence` is about."""
    conflicts: Sequence[ConflictNote]
    conflict_count: int
    timeline: Sequence[TimelineEntry]
    is_complete: bool
    """False if there is more than the timeline shows."""


def find_history(store: Store, code: str, now: datetime) -> CodeHistory:
    """Return what is known of `code`; a code that was never seen has an empty history."""
    with store.reading() as connection:
        row = ledger.find_row(connection, code)
        if row is None:
            return CodeHistory(code, False, State.UNSEEN, None, None, None, None, None, (), (), (), 0, (), True)
        facts = ledger.load_evidence_page(connection, code, MOST_FACTS + 1)
        scans = ledger.load_newest_sightings(connection, code, MOST_SCANS + 1)
        names = ledger.load_stream_names(connection, {one.stream for one in facts} | {one.stream for one in scans})
        keys = facts_of(facts[:MOST_FACTS], names)
        timeline = _timeline(connection, row, _Said(facts[:MOST_FACTS], keys, scans[:MOST_SCANS], names))
    return CodeHistory(
        code=code,
        is_known=True,
        state=state_at(row, now),
        holder=row.holder,
        settled_by=settled_by(row),
        rest=row.rest,
        barred=None if row.barred is None else State(row.barred),
        reserved_until=_reserved_until(row, now),
        evidence=facts[:MOST_FACTS],
        facts=keys,
        conflicts=conflicts_of(row),
        conflict_count=row.conflict_count,
        timeline=timeline,
        is_complete=len(facts) <= MOST_FACTS and len(scans) <= MOST_SCANS,
    )


def state_at(row: LedgerRow, now: datetime) -> State:
    """Return the state at `now`: reserved while a reservation lasts on a pack that can be sold."""
    state = State(row.state)
    return State.RESERVED if state in SELLABLE and _reserved_until(row, now) is not None else state


def event_id(source: bytes) -> str:
    """Return an event's id as it is written."""
    return str(UUID(bytes=source))


def _reserved_until(row: LedgerRow, now: datetime) -> datetime | None:
    if not row.is_reserved or row.scan_until_us is None:
        return None
    # One that would last longer than any may is from a clock ahead of time: it sets nothing aside yet.
    is_believed = 0 < row.scan_until_us - micros(now) <= LONGEST_RESERVATION_US
    return moment(row.scan_until_us) if is_believed else None


@dataclass(frozen=True, slots=True)
class _Said:
    """All that was said of one code, as far as it is shown."""

    facts: Sequence[EvidenceRow]
    keys: Sequence[FactKey]
    """The fact that each of `facts` is about."""
    scans: Sequence[SightingRow]
    names: ledger.StreamNames


def _timeline(connection: Connection, row: LedgerRow, said: _Said) -> list[TimelineEntry]:
    stored = _Stored(
        {number: name for number, name in said.names.items() if name != ledger.INTERFACE},
        _events(connection, said),
        find_records(connection, row.code, said.facts) if ledger.INTERFACE in said.names.values() else {},
    )
    conflicts = {note.fact: note for note in conflicts_of(row)}
    grouped: dict[FactKey, dict[bytes, Testimony]] = {}
    for key, fact in zip(said.keys, said.facts, strict=True):
        # A message that names its sale by several numbers is one testimony.
        grouped.setdefault(key, {}).setdefault(fact.source, stored.testimony(fact))
    entries = [TimelineEntry(key, _in_order(told.values()), conflicts.get(key)) for key, told in grouped.items()]
    for scan in said.scans:
        key = FactKey(Act.SCANNED, scan.institution, scan.sale, 0)
        entries.append(TimelineEntry(key, [stored.testimony(scan)], None))
    return sorted(entries, key=lambda entry: _place(entry.evidence[0]))


def _events(connection: Connection, said: _Said) -> dict[tuple[int, int, bytes], EventRow]:
    placed = [(one.stream, one.seq) for one in said.facts] + [(one.stream, one.seq) for one in said.scans]
    places = [(stream, seq) for stream, seq in placed if said.names[stream] != ledger.INTERFACE]
    return {(one.stream, one.seq, one.id): one for one in events.load_placed(connection, places)}


@dataclass(frozen=True, slots=True)
class _Stored:
    """The messages behind what was said of one code."""

    terminals: dict[int, tuple[str, str]]
    """Terminal and epoch by stream."""
    events: dict[tuple[int, int, bytes], EventRow]
    records: dict[bytes, InterfaceRecord]
    """Records of the interface, by what marks their evidence."""

    def testimony(self, one: EvidenceRow | SightingRow) -> Testimony:
        """Return who says it, when and how it came."""
        if one.stream not in self.terminals:
            return _of_interface(one, self.records.get(one.source))
        terminal, epoch = self.terminals[one.stream]
        return _testimony(one, terminal, epoch, self.events.get((one.stream, one.seq, one.source)))


def _of_interface(one: EvidenceRow | SightingRow, record: InterfaceRecord | None) -> Testimony:
    terminal, epoch = ledger.INTERFACE
    said = Testimony(event_id(one.source), terminal, epoch, one.seq, one.hlc, None, moment(one.hlc), None)
    if record is None:
        return said
    return replace(
        said,
        operator=record.operator or None,
        occurred_at=record.happened_at,
        received_at=record.received_at,
        infno=record.infno,
        msgid=record.msgid,
    )


def _testimony(one: EvidenceRow | SightingRow, terminal: str, epoch: str, event: EventRow | None) -> Testimony:
    operator, occurred_at = _from_bytes(event)
    received_at = None if event is None else moment(event.received_us)
    return Testimony(event_id(one.source), terminal, epoch, one.seq, one.hlc, operator, occurred_at, received_at)


def _from_bytes(event: EventRow | None) -> tuple[str | None, datetime | None]:
    if event is None:
        return None, None
    try:
        said = thaw(event.frozen)
    except WireError:
        return None, None
    return said.operator, said.occurred_at


def _in_order(said: Iterable[Testimony]) -> list[Testimony]:
    return sorted(said, key=_place)


def _place(said: Testimony) -> tuple[int, str, str, int]:
    return said.hlc, said.terminal, said.epoch, said.seq
