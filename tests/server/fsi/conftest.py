from __future__ import annotations

import pytest

from server.store.database import Store
from tests.server.fsi.office import Office


@pytest.fixture
def office(store: Store) -> Office:
    """A furnished office on each of the two databases."""
    return Office(store).furnish()
