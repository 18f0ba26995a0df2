"""What one event says about packs: rows of evidence, and sightings. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple

from rules.pack_life import Act
from server.store.ledger import EvidenceRow, SightingRow
from server.store.times import micros
from wire.events import Dispensed, Fact, PackInLine, Received, SaleReturned, Scanned, SplitDispensed

# Plain strings: both database drivers take them as they are, and they are written by the thousand.
_DISPENSED = Act.DISPENSED.value
_SPLIT = Act.SPLIT_DISPENSED.value
_RETURNED = Act.RETURNED.value
_RECEIVED = Act.RECEIVED.value

LONGEST_RESERVATION_US = timedelta(days=1) // timedelta(microseconds=1)
"""No scan sets a pack aside for longer, whatever it says."""


class Witness(NamedTuple):
    """Who says it, and its place in the history of all terminals."""

    source: bytes
    """Id of the event."""
    institution: str
    """The terminal's institution in the centre's registry, never what the terminal calls itself."""
    hlc: int
    stream: int
    seq: int


class _Key(NamedTuple):
    """Which fact of the institution it is."""

    document: str
    act: str
    line: int


def sighting(fact: Fact, witness: Witness) -> SightingRow | None:
    """Return the scan that `fact` tells of, if it is the scan of a pack."""
    if not isinstance(fact, Scanned) or fact.code is None:
        return None
    until = fact.reserved_until
    return SightingRow(
        fact.code,
        witness.hlc,
        witness.source,
        witness.stream,
        witness.seq,
        witness.institution,
        fact.sale,
        None if until is None else min(micros(until), witness.hlc + LONGEST_RESERVATION_US),
    )


def evidence(fact: Fact, witness: Witness) -> list[EvidenceRow]:
    """Return what `fact` says was done to packs; nothing for scans, shifts and the like."""
    if isinstance(fact, Dispensed):
        return _rows(fact.packs, fact.product, _Key(fact.sale, _DISPENSED, fact.line), witness)
    if isinstance(fact, SplitDispensed):
        key = _Key(fact.sale, _SPLIT, fact.line)
        return _rows(fact.packs, fact.product, key, witness, fact.units_per_pack)
    if isinstance(fact, SaleReturned):
        return _rows(fact.packs, None, _Key(fact.sale, _RETURNED, fact.line), witness)
    if isinstance(fact, Received):
        return _rows(fact.packs, fact.product, _Key(fact.delivery, _RECEIVED, fact.line), witness)
    return []


def _rows(
    packs: Iterable[PackInLine], product: str | None, key: _Key, witness: Witness, units_per_pack: int | None = None
) -> list[EvidenceRow]:
    source, institution, hlc, stream, seq = witness
    document, act, line = key
    # A line that names one pack twice says one thing about it.
    units = {pack.code: pack.units for pack in packs}
    return [
        EvidenceRow(code, institution, document, act, line, source, hlc, stream, seq, count, units_per_pack, product)
        for code, count in units.items()
    ]
