"""A pack comes back at another terminal of the institution: the one that sold it need not be on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.errors import PackNotSoldError
from edge.till.errors import OfflineError
from edge.till.finding import GoToOriginError, NotFoundError
from tests.edge.till.aisle import A, Aisle, B, C, D, E, new_centre, opened
from tests.server.conftest import NewStore
from tests.server.fsi.shop import Shop as Centre


@pytest.fixture(params=["base", "hubei"])
def centre(request: pytest.FixtureRequest, standing_store: NewStore) -> Centre:
    return new_centre(standing_store("sqlite"), request.param)


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


def test_one_of_four_comes_back_the_next_day_elsewhere(there: Aisle, here: Aisle) -> None:
    sold = there.settle(A, B, C, D)
    there.upload()
    here.wait(days=1)
    sale = here.finding.find(C, "wang", None)
    assert sale == sold
    assert here.finding.find(A, "wang", None) == sale
    assert here.take_back(sale, C).outcome == "done"
    here.upload()
    standing = [row for row in here.standing(sale) if not row.is_elsewhere]
    assert [fee for _, fee in here.at_the_centre()] == [Decimal("641.30")] == [row.fee for row in standing]
    assert here.states(A, B, C, D) == ["sold", "sold", "returned", "sold"]
    assert here.paid_with(A, C) == [{row.paid.setl_id for row in standing if row.paid}, set()]
    assert {state for _, state in here.rows(sale)} == {"taken"}, here.words(sale)
    # And another one after it, and what is left.
    assert here.take_back(sale, A).outcome == "done"
    here.upload()
    assert here.take_back(sale, B, D).outcome == "done"
    here.upload()
    assert here.states(A, B, C, D) == ["returned"] * 4
    assert here.at_the_centre() == []


def test_what_is_not_known_is_not_taken_back(there: Aisle, here: Aisle) -> None:
    cash = there.sell(E)
    settled = there.settle(A, B)
    with pytest.raises(NotFoundError):
        here.finding.find(A, "wang", None)
    there.upload()
    with pytest.raises(GoToOriginError) as caught:
        here.finding.find(E, "wang", None)
    assert cash in str(caught.value.words)
    here.way.fail("3511", "not sent")
    with pytest.raises(OfflineError):
        here.finding.find(A, "wang", None)
    assert here.finding.find(A, "wang", None) == settled
    with pytest.raises(PackNotSoldError):
        here.take_back(settled, E)
