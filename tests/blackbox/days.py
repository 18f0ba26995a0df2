"""The days of one area at one centre: each by somebody else, so that each knows what it has to come to."""

from __future__ import annotations

from collections.abc import Iterator

from tests.blackbox.journeys import Day, live_through
from tests.blackbox.lines import PlugIns, Protected
from tests.blackbox.stand import Running, client_keys
from tests.blackbox.terminal import MqttLine, connected
from tests.blackbox.till import CIVIL_SERVANT, FROM_ELSEWHERE, HOSPITAL, RETIRED, Till
from tests.blackbox.ward import look_after, treat

SCANS = frozenset({"hubei"})
"""Areas in which a hospital's codes come with the settlement."""


def days(centre: Running) -> Iterator[tuple[str, Day]]:
    """Live through them: a pharmacy over HTTP and then over MQTT, whose books are one; a hospital's visit and stay."""
    till = centre.till()
    yield "pharmacy, HTTP", live_through(till)
    with connected(centre) as line:
        second = Till(line, centre.custom, patient=RETIRED, series=2, books=till.books)
        yield "pharmacy, MQTT", live_through(second)
        if centre.area == "jilin":
            _sign_all_the_same(second, line)
    ward = centre.till(HOSPITAL, FROM_ELSEWHERE)
    yield "visit, HTTP", treat(ward, scans=centre.area in SCANS)
    ward = centre.till(HOSPITAL, CIVIL_SERVANT)
    ward.series = 2
    yield "stay, HTTP", look_after(ward)


def _sign_all_the_same(till: Till, line: MqttLine) -> None:
    """The seal stands for the signature; who signs and hides as well is checked and answered so."""
    till.send = MqttLine(line.caller, Protected(PlugIns("sm", "sm4"), client_keys()))
    till.sign_in()
    till.person()
