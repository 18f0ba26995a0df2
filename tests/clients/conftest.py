"""The client package, and one terminal for all tests of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.standing import ROOT, Standing, standing

sys.path.insert(0, str(ROOT / "clients" / "python"))


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Return a terminal on this machine at which somebody is at work."""
    folder: Path = tmp_path_factory.mktemp("counter")
    with standing(folder) as terminal:
        terminal.sign_in()
        yield terminal


@pytest.fixture(scope="module")
def token(counter: Standing) -> str:
    return counter.token("pos-1")
