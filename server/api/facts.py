"""The ledger: one code, all codes, all events of a terminal, scans as they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from rules.pack_life import FactKey
from server.api.access import Reader, StillReading, TheCentre
from server.api.catalogue_views import ProductView
from server.api.ledger_views import (
    CodeView,
    ConflictView,
    EventPage,
    EventView,
    FactView,
    LedgerPage,
    LedgerView,
    StatedView,
    TimelineView,
)
from server.store import events, ledger
from server.store.ledger import EvidenceRow, LedgerRow
from server.store.times import moment
from server.trace.history import TimelineEntry, event_id, find_history, state_at
from server.trace.standing import facts_of
from web.live import sse_response
from wire.events import MAX_CODE_LENGTH

router = APIRouter(tags=["ledger"])

_CURSOR = r"^[0-9]{1,18}\.[0-9]{1,18}\.[0-9a-f]{64}$"
"""A place among the events; callers hand it back as it was given."""


@router.get("/codes/{code:path}")
def code(
    code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)], _person: Reader, centre: TheCentre
) -> CodeView:
    """Show where a code stands and why. A code that was never seen has an empty history and `is_known` false."""
    found = find_history(centre.store, code, centre.now())
    return CodeView(
        code=found.code,
        is_known=found.is_known,
        state=found.state,
        holder=found.holder,
        settled_by=FactView.of(found.settled_by) if found.settled_by else None,
        rest=found.rest,
        barred=found.barred,
        reserved_until=found.reserved_until,
        facts=_stated(found.evidence, found.facts),
        conflicts=[ConflictView.of(note) for note in found.conflicts],
        conflict_count=found.conflict_count,
        timeline=[_entry(entry) for entry in found.timeline],
        is_complete=found.is_complete,
        product=ProductView.of(centre.matching.product_of(code)),
    )


@router.get("/ledger")
def ledger_page(
    _person: Reader,
    centre: TheCentre,
    after: Annotated[str, Query(max_length=MAX_CODE_LENGTH)] = "",
    limit: Annotated[int, Query(ge=1, le=5_000)] = 500,
) -> LedgerPage:
    """Read the ledger in the order of codes: every code that was there when the reading began is met once."""
    now = centre.now()
    with centre.store.reading() as connection:
        rows = ledger.load_row_page(connection, after=after, limit=limit)
        said = ledger.load_evidence(connection, [row.code for row in rows])
        names = ledger.load_stream_names(connection, {one.stream for one in said})
    said_of: dict[str, list[EvidenceRow]] = {}
    for one in said:
        said_of.setdefault(one.code, []).append(one)
    items = [
        LedgerView(
            code=row.code,
            state=state_at(row, now),
            holder=row.holder,
            facts=_stated(said_of.get(row.code, ()), facts_of(said_of.get(row.code, ()), names)),
            conflict_count=row.conflict_count,
            changed_at=moment(row.changed_us),
        )
        for row in rows
    ]
    return LedgerPage(items=items, next=_next_code(rows, limit))


@router.get("/events")
def event_page(
    _person: Reader,
    centre: TheCentre,
    terminal: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    after: Annotated[str | None, Query(pattern=_CURSOR)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> EventPage:
    """Read the events as stored, of one terminal or of all, in the order of their numbers.

    A reading meets every event that was there when it began; it is no way to wait for new ones.
    """
    with centre.store.reading() as connection:
        found = events.load_event_page(connection, terminal, after=_place(after), limit=limit)
    items = [
        EventView(
            id=event_id(row.id),
            terminal=name,
            epoch=epoch,
            seq=row.seq,
            kind=row.kind,
            received_at=moment(row.received_us),
            hash=row.hash.hex(),
            event=msgspec.json.decode(row.frozen),
        )
        for name, epoch, row in found
    ]
    last = found[-1][2] if len(found) == limit else None
    return EventPage(items=items, next=f"{last.stream}.{last.seq}.{last.hash.hex()}" if last else None)


@router.get("/scans/live", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def live_scans(request: Request, _person: Reader, may_follow: StillReading, centre: TheCentre) -> Response:
    """Follow scans, alarms and terminals as server-sent events; `Last-Event-ID` goes on where it broke off.

    The stream ends when the session or the token does.
    """
    return sse_response(centre.bus, request, may_follow=may_follow)


def _entry(entry: TimelineEntry) -> TimelineView:
    return TimelineView(
        fact=FactView.of(entry.fact),
        evidence=entry.evidence,
        conflict=ConflictView.of(entry.conflict) if entry.conflict else None,
    )


def _stated(said: Sequence[EvidenceRow], keys: Sequence[FactKey]) -> list[StatedView]:
    """Return each fact once, whatever the number of messages that say it; the earliest one speaks."""
    facts: dict[FactKey, EvidenceRow] = {}
    for row, key in sorted(zip(said, keys, strict=True), key=lambda pair: (pair[0].hlc, pair[0].source)):
        facts.setdefault(key, row)
    return [StatedView(**key._asdict(), product=row.product) for key, row in facts.items()]


def _next_code(rows: Sequence[LedgerRow], limit: int) -> str | None:
    return rows[-1].code if len(rows) == limit else None


def _place(after: str | None) -> tuple[int, int, bytes]:
    if after is None:
        return 0, 0, b""
    stream, seq, digest = after.split(".")
    return int(stream), int(seq), bytes.fromhex(digest)
