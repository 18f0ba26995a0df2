"""Real processes die while something is done at a counter: it is done once, and known soon. `make kills` does all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.blackbox.stand import seed
from tests.kills.commits import Where
from tests.kills.deaths import Death, play, prove_packs
from tests.kills.deeds import Cancel, Deed, Insure, PosCancel, PosSettle, Return, ReturnElsewhere, Settle
from tests.kills.gate import At
from tests.kills.ground import RECOVERED_S, Ground, opened_ground
from tests.kills.rounds import end_day
from tests.kills.steps import AtMessage, Fate, InCommit, Step

_TERMINAL, _BOTH = Fate.TERMINAL, Fate.BOTH
IN_COMMIT = InCommit(2, Where.TORN)
INSTEAD = AtMessage("2103", 1, At.LEAVING, Fate.LINE)
"""Where this machine cannot build what kills within a COMMIT."""
ROUNDS: tuple[tuple[tuple[type[Deed], Step], ...], ...] = (
    (
        (Settle, AtMessage("2102", 1, At.TOLD, _TERMINAL)),
        (Insure, AtMessage("2102", 1, At.LOST, _TERMINAL)),
    ),
    (
        (Return, AtMessage("2103", 1, At.LOST, _TERMINAL)),
        (ReturnElsewhere, AtMessage("2102", 1, At.LEAVING, _TERMINAL)),
    ),
    (
        (Cancel, IN_COMMIT),
        (PosSettle, AtMessage("2102", 1, At.LOST, _TERMINAL)),
    ),
    ((PosCancel, AtMessage("2103", 1, At.LOST, _BOTH)),),
)
"""Each verb once, at counters 1 and 2; every death is of another kind."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    pytest.importorskip("iotcore", reason="the embedded broker needs yima[server]")
    folder = tmp_path_factory.mktemp("kills")
    (folder / "seeded").mkdir()
    with opened_ground(seed(folder / "seeded"), folder) as ground:
        yield ground


@pytest.mark.req("T-02", "T-05")
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_whatever_is_killed_at_a_counter_is_done_once_and_known_within_a_minute(ground: Ground) -> None:
    laid = [[_laid(ground, *one, number) for number, one in enumerate(group)] for group in ROUNDS]
    # Another terminal finds a sale once its own has told the ledger of it.
    ground.until_told()
    deaths: list[Death] = []
    for number, group in enumerate(laid):
        deaths += play(ground, group, is_pressed=number % 2 == 0)
    ground.until_told()
    prove_packs(deaths)
    assert [f"{one}: {what}" for one in deaths for what in one.wrong] == []
    assert [str(one) for one in deaths if not one.is_met] == []
    assert max(one.known_s for one in deaths) < RECOVERED_S
    assert end_day(ground) == []


def _laid(ground: Ground, kind: type[Deed], step: Step, number: int) -> tuple[Deed, Step]:
    deed = kind(ground, ground.posts[number])
    deed.lay()
    return deed, INSTEAD if ground.without and step is IN_COMMIT else step
