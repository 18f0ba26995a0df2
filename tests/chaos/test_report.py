"""The report says what it must, also when the run broke off, and one that shows nothing is not right."""

from __future__ import annotations

import asyncio
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sim.chaos.brokers import BrokerKind
from sim.chaos.checker import Verdict
from sim.chaos.load import Journal, Work
from sim.chaos.plan import Kind, Planned
from sim.chaos.report import ITS_TURN_DID_NOT_COME, make_report
from sim.chaos.run import Goal, NothingToBreakError, Run, Suffered, play
from sim.chaos.stand import Order, Stand, StoreKind
from sim.checker import Findings
from sim.packs import Shelf, load_items

ORDER = Order(7, BrokerKind.EMBEDDED, StoreKind.SQLITE, 1)
KILLED = Planned(Kind.KILLED, ("chaos-1",), 0.5, 0.5)


def status(*, pending: int = 0, dead: int = 0) -> dict[str, Any]:
    return {"sync": {"pending": pending, "dead": dead}}


@pytest.fixture
def run() -> Run:
    """A run in which one terminal was killed once, and everything is at the centre."""
    post = SimpleNamespace(name="chaos-1", disk=SimpleNamespace(refused=lambda: 0), mood=SimpleNamespace(spoilt=0))
    skipped = {Kind.BROKER_WIPED: "embedded"}
    kinds = set(Kind) - set(skipped)
    stand = cast("Stand", SimpleNamespace(posts={"chaos-1": post}, skipped=skipped, kinds=kinds))
    journal = Journal("chaos-1", repeated=2, refused={"store.disk_full": 2})
    work = cast("Work", SimpleNamespace(journal=journal))
    made = Run(stand, 7, Goal(4, 1, None), {"chaos-1": work}, Shelf(load_items(), Random(1)), asyncio.Event())
    made.kills = 1
    made.suffered.append(Suffered(KILLED, 1.0, 2.5))
    made.status = {"chaos-1": status()}
    made.verdict = Verdict(acknowledged=4, at_centre=4)
    return made


def test_a_good_run_is_right_and_its_figures_are_there(run: Run) -> None:
    report = make_report(ORDER, run, [], 12.0)
    assert report["is_right"]
    keys = ("acknowledged", "at_centre", "lost", "doubled", "kills", "faults", "recovered_s")
    assert [report[key] for key in keys] == [4, 4, 0, 0, 1, 1, 2.5]
    assert report["faults_by_kind"] == {"killed": {"times": 1, "recovered_p50_s": 2.5, "recovered_worst_s": 2.5}}
    assert report["kills_by_target"] == {"chaos-1": 1}
    assert report["skipped"]["broker_wiped"] == "embedded"
    assert report["refused"] == {"store.disk_full": 2}


def test_each_kind_that_was_asked_for_and_not_shown_is_named_with_the_reason(run: Run) -> None:
    skipped = make_report(ORDER, run, [], 12.0)["skipped"]
    assert skipped.keys() == set(Kind) - {Kind.KILLED}
    assert skipped[Kind.STOPPED] == ITS_TURN_DID_NOT_COME
    run.goal = Goal(4, 1, None, frozenset({Kind.KILLED, Kind.BROKER_WIPED}))
    assert make_report(ORDER, run, [], 12.0)["skipped"] == {"broker_wiped": "embedded"}


def test_a_run_without_a_fault_to_suffer_says_so(run: Run) -> None:
    run.goal = Goal(4, 1, None, frozenset({Kind.BROKER_WIPED}))
    with pytest.raises(NothingToBreakError, match="none of the faults"):
        asyncio.run(play(run))


@pytest.mark.req("T-72")
@pytest.mark.parametrize("kind", ["lost", "duplicated", "wrong_states", "false_answers"])
def test_one_finding_makes_it_wrong(run: Run, kind: str) -> None:
    run.verdict = Verdict(4, 4, 0, Findings(**{kind: ["planted"]}))
    report = make_report(ORDER, run, [], 12.0)
    assert not report["is_right"]
    assert report["findings"][kind] == ["planted"]


def test_too_few_records_and_too_few_kills_show_nothing(run: Run) -> None:
    run.goal = Goal(5, 2, 1.0)
    assert len(make_report(ORDER, run, [], 12.0)["problems"]) == 2


def test_a_recovery_that_took_too_long_is_a_problem(run: Run) -> None:
    run.suffered.append(Suffered(KILLED, 9.0, 30.1))
    report = make_report(ORDER, run, [], 12.0)
    assert not report["is_right"]
    assert report["recovered_s"] == 30.1


@pytest.mark.parametrize("left", [status(pending=1), status(dead=1)])
def test_what_waits_or_was_refused_at_the_end_is_a_problem(run: Run, left: dict[str, Any]) -> None:
    run.status = {"chaos-1": left}
    assert not make_report(ORDER, run, [], 12.0)["is_right"]


@pytest.mark.parametrize("kind", [Kind.DISK_FULL, Kind.MESSAGES_DROPPED])
def test_a_fault_that_nobody_met_shows_nothing(run: Run, kind: Kind) -> None:
    run.suffered.append(Suffered(Planned(kind, ("chaos-1",), 1.0, 0.5), 9.0, 0.5))
    assert not make_report(ORDER, run, [], 12.0)["is_right"]


def test_a_run_that_broke_off_has_a_report_without_a_verdict(run: Run) -> None:
    run.verdict = None
    report = make_report(ORDER, run, ["StageError: centre"], 12.0)
    assert not report["is_right"]
    assert report["lost"] is None
    assert report["kills"] == 1


def test_a_run_that_never_began_has_one_too() -> None:
    report = make_report(ORDER, None, ["StageError: broker"], 1.0)
    assert not report["is_right"]
    assert (report["acknowledged"], report["recovered_s"], report["faults"]) == (0, None, 0)
