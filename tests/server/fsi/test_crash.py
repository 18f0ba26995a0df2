"""The centre is killed at every step of a message: nothing or all of it is there, and the repeat makes it whole."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from server.store.database import Store
from server.store.fsi_tables import fsi_message, fsi_sign_in
from tests.server.fsi.crash_at import crashes, every_death
from tests.server.fsi.office import SIGN_IN, Office


def counted(store: Store) -> tuple[int, int]:
    with store.reading() as connection:
        return tuple(
            connection.scalar(select(func.count()).select_from(table)) or 0 for table in (fsi_message, fsi_sign_in)
        )  # type: ignore[return-value]


@pytest.mark.slow
def test_a_sign_in_is_kept_whole_or_not_at_all_wherever_the_centre_dies(store_url: str, store: Store) -> None:
    office = Office(store).furnish()
    kept = 0
    places: set[str] = set()
    with crashes() as helper:
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
