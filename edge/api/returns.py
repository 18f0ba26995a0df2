"""Packs that were sold: which sale sold one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from edge.api.access import signed_in
from edge.api.forms import MAX_SCAN_BYTES
from edge.api.parts import ApiParts
from edge.counter.sold import find_sold_pack
from edge.counter.views import SoldPack


def return_routes(parts: ApiParts) -> APIRouter:
    """Return the routes under `/sales`."""
    routes = APIRouter(tags=["sale"])
    guarded = [Depends(signed_in(parts))]

    @routes.get("/sales", dependencies=guarded)
    async def find_sale(
        code: Annotated[str, Query(min_length=1, max_length=MAX_SCAN_BYTES, description="As scanned, or a pack's key")],
    ) -> SoldPack:
        """Return the sale that sold a pack and to which its return belongs."""
        return await parts.read(lambda tx: find_sold_pack(tx, code))

    return routes
