"""What stays of a sale of another terminal is refused after all: each way on ends with books and cash right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.errors import PackReturnedBeforeError
from edge.store.drawer import cash_between
from edge.store.quarantine import release
from edge.till.after_errors import NoChoiceError
from edge.till.after_views import show_undertaking
from edge.till.insuring import Insured
from edge.till.plans import Choice, Step
from server.store.standings import Standing as Allowed
from tests.edge.till.aisle import WANG, A, Aisle, B, C, D, new_centre, opened, person
from tests.server.conftest import NewStore
from tests.server.fsi.office import NOON
from tests.server.fsi.shop import Shop as Centre


@pytest.fixture
def centre(standing_store: NewStore) -> Centre:
    return new_centre(standing_store("sqlite"))


@pytest.fixture
def there(centre: Centre, tmp_path: Path) -> Iterator[Aisle]:
    """The terminal that sells."""
    with opened(centre, tmp_path / "there") as aisle:
        yield aisle


@pytest.fixture
def here(centre: Centre, tmp_path: Path) -> Iterator[Aisle]:
    """The terminal at which packs come back."""
    with opened(centre, tmp_path / "here", desk=4) as aisle:
        yield aisle


def stopped(there: Aisle, here: Aisle, sale: str, code: str) -> str:
    """Take a pack back, whose rest is refused between the trial and the settlement; return the undertaking."""
    there.upload()
    assert here.finding.find(code, "wang", None) == sale
    here.way.fail("2102", "not sent")
    one = here.take_back(sale, code)
    here.centre.office.stand(Allowed.SUSPENDED, until=here.shop.clock.now() + timedelta(minutes=1))
    here.steps.look()
    assert here.undertaking(one.id).step == Step.CHOICE
    here.wait(minutes=2)
    return one.id


def choices(here: Aisle, number: str) -> tuple[str, ...]:
    one = here.undertaking(number)
    return show_undertaking(one, here.plan(one)).choices


def in_drawer(aisle: Aisle) -> Decimal:
    aisle.wait(seconds=5)
    cash = aisle.look(lambda tx: cash_between(tx, NOON - timedelta(days=1), aisle.shop.clock.now()))
    return cash.self_paid + cash.insured


def test_cash_for_what_stays_is_not_taken_where_the_sale_is_not(there: Aisle, here: Aisle) -> None:
    number = stopped(there, here, there.settle(A, B, C), C)
    assert choices(here, number) == ("again", "all_back", "restore")
    with pytest.raises(NoChoiceError):
        here.undoing.choose(number, Choice.SELF_PAY)
    here.undoing.choose(number, Choice.AGAIN)
    assert here.undertaking(number).outcome == "done"


def test_all_of_it_comes_back_and_what_is_kept_is_sold_here_anew_and_insured_later(there: Aisle, here: Aisle) -> None:
    sale = there.settle(A, B, C)
    (row,) = there.standing(sale)
    assert row.paid is not None
    number = stopped(there, here, sale, C)
    here.undoing.choose(number, Choice.ALL_BACK)
    ended = here.undertaking(number)
    assert (ended.outcome, here.plan(ended).rest) == ("done", None)
    here.upload()
    assert (here.at_the_centre(), here.states(A, B, C)) == ([], ["returned"] * 3)
    assert in_drawer(here) == -row.paid.cash
    with pytest.raises(PackReturnedBeforeError):
        there.take_back(sale, A)

    for code in (A, B):
        here.look(lambda tx, code=code: release(tx, code, "wang", "顾客留用", here.shop.clock.now()))
    new = here.sell(A, B)
    here.upload()
    assert in_drawer(here) == Decimal("600.00") - row.paid.cash
    here.wait(days=2)
    assert here.undertaking(here.insuring.turn_insured(new, Insured(person()), WANG)).outcome == "done"
    here.upload()
    assert here.take_back(new, B).outcome == "done"
    here.upload()
    assert [fee for _, fee in here.at_the_centre()] == [Decimal("300.00")]
    assert here.states(A, B, C) == ["sold", "returned", "returned"]


def test_where_units_of_an_opened_pack_stay_they_do_not_come_back(there: Aisle, here: Aisle) -> None:
    number = stopped(there, here, there.settle(A, C, D, units={A: 5}), C)
    assert choices(here, number) == ("again", "restore")


def test_the_terminal_that_made_the_sale_takes_cash_for_what_stays(there: Aisle) -> None:
    number = stopped(there, there, there.settle(A, B), B)
    assert choices(there, number) == ("again", "self_pay", "restore")
