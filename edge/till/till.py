"""The till as screens and POS see it: one verb each. Answers wait for the insurance, never for one another's scans.

A request that names itself (`Idempotency-Key`) and is sent again gets the answer that it had.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from codes.words import Words
from edge.counter.counter import Request
from edge.counter.errors import KeyReusedError
from edge.credentials import Way
from edge.store.scans import find_answer, keep_answer
from edge.till.asked import Person
from edge.till.confirming import Confirming, Proof
from edge.till.holding import hold, take_up
from edge.till.identifying import NOTHING_TYPED, Identifying, Typed
from edge.till.outcomes import Followed
from edge.till.parts import Parts
from edge.till.persons import Persons
from edge.till.selling import Selling, Wishes
from edge.till.showing import show_aside
from edge.till.views import PersonShown, TicketShown, TicketsShown, TrialShown, from_json, to_json
from rules.settling import Standing

_T = TypeVar("_T")


class Till:
    """The till of one terminal. To be made before anything that was left open is resolved."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.persons = Persons(parts.clock, parts.habits.remembers_s)
        self._identifying = Identifying(parts, self.persons)
        self.selling = Selling(parts, self.persons)
        self._confirming = Confirming(parts, self.persons, self._identifying)

    async def identify(self, sale: str, way: Way, typed: Typed = NOTHING_TYPED) -> PersonShown:
        """Identify whose insurance pays for the open sale (`Identifying.identify`)."""
        return await self._identifying.identify(sale, way, typed)

    async def look_up(self, way: Way, typed: Typed = NOTHING_TYPED) -> Person:
        """Return who shows a credential now, for a sale that is closed (`Identifying.look_up`)."""
        return await self._identifying.look_up(way, typed)

    async def forget(self, sale: str) -> TicketShown:
        """Forget who was identified for a sale."""
        self.persons.forget(sale)
        return await self.show(sale)

    async def trial(self, sale: str, wishes: Wishes) -> TrialShown:
        """Say what the open sale would come to (`Selling.trial`)."""
        return await self.selling.trial(sale, wishes)

    async def confirm(self, sale: str, proof: Proof) -> TicketShown:
        """Confirm a large amount with a second factor (`Confirming.confirm`)."""
        await self._confirming.confirm(sale, proof)
        return await self.show(sale)

    async def vouch(self, person: Person, proof: Proof) -> str:
        """Return what confirms somebody for a sale that is closed (`Confirming.vouch`)."""
        return await self._confirming.vouch(person, proof)

    async def settle(self, request: Request, sale: str) -> TicketShown:
        """Settle the open sale (`Selling.settle`)."""
        return await self._once(request, lambda: self.selling.settle(sale))

    async def show(self, sale: str) -> TicketShown:
        """Return one sale, wherever it lies.

        Raises:
            TicketUnknownError: There is none of this number.
        """
        return await self.parts.in_store(lambda: self.selling.show(sale))

    async def show_aside(self) -> TicketsShown:
        """Return the sales that lie aside: put there by somebody, or because nobody knows yet what became of them."""
        return await self._in_transaction(
            lambda: show_aside(self.parts.connection, self.persons, self.parts.clock.now())
        )

    async def hold(self, request: Request, sale: str, note: str) -> TicketShown:
        """Put the open sale aside (`holding.hold`)."""
        parts = self.parts

        async def work() -> TicketShown:
            is_new = await self._in_transaction(lambda: hold(parts.connection, sale, note, parts.clock.now()))
            await self._tell([sale] if is_new else [], "held")
            return await self.show(sale)

        return await self._once(request, work)

    async def take_up(self, request: Request, sale: str, *, holds_open: bool) -> TicketShown:
        """Lay a sale that was put aside on the counter (`holding.take_up`)."""
        parts = self.parts

        def within() -> str | None:
            return take_up(parts.connection, sale, holds_open=holds_open, now=parts.clock.now())

        async def work() -> TicketShown:
            held = await self._in_transaction(within)
            await self._tell([] if held is None else [held], "held")
            await self._tell([sale], "taken_up")
            return await self.show(sale)

        return await self._once(request, work)

    async def _tell(self, sales: list[str], change: str) -> None:
        for sale in sales:
            await self.parts.in_store(partial(self.selling.tell, Followed(sale, change)))

    async def _in_transaction(self, work: Callable[[], _T]) -> _T:
        def within() -> _T:
            with self.parts.connection.begin():
                return work()

        return await self.parts.in_store(within)

    async def _once(self, request: Request, work: Callable[[], Awaitable[TicketShown]]) -> TicketShown:
        """Do what is asked, unless the same request was answered before. What is not known yet is no answer."""
        if request.key is None:
            return await work()
        known = await self._in_transaction(lambda: self._answered(request))
        if known is not None:
            return known
        done = await work()
        if done.standing not in {Standing.ASKED, Standing.UNKNOWN}:
            await self._in_transaction(lambda: self._keep(request, done))
        return done

    def _answered(self, request: Request) -> TicketShown | None:
        known = find_answer(self.parts.connection, request.key or "")
        if known is None:
            return None
        asked, answer = known
        if asked != request.asked:
            raise KeyReusedError(
                Words("同一 Idempotency-Key 用于不同请求", "This Idempotency-Key was used for another request")
            )
        return from_json(TicketShown, answer)

    def _keep(self, request: Request, done: TicketShown) -> None:
        if self._answered(request) is None:
            # The person is remembered in memory alone, masked or not.
            kept = to_json(replace(done, person=None))
            key = request.key or ""
            keep_answer(self.parts.connection, key=key, asked=request.asked, answer=kept, now=self.parts.clock.now())
