"""Events as they came, and the numbered chains they belong to.

The order of locks, which every transaction keeps: chains that are new (by terminal and epoch), chains (by terminal and
number), codes of the ledger that are there, evidence, codes that are new, steps of visits, alarms (each by key). The
registry's transactions lock terminals (by id) and then alarms; asking a terminal locks alarms where it raises some, and
in a transaction of its own the chains that it moves on.
Readings lock nothing. A restore locks nobody's rows: it begins only when nobody else has the store open. So nobody ever
waits for whoever waits for him.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Select, bindparam, func, select, tuple_, union, update

from server.store import bulk
from server.store.tables import event, lost_span, rejected_event, stream

NO_HASH = bytes(32)
"""`GENESIS` in bytes: the predecessor of the first event."""

MOST_LIVES = 256
"""Lives of one terminal's store that the centre takes: a sound one has a few, a broken one makes them without end."""

_SEQS_PER_LOOK = 1_000
_SEQS_PER_GAP_LOOK = 20_000


@dataclass(slots=True)
class StreamRow:
    """One life of a terminal's store, as far as the centre has it. The ingest moves it on and saves it."""

    id: int
    terminal: str
    epoch: str
    contiguous_to: int
    """Every number up to here is closed: accepted or rejected."""
    tip_seq: int
    """The highest number seen."""
    tip_hash: bytes
    """SM3 of the event with that number."""
    is_broken: bool = False
    """An event named another predecessor than is there, or an illegible one: the end of this chain does not vouch."""
    lost_from: int | None = None
    """The lowest number that was said to be lost; known only where the row was loaded for reading."""


class EventRow(NamedTuple):
    """One event as stored."""

    stream: int
    seq: int
    hash: bytes
    id: bytes
    kind: str
    received_us: int
    frozen: bytes


class RejectedRow(NamedTuple):
    """An event that can never be taken."""

    stream: int
    hash: bytes
    seq: int | None
    event_id: str
    code: str
    zh: str
    en: str
    received_us: int
    frozen: bytes


class Stored(NamedTuple):
    """What the chain check needs of an event, accepted or rejected, that is stored."""

    seq: int
    hash: bytes


_NAME = (stream.c.terminal, stream.c.epoch)
_STREAM = (
    stream.c.id,
    stream.c.terminal,
    stream.c.epoch,
    stream.c.contiguous_to,
    stream.c.tip_seq,
    stream.c.tip_hash,
    stream.c.is_broken,
)


def open_streams(connection: Connection, names: Collection[tuple[str, str]]) -> dict[tuple[str, str], StreamRow]:
    """Return the streams of (terminal, epoch), made if new, kept from other writers until the transaction ends.

    A terminal that has had `MOST_LIVES` gets no more: those are left out.
    """
    wanted = set(names)
    listed = {terminal for terminal, _ in wanted}
    known = {(terminal, epoch) for terminal, epoch in bulk.fetch(connection, _NAME, stream.c.terminal, listed)}
    lives = Counter(terminal for terminal, _ in known)
    missing: list[tuple[str, str]] = []
    for name in sorted(wanted - known):
        if lives[name[0]] < MOST_LIVES:
            lives[name[0]] += 1
            missing.append(name)
    # Before anything is locked: a new row is nobody's yet, so that no one who waits for it holds what we will want.
    bulk.insert_missing(connection, stream, [(*name, 0, 0, NO_HASH, False) for name in missing])
    found = bulk.fetch_locked(connection, _STREAM, stream.c.terminal, listed)
    rows = (StreamRow(*row) for row in found)
    return {(row.terminal, row.epoch): row for row in rows if (row.terminal, row.epoch) in wanted}


def load_streams(connection: Connection, *terminals: str) -> list[StreamRow]:
    """Return every life of these terminals' stores, oldest first, for reading only."""
    lost_from = select(func.min(lost_span.c.first)).where(lost_span.c.stream == stream.c.id).scalar_subquery()
    asked = select(*_STREAM, lost_from).where(stream.c.terminal.in_(terminals)).order_by(stream.c.id)
    return [StreamRow(*row) for row in connection.execute(asked)]


