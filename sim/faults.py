"""Who is killed, and when.

Decided by progress through the morning, not by the clock, so that a slow machine meets the same faults at the same
places.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sim.stage import Stage


@dataclass(frozen=True, slots=True)
class Kill:
    """One process killed without warning and started again."""

    actor: str
    at: float
    """Part of the morning's pulls after which it happens, 0 to 1."""
    down_s: float
    """How long it stays down."""


def plan_kills(terminals: list[str], random: Random) -> list[Kill]:
    """Return two kills of the broker, two of the centre, one of a terminal, spread over the morning."""
    actors = ["broker", "centre", random.choice(terminals), "broker", "centre"]
    random.shuffle(actors)
    places = [0.12, 0.28, 0.45, 0.62, 0.80]
    return [
        Kill(actor, at + random.uniform(-0.05, 0.05), random.uniform(0.3, 2.0))
        for actor, at in zip(actors, places, strict=True)
    ]


async def inflict(kills: list[Kill], stage: Stage, progress: Callable[[], float], log: list[str]) -> None:
    """Kill and restart as planned; each fault is written to `log`."""
    for kill in kills:
        while progress() < kill.at:  # noqa: ASYNC110 - progress is a number that many cashiers move
            await asyncio.sleep(0.05)
        actor = stage.actors[kill.actor]
        log.append(f"kill -9 {kill.actor} at {progress():.0%}, down {kill.down_s:.1f} s")
        actor.kill()
        await asyncio.sleep(kill.down_s)
        await asyncio.to_thread(actor.start)
