"""The centre went back to a backup and has lost that packs came back: none is paid back twice, and it hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.errors import PackReturnedBeforeError
from edge.store.quarantine import release
from edge.store.site_apart import hear_apart, own_apart, own_back
from edge.store.site_sales import hear_back
from edge.till.after_errors import ReturnLostError
from edge.till.retelling import NotLostError
from edge.till.there import UnknownThereError
from tests.edge.till.aisle import WANG, A, B, C, D, new_centre, opened
from tests.edge.till.backup import Backup
from tests.edge.till.test_two_terminals import Interruption, Two, in_drawer
from tests.server.conftest import NewStore


@pytest.fixture
def two(standing_store: NewStore, tmp_path: Path) -> Iterator[Two]:
    centre = new_centre(standing_store("sqlite"))
    with ExitStack() as closing:
        home = closing.enter_context(opened(centre, tmp_path / "home"))
        other = closing.enter_context(opened(centre, tmp_path / "other", desk=4))
        yield Two(home, other, {"home": Interruption(), "other": Interruption()})


def returned_elsewhere(two: Two, *codes: str) -> str:
    """Sell packs at home, and take the first of them back at the other terminal."""
    sale = two.sold(*codes)
    done = two.take_back("other", sale, codes[0])
    assert done is not None
    assert done.outcome == "done"
    two.upload()
    return sale


def hear_of_it(two: Two) -> None:
    """Let the terminals of the site tell each other what lies apart."""
    for hears, tells in ((two.home, two.other), (two.other, two.home)):
        apart, back, name = tells.look(own_apart), tells.look(own_back), f"counter-{tells.desk}"
        hears.look(lambda tx, apart=apart, name=name: hear_apart(tx, name, apart))
        hears.look(lambda tx, back=back, name=name: hear_back(tx, name, back))


def lost_return(two: Two) -> str:
    """A pack came back at the other terminal, and the centre knows no more than that it was sold."""
    sale = two.sold(A, B, C)
    backup = Backup(two.home.centre)
    done = two.take_back("other", sale, A)
    assert done is not None
    two.upload()
    hear_of_it(two)
    backup.restore()
    return sale


def lost_sale(two: Two) -> str:
    """A pack came back at the other terminal, and the centre does not even know that it was sold."""
    backup = Backup(two.home.centre)
    sale = returned_elsewhere(two, A, B, C)
    hear_of_it(two)
    backup.restore()
    return sale


def prove_told(two: Two, sale: str, *, out: Decimal) -> None:
    two.upload()
    assert [fee for _, fee in two.home.at_the_centre()] == ([out] if out else [])
    two.books_add_up()
    assert two.home.centre.state(A) == "returned"
    for aisle in (two.home, two.other):
        assert {state for _, state in aisle.rows(sale)} <= {"taken", "dropped"}, aisle.words(sale)


@pytest.mark.parametrize("is_released", [False, True])
def test_it_is_not_paid_back_where_it_is_known_to_have_come_back_elsewhere(two: Two, is_released: bool) -> None:
    sale = lost_return(two)
    if is_released:
        assert two.other.look(lambda tx: release(tx, A, "wang", "外观完好", two.other.shop.clock.now()))
        hear_of_it(two)
    with pytest.raises(PackReturnedBeforeError, match="counter-4"):
        two.home.take_back(sale, A)
    with pytest.raises(ReturnLostError, match="counter-4"):
        two.home.take_back(sale, B)
    assert [fee for _, fee in two.home.at_the_centre()] == [Decimal(900)]


@pytest.mark.parametrize("is_released", [False, True])
def test_it_is_not_paid_back_where_it_came_back(two: Two, is_released: bool) -> None:
    sale = lost_return(two)
    if is_released:
        assert two.other.look(lambda tx: release(tx, A, "wang", "外观完好", two.other.shop.clock.now()))
    with pytest.raises(PackReturnedBeforeError):
        two.other.take_back(sale, A)
    with pytest.raises(ReturnLostError):
        two.other.finding.find(A, "wang", None)
    with pytest.raises(UnknownThereError):
        two.other.take_back(sale, B)
    assert [row.fee for row in two.other.standing(sale)] == [Decimal(600)]


def test_it_is_told_again_where_it_came_back_and_goes_on_anywhere(two: Two) -> None:
    sale = lost_return(two)
    cash = in_drawer(two.home), in_drawer(two.other)
    assert two.home.centre.state(A) == "sold"
    one = two.other.undertaking(two.other.retelling.tell_again(sale, WANG))
    assert one.outcome == "done", one.told
    assert (in_drawer(two.home), in_drawer(two.other)) == cash
    prove_told(two, sale, out=Decimal(600))
    with pytest.raises(NotLostError):
        two.other.retelling.tell_again(sale, WANG)
    with pytest.raises(PackReturnedBeforeError):
        two.home.take_back(sale, A)
    assert two.home.take_back(sale, B).outcome == "done"
    two.upload()
    assert two.take_back("other", sale, C) is not None
    prove_told(two, sale, out=Decimal(0))


def test_all_of_it_came_back_and_is_told_again(two: Two) -> None:
    sale = two.sold(A)
    backup = Backup(two.home.centre)
    assert two.take_back("other", sale, A) is not None
    two.upload()
    backup.restore()
    one = two.other.undertaking(two.other.retelling.tell_again(sale, WANG))
    assert one.outcome == "done", one.told
    prove_told(two, sale, out=Decimal(0))


def test_a_return_alone_that_the_ledger_has_lost_is_told_again(two: Two) -> None:
    """It went back to a moment between the settlement of what stays and the row of what came back."""
    sale = two.sold(A, B)
    assert two.take_back("other", sale, A) is not None
    backup = Backup(two.home.centre)
    two.upload()
    backup.restore()
    assert two.home.centre.state(A) == "sold"
    one = two.other.undertaking(two.other.retelling.tell_again(sale, WANG))
    assert one.outcome == "done"
    two.upload()
    assert two.home.centre.state(A) == "returned"


class TestWhoTellsAgainFirst:
    def test_the_one_that_took_packs_back(self, two: Two) -> None:
        sale = lost_sale(two)
        for aisle in (two.home, two.other):
            with pytest.raises(UnknownThereError):
                aisle.take_back(sale, B)
        assert two.other.undertaking(two.other.retelling.tell_again(sale, WANG)).outcome == "done"
        two.upload()
        with pytest.raises(NotLostError):
            two.home.retelling.tell_again(sale, WANG)
        assert two.home.packs(sale) == {A: "returned", B: "sold", C: "sold"}
        assert two.home.take_back(sale, B).outcome == "done"
        two.upload()
        assert [fee for _, fee in two.home.at_the_centre()] == [Decimal(300)]

    def test_the_one_that_took_packs_back_and_a_return_at_home_needs_no_telling(self, two: Two) -> None:
        sale = lost_sale(two)
        assert two.other.undertaking(two.other.retelling.tell_again(sale, WANG)).outcome == "done"
        two.upload()
        assert two.home.take_back(sale, B).outcome == "done"
        two.upload()
        assert [fee for _, fee in two.home.at_the_centre()] == [Decimal(300)]

    def test_the_one_that_sold(self, two: Two) -> None:
        sale = lost_sale(two)
        one = two.home.undertaking(two.home.retelling.tell_again(sale, WANG))
        assert one.outcome == "done"
        assert "counter-4" in (one.told or "")
        two.upload()
        with pytest.raises(ReturnLostError):
            two.home.take_back(sale, B)
        with pytest.raises(ReturnLostError):
            two.other.finding.find(A, "wang", None)
        with pytest.raises(PackReturnedBeforeError):
            two.other.take_back(sale, A)
        cash = in_drawer(two.home), in_drawer(two.other)
        done = two.other.undertaking(two.other.retelling.tell_again(sale, WANG))
        assert done.outcome == "done", done.told
        assert (in_drawer(two.home), in_drawer(two.other)) == cash
        prove_told(two, sale, out=Decimal(600))
        assert two.home.take_back(sale, B).outcome == "done"
        two.upload()
        prove_told(two, sale, out=Decimal(300))


def test_every_pack_came_back_says_so(two: Two) -> None:
    sale = returned_elsewhere(two, A, B, D)
    assert two.home.take_back(sale, B).outcome == "done"
    two.upload()
    assert two.take_back("other", sale, D) is not None
    two.upload()
    for name, code in (("home", B), ("home", D), ("other", A), ("home", A), ("other", B)):
        with pytest.raises(PackReturnedBeforeError):
            two[name].take_back(sale, code)
    assert two.home.packs(sale) == dict.fromkeys((A, B, D), "returned")
