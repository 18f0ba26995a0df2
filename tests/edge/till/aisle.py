"""A terminal, and a centre with its ledger: sales are settled, come back, are told; the terminal may die anywhere."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import msgspec
from sqlalchemy import Connection

from codes.pack import ProductSystem
from codes.words import Words
from edge.counter.counter import UNNAMED
from edge.counter.returning import Wanted
from edge.fsi.journal import Journal, Purpose, Told
from edge.fsi.line import MqttLine
from edge.fsi.numbering import Numbering
from edge.fsi.resolving import Resolver
from edge.sealing import Sealer
from edge.store import ledger_rows, sales, settlements
from edge.store import undertakings as kept
from edge.store.batches import Batch, put_batch
from edge.store.settlements import SettlementRow, asked_place, put_settlement
from edge.store.terminal import ensure_state
from edge.store.undertakings import Undertaking
from edge.till.asked import AskedSettlement, Insurance, Person
from edge.till.basket import Outside, basket_of
from edge.till.checks import Limits
from edge.till.finding import Finding
from edge.till.insuring import Insuring
from edge.till.ledger import House, Ledger, Pharmacist
from edge.till.messages import SETTLE, settlement_nodes
from edge.till.outcomes import follow
from edge.till.plans import Plan
from edge.till.refreshing import Refreshing
from edge.till.retelling import Retelling
from edge.till.steps import Parts, Steps, Taking
from edge.till.undoing import Undoing
from edge.till.uploading import SignedIn, Uploader
from rules.catalogue import CatalogueFile, Identifier, Product
from rules.pack_meant import Pack, pack_meant
from rules.scan_judgement import Mode, PackLevel
from rules.settling import Standing
from server.store.database import Store
from server.trace import claims
from tests.edge.new_store import opened_or_new
from tests.edge.scene import EPOCH, FakeClock, Shop, seeded_bytes
from tests.server.fsi.counter import CARD, LI, PLAIN, SHARED
from tests.server.fsi.office import NOON, PHARMACY
from tests.server.fsi.shop import Shop as Centre
from tests.server.fsi.shop import open_shop
from wire.fsi.areas import shipped_area
from wire.fsi.asking import Asker, Sender
from wire.fsi.signing import Secrets, protection_of
from wire.rpc import NotSentError, OutcomeUnknownError

_T = TypeVar("_T")
WANG = Taking("wang", None)
_INFNO = re.compile(rb'"infno"\s*:\s*"([0-9A-Z]+)"')
_LOST = Words("没有应答", "no answer")
SENDER = Sender(PHARMACY, "示例药店", "350200", "li01", "李")
PHARMACISTS = (Pharmacist("Y1", "陈药师", "YS0001"),)
GOODS = CatalogueFile(
    products=(
        Product("D0001", "药品甲", "12片", "虚构制药", "甲", Decimal("300.00"), "盒", 12, False, True),
        Product("D0002", "药品乙", "10片", "虚构制药", "乙", Decimal("41.30"), "盒", 10, False, True),
    ),
    identifiers=tuple(
        Identifier(system, key, product, PackLevel.UNIT, 1)
        for system, key, product in (
            (ProductSystem.TRACE_PREFIX, "8600011", "D0001"),
            (ProductSystem.NATIONAL, PLAIN, "D0001"),
            (ProductSystem.GTIN, "06900000000014", "D0001"),
            (ProductSystem.TRACE_PREFIX, "8600021", "D0002"),
            (ProductSystem.NATIONAL, SHARED, "D0002"),
        )
    ),
    problems=(),
)


def pack(number: int, prefix: str = "8600011") -> str:
    return f"{prefix}{number:013d}"


DATED, DATED_PACK = b"01069000000000141726031210L1\x1d21SN1", "(01)06900000000014(21)SN1"
"""Good through 2026-03-12, two days after noon."""
A, B, C, D, E = (*(pack(n) for n in (1, 2, 3)), *(pack(n, "8600021") for n in (4, 5)))


class Death(BaseException):
    """The process is gone."""


@dataclass
class Way:
    """The line to the centre, which may lose what it carries."""

    centre: Centre
    step: Callable[[str], None]
    keeps_answers: bool = True
    script: list[str] = field(default_factory=list)
    """What becomes of the next messages: `not sent`, `lost request`, `lost answer`; nothing: answered."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    """... of those of a transaction."""
    alters: Callable[[str, bytes], bytes] = lambda infno, answer: answer

    def fail(self, infno: str, *faults: str) -> None:
        self.faults[infno] = list(faults)

    def call(self, body: bytes, timeout_s: float) -> bytes:
        del timeout_s
        found = _INFNO.search(body)
        assert found is not None
        infno = found[1].decode()
        self.step(f"before sending {infno}")
        script = self.faults.get(infno) or self.script
        fault = script.pop(0) if script else ""
        if fault == "not sent":
            raise NotSentError(_LOST)
        answer = None if fault == "lost request" else self.centre.office.post(body)[0].body
        self.step("after sending")
        if answer is None or fault == "lost answer":
            raise OutcomeUnknownError(_LOST)
        return self.alters(infno, answer)


@dataclass
class Aisle:
    """One run of the terminal."""

    centre: Centre
    shop: Shop
    sealer: Sealer
    step: Callable[[str], None]
    desk: int = 3

    def __post_init__(self) -> None:
        area, clock = self.centre.office.area, self.shop.clock
        asker = Asker(area, protection_of(area), Secrets())
        self.way = Way(self.centre, self.step)
        self.journal = Journal(
            asker, MqttLine(self.way, area, Secrets(), clock), self.commits, sealer=self.sealer,
            numbering=Numbering(self.desk), clock=clock,
        )  # fmt: skip
        self.ledger = Ledger(area, self.sealer, clock, House("350200", PHARMACISTS))
        self.journal.register("till.settle", self._settled)
        parts = Parts(self.journal, area, self.sealer, clock, lambda _: SignedIn(SENDER, ""), seeded_bytes(7), PHARMACY)
        self.steps = Steps(parts)
        self.finding = Finding(parts, self.ledger)
        refreshing = Refreshing(parts, self.ledger, self.finding)
        self.undoing = Undoing(parts, self.steps, self.ledger, self.shop.outbox, refreshing)
        self.retelling = Retelling(parts, self.steps, self.ledger, self.finding)
        self.insuring = Insuring(parts, self.steps, self.ledger, self.finding, within_days=3, limits=Limits())
        self.uploader = Uploader(self.journal, self.ledger, parts.who, clock)
        self.resolver = Resolver(self.journal, asker, clock)

    def commits(self, work: Callable[[Connection], _T], /) -> _T:
        self.step("before commit")
        with self.shop.connection.begin():
            done = work(self.shop.connection)
        self.step("after commit")
        return done

    def look(self, work: Callable[[Connection], _T]) -> _T:
        with self.shop.connection.begin():
            return work(self.shop.connection)

    def _settled(self, tx: Connection, told: Told) -> None:
        follow(
            tx, self.shop.outbox, told, self.shop.clock.now(), self.ledger.note_settled, area=self.centre.office.area
        )

    # -- what the counter does -----------------------------------------------------------------------------------------

    def scan(self, *codes: str | bytes, units: Mapping[str, int] = MappingProxyType({})) -> str:
        for code in codes:
            shown = self.shop.scan(code, "]d2" if isinstance(code, bytes) else None)
            self.wait(seconds=10)
            if isinstance(code, str) and code in units:
                self.shop.counter.sell_in_part(code, units[code])
        assert shown.sale is not None
        return shown.sale

    def sell(self, *codes: str) -> str:
        """Sell for cash."""
        sale = self.scan(*codes)
        self.shop.counter.close_sale(UNNAMED)
        self.look(lambda tx: self.ledger.note_self_paid(tx, sale, "wang"))
        return sale

    def settle(self, *codes: str | bytes, units: Mapping[str, int] = MappingProxyType({})) -> str:
        """Have a sale settled, as the till does; of some packs so many units."""
        sale = self.scan(*codes, units=units)
        lines = self.look(lambda tx: basket_of(tx, sale, {}, Outside(), self.shop.clock.now())).lines
        asked = AskedSettlement(person(), INSURANCE, self.shop.clock.now(), "41", True, lines)

        def also(tx: Connection, msgid: str) -> None:
            put_settlement(
                tx, sale=sale, operator="wang", shift=None, begun_at=asked.begun, ask_msgid=msgid, fee=asked.fee,
                asked=self.sealer.seal(msgspec.json.encode(asked), asked_place(sale)), insutype="310",
            )  # fmt: skip

        nodes = settlement_nodes(asked, self.centre.office.area, number=sale)
        told = self.journal.ask(
            SENDER, SETTLE, nodes, Purpose("till.settle", sale), insured_district="350200", also=also
        )
        assert type(told.outcome).__name__ == "Agreed", told
        return sale

    def upload(self) -> None:
        while self.uploader.look():
            pass

    def take_back(self, sale: str, *codes: str, shown: Person | None = None) -> Undertaking:
        number = self.undoing.return_packs(Wanted(sale, codes, "不合适", 0), WANG, shown=shown)
        return self.undertaking(number)

    def recover(self) -> None:
        """Do what the terminal does beside the counter until nothing is left to do."""
        for _ in range(4):
            self.resolver.take_up()
            self.resolver.look()
            self.steps.look()
            self.upload()
            self.wait(seconds=60)

    def wait(self, **span: float) -> None:
        self.centre.wait(**span)
        self.shop.clock.advance(timedelta(**span).total_seconds())

    # -- what there is -------------------------------------------------------------------------------------------------

    def undertaking(self, number: str) -> Undertaking:
        found = self.look(lambda tx: kept.find_undertaking(tx, number))
        assert found is not None
        return found

    def plan(self, one: Undertaking) -> Plan:
        return self.steps.plan_of(one)

    def settlements(self, sale: str) -> tuple[SettlementRow, ...]:
        return self.look(lambda tx: settlements.settlements_of(tx, sale))

    def standing(self, sale: str) -> list[SettlementRow]:
        return [one for one in self.settlements(sale) if one.standing is Standing.SETTLED]

    def packs(self, sale: str) -> dict[str, str]:
        return {one.code: one.state.value for one in self.look(lambda tx: sales.packs_of(tx, sale))}

    def rows(self, sale: str) -> list[tuple[str, str]]:
        return [(one.infno, one.state.value) for one in self.look(lambda tx: ledger_rows.rows_of(tx, sale))]

    def words(self, sale: str) -> list[str | None]:
        return [one.told for one in self.look(lambda tx: ledger_rows.rows_of(tx, sale))]

    def states(self, *codes: str) -> list[str]:
        """How the centre's ledger sees packs; none of them in conflict."""
        assert not [self.centre.life(code).conflicts for code in codes if self.centre.life(code).conflicts]
        return [self.centre.state(code) for code in codes]

    def paid_with(self, *codes: str) -> list[set[str]]:
        """The settlements that the fund pays for packs."""
        keys = [found.key for found in map(pack_meant, codes) if isinstance(found, Pack)]
        with self.centre.office.store.reading() as tx:
            found = claims.claims(tx, keys)
        return [{one.setl_id for one in found.get(key, ())} for key in keys]

    def at_the_centre(self) -> list[tuple[str, Decimal]]:
        """The settlements that stand there, with their fees."""
        with self.centre.office.store.reading() as tx:
            found = tx.exec_driver_sql(
                "SELECT setl_id, medfee_sumamt_fen FROM settlement WHERE state = 'active' ORDER BY setl_id"
            ).all()
        return [(setl_id, Decimal(fen) / 100) for setl_id, fen in found]


