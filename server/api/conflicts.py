"""Codes in conflict: where two facts about one pack cannot both be true."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from server.api.access import Reader, TheCentre
from server.api.catalogue_views import ProductView
from server.api.ledger_views import ConflictedPage, ConflictedView, ConflictView
from server.centre import Centre
from server.store import ledger
from server.store.ledger import LedgerRow
from server.store.times import moment
from server.trace.standing import ConflictNote, conflicts_of
from wire.events import MAX_CODE_LENGTH

router = APIRouter(tags=["ledger"])

Before = Annotated[
    str | None,
    Query(
        pattern=r"^[0-9]{1,18}\..+$", max_length=MAX_CODE_LENGTH + 19, description="`next` of the page before this one."
    ),
]


@router.get("/ledger/conflicts")
def conflicts(
    _person: Reader, centre: TheCentre, before: Before = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> ConflictedPage:
    """List codes in conflict, those that changed last first. One that changes while you read moves to the front."""
    place = None
    if before is not None:
        changed_us, _, code = before.partition(".")
        place = int(changed_us), code
    with centre.store.reading() as connection:
        rows = ledger.load_conflict_page(connection, before=place, limit=limit)
    last = rows[-1] if len(rows) == limit else None
    return ConflictedPage(
        items=[_conflicted(centre, row) for row in rows], next=f"{last.changed_us}.{last.code}" if last else None
    )


def _conflicted(centre: Centre, row: LedgerRow) -> ConflictedView:
    notes = conflicts_of(row)
    return ConflictedView(
        code=row.code,
        product=ProductView.of(centre.matching.product_of(row.code)),
        conflict_count=row.conflict_count,
        conflicts=[ConflictView.of(note) for note in notes],
        institutions=_institutions(notes),
        changed_at=moment(row.changed_us),
    )


def _institutions(notes: list[ConflictNote]) -> list[str]:
    """Return each institution once, the one that came first at the front."""
    facts = [fact for note in notes for fact in (note.against, note.fact) if fact is not None]
    return list(dict.fromkeys(fact.institution for fact in facts))
