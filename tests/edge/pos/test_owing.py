"""What the POS has not told goes by a 3505 of our own, as far as it is known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from codes.pack import ProductSystem
from codes.words import Words
from edge.fsi.journal import Also, Purpose, Then, Told
from edge.fsi.outcome import Agreed, NotSent, Outcome, Unknown
from edge.pos.owing import KIND, Owing, Signs
from edge.pos.ports import LineScans, SaleRef
from edge.pos.stored import StoredLater
from edge.store.batches import Batch, put_batch
from edge.store.catalogue import replace_catalogue
from edge.store.pos_codes import owed_codes
from rules.catalogue import CatalogueFile, Identifier
from rules.scan_binding import SaleLine
from rules.scan_judgement import PackLevel
from tests.edge.pos.around import DRUG, NINE, ONE, SHOP, TWO
from tests.edge.scene import CATALOGUE, FakeClock
from wire.fsi.areas import Area, shipped_area
from wire.fsi.asking import Asker, Nodes
from wire.fsi.signing import Secrets, protection_of

OURS = CatalogueFile(
    CATALOGUE.products,
    (*CATALOGUE.identifiers, Identifier(ProductSystem.NATIONAL, DRUG, "D0001", PackLevel.UNIT, 1)),
    (),
)
WHY = Words("断网", "no line")


@dataclass
class Far:
    """An interface that answers as it is told, and keeps what it was asked."""

    connection: Connection
    outcome: Outcome
    area: Area = field(default_factory=lambda: shipped_area("base"))
    asked: list[Nodes] = field(default_factory=list)
    thens: dict[str, Then] = field(default_factory=dict)

    def register(self, kind: str, then: Then) -> None:
        self.thens[kind] = then

    async def ask(self, login: str, name: str, infno: str, nodes: Nodes, purpose: Purpose, *, also: Also) -> Told:
        self.asked.append(nodes)
        told = Told("m1", infno, purpose, self.outcome)
        with self.connection.begin():
            also(self.connection, "m1")
            self.thens[KIND](self.connection, told)
        return told


def answer(result: str) -> Outcome:
    asker = Asker(shipped_area("base"), protection_of(shipped_area("base")), Secrets())
    body = (
        f'{{"infcode":0,"inf_refmsgid":"1","err_msg":"","output":{{"result":{{"retRslt":"{result}","msgRslt":""}}}}}}'
    )
    return Agreed(asker.read_clear("3505", body.encode()))


@dataclass
class Owed:
    """A terminal that owes three codes of two lines."""

    connection: Connection
    clock: FakeClock
    far: Far
    owing: Owing

    def look(self) -> int:
        return asyncio.run(self.owing.look())

    def states(self) -> dict[str, tuple[str, str]]:
        with self.connection.begin():
            return {one.code: (one.state, one.lacks) for one in owed_codes(self.connection)}


@pytest.fixture
def open_owed(connection: Connection, clock: FakeClock) -> Callable[..., Owed]:
    async def commits(work: Callable[[Connection], object]) -> object:
        with connection.begin():
            return work(connection)

    def opened(outcome: Outcome, *, has_lot: bool = True) -> Owed:
        with connection.begin():
            replace_catalogue(connection, OURS, source="x", digest="0", now=clock.now())
            if has_lot:
                put_batch(connection, Batch("D0001", "B1", "L1", date(2026, 1, 1), None, clock.now()))
        far = Far(connection, outcome)
        owing = Owing(far, commits, Signs("yima", "yima", "虚构药一", "210350203000001"), clock)  # type: ignore[arg-type]
        lines = [
            LineScans(SaleLine("L1", DRUG, Decimal(2)), (ONE, TWO)),
            LineScans(SaleLine("L2", "XJ99AAA999A001040199103", Decimal(1)), (NINE,)),
        ]
        asyncio.run(StoredLater(commits, clock).note(SaleRef(SHOP, "S1", "m0"), lines))  # type: ignore[arg-type]
        return Owed(connection, clock, far, owing)

    return opened


def test_a_line_goes_once_the_pos_has_had_its_time_and_what_is_not_known_waits(open_owed: Callable[..., Owed]) -> None:
    owed = open_owed(answer("1"))
    assert owed.look() == 0
    owed.clock.advance(timedelta(minutes=11).total_seconds())
    assert owed.look() == 1
    (nodes,) = owed.far.asked
    said = nodes["selinfo"]
    assert isinstance(said, dict)
    assert (said["setl_id"], said["sel_retn_cnt"], said["manu_lotnum"]) == ("S1", "2", "L1")
    assert said["drugtracinfo"] == [{"drug_trac_codg": ONE}, {"drug_trac_codg": TWO}]
    left = owed.states()
    assert set(left) == {NINE}
    assert {"fixmedins_hilist_id", "manu_lotnum", "manu_date"} <= set(left[NINE][1].split())
    assert owed.look() == 0, "nothing is told twice"


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(answer("0"), "refused"), (NotSent(WHY), "waiting"), (Unknown(WHY), "sent")],
    ids=["refused", "not sent", "unknown"],
)
def test_what_was_not_taken_stays_listed(open_owed: Callable[..., Owed], outcome: Outcome, state: str) -> None:
    owed = open_owed(outcome)
    owed.clock.advance(3_600)
    owed.look()
    assert owed.states()[ONE][0] == state


def test_without_a_lot_nothing_is_made_up(open_owed: Callable[..., Owed]) -> None:
    owed = open_owed(answer("1"), has_lot=False)
    owed.clock.advance(3_600)
    assert owed.look() == 0
    assert owed.far.asked == []
    assert "manu_lotnum" in owed.states()[ONE][1]
