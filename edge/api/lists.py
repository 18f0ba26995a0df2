"""The open sale or delivery: shown, paid, closed, cancelled, corrected."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from edge.api.access import looking, signed_in
from edge.api.forms import CancelForm, CloseDeliveryForm, CloseSaleForm, ModeForm, PayingForm
from edge.api.parts import ApiParts
from edge.api.repeats import Key, named
from edge.counter.views import CancelledList, ClosedList, ListShown
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

    @routes.put("/sale/paying", dependencies=guarded)
    async def set_paying(form: PayingForm) -> ListShown:
        """Declare that the open sale is being paid, again every minute while it lasts; scans go on the next sale."""
        return await parts.in_store(lambda: parts.counter.set_paying(form.sale, is_paying=form.is_paying))

    @routes.delete("/sale/packs/{code:path}", dependencies=guarded)
    async def remove(code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]) -> ListShown:
        """Take one pack off the open list."""
        return await parts.in_store(lambda: parts.counter.remove(code))

    @routes.put("/sale/packs/{code:path}", dependencies=guarded)
    async def put_back(code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]) -> ListShown:
        """Put a pack that was taken off the open list back on its line; nothing is scanned again."""
        return await parts.in_store(lambda: parts.counter.put_back(code))

    @routes.put("/mode", dependencies=guarded)
    async def set_mode(form: ModeForm) -> ListShown:
        """Sell or receive; only between two lists."""
        return await parts.in_store(lambda: parts.counter.set_mode(form.mode))

    return routes
