"""Where a code stands: the ledger's row as a function of its history. Pure.

The meaning is `rules.pack_fold.fold` over everything that was ever said about the code; `derive` does just that. But
most news can be taken without reading the history again, and `advance` does so where the answer is provably the same:

* a scan never changes what was done to a pack, and of all scans only the newest can be the reservation;
* the first fact about a code has nothing to contradict;
* a code with `CONFLICTS_KEPT` conflicts stays in conflict, and what comes after all of it is only counted, unless
  it bars the pack.

So a code that is scanned a hundred thousand times, or sold a thousand times, costs as little as any other. That
`advance` and `derive` agree, whatever the order and the batches, is a property test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from rules.pack_facts import keys_of_facts
from rules.pack_fold import fold
from rules.pack_life import BARS, SALES, SELLABLE, Act, Conflict, Evidence, FactKey, Order, PackLife, State
from server.store.ledger import EvidenceRow, LedgerRow, SightingRow
from server.store.times import moment

CONFLICTS_KEPT = 16
"""Conflicts that a ledger row describes; further ones are counted. The evidence is kept in full."""

_SALES = frozenset(act.value for act in SALES)
"""The acts that contradict a conflict once more; others follow it silently."""
_BARS = frozenset(act.value for act in BARS)
_UNSEEN = State.UNSEEN.value
_SELLABLE = frozenset(state.value for state in SELLABLE)
_FIRST_STEPS = {
    act.value: life.state.value
    for act in Act
    if (life := fold([Evidence("", FactKey(act, "P", "", 0), Order(0, "", "", 0))])).holder and not life.conflicts
}
"""The state after a first fact by which the pack is in somebody's hands; `derive` tells what others come to."""

_ScanCells = tuple[int | None, int | None, int | None, int | None, str | None, str | None]
_PlaceCells = tuple[int | None, int | None, int | None]
_FactCells = tuple[str | None, str | None, str | None, int | None]
_NO_SCAN: _ScanCells = (None, None, None, None, None, None)
_NO_FACT: _FactCells = (None, None, None, None)

Streams = Mapping[int, tuple[str, str]]
"""Terminal and epoch of a stream."""


class NewestScan(NamedTuple):
    """The scan that sets the pack aside, if it can be sold."""

    hlc: int
    stream: int
    seq: int
    until_us: int
    institution: str
    sale: str


class ConflictNote(msgspec.Struct, frozen=True):
    """One conflict as the ledger describes it."""

    code: str
    zh: str
    en: str
    fact: FactKey
    against: FactKey | None


@dataclass(frozen=True, slots=True)
class News:
    """What a batch says about one code."""

    code: str
    facts: Sequence[EvidenceRow]
    scans: Sequence[SightingRow]
    is_from_known_document: bool
    """One of the facts belongs to a sale or delivery that this code has evidence of already."""


def advance(prior: LedgerRow | None, news: News, streams: Streams, now_us: int) -> LedgerRow | None:
    """Return the row after `news`, or None if only the whole history can tell.

    Args:
        prior: The row before; None for a code that was never heard of.
        news: Evidence that is not in `prior` yet.
        streams: Names of all streams that occur in either.
        now_us: When the row changes.
    """
    scan = newest_scan(prior, news.scans, streams)
    if not news.facts:
        return _after_scans(prior, news.code, scan, streams, now_us)
    if prior is None or prior.state == _UNSEEN:
        if len(news.facts) == 1 and news.facts[0].act in _FIRST_STEPS:
            return _after_first_fact(news.facts[0], scan, streams, now_us)
        return derive(news.code, news.facts, scan, streams, now_us)
    if _only_counts(prior, news, streams):
        return _after_more_conflicts(prior, news.facts, scan, streams, now_us)
    return None


