"""Two or three terminals of one site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.edge.site.neighbours import Neighbour, opened_neighbours, write_list


@pytest.fixture
def three(tmp_path: Path) -> Iterator[list[Neighbour]]:
    """Return three terminals that know each other."""
    with opened_neighbours(tmp_path, 3) as members:
        listed = write_list(tmp_path / "site.toml", members)
        for one in members:
            one.join(listed)
        yield members


@pytest.fixture
def two(tmp_path: Path) -> Iterator[list[Neighbour]]:
    """Return two terminals that know each other."""
    with opened_neighbours(tmp_path, 2) as members:
        listed = write_list(tmp_path / "site.toml", members)
        for one in members:
            one.join(listed)
        yield members
