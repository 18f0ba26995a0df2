"""T-14: terminals that all lose the network at one moment and come back; a small storm of what `make storm` plays."""

from __future__ import annotations

import asyncio

from sim.chaos.brokers import BrokerKind
from sim.storm.storm import Plan
from tests.bench.figure import Figure, at_most, figure
from tests.storm.__main__ import WITHIN_S, storm
from tests.storm.stand import Cause

TERMINALS = 500
LIVE_P95_S = 1.0
"""What a counter hardly notices."""


def run() -> list[Figure]:
    """Play a storm at the embedded broker; the floor of a live scan is the calm before."""
    plan = Plan(TERMINALS)
    figures = asyncio.run(storm(plan, BrokerKind.EMBEDDED, Cause.NETWORK, lambda _: None))
    live, calm = figures["live_in_storm"]["p95"], figures["live_before"]["p95"]
    wrong = figures["lost"] + figures["doubled"] + figures["strange"]
    return [
        figure(
            "T-14",
            f"{TERMINALS} terminals connected again",
            figures["all_connected"],
            "s",
            target=at_most(WITHIN_S),
            note=f"{wrong} events lost or doubled",
        ),
        figure(
            "T-14",
            "live scan to receipt meanwhile, p95",
            live,
            "s",
            floor=calm,
            target=at_most(LIVE_P95_S),
            note="floor: the calm before",
        ),
    ]
