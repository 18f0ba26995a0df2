"""T-14: terminals that all lose the network at one moment and come back; a small storm of what `make storm` plays."""

from __future__ import annotations

import asyncio
from typing import Any

from sim.chaos.brokers import BrokerKind
from sim.storm.storm import Plan
from tests.storm.__main__ import LIVE_P95_S, WITHIN_S, storm
from tests.storm.stand import Cause

TERMINALS = 500


def run() -> list[dict[str, Any]]:
    """Play a storm at the embedded broker; the floor of a live scan is the calm before."""
    plan = Plan(TERMINALS)
    figures = asyncio.run(storm(plan, BrokerKind.EMBEDDED, Cause.NETWORK, lambda _: None))
    live, calm = figures["live_in_storm"]["p95"], figures["live_before"]["p95"]
    wrong = figures["lost"] + figures["doubled"] + figures["strange"]
    return [
        {
            "id": "T-14",
            "what": f"{TERMINALS} terminals connected again",
            "value": figures["all_connected"],
            "unit": "s",
            "floor": WITHIN_S,
            "ratio": figures["all_connected"] / WITHIN_S,
            "note": f"{_verdict(figures['all_connected'], WITHIN_S)} the target; {wrong} events lost or doubled",
        },
        {
            "id": "T-14",
            "what": "live scan to receipt meanwhile, p95",
            "value": live,
            "unit": "s",
            "floor": calm,
            "ratio": live / calm if calm else None,
            "note": f"{_verdict(live, LIVE_P95_S)} the target of {LIVE_P95_S:g} s; floor: the calm before",
        },
    ]


def _verdict(value: float, target: float) -> str:
    return "within" if value <= target else "OVER"
