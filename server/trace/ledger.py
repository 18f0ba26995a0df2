"""Apply what events say to the ledger, set by set, inside the transaction that stores the events.

Only codes that a batch names are touched. Rows are locked by key, so two workers may apply at once; the one that
comes second sees what the first has committed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from server.store import ledger as store
from server.store.database import Connection
from server.store.ledger import EvidenceRow, LedgerRow, SightingRow, StreamNames
from server.trace.standing import CONFLICTS_KEPT, News, advance, derive, newest_scan

_T = TypeVar("_T", EvidenceRow, SightingRow)
_NO_NAMES: StreamNames = {}


def apply(
    connection: Connection,
    facts: Sequence[EvidenceRow],
    scans: Sequence[SightingRow],
    now_us: int,
    names: StreamNames = _NO_NAMES,
) -> Collection[str]:
    """Keep new evidence and bring the rows of its codes up to date; return those of them that were heard of before.

    Args:
        connection: To write with.
        facts: What was done to packs.
        scans: Where packs were scanned.
        now_us: When the rows change.
        names: Streams whose names the caller knows.

    Raises:
        StoreContentionError: Another worker added one of the codes meanwhile; the caller starts again.
    """
    facts_of, scans_of = _by_code(facts), _by_code(scans)
    codes = sorted(facts_of.keys() | scans_of.keys())
    rows = store.load_rows(connection, codes)
    # Before the new evidence is stored: what a row's documents are is asked of the old evidence alone.
    news = [_news(connection, code, facts_of.get(code, ()), scans_of.get(code, ()), rows.get(code)) for code in codes]
    store.save_evidence(connection, facts)
    store.save_sightings(connection, scans)
    changed = _after(connection, news, rows, names, now_us)
    store.add_rows(connection, [row for row in changed if row.code not in rows])
    store.replace_rows(connection, [row for row in changed if row.code in rows])
    return rows.keys()


def withdraw(connection: Connection, source: bytes, codes: Collection[str], now_us: int) -> None:
    """Take back what one message said about `codes`, and derive their rows from what is left."""
    rows = store.load_rows(connection, codes)
    store.remove_evidence(connection, source, codes)
    unclear = [News(code, (), (), is_from_known_document=False) for code in sorted(rows)]
    store.replace_rows(connection, _from_history(connection, unclear, rows, _names_of(connection, rows), now_us))


def _names_of(connection: Connection, rows: Mapping[str, LedgerRow]) -> StreamNames:
    return store.load_stream_names(connection, _streams_of((), rows.values()))


def _by_code(said: Iterable[_T]) -> dict[str, list[_T]]:
    grouped: dict[str, list[_T]] = {}
    for row in said:
        grouped.setdefault(row.code, []).append(row)
    return grouped


def _news(
    connection: Connection,
    code: str,
    facts: Sequence[EvidenceRow],
    scans: Sequence[SightingRow],
    prior: LedgerRow | None,
) -> News:
    is_crowded = prior is not None and prior.conflict_count >= CONFLICTS_KEPT
    documents = {(fact.institution, fact.document) for fact in facts} if is_crowded else set()
    is_known = any(store.has_document(connection, code, *document) for document in documents)
    return News(code, facts, scans, is_known)


def _after(
    connection: Connection, news: Sequence[News], rows: dict[str, LedgerRow], names: StreamNames, now_us: int
) -> list[LedgerRow]:
    """Return the rows that change, each as it is after its news."""
    streams = names | store.load_stream_names(connection, _streams_of(news, rows.values()) - names.keys())
    changed: list[LedgerRow] = []
    unclear: list[News] = []
    for said in news:
        prior = rows.get(said.code)
        after = advance(prior, said, streams, now_us)
        if after is None:
            unclear.append(said)
        elif after is not prior:
            changed.append(after)
    return changed + _from_history(connection, unclear, rows, streams, now_us)


def _from_history(
    connection: Connection,
    unclear: Sequence[News],
    rows: dict[str, LedgerRow],
    streams: StreamNames,
    now_us: int,
) -> list[LedgerRow]:
    if not unclear:
        return []
    histories = _by_code(store.load_evidence(connection, [said.code for said in unclear]))
    mentioned = {row.stream for history in histories.values() for row in history}
    names = streams | store.load_stream_names(connection, mentioned - streams.keys())
    return [
        derive(
            said.code,
            histories.get(said.code, []),
            newest_scan(rows.get(said.code), said.scans, names),
            names,
            now_us,
        )
        for said in unclear
    ]


def _streams_of(news: Iterable[News], rows: Iterable[LedgerRow]) -> set[int]:
    found = {fact.stream for said in news for fact in said.facts}
    found |= {scan.stream for said in news for scan in said.scans}
    for row in rows:
        found.update(number for number in (row.scan_stream, row.fact_stream) if number is not None)
    return found
