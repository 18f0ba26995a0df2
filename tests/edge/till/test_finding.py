"""A pack comes back at another terminal of the institution: the one that sold it need not be on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.errors import PackExpiredError, PackNotSoldError, RungUpElsewhereError
from edge.counter.splitting import SplitNotReturnedError
from edge.store.ledger_rows import rows_of
from edge.store.quarantine import release
from edge.store.site_sales import PackFact, hear
from edge.till.errors import OfflineError
from edge.till.finding import GoToOriginError, NotFoundError
from edge.till.ledger import GOES_ALONG
from tests.edge.till.aisle import DATED, DATED_PACK, A, Aisle, B, C, D, E, new_centre, opened
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


def test_what_a_pos_rang_up_at_another_terminal_is_dealt_with_in_the_pos(there: Aisle, here: Aisle) -> None:
    sold = there.settle(A)
    there.upload()
    here.look(lambda tx: hear(tx, "there", [PackFact(A, "POS-1", 1, is_sold=True)]))
    with pytest.raises(RungUpElsewhereError, match="POS-1"):
        here.finding.find(A, "wang", None)
    here.look(lambda tx: hear(tx, "there", [PackFact(A, "there-20261123-1", 2, is_sold=True)]))
    assert here.finding.find(A, "wang", None) == sold


def test_what_is_told_of_a_return_repeats_what_the_sale_was_told_with(there: Aisle, here: Aisle) -> None:
    """Some areas want the visit's serial of the house with a return, at whichever terminal that is told."""
    sale = there.settle(A, B)
    there.upload()
    here.finding.find(A, "wang", None)
    here.take_back(sale, A)
    (sold, *_) = (row for row in there.look(lambda tx: rows_of(tx, sale)))
    back = next(row for row in here.look(lambda tx: rows_of(tx, sale)) if row.infno == "3506")
    told, told_back = there.ledger.fields_of(sold).said, here.ledger.fields_of(back).said
    assert Decimal(told_back["finl_trns_pric"]) == Decimal(told["finl_trns_pric"])
    named = sorted((told.keys() & GOES_ALONG) - {"finl_trns_pric"})
    assert "mdtrt_sn" in named
    assert {name: told_back[name] for name in named} == {name: told[name] for name in named}


def test_units_of_several_opened_packs_stay_what_they_are(there: Aisle, here: Aisle) -> None:
    sale = there.settle(A, B, C, D, units={A: 5, B: 7})
    there.upload()
    assert here.finding.find(C, "wang", None) == sale
    with pytest.raises(SplitNotReturnedError):
        here.take_back(sale, A)
    assert here.take_back(sale, C).outcome == "done"
    here.upload()
    assert [fee for _, fee in here.at_the_centre()] == [Decimal("341.30")]
    assert {state for _, state in here.rows(sale)} == {"taken"}, here.words(sale)
    assert here.states(C, D) == ["returned", "sold"]


def test_what_is_settled_here_is_found_before_the_ledger_has_heard_of_it(there: Aisle, here: Aisle) -> None:
    sale = there.settle(A, B)
    there.upload()
    here.finding.find(A, "wang", None)
    assert here.take_back(sale, A).outcome == "done"
    assert here.finding.find(B, "wang", None) == sale
    assert here.take_back(sale, B).outcome == "done"
    here.upload()
    assert here.states(A, B) == ["returned", "returned"]


def test_a_sale_whose_pack_went_out_anew_elsewhere_is_not_taken_for_it(there: Aisle, here: Aisle) -> None:
    """A pack came back at another terminal, was released there and sold again."""
    first = there.settle(A, B)
    there.upload()
    assert here.finding.find(A, "wang", None) == first
    here.take_back(first, A)
    here.look(lambda tx: release(tx, A, "wang", "外观完好", here.shop.clock.now()))
    here.wait(hours=1)
    again = here.settle(A)
    here.upload()
    assert again != first
    assert there.finding.find(A, "wang", None) == again


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


def test_a_pack_that_has_expired_comes_back_neither_there_nor_here(there: Aisle, here: Aisle) -> None:
    """The date is on the box: whoever sold it tells the ledger, so that all go by it."""
    sale = there.settle(DATED, A, C)
    there.upload()
    assert {state for _, state in there.rows(sale)} == {"taken"}, there.words(sale)
    assert here.finding.find(A, "wang", None) == sale
    here.wait(days=1)
    assert here.take_back(sale, A).outcome == "done"
    here.upload()
    here.wait(days=2)
    there.shop.clock.advance(3 * 86_400)
    for aisle in (there, here):
        with pytest.raises(PackExpiredError):
            aisle.take_back(sale, DATED_PACK)
    assert here.take_back(sale, C).outcome == "done"
