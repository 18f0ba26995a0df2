from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.database import Store, open_store
from tests.server.conftest import emptied
from tests.server.fsi.office import Office


@pytest.fixture
def office(store: Store) -> Office:
    """A furnished office on each of the two databases."""
    return Office(store).furnish()


@pytest.fixture(scope="session")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One file for all tests that need no second database; whoever uses it empties it first."""
    made = open_store(f"sqlite:///{Path(tmp_path_factory.mktemp('one'))}/centre.db", new_epoch=lambda: "e")
    yield made
    made.close()


@pytest.fixture
def lone_office(one_store: Store) -> Office:
    """A furnished office on SQLite only."""
    emptied(one_store)
    return Office(one_store).furnish()