def derive(
    code: str, facts: Sequence[EvidenceRow], scan: NewestScan | None, streams: Streams, now_us: int
) -> LedgerRow:
    """Return the row that the whole history comes to."""
    history = [_evidence(row, streams) for row in facts]
    life = fold([*history, _scan_evidence(scan, streams)] if scan else history)
    newest = max(facts, key=lambda row: _order(row.hlc, row.stream, row.seq, streams)) if facts else None
    return _row(code, life, scan, newest, now_us)


def newest_scan(prior: LedgerRow | None, scans: Iterable[SightingRow], streams: Streams) -> NewestScan | None:
    """Return the newest of the scans that set the pack aside, the row's own among them."""
    found = _scan_of(prior)
    for row in scans:
        if row.until_us is None:
            continue
        scan = NewestScan(row.hlc, row.stream, row.seq, row.until_us, row.institution, row.sale)
        if found is None or _order_of(scan, streams) > _order_of(found, streams):
            found = scan
    return found


def settled_by(row: LedgerRow) -> FactKey | None:
    """Return the fact that led to the row's state."""
    act, institution = row.settled_act, row.settled_institution
    if act is None or institution is None or row.settled_document is None or row.settled_line is None:
        return None
    return FactKey(Act(act), institution, row.settled_document, row.settled_line)


def facts_of(rows: Sequence[EvidenceRow], streams: Streams) -> list[FactKey]:
    """Return, for each row of all that was said about one code, the key of the fact that it is evidence of."""
    pieces = [_evidence(row, streams) for row in rows]
    merged = keys_of_facts(pieces)
    return [merged.get(piece.key, piece.key) for piece in pieces]


def conflicts_of(row: LedgerRow) -> list[ConflictNote]:
    """Return the conflicts that the row describes."""
    return _conflicts_decoder.decode(row.conflicts) if row.conflicts else []


_conflicts_decoder = msgspec.json.Decoder(list[ConflictNote])


def _after_scans(
    prior: LedgerRow | None, code: str, scan: NewestScan | None, streams: Streams, now_us: int
) -> LedgerRow | None:
    if prior is None:
        return _plain_row(code, _UNSEEN, None, scan, is_reserved=scan is not None, now_us=now_us)
    if scan is None or scan == _scan_of(prior):
        return prior
    is_sellable = prior.state in _SELLABLE
    facts_end = _end_of_facts(prior, streams)
    if is_sellable and facts_end is not None and _order_of(scan, streams) < facts_end:
        return None
    return _with_scan(prior, scan, is_reserved=is_sellable, now_us=now_us)


def _after_first_fact(fact: EvidenceRow, scan: NewestScan | None, streams: Streams, now_us: int) -> LedgerRow:
    after = _FIRST_STEPS[fact.act]
    is_later = scan is not None and _order_of(scan, streams) > _order(fact.hlc, fact.stream, fact.seq, streams)
    return _plain_row(fact.code, after, fact, scan, is_reserved=is_later and after in _SELLABLE, now_us=now_us)


def _only_counts(prior: LedgerRow, news: News, streams: Streams) -> bool:
    """Tell whether the facts come after everything known of a code that is full of conflicts."""
    if prior.conflict_count < CONFLICTS_KEPT or news.is_from_known_document:
        return False
    if any(fact.act in _BARS for fact in news.facts):
        return False
    known = _end_of_facts(prior, streams)
    return known is not None and all(_order(fact.hlc, fact.stream, fact.seq, streams) > known for fact in news.facts)


def _after_more_conflicts(
    prior: LedgerRow, facts: Sequence[EvidenceRow], scan: NewestScan | None, streams: Streams, now_us: int
) -> LedgerRow:
    newest = max(facts, key=lambda row: _order(row.hlc, row.stream, row.seq, streams))
    pieces = [_evidence(row, streams) for row in facts if row.act in _SALES]
    merged = keys_of_facts(pieces)
    sales = {merged.get(piece.key, piece.key) for piece in pieces}
    counted = prior._replace(
        conflict_count=prior.conflict_count + len(sales),
        fact_hlc=newest.hlc,
        fact_stream=newest.stream,
        fact_seq=newest.seq,
        changed_us=now_us,
    )
    return _with_scan(counted, scan, is_reserved=False, now_us=now_us) if scan else counted