def save_streams(connection: Connection, rows: Iterable[StreamRow]) -> None:
    """Keep how far the streams have come."""
    moved = [
        {
            "of": row.id,
            "contiguous_to": row.contiguous_to,
            "tip_seq": row.tip_seq,
            "tip_hash": row.tip_hash,
            "is_broken": row.is_broken,
        }
        for row in rows
    ]
    if moved:
        connection.execute(update(stream).where(stream.c.id == bindparam("of")), moved)


def load_accepted(connection: Connection, stream_id: int, seqs: Collection[int]) -> set[Stored]:
    """Return the accepted events that have these numbers."""
    return {Stored(seq, digest) for seq, digest in _at(connection, stream_id, seqs, (event.c.seq, event.c.hash))}


def load_rejected(connection: Connection, stream_id: int, seqs: Collection[int]) -> set[Stored]:
    """Return the rejected events that have these numbers."""
    columns = (rejected_event.c.seq, rejected_event.c.hash)
    return {Stored(seq, digest) for seq, digest in _at(connection, stream_id, seqs, columns)}


def load_hashes(connection: Connection, stream_id: int, seq: int) -> set[bytes]:
    """Return the hashes of the events under one number, accepted or rejected."""
    return {one.hash for load in (load_accepted, load_rejected) for one in load(connection, stream_id, {seq})}


def load_links(connection: Connection, stream_id: int, span: tuple[int, int]) -> dict[int, dict[bytes, bytes]]:
    """Return, by number and hash, the bytes of the events in a span of numbers, accepted or rejected."""
    found: dict[int, dict[bytes, bytes]] = {}
    for table in (event, rejected_event):
        asked = select(table.c.seq, table.c.hash, table.c.frozen)
        for seq, digest, frozen in connection.execute(
            asked.where(table.c.stream == stream_id, table.c.seq.between(*span))
        ):
            found.setdefault(seq, {})[digest] = frozen
    return found


def load_frozen(connection: Connection, stream_id: int, seqs: Collection[int]) -> list[tuple[int, bytes, bool]]:
    """Return number and bytes of the events with these numbers, and whether they were rejected."""
    return [
        (seq, frozen, table is rejected_event)
        for table in (event, rejected_event)
        for seq, frozen in _at(connection, stream_id, seqs, (table.c.seq, table.c.frozen))
    ]


def _at(connection: Connection, stream_id: int, seqs: Collection[int], columns: tuple[Column[Any], ...]) -> list[Any]:
    table = columns[0].table
    wanted = sorted(seqs)
    found: list[Any] = []
    for start in range(0, len(wanted), _SEQS_PER_LOOK):
        part = wanted[start : start + _SEQS_PER_LOOK]
        found += connection.execute(select(*columns).where(table.c.stream == stream_id, table.c.seq.in_(part)))
    return found


def load_placed(connection: Connection, places: Iterable[tuple[int, int]]) -> list[EventRow]:
    """Return the events with these (stream, number); more than one for a number that forked."""
    seqs_of: dict[int, set[int]] = {}
    for stream_id, seq in places:
        seqs_of.setdefault(stream_id, set()).add(seq)
    columns = tuple(event.columns)
    return [
        EventRow._make(row) for stream_id, seqs in seqs_of.items() for row in _at(connection, stream_id, seqs, columns)
    ]


