"""After the sale: packs come back, a cash sale is turned insured, and what of that is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from edge.api.access import looking, signed_in
from edge.api.aftercare_forms import GoOnForm, InsureForm, PackForm, ReasonForm, ReturnForm, ShownForm
from edge.api.parts import ApiParts
from edge.api.repeats import Key, named
from edge.counter.views import ReturnedPacks
from edge.till.after_views import FoundShown, UndertakingShown, UndertakingsShown
from edge.till.aftercare import Aftercare
from edge.till.asked import Person
from edge.till.errors import NoInterfaceError
from edge.till.insuring import Insured
from edge.till.views import TriedShown

Sale = Annotated[str, Path(min_length=1, max_length=64)]
Number = Annotated[str, Path(min_length=1, max_length=64)]


def undertaking_routes(parts: ApiParts) -> APIRouter:
    """Return the routes of returns and undertakings."""
    routes = APIRouter(tags=["after the sale"])
    _of_sales(routes, parts)
    _of_undertakings(routes, parts)
    return routes


def _of_sales(routes: APIRouter, parts: ApiParts) -> None:
    guarded, after = [Depends(signed_in(parts))], aftercare_of(parts)

    @routes.post("/sales/{sale}/return", dependencies=guarded, tags=["sale"])
    async def take_back(sale: Sale, form: ReturnForm, key: Key = None) -> ReturnedPacks | UndertakingShown:
        """Take packs of a closed sale back.

        Of a sale that the insurance settled an undertaking is answered: what stays is settled anew, which may go on
        after this answer (`step`).
        """
        request = named(key, f"return {sale}", form)
        if parts.aftercare is not None and await parts.aftercare.is_insured(sale):
            shown = await _shown(parts, form)
            return await parts.aftercare.return_packs(request, sale, form.codes, form.reason, shown)
        return await parts.in_store(lambda: parts.counter.return_packs(request, sale, form.codes, form.reason))

    @routes.post("/sales/find", dependencies=guarded)
    async def find(form: PackForm) -> FoundShown:
        """Return the settled sale of a pack, of whichever terminal of the institution; its packs may come back here."""
        return await after().find(form.code, form.sale)

    @routes.post("/sales/{sale}/cancel", dependencies=guarded)
    async def cancel(sale: Sale, form: ReasonForm, key: Key = None) -> UndertakingShown:
        """Cancel the settlement of a sale of today whose packs have not left; they are free again."""
        return await after().cancel(named(key, f"cancel {sale}", form), sale, form.reason)

    @routes.post("/sales/{sale}/tell-again", dependencies=guarded)
    async def tell_again(sale: Sale, form: ShownForm, key: Key = None) -> UndertakingShown:
        """Tell the centre a settlement once more that it has lost, having gone back to a backup.

        With `by`: whose insurance pays shows the credential again.
        """
        shown = await _shown(parts, form)
        return await after().tell_again(named(key, f"tell again {sale}", form), sale, shown)

    @routes.post("/sales/{sale}/turn-insured", dependencies=guarded)
    async def turn_insured(sale: Sale, form: InsureForm, key: Key = None) -> UndertakingShown | TriedShown:
        """Turn a sale insured that was paid in cash (补刷): the answer says what to give back.

        With `is_trial` only what it would come to, and whether `factor` is needed.
        """
        care = after()
        person = await _shown(parts, form)
        assert person is not None  # noqa: S101 - the form demands it
        insured = Insured(person, form.wishes)
        if form.is_trial:
            return await care.try_insured(sale, insured)
        if form.factor is not None and parts.till is not None:
            insured = replace(insured, vouched=await parts.till.vouch(person, form.factor.proof))
        # What is kept of a request tells nothing of a password.
        request = named(key, f"turn insured {sale}", form.model_copy(update={"factor": None}))
        return await care.turn_insured(request, sale, insured)


def _of_undertakings(routes: APIRouter, parts: ApiParts) -> None:
    guarded, after = [Depends(signed_in(parts))], aftercare_of(parts)

    @routes.get("/undertakings", dependencies=looking(parts))
    async def show_open() -> UndertakingsShown:
        """Return what is under way, or waits for somebody to choose."""
        return await after().show_open()

    @routes.get("/undertakings/{number}", dependencies=looking(parts))
    async def show(number: Number) -> UndertakingShown:
        """Return one, ended or not."""
        return await after().show(number)

    @routes.post("/undertakings/{number}/go-on", dependencies=guarded)
    async def go_on(number: Number, form: GoOnForm) -> UndertakingShown:
        """Go on: with one of `choices`, or, without one, because the line is back."""
        care = after()
        return await care.go_on(number, form.choice, await _shown(parts, form), form.insutype)


def aftercare_of(parts: ApiParts) -> Callable[[], Aftercare]:
    """Return what comes after a sale, asked for at each request.

    Raises:
        NoInterfaceError: Nothing is settled with the insurance here.
    """

    def aftercare() -> Aftercare:
        if parts.aftercare is None:
            raise NoInterfaceError
        return parts.aftercare

    return aftercare


async def _shown(parts: ApiParts, form: ShownForm) -> Person | None:
    if form.by is None:
        return None
    if parts.till is None:
        raise NoInterfaceError
    return await parts.till.look_up(form.by, form.typed)
