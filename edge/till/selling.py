"""The insured sale: tried, then settled once.

A settlement asks exactly what the last trial asked; a list that has changed since is tried again. It is written down as
asked for before its message leaves, and what follows from the outcome (`outcomes.follow`) is written with it, whether
it comes at once, later, or after a restart. Meanwhile the list cannot change, and scans go on to the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import msgspec
import structlog
from sqlalchemy import Connection

from codes.words import Words
from edge.counter.errors import ListEmptyError
from edge.counter.held import refuse_held_by_pos
from edge.fsi.interface import Interface
from edge.fsi.journal import Purpose, Told
from edge.sealing import Sealer
from edge.store.settlements import asked_place, latest_settlement, put_settlement
from edge.till.asked import AskedSettlement
from edge.till.basket import Basket, Ordered, basket_of
from edge.till.checks import Limits, lacks_of, needs_second_factor, refused_lacks
from edge.till.desk import Who, at_the_counter, who_is_there
from edge.till.errors import (
    InsuranceUnknownError,
    NotReadyError,
    OfflineError,
    PersonMissingError,
    SecondFactorError,
    TrialMissingError,
)
from edge.till.messages import SETTLE, TRIAL, amounts_of, cuts_of, settlement_nodes
from edge.till.outcomes import Followed, follow
from edge.till.parts import Parts
from edge.till.passwords import ask_password, pad_troubles
from edge.till.persons import Bound, Persons, insurance_of
from edge.till.showing import show_ticket
from edge.till.thanking import show_person, shown_of
from edge.till.views import Lack, TicketShown, TrialShown, to_json
from rules.settling import Standing
from wire.fsi.asking import Answer
from wire.rpc import NotSentError, OutcomeUnknownError

KIND = "till.settle"
"""`fsi_message.kind` of settlements, first ones and those of packs that stay."""
TICKET = "ticket"
"""The live event that carries a `TicketShown`."""
PURCHASE = "41"
"""`med_type`: 定点药店购药."""
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is said of a sale beside its packs and its person."""

    insurance: str = ""
    """`insutype`; empty: the first that the person has."""
    category: str = PURCHASE
    uses_account: bool = True
    pharmacist: str = ""
    disease: str = ""
    disease_name: str = ""
    lines: Mapping[int, Ordered] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Ready:
    who: Who
    bound: Bound
    asked: AskedSettlement
    basket: Basket