def _end_of_facts(row: LedgerRow, streams: Streams) -> Order | None:
    """Return the place of the newest evidence that the row rests on; None if scans are all there is."""
    if row.fact_hlc is None or row.fact_stream is None or row.fact_seq is None:
        return None
    return _order(row.fact_hlc, row.fact_stream, row.fact_seq, streams)


def _plain_row(
    code: str, state: str, fact: EvidenceRow | None, scan: NewestScan | None, *, is_reserved: bool, now_us: int
) -> LedgerRow:
    """Return the row of a code of which at most one fact is known."""
    settled: _FactCells = (fact.institution, fact.act, fact.document, fact.line) if fact else _NO_FACT
    holder, act, document, line = settled
    return LedgerRow(
        code,
        state,
        holder,
        act,
        document,
        line,
        None,
        is_reserved,
        *_scan_cells(scan),
        *_place_cells(fact),
        0,
        None,
        now_us,
        holder,
        None,
    )


def _row(code: str, life: PackLife, scan: NewestScan | None, newest: EvidenceRow | None, now_us: int) -> LedgerRow:
    settled = life.settled_by
    notes = [_note(conflict) for conflict in life.conflicts[:CONFLICTS_KEPT]]
    return LedgerRow(
        code,
        life.state.value,
        life.holder,
        settled.act.value if settled else None,
        settled.document if settled else None,
        settled.line if settled else None,
        life.rest,
        life.reservation is not None,
        *_scan_cells(scan),
        *_place_cells(newest),
        len(life.conflicts),
        msgspec.json.encode(notes).decode() if notes else None,
        now_us,
        settled.institution if settled else None,
        life.barred.value if life.barred else None,
    )


def _scan_cells(scan: NewestScan | None) -> _ScanCells:
    return _NO_SCAN if scan is None else scan


def _place_cells(newest: EvidenceRow | None) -> _PlaceCells:
    return (None, None, None) if newest is None else (newest.hlc, newest.stream, newest.seq)


def _note(conflict: Conflict) -> ConflictNote:
    return ConflictNote(conflict.code, conflict.words.zh, conflict.words.en, conflict.fact, conflict.against)


def _with_scan(row: LedgerRow, scan: NewestScan, *, is_reserved: bool, now_us: int) -> LedgerRow:
    return row._replace(
        is_reserved=is_reserved,
        scan_hlc=scan.hlc,
        scan_stream=scan.stream,
        scan_seq=scan.seq,
        scan_until_us=scan.until_us,
        scan_institution=scan.institution,
        scan_sale=scan.sale,
        changed_us=now_us,
    )


def _scan_of(row: LedgerRow | None) -> NewestScan | None:
    if row is None or row.scan_hlc is None:
        return None
    return NewestScan._make(row[_SCAN_START:_SCAN_END])


_SCAN_START = LedgerRow._fields.index("scan_hlc")
_SCAN_END = _SCAN_START + len(NewestScan._fields)


def _evidence(row: EvidenceRow, streams: Streams) -> Evidence:
    key = FactKey(Act(row.act), row.institution, row.document, row.line)
    order = _order(row.hlc, row.stream, row.seq, streams)
    return Evidence(row.source.hex(), key, order, row.units, row.units_per_pack)


def _scan_evidence(scan: NewestScan, streams: Streams) -> Evidence:
    key = FactKey(Act.SCANNED, scan.institution, scan.sale, scan.seq)
    return Evidence("", key, _order_of(scan, streams), reserved_until=moment(scan.until_us))


def _order_of(scan: NewestScan, streams: Streams) -> Order:
    return _order(scan.hlc, scan.stream, scan.seq, streams)


def _order(hlc: int, stream: int, seq: int, streams: Streams) -> Order:
    terminal, epoch = streams[stream]
    return Order(hlc, terminal, epoch, seq)
