"""Who is killed and when, and that somebody writes down how long a terminal was away."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random

import pytest

from sim.faults import Kill, inflict, plan_kills
from sim.plan import Way
from sim.tally import Outage, Pull

TERMINALS = ["t1", "t2", "t3"]


@pytest.mark.parametrize("seed", range(20))
def test_broker_and_centre_die_twice_and_one_terminal_once_in_the_middle_of_the_morning(seed: int) -> None:
    kills = plan_kills(TERMINALS, Random(seed))
    actors = Counter("terminal" if kill.actor in TERMINALS else kill.actor for kill in kills)
    assert actors == {"broker": 2, "centre": 2, "terminal": 1}
    places = [kill.at for kill in kills]
    assert places == sorted(places)
    assert all(0 < place < 0.9 for place in places)
    assert all(kill.down_s > 0 for kill in kills)


def test_the_same_seed_kills_the_same() -> None:
    assert plan_kills(TERMINALS, Random(3)) == plan_kills(TERMINALS, Random(3))


class Actor:
    def __init__(self, name: str, story: list[str]) -> None:
        self.name = name
        self.story = story

    def kill(self) -> None:
        self.story.append(f"{self.name} killed")

    def start(self) -> None:
        self.story.append(f"{self.name} started")


class Stage:
    def __init__(self, story: list[str]) -> None:
        self.actors = {name: Actor(name, story) for name in ("broker", "t1")}


class Witness:
    """Pulls a trigger at the moment of the kill, in the start and after it."""

    def __init__(self, story: list[str]) -> None:
        self.outages: list[Outage] = []
        self.story = story

    async def wait_back(self, outage: Outage) -> None:
        self.story.append("t1 reads its scanners")
        outage.back_at[Way.SERIAL] = outage.began_at + 10


def play(kills: list[Kill], progress, is_held=lambda: False) -> tuple[list[str], list[str], Witness]:
    story: list[str] = []
    log: list[str] = []
    witness = Witness(story)
    work = inflict(kills, Stage(story), progress=progress, is_held=is_held, log=log, witnesses={"t1": witness})
    asyncio.run(asyncio.wait_for(work, 10))
    return story, log, witness


def test_each_is_killed_in_its_turn_and_started_again() -> None:
    steps = iter([0.0, 0.1, 0.3, 0.3, 0.6, 0.6])
    story, log, witness = play([Kill("broker", 0.2, 0.01), Kill("t1", 0.5, 0.01)], lambda: next(steps))
    assert story == ["broker killed", "broker started", "t1 killed", "t1 started", "t1 reads its scanners"]
    assert log == ["kill -9 broker at 30%, down 0.0 s", "kill -9 t1 at 60%, down 0.0 s"]
    assert len(witness.outages) == 1


def test_a_fault_that_all_cashiers_wait_for_happens_though_the_morning_gets_no_further() -> None:
    story, _, _ = play([Kill("broker", 0.8, 0.01)], lambda: 0.5, is_held=lambda: True)
    assert story == ["broker killed", "broker started"]


def test_an_outage_covers_what_was_on_its_way_from_the_kill_until_the_scanner_is_read_again() -> None:
    _, _, witness = play([Kill("t1", 0.0, 0.01)], lambda: 1.0)
    (outage,) = witness.outages

    def is_caught(began: float, ended: float, path: Way = Way.SERIAL) -> bool:
        start = outage.began_at
        return outage.caught(Pull(1, path, "A", "added", "A", began_at=start + began, ended_at=start + ended))

    assert not is_caught(-2.0, -0.1)
    assert is_caught(-0.1, 1.9)
    assert is_caught(9.9, 12.0)
    assert not is_caught(10.1, 12.0)
    assert is_caught(10.1, 12.0, Way.HID)
