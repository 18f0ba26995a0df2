"""Tickets: the open sale with its person, tried, settled, put aside; and those that lie aside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from edge.api.access import looking, signed_in
from edge.api.parts import ApiParts
from edge.api.repeats import Key, named
from edge.api.ticket_forms import ConfirmForm, HoldForm, PersonForm, SplitForm, TakeUpForm, TicketForm, TrialForm
from edge.counter.closing import show_divisible
from edge.counter.views import Divisible, ListShown
from edge.store.splits import OpenedPack, opened_packs
from edge.till.errors import NoInterfaceError
from edge.till.till import Till
from edge.till.views import PersonShown, TicketShown, TicketsShown, TrialShown
from wire.events import MAX_CODE_LENGTH

Sale = Annotated[str, Path(min_length=1, max_length=64)]


def ticket_routes(parts: ApiParts) -> APIRouter:
    """Return the routes of tickets."""
    routes = APIRouter(tags=["ticket"])
    _of_the_open_one(routes, parts)
    _of_those_aside(routes, parts)
    _of_opened_packs(routes, parts)
    return routes


def _of_the_open_one(routes: APIRouter, parts: ApiParts) -> None:
    guarded, till = [Depends(signed_in(parts))], _till_of(parts)

    @routes.post("/ticket/person", dependencies=guarded)
    async def identify(form: PersonForm) -> PersonShown:
        """Identify whose insurance pays for the open sale; waits for the person at the device. Masked in the answer."""
        return await till().identify(form.sale, form.by, form.typed)

    @routes.delete("/ticket/person/{sale}", dependencies=guarded)
    async def forget(sale: Sale) -> TicketShown:
        """Forget who was identified for a sale."""
        return await till().forget(sale)

    @routes.post("/ticket/trial", dependencies=guarded)
    async def trial(form: TrialForm) -> TrialShown:
        """Say what the open sale would come to, or everything that is missing. Good until the list changes."""
        return await till().trial(form.sale, form.wishes)

    @routes.post("/ticket/confirm", dependencies=guarded)
    async def confirm(form: ConfirmForm) -> TicketShown:
        """Confirm a large amount: by the person's face or card, or by a second operator."""
        return await till().confirm(form.sale, form.proof)

    @routes.post("/ticket/settle", dependencies=guarded)
    async def settle(form: TicketForm, key: Key = None) -> TicketShown:
        """Settle the open sale as it was tried, once; asked again, it tells how that stands (`standing`)."""
        return await till().settle(named(key, "settle ticket", form), form.sale)


def _of_those_aside(routes: APIRouter, parts: ApiParts) -> None:
    guarded, till = [Depends(signed_in(parts))], _till_of(parts)

    @routes.post("/ticket/hold", dependencies=guarded)
    async def hold(form: HoldForm, key: Key = None) -> TicketShown:
        """Put the open sale aside; the answer is what the slip says."""
        return await till().hold(named(key, "hold ticket", form), form.sale, form.note)

    @routes.get("/tickets", dependencies=looking(parts))
    async def show_aside() -> TicketsShown:
        """Return the sales that lie aside, put there or because nobody knows yet what became of their settlement."""
        return await till().show_aside()

    @routes.get("/tickets/{sale}", dependencies=looking(parts))
    async def show(sale: Sale) -> TicketShown:
        """Return one sale, wherever it lies."""
        return await till().show(sale)

    @routes.post("/tickets/{sale}/take-up", dependencies=guarded)
    async def take_up(sale: Sale, form: TakeUpForm, key: Key = None) -> TicketShown:
        """Lay a sale that was put aside on the counter again."""
        request = named(key, f"take up {sale}", form)
        return await till().take_up(request, sale, holds_open=form.holds_open)


def _of_opened_packs(routes: APIRouter, parts: ApiParts) -> None:
    guarded = [Depends(signed_in(parts))]

    @routes.put("/sale/units", dependencies=guarded)
    async def sell_in_part(form: SplitForm) -> ListShown:
        """Let a pack on the open list stand for some of its smallest units (拆零); what is left is sold later."""
        return await parts.in_store(lambda: parts.counter.sell_in_part(form.code, form.units))

    @routes.get("/sale/units", dependencies=looking(parts))
    async def divisible() -> list[Divisible]:
        """Return the packs on the open list that may be sold in part, and how much of each is meant."""
        return await parts.read(show_divisible)

    @routes.delete("/sale/units/{code:path}", dependencies=guarded)
    async def sell_whole(code: Annotated[str, Path(min_length=1, max_length=MAX_CODE_LENGTH)]) -> ListShown:
        """Let a pack on the open list stand for all of itself after all, if nothing was sold of it before."""
        return await parts.in_store(lambda: parts.counter.sell_whole(code))

    @routes.get("/opened-packs", dependencies=looking(parts))
    async def opened(limit: Annotated[int, Query(ge=1, le=500)] = 100) -> list[OpenedPack]:
        """Return the packs of which something is left, the one that is open longest first."""
        return await parts.read(lambda tx: opened_packs(tx, limit))


def _till_of(parts: ApiParts) -> Callable[[], Till]:
    def till() -> Till:
        if parts.till is None:
            raise NoInterfaceError
        return parts.till

    return till
