"""That nothing a death leaves is overlooked: what compares is tried on stores that were spoilt on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.database import Store, open_store
from tests.deaths.dying import BY_LOT, Dying, Place, around_commit, each_nth
from tests.deaths.ground import furnish, ground_on
from tests.deaths.picture import Picture, picture_of, put_back
from tests.deaths.scenes import SETTLE
from tests.server.fsi.counter import LI, put_in
from tests.server.fsi.crash_at import Death, Helper

STEPS = ("before A", "after A", "before B", "after B", "before COMMIT", "after COMMIT", "before the answer leaves")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "epoch-1")
    yield made
    made.close()


@pytest.fixture
def dying(store: Store) -> Dying:
    """A sale that is laid out, and settled here instead of by a centre that dies."""
    furnish(store)
    ground = ground_on(store)
    body = SETTLE.lay(ground)
    laid = picture_of(store)
    assert ground.books == SETTLE.before
    output = ground.office.post(body)[1]["output"]
    done = picture_of(store).without(BY_LOT)
    assert ground.books == SETTLE.after
    place = Place(store, "", Helper.__new__(Helper), Picture({}))
    return Dying(place, SETTLE, ground, body, laid, done, output, STEPS)


def look(dying: Dying, last: int) -> list[str]:
    return list(dying.look_at(Death(dying.body, STEPS[:last], None), picture_of(dying.place.store)))


def test_all_of_it_before_the_commit_is_wrong_and_after_it_right(dying: Dying) -> None:
    assert any("settlement: 0 rows are gone or changed, 1 are new" in one for one in look(dying, 3))
    assert look(dying, 6) == []


def test_nothing_of_it_after_the_commit_is_wrong_and_before_it_right(dying: Dying) -> None:
    put_back(dying.place.store, dying.laid)
    assert look(dying, 3) == []
    assert any("settlement: 1 rows are gone" in one for one in look(dying, 6))


def test_of_who_dies_within_the_commit_either_is_right_and_a_half_is_not(dying: Dying) -> None:
    assert look(dying, 5) == []
    with dying.place.store.writing() as connection:
        put_in(connection, LI, "0.01")
    assert {one.partition(":")[2].split(":")[0].strip() for one in look(dying, 5)} >= {"medical_account"}
    put_back(dying.place.store, dying.laid)
    assert look(dying, 5) == []


def test_the_short_form_dies_at_one_statement_in_so_many_and_around_the_commit() -> None:
    many = (*(f"{when} {n}" for n in range(9) for when in ("before", "after")), *STEPS[4:])
    assert list(around_commit(many)) == [17, 18, 19, 20, 21]
    assert [n for n in each_nth(3, 0)(many) if n < 17] == [1, 7, 13]
    assert [n for n in each_nth(3, 1)(many) if n < 17] == [3, 9, 15]