class Selling:
    """Tries and settles the open sale. `register` before anything is resolved."""

    def __init__(self, parts: Parts, persons: Persons) -> None:
        self._parts, self._persons = parts, persons
        self._under_way: dict[str, asyncio.Task[TicketShown]] = {}
        self._thanking: set[asyncio.Task[None]] = set()
        if parts.interface is not None:
            parts.interface.register(KIND, self._hear)

    async def trial(self, sale: str, wishes: Wishes) -> TrialShown:
        """Say what the open sale would come to, or everything that is missing. Nothing is reserved by it.

        Raises:
            NotSignedInError, ListNotOpenError, ListEmptyError, SettlingError: Not now.
            HeldByPosError: The institution's own software settles it.
            PersonMissingError, InsuranceUnknownError: It is not known who pays.
            NoInterfaceError, OfflineError: The insurance cannot be asked.
        """
        ready = await self._parts.in_store(lambda: self._prepare(sale, wishes))
        ready.bound.tried = None
        interface = self._parts.asked_interface()
        limits = self._limits(interface)
        missing = pad_troubles(interface.area, has_pad=self._parts.devices.pinpad is not None)
        pad = (Lack(one.code, one.words, one.next_step) for one in missing)
        lacks = (*lacks_of(ready.asked, ready.basket, limits), *pad)
        if lacks:
            return TrialShown(sale, lacks)
        answer = await self._tried(interface, ready)
        if not answer.is_success:
            return TrialShown(sale, refused_lacks(answer))
        amounts = amounts_of(answer, ready.asked.fee, interface.area)
        bound = ready.bound
        bound.tried, bound.factor, bound.needs_factor = ready.asked, "", needs_second_factor(amounts, limits)
        bound.cuts = tuple(cuts_of(answer))
        return TrialShown(sale, (), amounts, bound.cuts, needs_second_factor=bound.needs_factor, told=answer.warning)

    async def settle(self, sale: str) -> TicketShown:
        """Settle the open sale as it was tried, once: whoever asks again is told how it stands.

        Raises:
            NotSignedInError, ListNotOpenError: Not now.
            HeldByPosError: The institution's own software settles it.
            PersonMissingError, TrialMissingError, SecondFactorError: Something has to come first.
            NoInterfaceError, OfflineError: The insurance cannot be asked.
        """
        running = self._under_way.get(sale)
        if running is None:
            running = asyncio.get_running_loop().create_task(self._settle(sale), name=f"settle {sale}")
            self._under_way[sale] = running
            running.add_done_callback(lambda _: self._under_way.pop(sale, None))
        # A browser that goes away takes nothing back.
        return await asyncio.shield(running)

    async def _settle(self, sale: str) -> TicketShown:
        parts = self._parts
        before = await parts.in_store(lambda: self._known(sale))
        if before is not None:
            return before
        interface = parts.asked_interface()
        ready = await parts.in_store(lambda: self._again(sale))
        password = await ask_password(interface.area, parts.devices)
        asked = ready.asked
        await interface.ask(
            ready.who.login, ready.who.name, SETTLE, settlement_nodes(asked, interface.area, number=sale),
            Purpose(KIND, sale), insured_district=asked.insurance.district, password=password,
            also=partial(self._write_down, interface.sealer, sale, ready),
        )  # fmt: skip
        done = await parts.in_store(lambda: self.show(sale))
        self._thank(interface, ready, done)
        return done

    def _thank(self, interface: Interface, ready: _Ready, done: TicketShown) -> None:
        """Have the person shown what was settled; nobody waits for it."""
        holder = ready.bound.holder
        if holder is None or done.paid is None or done.standing is not Standing.SETTLED:
            return
        name = interface.sender(ready.who.login, ready.who.name).institution_name
        shown = shown_of(ready.asked, ready.bound.cuts, done.paid, institution=name, attendant=ready.who.name)
        thanking = asyncio.get_running_loop().create_task(
            show_person(self._parts.devices, ready.who, holder, shown), name="thank"
        )
        self._thanking.add(thanking)
        thanking.add_done_callback(self._thanking.discard)

    def show(self, sale: str) -> TicketShown:
        """Return a ticket; in the store's thread."""
        with self._parts.connection.begin():
            return show_ticket(self._parts.connection, sale, self._persons, self._parts.clock.now())

    def _known(self, sale: str) -> TicketShown | None:
        """Return the ticket, if it was asked for before and that did not come to nothing."""
        tx = self._parts.connection
        with tx.begin():
            who_is_there(tx)
            latest = latest_settlement(tx, sale)
            is_new = latest is None or latest.standing is Standing.NONE
            return None if is_new else show_ticket(tx, sale, self._persons, self._parts.clock.now())

    def _prepare(self, sale: str, wishes: Wishes) -> _Ready:
        tx = self._parts.connection
        with tx.begin():
            who = at_the_counter(tx, sale)
            refuse_held_by_pos(tx, sale)
            basket = basket_of(tx, sale, wishes.lines, self._parts.habits.outside, self._parts.clock.now())
        if not basket.lines and not basket.lacks:
            raise ListEmptyError(Words("清单是空的", "The list is empty"))
        bound = self._bound(sale, who)
        insurance = insurance_of(bound.person, wishes.insurance)
        if insurance is None:
            raise InsuranceUnknownError(
                Words(f"该人员没有险种 {wishes.insurance}", f"This person has no insurance of kind {wishes.insurance}")
            )
        asked = AskedSettlement(
            person=bound.person, insurance=insurance, begun=self._parts.clock.now(), category=wishes.category,
            uses_account=wishes.uses_account, lines=basket.lines, pharmacist=wishes.pharmacist,
            disease=wishes.disease, disease_name=wishes.disease_name,
        )  # fmt: skip
        return _Ready(who, bound, asked, basket)

    def _again(self, sale: str) -> _Ready:
        """Return what was tried, if the list is still as it was."""
        tx = self._parts.connection
        with tx.begin():
            who = at_the_counter(tx, sale)
            bound = self._bound(sale, who)
            tried = bound.tried
            if tried is None:
                raise TrialMissingError
            basket = self._unchanged(tx, sale, tried)
        if bound.needs_factor and not bound.factor:
            raise SecondFactorError
        asked = msgspec.structs.replace(tried, begun=self._parts.clock.now(), vouched=bound.factor)
        return _Ready(who, bound, asked, basket)

    def _unchanged(self, tx: Connection, sale: str, tried: AskedSettlement) -> Basket:
        orders = {line.line: Ordered(line.prescription, line.dose, line.frequency, line.days) for line in tried.lines}
        basket = basket_of(tx, sale, orders, self._parts.habits.outside, self._parts.clock.now())
        if basket.lacks:
            raise NotReadyError(basket.lacks)
        if basket.lines != tried.lines:
            raise TrialMissingError
        return basket

    def _write_down(self, sealer: Sealer, sale: str, ready: _Ready, tx: Connection, msgid: str) -> None:
        """Keep the settlement as asked for, in the transaction that writes its message down."""
        at_the_counter(tx, sale)
        refuse_held_by_pos(tx, sale)
        self._unchanged(tx, sale, ready.asked)
        sealed = sealer.seal(msgspec.json.encode(ready.asked), asked_place(sale))
        put_settlement(
            tx, sale=sale, operator=ready.who.login, shift=ready.who.shift, begun_at=ready.asked.begun, asked=sealed,
            ask_msgid=msgid, insutype=ready.asked.insurance.kind, fee=ready.asked.fee,
        )  # fmt: skip
        self._parts.afterwards(lambda: self.tell(Followed(sale, "paying")))

    def _hear(self, tx: Connection, told: Told) -> None:
        """Let follow what follows, in the transaction that writes the outcome down."""
        parts = self._parts
        assert parts.interface is not None  # noqa: S101 - it is what tells
        followed = follow(tx, parts.outbox, told, parts.clock.now(), parts.note_sale, area=parts.interface.area)
        if followed is None:
            _logger.error("till.settlement_missing", msgid=told.msgid)
            return
        parts.afterwards(lambda: self.tell(followed))

    def tell(self, followed: Followed) -> None:
        """Tell the screens what became of a ticket; in the store's thread, once it is committed."""
        if followed.change == "closed":
            self._persons.forget(followed.sale)
        shown = self.show(followed.sale)
        _logger.info("till.ticket", sale=followed.sale, standing=shown.standing.value, place=shown.place)
        self._parts.counter.ended(followed.sale, followed.change)
        self._parts.bus.publish(TICKET, to_json(shown).decode())

    async def _tried(self, interface: Interface, ready: _Ready) -> Answer:
        asked = ready.asked
        try:
            return await interface.read(
                ready.who.login, ready.who.name, TRIAL, settlement_nodes(asked, interface.area),
                insured_district=asked.insurance.district,
            )  # fmt: skip
        except (NotSentError, OutcomeUnknownError) as exc:
            raise OfflineError(exc.words) from exc

    def _bound(self, sale: str, who: Who) -> Bound:
        bound = self._persons.of(sale, who.shift)
        if bound is None:
            raise PersonMissingError
        return bound

    def _limits(self, interface: Interface) -> Limits:
        limits = self._parts.habits.limits
        return Limits(limits.own, limits.total, limits.real_name_packs, interface.area.trace_code_length)
