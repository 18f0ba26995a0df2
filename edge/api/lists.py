"""The open sale or delivery: shown, closed, cancelled, corrected; and returns."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query

from edge.api.forms import MAX_SCAN_BYTES, CancelForm, CloseDeliveryForm, CloseSaleForm, Form, ModeForm, ReturnForm
from edge.api.parts import ApiParts
from edge.api.session import may_look, signed_in
from edge.counter.counter import Request
from edge.counter.sold import find_sold_pack
from edge.counter.views import CancelledList, ClosedList, ListShown, ReturnedPacks, SoldPack
from wire.events import MAX_CODE_LENGTH

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="Chosen by the client, new for each new request; a repeated request gets the same answer",
    ),
]


def list_routes(parts: ApiParts) -> APIRouter:
    """Return the routes of the open list."""
    routes = APIRouter(tags=["sale"])
    guarded = [Depends(signed_in(parts))]

    @routes.get("/sale", dependencies=[Depends(may_look(parts))])
    async def show_list() -> ListShown:
        """Return the open list; without number and lines if none is open."""
        return await parts.in_store(parts.counter.show)

    @routes.post("/sale/close", dependencies=guarded)
    async def close_sale(form: CloseSaleForm, key: Key = None) -> ClosedList:
        """Close the open sale, paid by the customer."""
        request = _request(key, "close sale", form)
        return await parts.in_store(lambda: parts.counter.close_sale(request, form.sale))

    @routes.post("/delivery/close", dependencies=guarded)
    async def close_delivery(form: CloseDeliveryForm, key: Key = None) -> ClosedList:
        """Close the open delivery: its packs are in stock."""
        request = _request(key, "close delivery", form)
        return await parts.in_store(lambda: parts.counter.close_delivery(request, form.sale))

    @routes.post("/sale/cancel", dependencies=guarded)
    async def cancel(form: CancelForm, key: Key = None) -> CancelledList:
        """Give up the open list, sale or delivery."""
        request = _request(key, "cancel", form)
        return await parts.in_store(lambda: parts.counter.cancel(request, form.sale))

    @routes.delete("/sale/packs/{code:path}", dependencies=guarded)
    async def remove(code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]) -> ListShown:
        """Take one pack off the open list."""
        return await parts.in_store(lambda: parts.counter.remove(code))

    @routes.get("/sales", dependencies=guarded)
    async def find_sale(
        code: Annotated[str, Query(min_length=1, max_length=MAX_SCAN_BYTES, description="As scanned, or a pack's key")],
    ) -> SoldPack:
        """Return the sale that sold a pack and to which its return belongs."""
        return await parts.read(lambda tx: find_sold_pack(tx, code))

    @routes.post("/sales/{sale}/return", dependencies=guarded)
    async def take_back(
        sale: Annotated[str, Path(min_length=1, max_length=64)], form: ReturnForm, key: Key = None
    ) -> ReturnedPacks:
        """Take packs of a closed sale back."""
        request = _request(key, f"return {sale}", form)
        return await parts.in_store(lambda: parts.counter.return_packs(request, sale, form.codes, form.reason))

    @routes.put("/mode", dependencies=guarded)
    async def set_mode(form: ModeForm) -> ListShown:
        """Sell or receive; only between two lists."""
        return await parts.in_store(lambda: parts.counter.set_mode(form.mode))

    return routes


def _request(key: str | None, what: str, form: Form) -> Request:
    """Name the request, so that the same key with another content is noticed. Kept as a digest: it may be long."""
    asked = hashlib.sha256(f"{what} {form.model_dump_json()}".encode()).hexdigest()
    return Request(key, asked)
