"""A till and the centre that it settles at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.till.books import Till, opened_till
from tests.edge.till.stand import Stand
from tests.server.conftest import NewStore, migrated_file, standing_store
from tests.server.fsi.counter import Counter, open_counter

__all__ = ["migrated_file", "standing_store"]


@pytest.fixture
def counter(standing_store: NewStore) -> Counter:
    """A pharmacy's counter at a centre of its own."""
    return open_counter(standing_store("sqlite"))


@pytest.fixture
def till(counter: Counter, tmp_path: Path) -> Iterator[Till]:
    """One terminal of that pharmacy."""
    with opened_till(tmp_path / "till", counter) as till:
        yield till


@pytest.fixture
def stand(standing_store: NewStore, tmp_path: Path) -> Iterator[Stand]:
    """A counter whose till is asked as a screen asks it, at a centre of its own."""
    made = Stand(standing_store("sqlite"), tmp_path / "till")
    yield made
    made.close()
