"""Settling for whoever calls it: entitlements, lines of a visit, and what a cancellation lets go of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from codes.words import Words
from rules.benefits import shipped_books
from server.settlement.entitlement import Entitled, NothingClaimed
from server.settlement.errors import NoLinesError, NotCancellableError, SettlementError
from server.settlement.pricing import Priced
from server.settlement.reckoning import Ground
from server.settlement.sale import Caller, Sale, SaleLine, SoldCode
from server.settlement.settled import Settled
from server.settlement.settling import Settlements
from server.settlement.standing import Called
from server.store import settlements, visits
from server.store.database import Connection, Store
from server.store.institutions import Institution
from server.store.visits import FeeLine, Visit, VisitKind, VisitState
from tests.server.fsi.counter import DISTRICT, LI, NEGOTIATED, PLAIN, Counter, open_counter
from tests.server.fsi.office import NOON, PHARMACY


@dataclass
class Ledger:
    """Grants dual channel for negotiated drugs, and writes down what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        del connection, sale, institution
        serials = frozenset(one.line.serial for one in priced if one.reckoned.is_negotiated)
        return Entitled(serials, (Words("双通道", "dual channel"),) if serials else ())

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None:
        del connection, sale
        self.told.append(("use", setl_id))

    def give_back(self, connection: Connection, setl_id: str) -> None:
        del connection
        self.told.append(("give back", setl_id))

    def use_again(self, connection: Connection, setl_id: str) -> None:
        del connection
        self.told.append(("use again", setl_id))


@pytest.fixture
def counter(store: Store) -> Counter:
    return open_counter(store)


@pytest.fixture
def connection(counter: Counter) -> Iterator[Connection]:
    with counter.office.store.writing() as opened:
        yield opened


def by(msgid: str = "m1", infno: str = "2102") -> Caller:
    return Caller(PHARMACY, DISTRICT, infno, msgid, "o", "操作员", NOON)


def line(serial: str = "1", item: str = PLAIN, price: str = "1000.00") -> SaleLine:
    return SaleLine(serial, item, "own", Decimal(price), Decimal(1), Decimal(price), NOON)


def sale(*lines: SaleLine, **more: object) -> Sale:
    total = sum((one.amount for one in lines), Decimal(0))
    made = Sale(by(), LI, None, "310", "", "41", NOON, lines, total, uses_account=False)
    return replace(made, **more)  # type: ignore[arg-type]


def made(counter: Counter, ledger: object) -> Settlements:
    return Settlements(Ground(shipped_books(), counter.office.sealer, ledger))  # type: ignore[arg-type]


def called(settled: Settled) -> Called:
    return Called(PHARMACY, settled.record.setl_id, settled.record.mdtrt_id, LI)


def test_a_granted_line_is_settled_by_the_hospitals_rule(counter: Counter, connection: Connection) -> None:
    ordinary = made(counter, NothingClaimed()).trial(connection, sale(line(item=NEGOTIATED)))
    granted = made(counter, Ledger()).trial(connection, sale(line(item=NEGOTIATED)))
    assert granted.record.hifp_pay > ordinary.record.hifp_pay
    assert "双通道" in granted.record.process_info
    assert [one.zh for one in granted.remarks] == ["双通道"]


def test_what_a_sale_claims_is_used_given_back_and_used_again_with_it(counter: Counter, connection: Connection) -> None:
    ledger = Ledger()
    desk = made(counter, ledger)
    desk.trial(connection, sale(line()))
    assert ledger.told == []
    settled = desk.settle(connection, sale(line()))
    desk.settle(connection, sale(line(), by=by("m2")))
    setl_id = settled.record.setl_id
    desk.cancel(connection, called(settled), by("m3", "2103"), kind=VisitKind.PHARMACY)
    desk.cancel(connection, called(settled), by("m4", "2103"), kind=VisitKind.PHARMACY)
    record = settlements.load_settlement(connection, setl_id)
    assert record is not None
    desk.reverse_cancellation(connection, record, by("m5", "2601"))
    restored = settlements.load_settlement(connection, setl_id)
    assert restored is not None
    desk.reverse_cancellation(connection, restored, by("m5", "2601"))
    desk.reverse_settlement(connection, restored, by("m6", "2601"), kind=VisitKind.PHARMACY)
    assert ledger.told == [(word, setl_id) for word in ("use", "give back", "use again", "give back")]


