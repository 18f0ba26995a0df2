"""The ledger's tables: what was said about packs, and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, tuple_

from server.store import bulk
from server.store.direct import Asked
from server.store.events import NO_HASH
from server.store.tables import HAS_CONFLICT, evidence, ledger, sighting, stream

StreamNames = dict[int, tuple[str, str]]
"""Terminal and epoch of a stream, by its number."""


INTERFACE = ("", "fsi")
"""What stands for terminal and epoch of evidence that came as messages of the national interface: no terminal is named
so. Its number within it is one that the message's record gives (`server.trace.telling`)."""

_LEDGER = tuple(ledger.columns)
_EVIDENCE = tuple(evidence.columns)
_NAMES = (stream.c.id, stream.c.terminal, stream.c.epoch)
_INTERFACE = Asked(select(stream.c.id).where(stream.c.terminal == INTERFACE[0], stream.c.epoch == INTERFACE[1]))


class EvidenceRow(NamedTuple):
    """One message that says something was done to a pack. A tuple, because it is written in bulk as it stands."""

    code: str
    institution: str
    document: str
    act: str
    line: int
    source: bytes
    hlc: int
    stream: int
    seq: int
    units: int | None
    units_per_pack: int | None
    product: str | None


class SightingRow(NamedTuple):
    """One scan of a code."""

    code: str
    hlc: int
    source: bytes
    stream: int
    seq: int
    institution: str
    sale: str
    until_us: int | None


class LedgerRow(NamedTuple):
    """What the history of one code comes to (docs/centre.md, the ledger)."""

    code: str
    state: str
    holder: str | None
    settled_act: str | None
    settled_document: str | None
    settled_line: int | None
    rest: int | None
    is_reserved: bool
    scan_hlc: int | None
    scan_stream: int | None
    scan_seq: int | None
    scan_until_us: int | None
    scan_institution: str | None
    scan_sale: str | None
    fact_hlc: int | None
    fact_stream: int | None
    fact_seq: int | None
    conflict_count: int
    conflicts: str | None
    changed_us: int
    settled_institution: str | None
    barred: str | None


def load_rows(connection: Connection, codes: Collection[str]) -> dict[str, LedgerRow]:
    """Return the ledger's rows for `codes`, kept from other writers until the transaction ends."""
    return {row[0]: LedgerRow._make(row) for row in bulk.fetch_locked(connection, _LEDGER, ledger.c.code, codes)}


def look_at_rows(connection: Connection, codes: Collection[str]) -> list[LedgerRow]:
    """Return the ledger's rows for `codes`, for reading only."""
    return [LedgerRow._make(row) for row in bulk.fetch(connection, _LEDGER, ledger.c.code, codes)]


def load_evidence(connection: Connection, codes: Collection[str]) -> list[EvidenceRow]:
    """Return all evidence about `codes`, scans apart."""
    return [EvidenceRow._make(row) for row in bulk.fetch(connection, _EVIDENCE, evidence.c.code, codes)]


def load_stream_names(connection: Connection, streams: Collection[int]) -> StreamNames:
    """Return terminal and epoch of each stream."""
    found = bulk.fetch(connection, _NAMES, stream.c.id, streams)
    return {number: (terminal, epoch) for number, terminal, epoch in found}


def interface_stream(connection: Connection) -> int:
    """Return the number under which evidence of the national interface is kept; it is given out once."""
    number = _INTERFACE.value(connection, {})
    if number is None:
        bulk.insert_missing(connection, stream, [(*INTERFACE, 0, 0, NO_HASH, False)])
        number = _INTERFACE.value(connection, {})
    return int(number)


def remove_evidence(connection: Connection, source: bytes, codes: Collection[str]) -> None:
    """Take back what one message said about `codes`."""
    connection.execute(delete(evidence).where(evidence.c.code.in_(sorted(codes)), evidence.c.source == source))


def save_evidence(connection: Connection, rows: Sequence[EvidenceRow]) -> None:
    """Keep what was said."""
    # In the order of their keys, as below: see `server/store/events.py` on the order of locks.
    bulk.insert_missing(connection, evidence, sorted(rows, key=itemgetter(slice(6))))


def save_sightings(connection: Connection, rows: Sequence[SightingRow]) -> None:
    """Keep the scans."""
    bulk.insert_missing(connection, sighting, sorted(rows, key=itemgetter(slice(3))))


def add_rows(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    """Add codes that the ledger did not have.

    Raises:
        StoreContentionError: Another worker added one of them meanwhile.
    """
    bulk.claim(connection, ledger, sorted(rows, key=itemgetter(0)))


def replace_rows(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    """Overwrite the rows of codes that the ledger has."""
    bulk.insert_or_replace(connection, ledger, rows)


def has_document(connection: Connection, code: str, institution: str, document: str) -> bool:
    """Tell whether anything is known about `code` from this document."""
    asked = select(evidence.c.line).where(
        evidence.c.code == code, evidence.c.institution == institution, evidence.c.document == document
    )
    return connection.execute(asked.limit(1)).first() is not None


def find_row(connection: Connection, code: str) -> LedgerRow | None:
    """Return the ledger's row for one code, for reading only."""
    row = connection.execute(select(ledger).where(ledger.c.code == code)).first()
    return None if row is None else LedgerRow._make(row)


def load_row_page(connection: Connection, *, after: str, limit: int) -> Sequence[LedgerRow]:
    """Return rows in the order of their codes."""
    asked = select(ledger).where(ledger.c.code > after).order_by(ledger.c.code).limit(limit)
    return [LedgerRow._make(row) for row in connection.execute(asked)]


def load_evidence_page(connection: Connection, code: str, limit: int) -> Sequence[EvidenceRow]:
    """Return the first evidence about a code, oldest first."""
    asked = select(evidence).where(evidence.c.code == code).order_by(evidence.c.hlc, evidence.c.source).limit(limit)
    return [EvidenceRow._make(row) for row in connection.execute(asked)]


def load_newest_sightings(connection: Connection, code: str, limit: int) -> Sequence[SightingRow]:
    """Return the newest scans of a code, newest first."""
    asked = select(sighting).where(sighting.c.code == code).order_by(sighting.c.hlc.desc()).limit(limit)
    return [SightingRow._make(row) for row in connection.execute(asked)]


def load_conflict_page(connection: Connection, *, before: tuple[int, str] | None, limit: int) -> Sequence[LedgerRow]:
    """Return rows in conflict, those that changed last first, from a place (time of change, code) on."""
    newest_first = (ledger.c.changed_us.desc(), ledger.c.code.desc())
    asked = select(ledger).where(HAS_CONFLICT).order_by(*newest_first).limit(limit)
    if before is not None:
        asked = asked.where(tuple_(ledger.c.changed_us, ledger.c.code) < tuple_(*before))
    return [LedgerRow._make(row) for row in connection.execute(asked)]


def count_conflicts(connection: Connection, most: int) -> int:
    """Return how many codes are in conflict, counting to `most`."""
    some = select(ledger.c.changed_us).where(HAS_CONFLICT).limit(most).subquery()
    return connection.scalar(select(func.count()).select_from(some)) or 0