INSURANCE = Insurance("310", "350200", Decimal("60.00"))


def person(number: str = LI, *, credential: str = "", kinds: Sequence[Insurance] = (INSURANCE,)) -> Person:
    return Person(number, "李一", "02", credential or CARD[LI], tuple(kinds), certificate_kind="01")


def lots(aisle: Aisle) -> None:
    """Say from which lots is sold."""
    opened = NOON - timedelta(days=9)
    for product in ("D0001", "D0002"):
        lot = Batch(product, f"B-{product}", "L1", date(2026, 1, 2), date(2028, 1, 1), opened)
        aisle.look(lambda tx, lot=lot: put_batch(tx, lot))


@contextmanager
def opened(
    centre: Centre, folder: Path, step: Callable[[str], None] = lambda _: None, *, desk: int = 3
) -> Iterator[Aisle]:
    """Start the terminal; what was left by the run before is there."""
    with opened_or_new(folder) as connection:
        ensure_state(connection, terminal=f"counter-{desk}", new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock(wall=centre.office.clock.now))
        shop.stock(GOODS)
        shop.sign_in(token=f"token-{next(_TOKENS)}")
        aisle = Aisle(centre, shop, Sealer(bytes([desk]) * 32), step, desk)
        lots(aisle)
        yield aisle


_TOKENS = itertools.count(1)


def new_centre(store: Store, area: str = "base") -> Centre:
    made = open_shop(store, area)
    assert shipped_area(area).name == area
    return made
