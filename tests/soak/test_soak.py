"""The soak in short: real processes, a failing line, nothing lost, nothing doubled, no rough leak."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.soak.__main__ import failures, soak
from tests.soak.samples import growth
from tests.soak.soak import Plan
from tests.soak.verdict import Verdict, judge_events, judge_packs

PLAN = Plan(scans=400, reconnects=6, terminals=1, sample_s=1.0, has_slow_faults=False)
MOST_GROWTH_MB = 25.0
"""In a short run caches still fill; a leak of a kilobyte a scan is for the long one to find."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.req("T-67")
def test_a_short_soak_loses_nothing_and_holds_no_more_at_its_end(tmp_path: Path) -> None:
    figures = asyncio.run(soak(PLAN, tmp_path, lambda _: None))
    assert [claim for claim in failures(figures, PLAN) if "grows" not in claim] == []
    for name, of in figures["growth"].items():
        assert of["rss_mb"]["last"] - of["rss_mb"]["first"] < MOST_GROWTH_MB, name
        assert of["files"]["last"] - of["files"]["first"] <= 3, name


SOLD = {"c1": "s1", "c2": "s1"}


def ledger_row(code: str, *sales: str, state: str = "sold") -> dict[str, object]:
    return {"code": code, "state": state, "facts": [{"act": "dispensed", "document": sale} for sale in sales]}


GOOD = [ledger_row("c1", "s1"), ledger_row("c2", "s1")]


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("rows", "lost", "doubled", "strange"),
    [
        (GOOD, 0, 0, 0),
        (GOOD[:1], 1, 0, 0),
        ([GOOD[0], ledger_row("c2", state="reserved")], 1, 0, 0),
        ([GOOD[0], ledger_row("c2", "s2")], 1, 0, 0),
        ([GOOD[0], ledger_row("c2", "s1", state="conflict")], 1, 0, 0),
        ([GOOD[0], ledger_row("c2", "s1", "s2")], 0, 1, 0),
        ([*GOOD, ledger_row("c3", "s1")], 0, 0, 1),
    ],
)
def test_one_planted_pack_makes_the_soak_fail(rows, lost, doubled, strange) -> None:
    verdict = Verdict()
    judge_packs(rows, SOLD, verdict)
    assert (verdict.lost, verdict.doubled, verdict.strange) == (lost, doubled, strange)


def event(seq: int, id_: str = "") -> dict[str, object]:
    return {"id": id_ or f"e{seq}", "terminal": "t", "epoch": "e", "seq": seq}


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("rows", "lost", "doubled"),
    [
        ([event(1), event(2)], 0, 0),
        ([event(1), event(3)], 1, 0),
        ([event(1), event(2), event(2)], 0, 1),
        ([event(1), event(2), event(2, "other")], 0, 1),
    ],
)
def test_one_planted_event_makes_the_soak_fail(rows, lost, doubled) -> None:
    verdict = Verdict()
    judge_events(rows, verdict)
    assert (verdict.lost, verdict.doubled) == (lost, doubled)


def test_growth_is_that_of_the_second_half_only() -> None:
    times = [float(second) for second in range(101)]
    assert growth(times, [min(second, 50.0) for second in times]).percent == pytest.approx(0)
    assert growth(times, [100 + second for second in times]).percent == pytest.approx(100 * 50 / 175)


FLAT = {"first": 100.0, "last": 101.0, "percent": 1.0}


def good_figures() -> dict[str, Any]:
    return {
        "scans": PLAN.scans,
        "reconnects": PLAN.reconnects,
        "sold": PLAN.scans,
        "at_centre": PLAN.scans,
        "lost": 0,
        "doubled": 0,
        "strange": 0,
        "stores": [{"outbox_mb": 4.0, "aged_outbox_mb": 0.1, "free_mb": 4.0}],
        "growth": {"broker": {"rss_mb": FLAT}, "centre": {"rss_mb": FLAT, "files": FLAT}},
    }


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    "planted",
    [
        {"scans": PLAN.scans - 1},
        {"reconnects": PLAN.reconnects - 1},
        {"lost": 1},
        {"at_centre": PLAN.scans - 1},
        {"doubled": 1},
        {"strange": 1},
        {"stores": [{"outbox_mb": 4.0, "aged_outbox_mb": 3.9, "free_mb": 4.0}]},
        {"stores": [{"outbox_mb": 4.0, "aged_outbox_mb": 0.1, "free_mb": 0.0}]},
        {"growth": {"broker": {"rss_mb": FLAT}, "centre": {"rss_mb": FLAT | {"percent": 9.5}}}},
        {"growth": {"broker": {"rss_mb": FLAT, "files": FLAT | {"percent": 9.5}}}},
        {"growth": {"broker": {"rss_mb": FLAT | {"last": 300.0}}}},
    ],
)
def test_each_claim_of_the_soak_can_fail(planted: dict[str, Any]) -> None:
    assert failures(good_figures(), PLAN) == []
    assert len(failures(good_figures() | planted, PLAN)) == 1
