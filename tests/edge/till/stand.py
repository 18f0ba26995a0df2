"""A terminal with its till, at a true centre: what is lost on the way is lost by a script."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection

from codes.pack import ProductSystem
from codes.words import Words
from edge.counter.counter import UNNAMED, Request
from edge.credentials import Way
from edge.fsi.interface import Interface
from edge.fsi.journal import Journal
from edge.fsi.line import MqttLine
from edge.fsi.numbering import Numbering
from edge.fsi.resolving import Resolver
from edge.fsi.sign_ins import Place, SignIns
from edge.operators.accounts import add_account
from edge.operators.sign_in import SignIn
from edge.sealing import Sealer
from edge.store import sql
from edge.store.settlements import SettlementRow, settlements_of
from edge.store.terminal import ensure_state
from edge.till.confirming import Proof
from edge.till.errors import OfflineError
from edge.till.identifying import Typed
from edge.till.parts import Devices, Habits, Parts
from edge.till.selling import Wishes
from edge.till.till import Till
from edge.till.views import TicketShown
from rules.catalogue import CatalogueFile, Identifier, Product
from rules.scan_judgement import Mode, PackLevel
from server.people.insured import Identity, sealed
from server.store import insured
from server.store.database import Store
from server.store.insured import Credential, Insurance
from tests.edge.new_store import opened_or_new
from tests.edge.scene import EPOCH, TERMINAL, FakeClock, Shop
from tests.server.fsi.counter import ALWAYS, CARD, DISTRICT, LI, LIMITED, PLAIN, Counter, open_counter, put_in
from tests.server.fsi.entitled import COLD, RX
from tests.server.fsi.office import NOON, PHARMACY, Office
from wire.fsi.areas import Area, shipped_area
from wire.fsi.asking import Asker
from wire.fsi.signing import Secrets, protection_of
from wire.rpc import NotSentError, OutcomeUnknownError

_T = TypeVar("_T")
AREA = shipped_area("base")
REQUEST, ANSWER, NOT_SENT = "request", "answer", "not sent"
PRESCRIBED, NAMELESS, DEVICE = "D0003", "D0004", "D0005"
LI_TYPED = Typed(CARD[LI])
CHEN, CHEN_ID, CHEN_CARD, CHEN_TOKEN = "PSN0009", "350203198506070011", "ZZ0000009", "350200ec-token-of-chen"
"""Somebody whose number has a right check character, so that a card reader takes it."""

GOODS = CatalogueFile(
    products=(
        Product("D0001", "药品甲", "24粒", "虚构制药", "甲", Decimal("100.00"), "盒", 24, False, True),
        Product("D0002", "药品乙", "12片", "虚构制药", "乙", Decimal("9.805"), "盒", 12, False, True),
        Product(PRESCRIBED, "药品丙", "6片", "虚构制药", "甲", Decimal("20.00"), "盒", 6, False, True, True, True),
        Product(NAMELESS, "保健品", "30片", "虚构制药", "自费", Decimal("50.00"), "盒", 30, False, True),
        Product("D0006", "复方感冒片", "10片", "虚构制药", "甲", Decimal("15.00"), "盒", 10, False, True),
        Product("D0007", "处方药甲", "10片", "虚构制药", "甲", Decimal("30.00"), "盒", 10, False, True),
        Product(DEVICE, "血压计", "1台", "虚构器械", "自费", Decimal("300.00"), "台", 1, True, True),
    ),
    identifiers=(
        Identifier(ProductSystem.TRACE_PREFIX, "8600011", "D0001", PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600021", "D0002", PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600031", PRESCRIBED, PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600041", NAMELESS, PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600051", DEVICE, PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600061", "D0006", PackLevel.UNIT, 1),
        Identifier(ProductSystem.TRACE_PREFIX, "8600071", "D0007", PackLevel.UNIT, 1),
        Identifier(ProductSystem.NATIONAL, COLD, "D0006", PackLevel.UNIT, 1),
        Identifier(ProductSystem.NATIONAL, RX, "D0007", PackLevel.UNIT, 1),
        Identifier(ProductSystem.NATIONAL, PLAIN, "D0001", PackLevel.UNIT, 1),
        Identifier(ProductSystem.NATIONAL, LIMITED, "D0002", PackLevel.UNIT, 1),
        Identifier(ProductSystem.NATIONAL, "XE05EE0005", PRESCRIBED, PackLevel.UNIT, 1),
    ),
    problems=(),
)


def pack(product: int, number: int) -> str:
    """Return the trace code of a pack."""
    return f"86000{product}1{number:013d}"


def insure_chen(office: Office, balance: str = "9000.00") -> None:
    """Put somebody on record who has voucher, cards, two insurances and money."""
    with office.store.writing() as connection:
        person = Identity(CHEN, "01", CHEN_ID, "陈安心", "1", "01", date(1985, 6, 7))
        insured.put_people(connection, [sealed(person, office.sealer, NOON)])
        shown = (("01", CHEN_TOKEN), ("03", CHEN_CARD))
        since = NOON - timedelta(days=9)
        insured.put_credentials(
            connection,
            [Credential(kind, office.sealer.digest(kind, no), CHEN, None, None, since, None) for kind, no in shown],
        )
        insured.put_insurances(
            connection,
            [
                Insurance(CHEN, "390", ALWAYS, None, "15", DISTRICT, False, "1", ""),
                Insurance(CHEN, "310", ALWAYS, None, "11", DISTRICT, False, "1", ""),
            ],
        )
        put_in(connection, CHEN, balance)


class Wire:
    """Carries messages to the centre and loses what it is told to lose."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.loses: list[str] = []
        self.bodies: list[bytes] = []
        self.up = True
        self.before: Callable[[], None] = lambda: None
        """Called when a message is about to leave."""
        self.after: Callable[[], None] = lambda: None
        """Called when it was answered."""

    def call(self, body: bytes, timeout_s: float) -> bytes:
        self.before()
        self.bodies.append(body)
        lost = self.loses.pop(0) if self.loses else ""
        if lost == NOT_SENT:
            raise NotSentError(Words("未发出", "it did not leave"))
        answer = b"" if lost == REQUEST else self._counter.office.post(body)[0].body
        self.after()
        if lost:
            raise OutcomeUnknownError(Words("丢失", f"the {lost} was lost"))
        return answer

    def is_up(self) -> bool:
        return self.up


