"""Who is killed, and when.

Decided by progress through the morning, not by the clock, so that a slow machine meets the same faults at the same
places. Every cashier keeps the last task until the last fault is over, so that no process dies when nobody needs it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Protocol

from sim.stage import Stage
from sim.tally import Outage

_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Kill:
    """One process killed without warning and started again."""

    actor: str
    at: float
    """Part of the morning's pulls after which it happens, 0 to 1."""
    down_s: float
    """How long it stays down."""


class Witness(Protocol):
    """Somebody at a terminal, who must know when it was down."""

    @property
    def outages(self) -> list[Outage]:
        """Where it is written down."""
        ...

    async def wait_back(self, outage: Outage) -> None:
        """Wait until the terminal reads its scanners again, and write down since when."""
        ...


def plan_kills(terminals: list[str], random: Random) -> list[Kill]:
    """Return two kills of the broker, two of the centre, one of a terminal, spread over the morning."""
    actors = ["broker", "centre", random.choice(terminals), "broker", "centre"]
    random.shuffle(actors)
    places = [0.12, 0.28, 0.45, 0.62, 0.80]
    return [
        Kill(actor, at + random.uniform(-0.05, 0.05), random.uniform(0.3, 2.0))
        for actor, at in zip(actors, places, strict=True)
    ]


async def inflict(
    kills: list[Kill],
    stage: Stage,
    *,
    progress: Callable[[], float],
    is_held: Callable[[], bool],
    log: list[str],
    witnesses: Mapping[str, Witness],
) -> None:
    """Kill and restart as planned.

    Args:
        kills: In the order in which they happen.
        stage: Has the processes.
        progress: Part of the morning that is played, 0 to 1.
        is_held: Whether all cashiers wait for the faults to be over: then the next one is due at once.
        log: Each fault is written here.
        witnesses: By terminal.
    """
    for kill in kills:
        while progress() < kill.at and not is_held():  # noqa: ASYNC110 - progress is a number that many cashiers move
            await asyncio.sleep(_LOOK_S)
        actor, witness = stage.actors[kill.actor], witnesses.get(kill.actor)
        log.append(f"kill -9 {kill.actor} at {progress():.0%}, down {kill.down_s:.1f} s")
        outage = Outage(time.time())
        if witness is not None:
            witness.outages.append(outage)
        actor.kill()
        await asyncio.sleep(kill.down_s)
        await asyncio.to_thread(actor.start)
        if witness is not None:
            await witness.wait_back(outage)
