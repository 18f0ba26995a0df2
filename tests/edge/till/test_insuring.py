"""补刷: a sale that was paid in cash is insured later, once, and stays one sale."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.counter import UNNAMED
from edge.till.errors import InsuranceUnknownError, OfflineError
from edge.till.insuring import CameBackError, Insured, InsuredBeforeError, NotInsurableError, TooOldError
from edge.till.selling import Wishes
from server.store.standings import Standing as Allowed
from tests.edge.till.aisle import WANG, A, Aisle, B, C, D, new_centre, opened, person
from tests.server.conftest import NewStore

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
    assert (plan.before.cash, plan.after.cash) == (Decimal("641.30"), tried.cash)
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
    aisle.way.script = ["not sent"]
    with pytest.raises(OfflineError):
        aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    assert aisle.settlements(sale) == ()
    assert aisle.rows(sale) == [("3505", "taken")]


@pytest.mark.parametrize("fault", ["lost request", "lost answer"])
def test_an_unknown_outcome_ends_by_itself(aisle: Aisle, fault: str) -> None:
    sale = aisle.sell(A, B)
    aisle.upload()
    aisle.way.script = ["", fault]
    number = aisle.insuring.turn_insured(sale, LI_PAYS, WANG)
    assert aisle.undertaking(number).ended_at is None
    aisle.recover()
    assert aisle.undertaking(number).outcome == "done"
    assert len(aisle.at_the_centre()) == 1
    assert aisle.states(A, B) == ["sold", "sold"]