class Stand:
    """One till. `work` runs what a screen would ask; the store is used by one piece of work at a time."""

    def __init__(
        self, store: Store, folder: Path, *, devices: Devices | None = None, habits: Habits | None = None,
        area: Area = AREA, centre: Counter | None = None,
    ) -> None:  # fmt: skip
        self._closing, self._runner = ExitStack(), asyncio.Runner()
        self.centre = centre or open_counter(store, area=area)
        insure_chen(self.centre.office)
        self.folder, self.area = folder, area
        self.devices, self.habits = devices or Devices(), habits or Habits()
        self.on_password: Callable[[str | None], None] = lambda _: None
        self.starts = 0
        self.clock = FakeClock(wall=NOON)
        self.wire = Wire(self.centre)
        self.open()

    def open(self) -> None:
        """Open the store as a start does, with everything around it."""
        self._pending: list[Callable[[], None]] = []
        connection = self._closing.enter_context(opened_or_new(self.folder))
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        self.connection = connection
        self.shop = Shop(connection, self.clock)
        self.shop.stock(GOODS)
        self.starts += 1
        self.shop.sign_in(token=f"token-{self.starts}")
        asker = Asker(self.area, protection_of(self.area), Secrets())
        sealer = Sealer(b"k" * 32)
        line = MqttLine(self.wire, self.area, Secrets(), self.clock)
        self.journal = Journal(asker, line, self.commits, sealer=sealer, numbering=Numbering(3), clock=self.clock)
        self.resolver = Resolver(self.journal, asker, self.clock)
        place = Place(PHARMACY, "示例药店", "350200", "00-11-22-33-44-55", "192.0.2.7")
        sign_ins = SignIns(self.journal, place, sealer, self.clock, is_demanded=False)
        self.interface = Interface(self.journal, self.area, sign_ins, self.wire, sealer=sealer)
        self.interface._aside = self._beside  # type: ignore[method-assign] # one thread owns the store here
        ask = self.journal.ask

        def heard_ask(*args: Any, **said: Any) -> Any:
            self.on_password(said["password"])
            return ask(*args, **said)

        self.journal.ask = heard_ask  # type: ignore[method-assign]
        self.till = Till(self._parts())

    def _parts(self) -> Parts:
        return Parts(
            self.connection, self.in_store, self._pending.append, self.shop.outbox, self.shop.counter, self.shop.bus,
            self.clock, self.interface, SignIn(self.shop.operators, self.in_store), self.devices, self.habits,
        )  # fmt: skip

    def close(self) -> None:
        for device in (self.devices.voucher, self.devices.card):
            if device is not None:
                self.work(device.close())
        self._runner.close()
        self._closing.close()

    def close_store(self) -> None:
        """Close the store, so that the disk has all of it."""
        self._closing.close()

    def reopen(self) -> None:
        """Die and start again: nothing is left but what was committed."""
        self._closing.close()
        self.open()

    def commits(self, work: Callable[[Connection], _T], /) -> _T:
        with self.connection.begin():
            done = work(self.connection)
        self._drain()
        return done

    async def in_store(self, work: Callable[[], _T], /) -> _T:
        try:
            return work()
        finally:
            self._drain()

    def _drain(self) -> None:
        while self._pending:
            self._pending.pop(0)()

    async def rest(self) -> None:
        """Wait for what nobody waits for."""
        await asyncio.gather(*self.till.selling._thanking)

    async def _beside(self, work: Callable[[], _T]) -> _T:
        await asyncio.sleep(0)
        return work()

    def work(self, asked: Awaitable[_T]) -> _T:
        async def run() -> _T:
            return await asked

        return self._runner.run(run())

    # -- a sale ----------------------------------------------------------------------------------------------------

    def scan(self, *codes: str) -> str:
        """Scan packs; return the number of the sale."""
        shown = [self.shop.scan(code) for code in codes]
        assert shown[-1].sale is not None
        return shown[-1].sale

    def tried(self, *codes: str, wishes: Wishes | None = None) -> str:
        """Scan packs, identify Li by a typed number, and try the sale."""
        sale = self.scan(*(codes or (pack(1, 1), pack(2, 1))))
        self.work(self.till.identify(sale, Way.ID, LI_TYPED))
        trial = self.work(self.till.trial(sale, wishes or Wishes()))
        assert trial.lacks == ()
        return sale

    def called_prescription(self, product: str) -> None:
        """Have the catalogue say that a product is a prescription drug."""
        with self.connection.begin():
            sql.change(self.connection, "UPDATE product SET is_prescription = 1 WHERE id = ?", (product,))

    def tried_offline(self, *codes: str) -> str:
        """Scan packs while the line is down: nobody is identified, nothing is tried."""
        sale = self.scan(*codes)
        with pytest.raises(OfflineError):
            self.work(self.till.identify(sale, Way.ID, LI_TYPED))
        return sale

    def tried_again(self, sale: str) -> TicketShown:
        """Identify Li anew, try the open sale and settle it."""
        self.work(self.till.identify(sale, Way.ID, LI_TYPED))
        assert self.work(self.till.trial(sale, Wishes())).lacks == ()
        return self.settle(sale)

    def vouch(self, sale: str) -> None:
        """Have a second operator confirm what was tried."""
        password = add_account(self.connection, "zhang", "张", self.clock.now()).password
        self.work(self.till.confirm(sale, Proof(operator="zhang", password=password)))

    def settle(self, sale: str, key: str | None = None) -> TicketShown:
        return self.work(self.till.settle(Request(key, sale) if key else UNNAMED, sale))

    def show(self, sale: str) -> TicketShown:
        return self.work(self.till.show(sale))

    def rows(self, sale: str) -> tuple[SettlementRow, ...]:
        with self.connection.begin():
            return settlements_of(self.connection, sale)

    def at_centre(self) -> list[str]:
        """Return how the settlements stand at the centre."""
        from sqlalchemy import select  # noqa: PLC0415

        from server.store.settlement_tables import settlement  # noqa: PLC0415

        with self.centre.office.store.reading() as connection:
            return sorted(connection.scalars(select(settlement.c.state)))

    def live(self, event: str) -> list[dict[str, Any]]:
        return [data for _, data in self.shop.heard(event)]
