"""A terminal's journal at the centre itself: what was lost on the way is settled once, or taken back to the fen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, select

from codes.words import Words
from edge.fsi.journal import Journal, Purpose, Told
from edge.fsi.line import MqttLine
from edge.fsi.numbering import Numbering
from edge.fsi.outcome import Agreed, Refused, Reversed, Unknown
from edge.fsi.resolving import Resolver
from edge.sealing import Sealer
from edge.store.database import opened_store
from server.store.database import Store
from server.store.settlement_tables import settlement
from tests.edge.scene import FakeClock
from tests.server.fsi.counter import LI, Counter, open_counter
from tests.server.fsi.office import NOON, PHARMACY
from wire.fsi.areas import shipped_area
from wire.fsi.asking import Asker, Sender
from wire.fsi.signing import Secrets, protection_of
from wire.rpc import OutcomeUnknownError

_T = TypeVar("_T")
AREA = shipped_area("base")
SENDER = Sender(PHARMACY, "示例药店", "350200", "li01", "李")
SALE = "sale"


class Wire:
    """Carries messages to the centre and loses what it is told to lose."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.loses: list[str] = []

    def call(self, body: bytes, timeout_s: float) -> bytes:
        lost = self.loses.pop(0) if self.loses else ""
        answer = b"" if lost == "request" else self._counter.office.post(body)[0].body
        if lost:
            raise OutcomeUnknownError(Words("丢失", f"the {lost} was lost"))
        return answer


class Till:
    """A terminal at that centre."""

    def __init__(self, counter: Counter, connection: Connection) -> None:
        self.counter, self._connection = counter, connection
        clock = FakeClock(wall=NOON)
        asker = Asker(AREA, protection_of(AREA), Secrets())
        self.wire = Wire(counter)
        self.line = MqttLine(self.wire, AREA, Secrets(), clock)
        sealer = Sealer(b"k" * 32)
        self.journal = Journal(asker, self.line, self.commits, sealer=sealer, numbering=Numbering(3), clock=clock)
        self.heard: list[Told] = []
        self.journal.register(SALE, lambda _, told: self.heard.append(told))
        self.resolver = Resolver(self.journal, asker, clock)

    def commits(self, work: Callable[[Connection], _T], /) -> _T:
        with self._connection.begin():
            return work(self._connection)

    def settle(self, sale: dict[str, object]) -> Told:
        return self.journal.ask(SENDER, "2102", sale, Purpose(SALE, "S1"), insured_district="350200")

    def standing(self) -> list[str]:
        with self.counter.office.store.reading() as connection:
            return sorted(connection.scalars(select(settlement.c.state)))


@pytest.fixture
def till(lone_store: Store, tmp_path: Path) -> Iterator[Till]:
    with opened_store(tmp_path / "till") as connection:
        yield Till(open_counter(lone_store), connection)


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_what_was_lost_is_settled_once_and_its_figures_come_with_the_repetition(till: Till, lost: str) -> None:
    till.wire.loses = [lost]
    assert isinstance(till.settle(till.counter.sale(till.counter.line(price="500.00"))).outcome, Unknown)
    assert till.resolver.look() == 0
    outcome = till.heard[-1].outcome
    assert isinstance(outcome, Agreed)
    assert outcome.answer.output is not None
    assert outcome.answer.output.one("setlinfo").text("medins_setl_id") == till.heard[-1].msgid
    assert till.standing() == ["active"]


def test_what_the_business_refuses_is_known_to_be_not_done(till: Till) -> None:
    till.wire.loses = ["request"]
    till.settle(till.counter.sale(till.counter.line(), medfee_sumamt="0.01"))
    assert till.resolver.look() == 0
    outcome = till.heard[-1].outcome
    assert isinstance(outcome, Refused)
    assert outcome.answer.code == "settlement.sum_differs"


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_where_it_may_not_be_repeated_it_is_taken_back_to_the_fen(
    till: Till, lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MqttLine, "keeps_answers", False)
    before = till.counter.balance()
    till.wire.loses = [lost]
    till.settle(till.counter.sale(till.counter.line(price="500.00")))
    assert till.resolver.look() == 0
    assert isinstance(till.heard[-1].outcome, Reversed)
    assert (till.counter.balance(), till.counter.totals()) == (before, {})
    assert "active" not in till.standing()


def test_person_is_looked_up_as_often_as_need_be(till: Till) -> None:
    nodes = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": LI}}
    till.wire.loses = ["answer"]
    with pytest.raises(OutcomeUnknownError):
        till.journal.read(SENDER, "1101", nodes)
    assert till.journal.read(SENDER, "1101", nodes).refmsgid
