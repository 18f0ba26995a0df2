"""The matching library: look a code up, list products, import a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from codes.pack import ProductSystem
from rules.catalogue import parse_catalogue
from server.api.access import Manager, Reader, TheCentre
from server.api.catalogue_views import ImportView, MatchView, ProductView
from server.centre import Centre
from server.people.roles import Person

router = APIRouter(prefix="/catalogue", tags=["catalogue"])

_FILE = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: CSV in UTF-8 or GB18030; docs/centre.md names the columns.",
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/match")
def match(
    _person: Reader,
    centre: TheCentre,
    system: ProductSystem,
    key: Annotated[str, Query(min_length=1, max_length=64)],
) -> MatchView:
    """Say which product, pack level and quantity a code stands for."""
    found = centre.matching.find(system, key)
    return MatchView(
        system=found.identifier.system,
        key=found.identifier.key,
        level=found.identifier.level,
        quantity=found.identifier.quantity,
        product=ProductView.model_validate(found.product),
    )


@router.get("/products")
def products(
    _person: Reader,
    centre: TheCentre,
    after: Annotated[str, Query(max_length=64)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
) -> list[ProductView]:
    """List products in the order of their numbers, those after `after`."""
    return [ProductView.model_validate(one) for one in centre.matching.page(after=after, limit=limit)]


@router.post("", openapi_extra=_FILE)
async def import_catalogue(
    request: Request,
    person: Manager,
    centre: TheCentre,
    dry_run: Annotated[bool, Query(description="Only say what would happen.")] = True,
    strict: Annotated[bool, Query(description="Import nothing if any line of the file cannot be used.")] = False,
) -> ImportView:
    """Preview a catalogue file, or import its good lines with `dry_run=false`."""
    content = await request.body()
    return await run_in_threadpool(_import, centre, person, content, dry_run=dry_run, is_strict=strict)


def _import(centre: Centre, person: Person, content: bytes, *, dry_run: bool, is_strict: bool) -> ImportView:
    file = parse_catalogue(content)
    if dry_run:
        return ImportView.model_validate(centre.matching.preview(file))
    done = centre.matching.import_file(file, by=person, now=centre.now(), is_strict=is_strict)
    return ImportView.model_validate(done)