def test_a_pharmacys_visit_and_lines_follow_its_settlement(counter: Counter, connection: Connection) -> None:
    desk = made(counter, NothingClaimed())
    codes = (SoldCode("81234567890123456789", "1"), SoldCode("81234567890123456780", "2", is_split=True))
    settled = desk.settle(connection, sale(line("1"), line("2", price="2.00"), codes=codes, disease="M01"))
    mdtrt_id, setl_id = settled.record.mdtrt_id, settled.record.setl_id

    def state() -> tuple[VisitState, set[str | None]]:
        visit = visits.load_visit(connection, mdtrt_id)
        assert visit is not None
        return visit.state, {one.setl_id for one in visits.load_lines(connection, mdtrt_id)}

    assert state() == (VisitState.SETTLED, {setl_id})
    assert [(one.code, one.feedetl_sn, one.is_split) for one in settlements.load_codes(connection, setl_id)] == [
        ("81234567890123456789", "1", False),
        ("81234567890123456780", "2", True),
    ]
    desk.cancel(connection, called(settled), by("m2", "2103"), kind=VisitKind.PHARMACY)
    assert state() == (VisitState.CANCELLED, {None})
    record = settlements.load_settlement(connection, setl_id)
    assert record is not None
    desk.reverse_cancellation(connection, record, by("m3", "2601"))
    assert state() == (VisitState.SETTLED, {setl_id})


def open_visit(connection: Connection, counter: Counter, *lines: SaleLine) -> str:
    """Open an outpatient visit with lines, as its own transactions do."""
    priced = made(counter, NothingClaimed()).trial(connection, sale(*lines))
    visit = Visit(
        "M1", PHARMACY, LI, VisitKind.OUTPATIENT, VisitState.OPEN, "310", "11", "N1", NOON, None, DISTRICT, DISTRICT,
        "", "", "", {}, "m0", NOON,
    )  # fmt: skip
    visits.add_visit(connection, visit)
    kept = [
        FeeLine(
            "M1", one.feedetl_sn, LI, "B1", one.item, one.own_item, NOON, one.count, one.price, one.amount,
            one.charge_class, one.charge_kind, one.price_limit, one.pays_first, one.over_limit, one.outside, one.first,
            one.in_scope, "", "", None, {},
        )
        for one in priced.lines
    ]  # fmt: skip
    visits.add_lines(connection, kept)
    return "M1"


def test_lines_of_an_open_visit_are_taken_and_let_go(counter: Counter, connection: Connection) -> None:
    desk = made(counter, NothingClaimed())
    mdtrt_id = open_visit(connection, counter, line("1"), line("2", price="2.00"))
    batch = sale(line("1"), line("2", price="2.00"), visit=mdtrt_id, sale_number="B1", med_type="11")
    settled = desk.settle(connection, batch)
    assert settled.record.mdtrt_id == mdtrt_id
    assert {one.setl_id for one in visits.load_lines(connection, mdtrt_id)} == {settled.record.setl_id}
    with pytest.raises(SettlementError, match="明细已被其他结算使用"):
        desk.settle(connection, replace(batch, sale_number="B2", by=by("m2")))
    with pytest.raises(NotCancellableError, match="2208"):
        desk.cancel(connection, called(settled), by("m3", "2103"), kind=VisitKind.PHARMACY)
    desk.cancel(connection, called(settled), by("m4", "2208"), kind=VisitKind.OUTPATIENT)
    visit = visits.load_visit(connection, mdtrt_id)
    assert visit is not None
    assert visit.state is VisitState.OPEN
    assert {one.setl_id for one in visits.load_lines(connection, mdtrt_id)} == {None}


def test_in_a_visit_a_line_may_take_back_an_earlier_one(counter: Counter, connection: Connection) -> None:
    desk = made(counter, NothingClaimed())
    back = replace(line("2"), amount=Decimal("-400.00"), count=Decimal("-0.4"))
    settled = desk.trial(connection, sale(line("1"), back, visit="M1", med_type="11"))
    assert settled.record.medfee_sumamt == 600


def test_a_sale_without_lines_is_none(counter: Counter, connection: Connection) -> None:
    with pytest.raises(NoLinesError):
        made(counter, NothingClaimed()).settle(connection, sale())
