"""What records of the national interface say about packs, told to the ledger; taken back when a record is deleted.

A record of the interface is no event of a terminal: it has no number in a chain and no hybrid clock. Its evidence
stands where the record says that it happened, in whole seconds, never later than it arrived, and bears the record's
identity: so it merges with what a terminal or a settlement says of the same sale, in either order of arrival.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from rules.pack_life import NO_LINE, Act
from server.store import ledger as store
from server.store.database import Connection
from server.store.ledger import EvidenceRow
from server.store.times import micros
from server.trace import ledger
from server.trace.standing import ConflictNote, conflicts_of, facts_of

SOURCE_BYTES = 16
"""As many as the id of an event has."""
_NUMBER_BYTES = 7
"""A number made of the source fits every store and is larger than any line of a sale."""
_LARGE = 1 << 32


@dataclass(frozen=True, slots=True)
class Told:
    """What one record says was done to packs."""

    act: Act
    institution: str
    documents: tuple[str, ...]
    """Every number by which the sale is known: receipt, stock-out note, charge batch, settlement. At least one."""
    codes: tuple[str, ...]
    """Keys of packs."""
    record: str
    """Identity of the record, the same for ever."""
    at: datetime
    """When it happened, as the record says."""
    units: int | None = None
    """Of an opened pack: units that were sold; or that came back, if not all of that sale did."""
    units_per_pack: int | None = None
    product: str | None = None
    """The catalogue's product that the institution took the packs for."""


def source_of(record: str) -> bytes:
    """Return how evidence of a record is marked."""
    return sha256(record.encode()).digest()[:SOURCE_BYTES]


def tell(connection: Connection, told: Sequence[Told], now: datetime) -> Collection[str]:
    """Keep what records say, and bring the rows of their packs up to date. What is known already changes nothing.

    The packs' rows are locked from then on. Return those that somebody told or scanned before.

    Raises:
        StoreContentionError: Another worker added one of the packs meanwhile; the caller starts again.
    """
    naming = [one for one in told if one.codes]
    if not naming:
        return ()
    stream = store.interface_stream(connection)
    rows = [row for one in naming for row in _rows(one, stream, now)]
    return ledger.apply(connection, rows, (), micros(now), {stream: store.INTERFACE})


def take_back(connection: Connection, record: str, codes: Collection[str], now: datetime) -> None:
    """Undo what `tell` kept of a record about these packs."""
    if codes:
        ledger.withdraw(connection, source_of(record), codes, micros(now))


def contradictions(connection: Connection, told: Told) -> dict[str, ConflictNote]:
    """Return, by pack, what the ledger finds impossible in this record; packs without contradiction are left out."""
    found: dict[str, ConflictNote] = {}
    source = source_of(told.record)
    rows = store.load_rows(connection, told.codes)
    for code in told.codes:
        row = rows.get(code)
        if row is None or not row.conflict_count:
            continue
        said = store.load_evidence(connection, [code])
        names = store.load_stream_names(connection, {one.stream for one in said})
        ours = {key for key, one in zip(facts_of(said, names), said, strict=True) if one.source == source}
        notes = conflicts_of(row)
        # A code full of conflicts describes the first ones only; what came later is one more of them.
        unnamed = notes[0] if row.conflict_count > len(notes) else None
        note = next((note for note in notes if note.fact in ours or note.against in ours), unnamed)
        if note is not None:
            found[code] = note
    return found


def _rows(told: Told, stream: int, now: datetime) -> list[EvidenceRow]:
    source = source_of(told.record)
    number = int.from_bytes(source[:_NUMBER_BYTES]) | _LARGE
    # Several returns of one opened pack are several facts of one sale: each has a line of its own.
    is_partial = told.act is Act.RETURNED and told.units is not None
    line = number if is_partial else NO_LINE
    hlc = micros(min(told.at, now))
    return [
        EvidenceRow(
            code,
            told.institution,
            document,
            told.act.value,
            line,
            source,
            hlc,
            stream,
            number,
            told.units,
            told.units_per_pack,
            told.product,
        )
        for code in dict.fromkeys(told.codes)
        for document in dict.fromkeys(told.documents)
    ]
