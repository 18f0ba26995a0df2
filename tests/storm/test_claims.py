"""What a storm claims: nothing lost at any size, and latency where the simulated terminals themselves kept time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sim.chaos.brokers import BrokerKind
from sim.storm.storm import Plan
from tests.storm import __main__ as storms
from tests.storm.stand import Cause

pytestmark = pytest.mark.req("T-14")


def played(terminals: int, *, late: float = 0.1, live: float = 0.2, **other: float) -> dict[str, Any]:
    return {
        "terminals": terminals,
        "cause": "network",
        "our_own_delay": {"p95": late},
        "live_in_storm": {"p95": live},
        "lost": 0,
        "doubled": 0,
        "strange": 0,
        "refused": 0,
        "all_connected": 30.0,
    } | other


@pytest.mark.parametrize(
    ("figures", "claims"),
    [
        (played(10_000), []),
        (played(10_000, live=1.1), ["live p95 at most 1 s"]),
        (played(10_000, live=1.1, late=0.6), []),
        (played(900, late=0.6), ["live p95 can be judged on this machine"]),
        (played(10_000, lost=1, late=0.6), ["nothing lost"]),
        (played(10_000, doubled=1, strange=1, refused=1), ["nothing doubled", "nothing strange", "nothing refused"]),
        (played(10_000, all_connected=60.1), ["all connected within 60 s"]),
    ],
)
def test_what_does_not_hold_is_named(figures: dict[str, Any], claims: list[str]) -> None:
    assert storms.failures(figures) == [f"network, {figures['terminals']:,}: {claim}" for claim in claims]


def test_a_play_that_does_not_keep_time_is_played_again_with_fewer_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def storm(plan: Plan, *_: object) -> dict[str, Any]:
        return played(plan.terminals, late=plan.terminals / 5_000)

    monkeypatch.setattr(storms, "storm", storm)
    said: list[str] = []
    many = asyncio.run(storms.storms_of(Plan(10_000), BrokerKind.MOSQUITTO, Cause.NETWORK, said.append))
    assert [figures["terminals"] for figures in many] == [10_000, 5_000, 2_500]
    assert said == [
        "the terminals themselves were 2.00 s late: once more with 5,000 of them",
        "the terminals themselves were 1.00 s late: once more with 2,500 of them",
    ]


def test_a_machine_that_never_keeps_time_is_given_up_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    async def storm(plan: Plan, *_: object) -> dict[str, Any]:
        return played(plan.terminals, late=9.0)

    monkeypatch.setattr(storms, "storm", storm)
    many = asyncio.run(storms.storms_of(Plan(2_000), BrokerKind.MOSQUITTO, Cause.BROKER, lambda _: None))
    assert [figures["terminals"] for figures in many] == [2_000, 1_000, 500]
    assert [claim for figures in many for claim in storms.failures(figures)] == [
        "network, 500: live p95 can be judged on this machine"
    ]
