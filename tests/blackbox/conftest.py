from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.blackbox.stand import Running, Seeded, run, seed


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    """A centre's folder after the set-up of the page; to be copied."""
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
    return seed(tmp_path_factory.mktemp("seeded"))


@pytest.fixture
def open_centre(seeded: Seeded, tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a centre on a copy of the set-up."""
    with ExitStack() as undo:

        def opened(area: str = "base", **said: object) -> Running:
            running = run(seeded.copy(tmp_path), area, **said)  # type: ignore[arg-type]
            undo.callback(running.stage.stop)
            return running

        yield opened
