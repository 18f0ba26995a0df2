"""The same day over MQTT: the terminal's seal stands for token, signature and encryption of the area."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.blackbox.journeys import live_through
from tests.blackbox.stand import Running
from tests.blackbox.terminal import connected
from tests.blackbox.till import Till


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.parametrize("area", ["base", "jilin"])
def test_a_terminal_lives_through_the_same_day(open_centre: Callable[..., Running], area: str) -> None:
    centre = open_centre(area, has_broker=True)
    with connected(centre) as line:
        live_through(Till(line, centre.custom))