def load_event_page(
    connection: Connection, terminal: str | None, *, after: tuple[int, int, bytes], limit: int
) -> Sequence[tuple[str, str, EventRow]]:
    """Return terminal, epoch and event after a place, of one terminal or of all, in the order of their places."""
    place = tuple_(event.c.stream, event.c.seq, event.c.hash)
    asked = (
        select(stream.c.terminal, stream.c.epoch, *event.columns)
        .join(stream, stream.c.id == event.c.stream)
        .where(place > tuple_(*after))
        .order_by(event.c.stream, event.c.seq, event.c.hash)
        .limit(limit)
    )
    if terminal is not None:
        asked = asked.where(stream.c.terminal == terminal)
    return [(name, epoch, EventRow._make(row)) for name, epoch, *row in connection.execute(asked)]


def load_rejected_page(connection: Connection, terminal: str, limit: int) -> Sequence[tuple[str, RejectedRow]]:
    """Return the newest rejected events of a terminal with their epochs."""
    asked = (
        select(stream.c.epoch, *(rejected_event.c[name] for name in RejectedRow._fields))
        .join(stream, stream.c.id == rejected_event.c.stream)
        .where(stream.c.terminal == terminal)
        .order_by(rejected_event.c.received_us.desc(), rejected_event.c.seq)
        .limit(limit)
    )
    return [(epoch, RejectedRow._make(row)) for epoch, *row in connection.execute(asked)]


def add_events(connection: Connection, rows: Sequence[EventRow]) -> None:
    """Keep events that are new; their streams must be open in this transaction."""
    bulk.insert_all(connection, event, rows)


def add_rejected(connection: Connection, rows: Sequence[RejectedRow]) -> None:
    """Keep the bytes of rejected events."""
    bulk.insert_missing(connection, rejected_event, rows)


def add_lost(connection: Connection, stream_id: int, spans: Iterable[tuple[int, int]], now_us: int) -> None:
    """Keep which numbers of a stream will never come, and when that was said last."""
    bulk.insert_or_replace(connection, lost_span, [(stream_id, *span, now_us) for span in spans])


def load_lost(connection: Connection, stream_id: int, after: int) -> list[tuple[int, int]]:
    """Return the spans of a stream that will never come, as far as they lie above `after`, in order."""
    asked = select(lost_span.c.first, lost_span.c.last).where(lost_span.c.stream == stream_id, lost_span.c.last > after)
    return [(first, last) for first, last in connection.execute(asked.order_by(lost_span.c.first))]


def load_told_lost(
    connection: Connection, stream_id: int, span: tuple[int, int], *, limit: int | None = None
) -> list[tuple[int, int, int]]:
    """Return first, last and time of what was said to be lost of a stream, where it meets a span; the lowest first."""
    asked = select(lost_span.c.first, lost_span.c.last, lost_span.c.told_us).where(*_meets(stream_id, span))
    found = connection.execute(asked.order_by(lost_span.c.first, lost_span.c.last).limit(limit))
    return [(first, last, told_us) for first, last, told_us in found]


def load_told_last(connection: Connection, stream_id: int, span: tuple[int, int]) -> int | None:
    """Return when numbers of a span were last said to be lost; None if they never were."""
    told_us: int | None = connection.scalar(select(func.max(lost_span.c.told_us)).where(*_meets(stream_id, span)))
    return told_us


def _meets(stream_id: int, span: tuple[int, int]) -> tuple[ColumnElement[bool], ...]:
    return lost_span.c.stream == stream_id, lost_span.c.first <= span[1], lost_span.c.last >= span[0]


def is_told(connection: Connection, stream_id: int, span: tuple[int, int]) -> bool:
    """Tell whether a span of numbers was said to be lost, alone or as part of a longer one."""
    asked = select(lost_span.c.first).where(
        lost_span.c.stream == stream_id, lost_span.c.first <= span[0], lost_span.c.last >= span[1]
    )
    return connection.execute(asked.limit(1)).first() is not None


def count_closed(connection: Connection, stream_id: int, span: tuple[int, int]) -> int:
    """Return how many numbers of a span are accepted or rejected."""
    asked = union(*_closed_seqs(stream_id, span[0] - 1, span[1])).subquery()
    return connection.scalar(select(func.count()).select_from(asked)) or 0


