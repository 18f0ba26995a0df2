"""What a storm came to, in the shape that others read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sim.storm.book import Confirmed, Record
from sim.storm.storm import Fleet, Plan, Times
from sim.storm.twin import Attempt, Outcome


@dataclass(frozen=True, slots=True)
class Spread:
    """A handful of times."""

    count: int
    p50: float
    p95: float
    most: float


def spread_of(times: Iterable[float]) -> Spread:
    """Return the spread of `times`; zeros if there are none."""
    ordered = sorted(times)
    if not ordered:
        return Spread(0, 0.0, 0.0, 0.0)
    p50, p95 = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.50, 0.95))
    return Spread(len(ordered), round(p50, 3), round(p95, 3), round(ordered[-1], 3))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the centre has, against what the terminals recorded."""

    recorded: int
    lost: int
    doubled: int
    strange: int
    """At the centre, and recorded by nobody."""


def judge(recorded: Iterable[Record], at_centre: Sequence[Record]) -> Verdict:
    """Compare the centre's events with the terminals' as sets."""
    ours, theirs = set(recorded), set(at_centre)
    return Verdict(len(ours), len(ours - theirs), len(at_centre) - len(theirs), len(theirs - ours))


def per_second(attempts: Iterable[Attempt], since_s: float) -> list[int]:
    """Return how many attempts began in each second after `since_s`."""
    counted = Counter(int(attempt.began_s - since_s) for attempt in attempts if attempt.began_s >= since_s)
    return [counted[second] for second in range(max(counted, default=-1) + 1)]


def busiest_share(due_s: Sequence[float], window_s: float) -> float:
    """Return the largest part of `due_s` that falls within any `window_s`: 1 if all come at once."""
    ordered = sorted(due_s)
    first = most = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] > window_s:
            first += 1
        most = max(most, last - first + 1)
    return most / max(1, len(ordered))


def make_report(plan: Plan, fleet: Fleet, times: Times, verdict: Verdict) -> dict[str, Any]:
    """Return the figures of a storm; seconds unless the name says otherwise."""
    storm = [attempt for attempt in fleet.network.attempts if attempt.began_s >= times.cut_s]
    returns = [attempt for attempt in storm if attempt.began_s >= times.back_s]
    live = [one for twin in fleet.controls for one in twin.book.confirmed if one.is_live]
    outcomes = Counter(attempt.outcome for attempt in storm)
    return {
        "terminals": plan.terminals,
        "outage": round(times.back_s - times.cut_s, 1),
        "attempts": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "attempts_per_terminal": round(len(storm) / plan.terminals, 1),
        "attempts_per_second": per_second(storm, times.cut_s),
        "failed_after_return": sum(attempt.outcome is not Outcome.OPENED for attempt in returns),
        "busiest_second_of_return": max(per_second(returns, times.back_s), default=0),
        "our_own_lag": asdict(spread_of(late_s for due_s, late_s in times.lags_s if times.back_s <= due_s)),
        "our_own_delay": asdict(spread_of(attempt.began_s - attempt.due_s for attempt in returns)),
        "handshake": asdict(spread_of(_durations(returns))),
        "connected": asdict(spread_of(opened_s - times.back_s for opened_s in times.opened_s)),
        "all_connected": round(times.open_s - times.back_s, 1),
        "all_receipts": round(times.done_s - times.back_s, 1),
        "live_before": asdict(spread_of(_waits(live, times.calm_s, times.cut_s))),
        "live_in_storm": asdict(spread_of(_waits(live, times.back_s, times.done_s))),
        "resent": sum(twin.book.resent for twin in fleet.twins),
        "refused": sum(twin.book.refused for twin in fleet.twins),
        **asdict(verdict),
    }


def _durations(attempts: Iterable[Attempt]) -> list[float]:
    return [one.ended_s - one.began_s for one in attempts if one.outcome is Outcome.OPENED]


def _waits(confirmed: Iterable[Confirmed], from_s: float, to_s: float) -> list[float]:
    return [one.waited_s for one in confirmed if from_s <= one.recorded_s < to_s]
