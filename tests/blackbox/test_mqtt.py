"""The same day over MQTT: the terminal's seal stands for token, signature and encryption of the area."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.blackbox.journeys import live_through
from tests.blackbox.lines import PlugIns, Protected
from tests.blackbox.stand import Running, client_keys
from tests.blackbox.terminal import MqttLine, connected
from tests.blackbox.till import Till


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.parametrize("area", ["base", "jilin"])
def test_a_terminal_lives_through_the_same_day(open_centre: Callable[..., Running], area: str) -> None:
    centre = open_centre(area, has_broker=True)
    with connected(centre) as line:
        till = Till(line, centre.custom)
        live_through(till)
        if area == "jilin":
            till.send = MqttLine(line.caller, Protected(PlugIns("sm", "sm4"), client_keys()))
            till.sign_in()
            till.person()
