"""Scans that come by the interface, and scans to show again."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from edge.api.access import looking, program_of, signed_in
from edge.api.forms import POS_PREFIX, ScanForm
from edge.api.parts import ApiParts
from edge.api.repeats import Key, named
from edge.counter.views import ScanShown, from_json
from edge.operators.pos_tokens import Scope
from edge.store.scans import scans_after, scans_of_sale

MOST_SCANS = 500


def scan_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/scans`."""
    routes = APIRouter(prefix="/scans", tags=["scans"])

    @routes.post("", dependencies=[Depends(signed_in(parts, Scope.SCAN))])
    async def take(form: ScanForm, request: Request, key: Key = None) -> ScanShown:
        """Record a code as if a scanner had read it, and answer what the counter made of it."""
        asked, came_s, program = named(key, "scan", form), parts.clock.monotonic_s(), program_of(request)
        scan = form.scan if program is None or form.entry else replace(form.scan, source=f"{POS_PREFIX}{program}")
        return await parts.in_store(lambda: parts.counter.take(scan, asked, came_s=came_s))

    @routes.get("", dependencies=looking(parts))
    async def recent(
        after: Annotated[int | None, Query(ge=0, le=2**63 - 1, description="Number of the last scan known")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_SCANS)] = 200,
        sale: Annotated[str | None, Query(max_length=64, description="Number of a sale: its scans alone")] = None,
    ) -> list[ScanShown]:
        """Return scans after a number, of one sale, or the latest ones; oldest first."""
        if sale is None:
            rows = await parts.read(lambda tx: scans_after(tx, after, limit))
        else:
            rows = await parts.read(lambda tx: scans_of_sale(tx, sale, limit))
        return [replace(from_json(ScanShown, shown), id=scan) for scan, shown in rows]

    return routes
