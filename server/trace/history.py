"""The life of one code as a person reads it: where it stands, every fact with its evidence, every scan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rules.pack_life import SELLABLE, Act, FactKey, State
from server.store import events, ledger
from server.store.database import Connection, Store
from server.store.events import EventRow
from server.store.ledger import EvidenceRow, LedgerRow, SightingRow
from server.store.times import micros, moment
from server.trace.standing import ConflictNote, conflicts_of, settled_by
from server.trace.testimony import LONGEST_RESERVATION_US
from wire.errors import WireError
from wire.events import thaw

MOST_FACTS = 500
MOST_SCANS = 200


@dataclass(frozen=True, slots=True)
class Testimony:
    """One message that says so."""

    event: str
    """Event id."""
    terminal: str
    epoch: str
    seq: int
    hlc: int
    operator: str | None
    occurred_at: datetime | None
    """Device clock; None if the stored bytes are of a form that this release cannot read."""
    received_at: datetime | None


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
            return CodeHistory(code, False, State.UNSEEN, None, None, None, None, None, (), (), 0, (), True)
        facts = ledger.load_evidence_page(connection, code, MOST_FACTS + 1)
        scans = ledger.load_newest_sightings(connection, code, MOST_SCANS + 1)
        timeline = _timeline(connection, row, facts[:MOST_FACTS], scans[:MOST_SCANS])
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


def _timeline(
    connection: Connection, row: LedgerRow, facts: Sequence[EvidenceRow], scans: Sequence[SightingRow]
) -> list[TimelineEntry]:
    names = ledger.load_stream_names(connection, {one.stream for one in facts} | {one.stream for one in scans})
    places = [(one.stream, one.seq) for one in facts] + [(one.stream, one.seq) for one in scans]
    stored = {(one.stream, one.seq, one.id): one for one in events.load_placed(connection, places)}
    conflicts = {note.fact: note for note in conflicts_of(row)}

    def testimony(one: EvidenceRow | SightingRow) -> Testimony:
        terminal, epoch = names[one.stream]
        return _testimony(one, terminal, epoch, stored.get((one.stream, one.seq, one.source)))

    grouped: dict[FactKey, list[Testimony]] = {}
    for fact in facts:
        key = FactKey(Act(fact.act), fact.institution, fact.document, fact.line)
        grouped.setdefault(key, []).append(testimony(fact))
    entries = [TimelineEntry(key, _in_order(said), conflicts.get(key)) for key, said in grouped.items()]
    for scan in scans:
        key = FactKey(Act.SCANNED, scan.institution, scan.sale, 0)
        entries.append(TimelineEntry(key, [testimony(scan)], None))
    return sorted(entries, key=lambda entry: _place(entry.evidence[0]))


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