def load_closed(connection: Connection, stream_id: int, span: tuple[int, int], limit: int) -> list[int]:
    """Return the lowest numbers of a span that are accepted or rejected, in order."""
    # Each table gives its lowest: merged, what is cut off is above them all.
    parts = (part.distinct().order_by("seq").limit(limit) for part in _closed_seqs(stream_id, span[0] - 1, span[1]))
    return sorted({seq for part in parts for seq in connection.scalars(part)})[:limit]


def count_events(connection: Connection, stream_id: int, span: tuple[int, int]) -> int:
    """Return how many events stand under the numbers of a span, accepted or rejected."""
    return sum(
        connection.scalar(
            select(func.count()).select_from(table).where(table.c.stream == stream_id, table.c.seq.between(*span))
        )
        or 0
        for table in (event, rejected_event)
    )


def contiguous_from(connection: Connection, stream_id: int, closed: int) -> int:
    """Return the last number of the unbroken run of closed numbers that goes on from `closed`."""
    lost = load_lost(connection, stream_id, closed)
    while True:
        following = sorted(
            {
                seq
                for asked in _closed_seqs(stream_id, closed)
                for seq in connection.scalars(asked.order_by("seq").limit(_SEQS_PER_LOOK))
            }
        )
        reached = _run_on(closed, [*((seq, seq) for seq in following), *lost])
        if reached == closed:
            return closed
        closed = reached


def _run_on(closed: int, spans: list[tuple[int, int]]) -> int:
    """Return how far spans go on from `closed` without a gap."""
    for first, last in sorted(spans):
        if first > closed + 1:
            break
        closed = max(closed, last)
    return closed


def load_gaps(connection: Connection, row: StreamRow, limit: int, *, up_to: int = 0) -> list[tuple[int, int]]:
    """Return the first missing ranges of numbers, below the tip and from there up to `up_to`."""
    lost = load_lost(connection, row.id, row.contiguous_to)
    gaps = _gaps_below_tip(connection, row, limit + len(lost))
    newest = max(row.tip_seq, row.contiguous_to)
    if up_to > newest:
        gaps.append((newest + 1, up_to))
    return [rest for gap in gaps for rest in without(gap, lost)][:limit]


def _gaps_below_tip(connection: Connection, row: StreamRow, limit: int) -> list[tuple[int, int]]:
    if row.contiguous_to >= row.tip_seq:
        return []
    # Of a long stretch its beginning is enough: the rest is looked at when that is healed.
    seqs = union(*_closed_seqs(row.id, row.contiguous_to)).order_by("seq").limit(_SEQS_PER_GAP_LOOK).subquery()
    before = func.lag(seqs.c.seq, 1, row.contiguous_to).over(order_by=seqs.c.seq)
    steps = select(before.label("before"), seqs.c.seq.label("seq")).subquery()
    missing = select(steps.c.before + 1, steps.c.seq - 1).where(steps.c.seq > steps.c.before + 1)
    found = connection.execute(missing.order_by(steps.c.seq).limit(limit))
    return [(first, last) for first, last in found]


def without(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is left of a span without others, which come in order and may overlap."""
    following, end = span
    for first, last in others:
        if following > end:
            return
        if following < first:
            yield following, min(first - 1, end)
        following = max(following, last + 1)
    if following <= end:
        yield following, end


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that overlap or touch as one: each number counts once."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _closed_seqs(stream_id: int, after: int, up_to: int | None = None) -> tuple[Select[Any], Select[Any]]:
    """Select the numbers of a stream after `after` that are accepted, and those that are rejected."""
    taken = select(event.c.seq).where(event.c.stream == stream_id, event.c.seq > after)
    refused = select(rejected_event.c.seq).where(rejected_event.c.stream == stream_id, rejected_event.c.seq > after)
    if up_to is not None:
        return taken.where(event.c.seq <= up_to), refused.where(rejected_event.c.seq <= up_to)
    return taken, refused
