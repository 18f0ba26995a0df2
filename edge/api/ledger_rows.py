"""What the centre's ledger is owed, the lots on the shelf, and packs that lie apart."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.status import HTTP_204_NO_CONTENT

from edge.api.access import looking, signed_in
from edge.api.aftercare_forms import BatchListForm, NameBatchForm, OpenBatchForm, ReasonForm
from edge.api.parts import ApiParts
from edge.api.undertakings import aftercare_of
from edge.till.after_views import BatchesShown, QuarantineShown, RowsShown, show_apart
from edge.till.batches import Imported
from wire.events import MAX_CODE_LENGTH

Row = Annotated[int, Path(ge=1, le=2**63 - 1)]
Code = Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]


def ledger_routes(parts: ApiParts) -> APIRouter:
    """Return the routes of rows, lots and packs that lie apart."""
    routes = APIRouter(tags=["ledger"])
    _of_rows(routes, parts)
    _of_batches(routes, parts)
    _of_packs_apart(routes, parts)
    return routes


def _of_rows(routes: APIRouter, parts: ApiParts) -> None:
    guarded, after = [Depends(signed_in(parts))], aftercare_of(parts)

    @routes.get("/ledger-rows", dependencies=looking(parts))
    async def rows() -> RowsShown:
        """Return the rows (3505, 3506) that are not at their end: what they lack, or why they were refused."""
        return await after().ledger_desk.rows()

    @routes.post("/ledger-rows/{row}/send-again", dependencies=guarded)
    async def send_again(row: Row) -> RowsShown:
        """Send a refused row once more."""
        return await after().ledger_desk.send_again(row)

    @routes.post("/ledger-rows/{row}/set-aside", dependencies=guarded)
    async def set_aside(row: Row, form: ReasonForm) -> RowsShown:
        """Let a row go that waits or was refused, for a reason that is kept."""
        return await after().ledger_desk.set_row_aside(row, form.reason)


def _of_batches(routes: APIRouter, parts: ApiParts) -> None:
    guarded, after = [Depends(signed_in(parts))], aftercare_of(parts)

    @routes.get("/batches", dependencies=looking(parts))
    async def batches() -> BatchesShown:
        """Return the lots on the shelf; of each product that opened last is sold from."""
        return await after().ledger_desk.batches()

    @routes.post("/batches", dependencies=guarded)
    async def import_batches(form: BatchListForm) -> Imported:
        """Take a list of lots: product, batch, lot, made_on, expires_on, opened_on."""
        return await after().ledger_desk.import_batches(form.text)

    @routes.post("/batches/open", dependencies=guarded)
    async def open_batch(form: OpenBatchForm) -> BatchesShown:
        """Sell a product from this lot from now on."""
        return await after().ledger_desk.open_batch(form.product, form.batch)

    @routes.post("/batches/name", dependencies=guarded, status_code=HTTP_204_NO_CONTENT)
    async def name_batch(form: NameBatchForm) -> None:
        """Say which lot a line of a sale is taken from."""
        await after().ledger_desk.name_batch(form.sale, form.line, form.product, form.batch)


def _of_packs_apart(routes: APIRouter, parts: ApiParts) -> None:
    # A person answers for a pack by name: no program does.
    guarded = [Depends(signed_in(parts, None))]

    @routes.get("/quarantine", dependencies=looking(parts))
    async def apart() -> QuarantineShown:
        """Return the packs that came back and lie apart."""
        return await parts.read(show_apart)

    @routes.post("/quarantine/{code:path}/release", dependencies=guarded)
    async def release(code: Code, form: ReasonForm) -> QuarantineShown:
        """Let a pack go that lies apart; whoever is signed in answers for it."""
        await parts.in_store(lambda: parts.counter.release(code, form.reason))
        return await parts.read(show_apart)
