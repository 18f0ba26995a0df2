"""The report: truth of several counters in one, honest percentiles, and reasons why a run says nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from sim.cashier import Notebook
from sim.checker import CentreClaims, Claim, EventClaim, Findings, Sale, Truth
from sim.plan import Way
from sim.report import find_problems, make_report, merge_truth, percentiles
from sim.tally import Tally

CLAIMS = CentreClaims(
    ledger={"A": Claim("sold", (Sale("P1", "s1"),), frozenset({"D1"}))},
    answers={},
    unknown_answers={},
    events=(EventClaim("e1", "t1", "e", 1), EventClaim("e2", "t1", "e", 2)),
)


def notebook(*, read: int = 2, played: int = 6) -> Notebook:
    return Notebook(
        "P1",
        Tally("t1"),
        emitted=Counter(dict.fromkeys(Way, 3)),
        read=Counter(dict.fromkeys(Way, read)),
        played=played,
        verdicts=Counter(added=4, unmatched=1, already_in_sale=1),
        commit_ms=[1.0, 3.0],
    )


def status(*, pending: int = 0, dead: int = 0) -> dict[str, Any]:
    return {"terminal": "t1", "sync": {"pending": pending, "dead": dead, "delivered": 2}}


def report(**changes: Any) -> dict[str, Any]:
    parts = {
        "asked": 6,
        "notebooks": [notebook()],
        "claims": CLAIMS,
        "findings": Findings(),
        "status": [status()],
        "faults": ["kill -9 broker at 30%, down 1.0 s"],
        "settlements": {"settled": 12, "cancelled": 3},
        "seconds": 12.34,
    }
    return make_report(**{**parts, **changes})


def test_the_truth_of_two_counters_is_the_truth_of_both() -> None:
    one, two = notebook(), notebook()
    one.truth = {"A": Truth(frozenset({"sold"}), frozenset({Sale("P1", "s1")}), "D1")}
    two.truth = {"B": Truth(frozenset({"in_stock"}), frozenset(), "D2")}
    assert merge_truth([one, two]) == {**one.truth, **two.truth}


def test_a_pack_that_two_institutions_sold_is_a_conflict_with_both_sales() -> None:
    one, two = notebook(), notebook()
    sales = frozenset({Sale("P1", "s1")}), frozenset({Sale("P2", "s9")})
    one.truth = {"A": Truth(frozenset({"sold"}), sales[0], "D1")}
    two.truth = {"A": Truth(frozenset({"sold"}), sales[1], "D1")}
    assert merge_truth([one, two]) == {"A": Truth(frozenset({"conflict"}), sales[0] | sales[1], "D1")}
    assert merge_truth([two, one]) == merge_truth([one, two])


def test_the_report_has_the_keys_that_were_promised_and_says_that_all_is_well() -> None:
    made = report()
    assert made["is_right"]
    assert made["emitted"] == {"serial": 3, "hid": 3, "camera": 3}
    assert {key: made[key] for key in ("read", "matched", "unmatched", "events", "receipts")} == {
        "read": 6,
        "matched": 4,
        "unmatched": 1,
        "events": 2,
        "receipts": 2,
    }
    assert [made[key] for key in ("lost", "duplicated", "dead_letters", "wrong_states")] == [0, 0, 0, 0]
    assert made["ledger_states"] == {"sold": 1}
    assert made["latency_ms"] == {
        "commit": {"p50": 1.0, "p99": 3.0},
        "event": {"p50": None, "p99": None},
        "receipt": {"p50": None, "p99": None},
    }


@pytest.mark.req("T-72")
@pytest.mark.parametrize("kind", ["lost", "duplicated", "wrong_states", "false_answers"])
def test_one_finding_of_any_kind_makes_the_run_wrong(kind: str) -> None:
    made = report(findings=Findings(**{kind: ["A: …"]}))
    assert not made["is_right"]
    assert made[kind] == 1
    assert made["findings"][kind] == ["A: …"]


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"asked": 7}, "only 6 of 7 scans"),
        ({"status": [status(pending=1)]}, "1 records wait"),
        ({"status": [status(dead=2)]}, "2 were refused"),
    ],
)
def test_a_run_that_was_not_played_to_the_end_is_not_right(changes: dict[str, Any], words: str) -> None:
    made = report(**changes)
    assert not made["is_right"]
    assert words in made["problems"][0]


@pytest.mark.parametrize("way", list(Way))
def test_a_run_in_which_nothing_was_shown_by_one_way_is_not_right(way: Way) -> None:
    one = notebook()
    del one.read[way]
    assert find_problems(6, [one], [status()]) == [f"没有经 {way} 的扫码 / nothing was scanned by {way}"]


def test_what_one_counter_does_not_use_another_may() -> None:
    one, two = notebook(played=3), notebook(played=3)
    del one.read[Way.CAMERA]
    assert find_problems(6, [one, two], [status()]) == []


def test_percentiles_are_ranks_and_never_kinder_than_the_worst_hundredth() -> None:
    assert percentiles(range(1, 101)) == {"p50": 50, "p99": 99}
    assert percentiles(range(1, 52)) == {"p50": 26, "p99": 51}
    assert percentiles([]) == {"p50": None, "p99": None}
