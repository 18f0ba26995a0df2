"""The centre is killed at every step of a message: nothing or all of it is there, and the repeat makes it whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import func, select

from server.store.database import Store
from server.store.fsi_tables import fsi_message, fsi_sign_in
from tests.deaths.dying import Place, around_commit, each_nth, kill
from tests.deaths.picture import picture_of
from tests.deaths.scenes import CANCEL, REVERSE, SETTLE
from tests.server.conftest import opened
from tests.server.fsi.crash_at import Helper, crashes, every_death
from tests.server.fsi.office import SIGN_IN, Office


@pytest.fixture(scope="module")
def helper() -> Iterator[Helper]:
    """One for all of them: it starts slowly."""
    with crashes() as made:
        yield made


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """One that the killed centres find, too."""
    with opened(store_url) as made:
        yield made


def counted(store: Store) -> tuple[int, int]:
    with store.reading() as connection:
        return tuple(
            connection.scalar(select(func.count()).select_from(table)) or 0 for table in (fsi_message, fsi_sign_in)
        )  # type: ignore[return-value]


@pytest.mark.req("T-02")
@pytest.mark.slow
def test_a_sign_in_is_kept_whole_or_not_at_all_wherever_the_centre_dies(
    store_url: str, store: Store, helper: Helper
) -> None:
    office = Office(store).furnish()
    kept = 0
    places: set[str] = set()
    for death in every_death(helper, store_url, lambda _: office.body("9001", SIGN_IN)):
        found = counted(store)
        assert found == ((kept + 1, kept + 1) if death.has_committed else (kept, kept)), death.place
        again, answer = office.post(death.body)
        assert answer["infcode"] == 0, death.place
        assert death.answer in {None, again.body}, death.place
        assert office.post(death.body)[0].body == again.body
        kept += 1
        assert counted(store) == (kept, kept), death.place
        places.add(death.steps[-1].split(" fsi_")[0])
    assert {"before COMMIT", "after COMMIT", "before the answer leaves"} <= places
    assert kept >= 15
    assert json.loads(again.body)["output"]["signinoutb"]["sign_no"]


@pytest.mark.req("T-02")
@pytest.mark.slow
@pytest.mark.parametrize("offset", range(3))
def test_a_sale_is_settled_cancelled_and_reversed_whole_or_not_at_all_wherever_the_centre_dies(
    store_url: str, store: Store, helper: Helper, offset: int, one_in: Callable[[int], int]
) -> None:
    scene = (SETTLE, CANCEL, REVERSE)[offset]
    # PostgreSQL dies at other statements than SQLite; `make deaths` dies at all of them, in every scene.
    distance = one_in(9)
    some = each_nth(distance, 3 * offset + 4 * store_url.startswith("postgresql"))
    met = kill(Place(store, store_url, helper, picture_of(store)), scene, some, repeated=around_commit)
    assert met.wrong == []
    # Half of the steps lie before a statement.
    assert met.before_commit > met.steps // (2 * distance)
    assert met.after_commit == 2
