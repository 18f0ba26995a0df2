"""The open sale or delivery: shown, closed, cancelled, corrected; and returns."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from edge.api.forms import MAX_SCAN_BYTES, CancelForm, CloseDeliveryForm, CloseSaleForm, ModeForm, ReturnForm
from edge.api.parts import ApiParts
from edge.api.repeats import Key, named
from edge.api.session import looking, signed_in
from edge.counter.sold import find_sold_pack
from edge.counter.views import CancelledList, ClosedList, ListShown, ReturnedPacks, SoldPack
from wire.events import MAX_CODE_LENGTH


def list_routes(parts: ApiParts) -> APIRouter:
    """Return the routes of the open list."""
    routes = APIRouter(tags=["sale"])
    guarded = [Depends(signed_in(parts))]

    @routes.get("/sale", dependencies=looking(parts))
    async def show_list() -> ListShown:
        """Return the open list; without number and lines if none is open."""
        return await parts.in_store(parts.counter.show)

    @routes.post("/sale/close", dependencies=guarded)
    async def close_sale(form: CloseSaleForm, key: Key = None) -> ClosedList:
        """Close the open sale, paid by the customer."""
        request = named(key, "close sale", form)
        return await parts.in_store(lambda: parts.counter.close_sale(request, form.sale))

    @routes.post("/delivery/close", dependencies=guarded)
    async def close_delivery(form: CloseDeliveryForm, key: Key = None) -> ClosedList:
        """Close the open delivery: its packs are in stock."""
        request = named(key, "close delivery", form)
        return await parts.in_store(lambda: parts.counter.close_delivery(request, form.sale))

    @routes.post("/sale/cancel", dependencies=guarded)
    async def cancel(form: CancelForm, key: Key = None) -> CancelledList:
        """Give up the open list, sale or delivery."""
        request = named(key, "cancel", form)
        return await parts.in_store(lambda: parts.counter.cancel(request, form.sale))

    @routes.delete("/sale/packs/{code:path}", dependencies=guarded)
    async def remove(code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]) -> ListShown:
        """Take one pack off the open list."""
        return await parts.in_store(lambda: parts.counter.remove(code))

    @routes.put("/sale/packs/{code:path}", dependencies=guarded)
    async def put_back(code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]) -> ListShown:
        """Put a pack that was taken off the open list back on its line; nothing is scanned again."""
        return await parts.in_store(lambda: parts.counter.put_back(code))

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
        request = named(key, f"return {sale}", form)
        return await parts.in_store(lambda: parts.counter.return_packs(request, sale, form.codes, form.reason))

    @routes.put("/mode", dependencies=guarded)
    async def set_mode(form: ModeForm) -> ListShown:
        """Sell or receive; only between two lists."""
        return await parts.in_store(lambda: parts.counter.set_mode(form.mode))

    return routes
