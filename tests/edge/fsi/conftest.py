"""A scripted centre and the lines to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.fsi.line import FsiLine
from tests.edge.fsi.centre import Centre, Door
from tests.edge.fsi.desk import Desk, at_desk, over_http, over_mqtt
from tests.edge.scene import FakeClock


@pytest.fixture
def centre() -> Centre:
    return Centre()


@pytest.fixture
def door(centre: Centre) -> Iterator[Door]:
    door = Door(centre)
    yield door
    door.close()


@pytest.fixture(params=["http", "mqtt"])
def line(request: pytest.FixtureRequest, centre: Centre, clock: FakeClock) -> FsiLine:
    if request.param == "mqtt":
        return over_mqtt(centre, clock)
    return over_http(request.getfixturevalue("door").url, clock)


@pytest.fixture
def desk(folder: Path, line: FsiLine, clock: FakeClock) -> Iterator[Desk]:
    with at_desk(folder, line, clock) as desk:
        yield desk


@pytest.fixture
def forgetful(folder: Path, centre: Centre, door: Door, clock: FakeClock) -> Iterator[Desk]:
    """Return a desk at a gateway that does a message each time that it comes."""
    centre.keeps_answers = False
    with at_desk(folder, over_http(door.url, clock, keeps_answers=False), clock) as desk:
        yield desk
