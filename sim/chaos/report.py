"""What a run of chaos came to, in the shape that others read (`yima chaos --report`; docs/chaos.md has every key)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from sim.chaos.plan import DISK_KINDS, MESSAGE_KINDS, Kind
from sim.chaos.run import RECOVERY_MOST_S, Run, Suffered
from sim.chaos.stand import Order
from sim.checker import Findings

MOST_FINDINGS = 20
"""Of a kind that the report spells out; the numbers count all."""


ITS_TURN_DID_NOT_COME = "没有轮到 / its turn did not come"


def make_report(
    order: Order, run: Run | None, broke_off: Sequence[str], seconds: float, missing: str = ""
) -> dict[str, Any]:
    """Return the report. `is_right` in it is the verdict; what was never judged is null.

    Args:
        order: What was asked for.
        run: What happened; None if it did not even begin.
        broke_off: Why it ended before its end.
        seconds: How long it took, setting up included.
        missing: What the whole stand would need and is not installed here, if it was not even tried for that.
    """
    problems = [*broke_off, *(_problems(run) if run else ())]
    verdict = run.verdict if run else None
    suffered = run.suffered if run else []
    findings = verdict.findings if verdict else Findings()
    return {
        "is_right": None if missing else verdict is not None and findings.is_clean and not problems,
        "seed": order.seed,
        "broker": str(order.broker),
        "store": str(order.store),
        "terminals": order.terminals,
        "acknowledged": verdict.acknowledged if verdict else (run.acknowledged if run else 0),
        "at_centre": verdict.at_centre if verdict else None,
        "lost": len(findings.lost) if verdict else None,
        "doubled": len(findings.duplicated) if verdict else None,
        "wrong_states": len(findings.wrong_states) if verdict else None,
        "false_answers": len(findings.false_answers) if verdict else None,
        "declared_lost": verdict.declared_lost if verdict else None,
        "kills": run.kills if run else 0,
        "faults": len(suffered),
        "recovered_s": _worst(suffered),
        "faults_by_kind": _by_kind(suffered),
        "kills_by_target": dict(sorted(_kills(suffered).items())),
        "skipped": dict.fromkeys(sorted(Kind), missing) if missing else _skipped(run) if run else {},
        "met": _met(run) if run else {},
        "repeated": sum(journal.repeated for journal in run.journals) if run else 0,
        "refused": dict(_refused(run)) if run else {},
        "problems": problems,
        "findings": {one.name: getattr(findings, one.name)[:MOST_FINDINGS] for one in fields(findings)},
        "log": [_line(one) for one in suffered],
        "seconds": round(seconds, 1),
    }


def _problems(run: Run) -> Iterator[str]:
    """Yield why a run says nothing, or is too slow, however well everything agrees."""
    if run.verdict is not None and run.verdict.acknowledged < run.goal.events:
        yield f"只确认了 {run.verdict.acknowledged} 条 / only {run.verdict.acknowledged} records were acknowledged"
    if run.kills < run.goal.kills:
        yield f"只终止了 {run.kills} 个进程 / only {run.kills} processes were killed"
    worst = _worst(run.suffered)
    if worst is not None and worst > RECOVERY_MOST_S:
        yield f"最慢恢复 {worst} s / the worst recovery took {worst} s"
    done, met = {one.planned.kind for one in run.suffered}, _met(run)
    if done & DISK_KINDS and not met["disk_refusals"]:
        yield "磁盘故障没有遇到任何写入 / no write met a broken disk"
    if done & MESSAGE_KINDS and not met["messages_spoilt"]:
        yield "没有报文遇到故障线路 / no message met a spoilt line"
    for name, status in run.status.items():
        pending, dead = status["sync"]["pending"], status["sync"]["dead"]
        if pending or dead:
            yield f"{name}：{pending} 条待上传，{dead} 条被拒收 / {pending} records wait, {dead} were refused"


def _met(run: Run) -> dict[str, int]:
    """Return how often faults were met: one that nobody met shows nothing."""
    posts = run.stand.posts.values()
    return {
        "disk_refusals": sum(post.disk.refused() for post in posts),
        "messages_spoilt": sum(post.mood.spoilt for post in posts),
    }


def _skipped(run: Run) -> dict[str, str]:
    """Return each kind of fault that was asked for and that nobody suffered, with the reason."""
    asked, suffered = run.goal.only or frozenset(Kind), {one.planned.kind for one in run.suffered}
    reasons = dict.fromkeys(asked - suffered, ITS_TURN_DID_NOT_COME) | run.stand.skipped
    return {str(kind): reasons[kind] for kind in sorted(asked & reasons.keys())}


def _worst(suffered: Sequence[Suffered]) -> float | None:
    return round(max(one.recovered_s for one in suffered), 2) if suffered else None


def _by_kind(suffered: Sequence[Suffered]) -> dict[str, dict[str, float]]:
    times: dict[str, list[float]] = defaultdict(list)
    for one in suffered:
        times[one.planned.kind].append(one.recovered_s)
    return {
        kind: {
            "times": len(of_kind),
            "recovered_p50_s": round(sorted(of_kind)[math.ceil(len(of_kind) / 2) - 1], 2),
            "recovered_worst_s": round(max(of_kind), 2),
        }
        for kind, of_kind in sorted(times.items())
    }


def _kills(suffered: Sequence[Suffered]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for one in suffered:
        for target in one.planned.targets:
            counted[target] += one.planned.kills // len(one.planned.targets)
    return +counted


def _refused(run: Run) -> Counter[str]:
    return sum((Counter(journal.refused) for journal in run.journals), Counter())


def _line(one: Suffered) -> dict[str, Any]:
    return {
        "kind": str(one.planned.kind),
        "targets": list(one.planned.targets),
        "began_s": round(one.began_s, 1),
        "lasted_s": one.planned.lasts_s,
        "recovered_s": round(one.recovered_s, 2),
    }
