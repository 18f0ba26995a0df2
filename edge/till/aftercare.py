"""What comes after a sale, as screens and POS ask it: returns, 补刷, and what is told to the centre again.

Whatever waits for the insurance runs in a thread of its own. What the centre's ledger is owed is `Owing`'s and
`LedgerDesk`'s; beside the counter `GoingOn` goes on with what was left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from drivers.aside import aside
from edge.clock import Clock
from edge.counter.counter import Request
from edge.counter.returning import Wanted, is_insured, refuse_rung_up
from edge.fsi.interface import Interface
from edge.store import settlements
from edge.store import undertakings as kept
from edge.store.lane import InStore
from edge.store.sales import find_sale_of
from edge.store.scans import find_answer, keep_answer
from edge.store.settlements import SettlementRow
from edge.till.after_errors import NoChoiceError, NotSettledError
from edge.till.after_views import (
    FoundShown,
    UndertakingShown,
    UndertakingsShown,
    show_found,
    show_undertaking,
)
from edge.till.asked import Person
from edge.till.desk import Who, who_is_there
from edge.till.errors import OfflineError
from edge.till.finding import Finding
from edge.till.going_on import GoingOn
from edge.till.insuring import Insured, Insuring
from edge.till.ledger import Ledger
from edge.till.ledger_desk import LedgerDesk
from edge.till.owing import Owing
from edge.till.parts import Devices
from edge.till.passwords import ask_password, is_password_wanted, refuse_without_pad
from edge.till.plans import Choice
from edge.till.repeats import Repeats, key_reused
from edge.till.retelling import Retelling
from edge.till.steps import Steps, Taking
from edge.till.undoing import Undoing
from edge.till.uploading import Uploader
from edge.till.views import TriedShown
from rules.settling import Standing

NO_DEVICES = Devices()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Verbs:
    """What is done, each of them made before anything that was left open is resolved."""

    steps: Steps
    undoing: Undoing
    finding: Finding
    insuring: Insuring
    retelling: Retelling
    ledger: Ledger
    uploader: Uploader


class Aftercare:
    """One verb each."""

    def __init__(
        self, interface: Interface, verbs: Verbs, *, in_store: InStore, connection: Connection, clock: Clock,
        return_days: int, devices: Devices = NO_DEVICES,
    ) -> None:  # fmt: skip
        self._interface, self._steps = interface, verbs.steps
        self._undoing, self._finding, self._insuring = verbs.undoing, verbs.finding, verbs.insuring
        self._retelling, self._ledger = verbs.retelling, verbs.ledger
        self._in_store, self._connection, self._clock = in_store, connection, clock
        self._return_days, self._devices = return_days, devices
        self._repeats = Repeats[UndertakingShown]()
        self.owing = Owing(verbs.ledger)
        """Told by the counter what it sold and took back."""
        self.ledger_desk = LedgerDesk(self._within, verbs.uploader, clock)
        """What a person does about the rows for the centre's ledger."""
        self.going_on = GoingOn(interface, verbs.steps, verbs.uploader)
        """Goes on beside the counter."""

    async def is_insured(self, sale: str) -> bool:
        """Say whether packs of a sale come back by way of the insurance (`edge.counter.returning.is_insured`)."""
        return await self._within(lambda tx: is_insured(tx, sale))

    async def return_packs(
        self, request: Request, sale: str, codes: Sequence[str], reason: str, shown: Person | None = None
    ) -> UndertakingShown:
        """Take packs of an insured sale back (`Undoing.return_packs`)."""
        wanted = Wanted(sale, codes, reason, self._return_days)

        async def work(taking: Taking) -> str:
            password = None
            # Nobody types a password for what is refused anyway, or where nothing is settled anew.
            if is_password_wanted(self._interface.area) and await aside(
                lambda: self._undoing.check(wanted, taking, shown=shown)
            ):
                password = await self._ask_password()
            return await aside(lambda: self._undoing.return_packs(wanted, taking, shown=shown, password=password))

        return await self._begun(request, work)

    async def find(self, code: str, sale: str = "") -> FoundShown:
        """Return the settled sale that a pack belongs to; where this terminal did not make it, the centre is asked.

        A settlement's own number (`setl_id`) finds its sale as well, as it is known here, though it was cancelled.
        `sale` says which is meant where two sales are out with one pack: each of them is dealt with by its number.

        Raises:
            NotFoundError, GoToOriginError, OfflineError: As `Finding.find`.
            RungUpElsewhereError: The institution's own software rang it up.
        """
        named = await self._within(lambda tx: _settled_as(tx, code))
        found = await self._sold_here(code, sale) if named is None else named.sale
        if found is None:
            self._asked_interface()
            taking = _taking(await self._within(who_is_there))
            found = await aside(lambda: self._finding.find(code, taking.operator, taking.shift, named=sale))
        rows = await self._within(lambda tx: settlements.settlements_of(tx, found))
        standing = next((row for row in reversed(rows) if row.standing is Standing.SETTLED), named)
        if standing is None:
            raise NotSettledError(found)
        asked = self._ledger.asked_of(standing)
        codes = [one for line in asked.lines for one in line.codes]
        back = await self._within(lambda tx: self._finding.back_of(tx, found, codes))
        return show_found(standing, asked, back)

    async def _sold_here(self, code: str, named: str) -> str | None:
        """Return the sale of this terminal that a pack is out with, as the centre knows it where the insurance paid."""
        here = await self._within(lambda tx: find_sale_of(tx, code))
        if here is None or named not in {"", here.sale}:
            return None
        sale = here.sale
        await self._within(lambda tx: refuse_rung_up(tx, sale))
        if not self._interface.is_up() or not await self.is_insured(sale):
            return sale
        taking = _taking(await self._within(who_is_there))
        await aside(lambda: self._undoing.refresh(sale, (code,), taking))
        # It may have come back at another terminal, and gone out by another sale since.
        still = await self._within(lambda tx: find_sale_of(tx, code))
        return None if still is None else still.sale

    async def cancel(self, request: Request, sale: str, reason: str) -> UndertakingShown:
        """Cancel a sale of today whose packs have not left (`Undoing.cancel`)."""

        async def work(taking: Taking) -> str:
            return await aside(lambda: self._undoing.cancel(sale, reason, taking))

        return await self._begun(request, work)

    async def try_insured(self, sale: str, insured: Insured) -> TriedShown:
        """Say what a sale that was paid in cash would come to (`Insuring.trial`)."""
        self._asked_interface()
        refuse_without_pad(self._interface.area, self._devices)
        taking = _taking(await self._within(who_is_there))
        return await aside(lambda: self._insuring.trial(sale, insured, taking))

    async def turn_insured(self, request: Request, sale: str, insured: Insured) -> UndertakingShown:
        """Turn a sale that was paid in cash insured (`Insuring.turn_insured`)."""

        async def work(taking: Taking) -> str:
            if is_password_wanted(self._interface.area):
                # Nobody types a password for what is refused anyway.
                await aside(lambda: self._insuring.check(sale, insured, taking))
            password = await self._ask_password()
            return await aside(lambda: self._insuring.turn_insured(sale, insured, taking, password=password))

        return await self._begun(request, work)

    async def tell_again(self, request: Request, sale: str, shown: Person | None = None) -> UndertakingShown:
        """Tell the centre a settlement once more that it has lost (`Retelling.tell_again`)."""

        async def work(taking: Taking) -> str:
            password = await self._ask_password()
            return await aside(lambda: self._retelling.tell_again(sale, taking, shown=shown, password=password))

        return await self._begun(request, work)

    async def go_on(
        self, number: str, choice: Choice | None, shown: Person | None = None, insurance: str = ""
    ) -> UndertakingShown:
        """Go on with an undertaking: by what was chosen, or because somebody says so."""
        self._asked_interface()
        await self._within(who_is_there)
        if choice is None:
            await aside(lambda: self._steps.go_on(number))
        else:
            password = await self._ask_password() if choice is Choice.AGAIN else None
            await aside(
                lambda: self._undoing.choose(number, choice, shown=shown, insurance=insurance, password=password)
            )
        return await self.show(number)

    async def show(self, number: str) -> UndertakingShown:
        """Return one undertaking.

        Raises:
            NoChoiceError: There is none of this number.
        """
        one = await self._within(lambda tx: kept.find_undertaking(tx, number))
        if one is None:
            raise NoChoiceError(number)
        return show_undertaking(one, self._steps.plan_of(one))

    async def show_open(self) -> UndertakingsShown:
        """Return what is under way."""
        found = await self._within(kept.open_undertakings)
        return UndertakingsShown(tuple(show_undertaking(one, self._steps.plan_of(one)) for one in found))

    # -- how -----------------------------------------------------------------------------------------------------------

    async def _begun(self, request: Request, work: Callable[[Taking], Awaitable[str]]) -> UndertakingShown:
        """Begin an undertaking, unless the same request began it before, or is at it."""
        return await self._repeats.once(request, lambda: self._begin(request, work))

    async def _begin(self, request: Request, work: Callable[[Taking], Awaitable[str]]) -> UndertakingShown:
        known = await self._within(lambda tx: _begun_before(tx, request))
        if known is not None:
            return await self.show(known)
        self._asked_interface()
        taking = _taking(await self._within(who_is_there))
        number = await work(taking)
        await self._within(lambda tx: self._keep(tx, request, number))
        return await self.show(number)

    async def _ask_password(self) -> str | None:
        return await ask_password(self._interface.area, self._devices)

    def _keep(self, tx: Connection, request: Request, number: str) -> None:
        if request.key is not None:
            keep_answer(tx, key=request.key, asked=request.asked, answer=number.encode(), now=self._clock.now())

    def _asked_interface(self) -> None:
        if not self._interface.is_up():
            raise OfflineError

    def _within(self, work: Callable[[Connection], _T]) -> Awaitable[_T]:
        def committed() -> _T:
            with self._connection.begin():
                return work(self._connection)

        return self._in_store(committed)


def _settled_as(tx: Connection, setl_id: str) -> SettlementRow | None:
    row = settlements.settlement_by_setl_id(tx, setl_id)
    if row is not None:
        refuse_rung_up(tx, row.sale)
    return row


def _taking(who: Who) -> Taking:
    return Taking(who.login, who.shift)


def _begun_before(tx: Connection, request: Request) -> str | None:
    known = find_answer(tx, request.key) if request.key else None
    if known is None:
        return None
    asked, answer = known
    if asked != request.asked:
        raise key_reused()
    return answer.decode()
