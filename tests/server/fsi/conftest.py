from __future__ import annotations

import pytest

from server.store.database import Store
from tests.server.conftest import NewStore
from tests.server.fsi.office import Office


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, standing_store: NewStore) -> Store:
    """An empty store on each of the two databases; where it is, nobody here asks but who kills the centre."""
    return standing_store(request.param)


@pytest.fixture
def office(store: Store) -> Office:
    """A furnished office on each of the two databases."""
    return Office(store).furnish()


@pytest.fixture
def lone_store(standing_store: NewStore) -> Store:
    """An empty store, for what is the same on either database."""
    return standing_store("sqlite")


@pytest.fixture
def lone_office(lone_store: Store) -> Office:
    """A furnished office on SQLite only."""
    return Office(lone_store).furnish()
