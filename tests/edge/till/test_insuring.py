"""补刷: a sale that was paid in cash is insured later, once, and stays one sale."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edge.counter.counter import UNNAMED
from edge.store.drawer import cash_between
from edge.store.settlements import set_overtaken
from edge.till.checks import Limits
from edge.till.errors import InsuranceUnknownError, OfflineError, SecondFactorError
from edge.till.insuring import CameBackError, Insured, InsuredBeforeError, NotInsurableError, TooOldError
from edge.till.plans import Choice, Step
from edge.till.selling import Wishes
from server.store.standings import Standing as Allowed
from tests.edge.till.aisle import WANG, A, Aisle, B, C, D, new_centre, opened, person
from tests.server.conftest import NewStore
from tests.server.fsi.office import NOON

LI_PAYS = Insured(person())


@pytest.fixture(params=["base", "hubei"])
def aisle(request: pytest.FixtureRequest, standing_store: NewStore, tmp_path: Path) -> Iterator[Aisle]:
    """Codes travel with the 3505 alone, or with the settlement as well."""
    with opened(new_centre(standing_store("sqlite"), request.param), tmp_path / "till") as aisle:
        yield aisle


@pytest.mark.parametrize("is_told", [True, False], ids=["told before", "not told yet"])
def test_it_is_paid_once_and_sold_once(aisle: Aisle, is_told: bool) -> None:
    sale = aisle.sell(A, B, D)
    if is_told:
        aisle.upload()
    aisle.wait(days=2)
    tried = aisle.insuring.trial(sale, LI_PAYS, WANG)
    one = aisle.undertaking(aisle.insuring.turn_insured(sale, LI_PAYS, WANG))
    aisle.upload()
    assert one.outcome == "done"
    plan = aisle.plan(one)
    assert plan.after is not None
    assert (plan.before.cash, plan.after.cash) == (Decimal("641.30"), tried.amounts.cash)
    (row,) = aisle.standing(sale)
    assert row.paid is not None
    assert aisle.at_the_centre() == [(row.paid.setl_id, Decimal("641.30"))]
    assert aisle.states(A, B, D) == ["sold"] * 3
    assert aisle.paid_with(A, B, D) == [{row.paid.setl_id}] * 3
    assert [state for _, state in aisle.rows(sale)] == ["taken" if is_told else "dropped"] * 2 + ["taken"] * 2


def test_a_pack_of_it_may_come_back_afterwards(aisle: Aisle) -> None:
    sale = aisle.sell(A, B)
    aisle.upload()
    aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    aisle.upload()
    assert aisle.take_back(sale, A).outcome == "done"
    aisle.upload()
    assert aisle.states(A, B) == ["returned", "sold"]
    assert [fee for _, fee in aisle.at_the_centre()] == [Decimal("300.00")]


def test_above_a_limit_somebody_vouches_for_the_person(aisle: Aisle) -> None:
    sale = aisle.sell(A, B)
    aisle.insuring._limits = Limits(total=Decimal("599.99"))
    tried = aisle.insuring.trial(sale, LI_PAYS, WANG)
    assert (tried.needs_second_factor, [one.kind for one in tried.person.insurances]) == (True, ["310"])
    with pytest.raises(SecondFactorError):
        aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    assert aisle.settlements(sale) == ()
    vouched = replace(LI_PAYS, vouched="operator zhang")
    one = aisle.undertaking(aisle.insuring.turn_insured(sale, vouched, WANG))
    assert one.outcome == "done"
    assert aisle.ledger.asked_of(aisle.standing(sale)[0]).vouched == "operator zhang"


def test_what_stayed_and_was_paid_in_cash_is_insured_again_and_the_drawer_is_right(aisle: Aisle) -> None:
    def in_drawer() -> Decimal:
        aisle.wait(seconds=5)
        cash = aisle.look(lambda tx: cash_between(tx, NOON - timedelta(days=1), aisle.shop.clock.now()))
        return cash.self_paid + cash.insured

    sale = aisle.settle(A, B, C)
    (first,) = aisle.standing(sale)
    assert first.paid is not None
    assert in_drawer() == first.paid.cash
    aisle.upload()
    aisle.wait(days=20)
    number = stopped(aisle, sale, C)
    aisle.undoing.choose(number, Choice.SELF_PAY)
    aisle.upload()
    assert in_drawer() == Decimal("600.00")
    aisle.wait(days=2)
    one = aisle.undertaking(aisle.insuring.turn_insured(sale, LI_PAYS, WANG))
    aisle.upload()
    assert one.outcome == "done"
    (row,) = aisle.standing(sale)
    assert row.paid is not None
    assert (row.fee, in_drawer()) == (Decimal("600.00"), row.paid.cash)
    assert aisle.at_the_centre() == [(row.paid.setl_id, Decimal("600.00"))]
    assert aisle.states(A, B, C) == ["sold", "sold", "returned"]


def test_of_what_stayed_and_was_paid_in_cash_a_pack_comes_back_for_cash(aisle: Aisle) -> None:
    sale = aisle.settle(A, B, C)
    aisle.upload()
    number = stopped(aisle, sale, C)
    aisle.undoing.choose(number, Choice.SELF_PAY)
    aisle.wait(seconds=5)
    aisle.shop.counter.return_packs(UNNAMED, sale, [B], "不合适")
    aisle.wait(seconds=5)
    cash = aisle.look(lambda tx: cash_between(tx, NOON - timedelta(days=1), aisle.shop.clock.now()))
    assert (cash.self_paid, cash.insured) == (Decimal("300.00"), Decimal("0.00"))
    with pytest.raises(CameBackError):
        aisle.insuring.turn_insured(sale, LI_PAYS, WANG)


def test_what_somebody_else_has_cancelled_since_is_not_given_back_once_more(aisle: Aisle) -> None:
    sale = aisle.settle(A, B)
    aisle.upload()
    aisle.undoing.choose(stopped(aisle, sale, B), Choice.SELF_PAY)
    # The ledger has not heard yet that what stays is paid in cash.
    aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    aisle.upload()
    (row,) = aisle.standing(sale)
    assert row.paid is not None
    assert (aisle.states(A, B), aisle.paid_with(A, B)) == (["sold", "returned"], [{row.paid.setl_id}, set()])
    aisle.look(lambda tx: set_overtaken(tx, sale, row.nth))
    with pytest.raises(InsuredBeforeError):
        aisle.insuring.turn_insured(sale, LI_PAYS, WANG)


def stopped(aisle: Aisle, sale: str, code: str) -> str:
    """Take a pack back; what stays is refused after the cancellation."""
    settle = aisle.journal.ask

    def ask(sender: Any, infno: str, *args: Any, **said: Any) -> Any:
        if infno == "2102":
            aisle.centre.office.stand(Allowed.SUSPENDED, until=aisle.shop.clock.now() + timedelta(minutes=1))
        return settle(sender, infno, *args, **said)

    aisle.journal.ask = ask  # type: ignore[method-assign]
    one = aisle.take_back(sale, code)
    aisle.journal.ask = settle  # type: ignore[method-assign]
    assert (one.step, one.ended_at) == (Step.CHOICE, None)
    aisle.wait(minutes=2)
    return one.id


def test_it_is_refused_for_what_it_is(aisle: Aisle) -> None:
    with pytest.raises(InsuredBeforeError):
        aisle.insuring.turn_insured(aisle.settle(A), LI_PAYS, WANG)
    came_back = aisle.sell(B, C)
    aisle.shop.counter.return_packs(UNNAMED, came_back, [B], "不合适")
    with pytest.raises(CameBackError):
        aisle.insuring.turn_insured(came_back, LI_PAYS, WANG)
    old = aisle.sell(D)
    with pytest.raises(InsuranceUnknownError):
        aisle.insuring.turn_insured(old, Insured(person(), Wishes(insurance="999")), WANG)
    aisle.wait(days=4)
    with pytest.raises(TooOldError):
        aisle.insuring.turn_insured(old, LI_PAYS, WANG)


def test_what_the_insurance_refuses_stays_as_it_was_paid(aisle: Aisle) -> None:
    sale = aisle.sell(A)
    aisle.upload()
    aisle.centre.office.stand(Allowed.SUSPENDED, until=aisle.shop.clock.now().replace(hour=23))
    with pytest.raises(NotInsurableError):
        aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    aisle.way.fail("2101", "not sent")
    with pytest.raises(OfflineError):
        aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    assert aisle.settlements(sale) == ()
    assert aisle.rows(sale) == [("3505", "taken")]


@pytest.mark.parametrize("fault", ["lost request", "lost answer"])
def test_an_unknown_outcome_ends_by_itself(aisle: Aisle, fault: str) -> None:
    sale = aisle.sell(A, B)
    aisle.upload()
    aisle.way.fail("2102", fault)
    number = aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    assert aisle.undertaking(number).ended_at is None
    aisle.recover()
    assert aisle.undertaking(number).outcome == "done"
    assert len(aisle.at_the_centre()) == 1
    assert aisle.states(A, B) == ["sold", "sold"]
