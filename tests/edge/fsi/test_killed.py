"""Killed at any step of a message, a terminal settles nothing twice, loses nothing and leaves nothing unknown.

At each third one; at every one with `--whole`, as `make deaths` has it.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.fsi.resolving import LOOK_S, TRY_S
from edge.store.database import opened_store
from rules.settling import Standing
from tests.edge.fsi.centre import LOSE_ANSWER, LOSE_REQUEST, Centre, Door
from tests.edge.fsi.desk import Desk, at_desk, over_http
from tests.edge.scene import FakeClock

A_MINUTE_S = 60
STEPS, STEPS_WITH_FAULT = 12, 16
"""Commits and sendings, before and after each: of a message, of a look, and of a message that is asked for again."""


def settle_until_killed(folder: Path, url: str, dies_at: int, keeps_answers: bool) -> None:
    """Settle one sale and find out what became of it; die at a step."""
    left = dies_at

    def step(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    clock = FakeClock()
    with at_desk(folder, over_http(url, clock, keeps_answers=keeps_answers), clock, step=step) as desk:
        if desk.standing() is Standing.NONE:
            desk.settle()
        desk.resolver.take_up()
        desk.resolver.look()


def killed_at(folder: Path, url: str, dies_at: int, *, keeps_answers: bool) -> bool:
    """Return whether it died."""
    given = (folder, url, dies_at, keeps_answers)
    child = multiprocessing.get_context("fork").Process(target=settle_until_killed, args=given)
    child.start()
    child.join(20)
    assert child.exitcode in {0, -signal.SIGKILL}
    return child.exitcode != 0


@pytest.mark.parametrize("keeps_answers", [True, False])
@pytest.mark.parametrize("fault", ["", LOSE_REQUEST, LOSE_ANSWER])
def test_whatever_the_step_the_terminal_and_the_centre_agree_afterwards(
    tmp_path: Path, clock: FakeClock, fault: str, keeps_answers: bool, one_in: Callable[[int], int]
) -> None:
    empty, dies_at = tmp_path / "empty", 1
    with opened_store(empty):
        pass
    has_died = True
    while has_died:
        centre = Centre(keeps_answers=keeps_answers, script=[fault] if fault else [])
        door = Door(centre)
        folder, began_s = tmp_path / str(dies_at), clock.seconds
        shutil.copytree(empty, folder)
        has_died = killed_at(folder, door.url, dies_at, keeps_answers=keeps_answers)
        # Steps come in pairs, before and after: by threes both are met.
        dies_at += has_died * one_in(3)
        with at_desk(folder, over_http(door.url, clock, keeps_answers=keeps_answers), clock) as desk:
            desk.resolver.take_up()
            # What the child did not live to ask, this one loses.
            while desk.resolver.look():
                clock.advance(LOOK_S)
                assert clock.seconds - began_s + TRY_S <= A_MINUTE_S
            _agree(desk, centre)
        door.close()
    assert dies_at > (STEPS_WITH_FAULT if fault else STEPS)


def _agree(desk: Desk, centre: Centre) -> None:
    assert len(centre.done) <= 1
    is_settled = desk.standing() is Standing.SETTLED
    assert is_settled == bool(centre.standing)
    assert desk.standing() in {Standing.SETTLED, Standing.NONE}
