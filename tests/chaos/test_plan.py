"""The same seed makes the same faults; every kind comes; nothing is aimed at what is not there."""

from __future__ import annotations

from itertools import islice
from random import Random

from sim.chaos.plan import BROKER, CENTRE, Kind, Planned, plan_faults

TERMINALS = ["t1", "t2"]


def faults(seed: int, count: int, kinds: set[Kind] | None = None) -> list[Planned]:
    return list(islice(plan_faults(Random(seed), TERMINALS, kinds or set(Kind)), count))


def test_a_seed_makes_the_same_faults_and_another_seed_others() -> None:
    assert faults(1, 50) == faults(1, 50)
    assert faults(1, 50) != faults(2, 50)


def test_every_kind_comes_before_any_comes_by_chance() -> None:
    assert {planned.kind for planned in faults(3, len(Kind))} == set(Kind)


def test_kinds_that_cannot_be_shown_are_left_out() -> None:
    assert {planned.kind for planned in faults(4, 40, {Kind.KILLED, Kind.LINE_CUT})} == {Kind.KILLED, Kind.LINE_CUT}


def test_everything_is_hit_and_kills_are_counted_by_process() -> None:
    planned = faults(5, 200)
    assert {name for one in planned for name in one.targets} == {BROKER, CENTRE, *TERMINALS}
    cut = next(one for one in planned if one.kind is Kind.POWER_CUT)
    assert cut.kills == len(cut.targets) == 4
    assert next(one for one in planned if one.kind is Kind.KILLED_STARTING).kills == 2
    assert next(one for one in planned if one.kind is Kind.LINE_CUT).kills == 0
