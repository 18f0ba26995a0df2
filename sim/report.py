"""What a run came to, in the shape that others read (`yima demo --report`; docs/demo.md has every key).

Latencies are those of a person who has pulled a trigger. `commit`, `event` and `receipt` begin when the last byte of a
wired scanner was handed to its line, before the time that bytes need on it, and end when the terminal's COMMIT had
returned, when the live event was at the screen, and when the screen heard of the centre's receipt. `camera_ms` begins
when the box is put before the camera, before the first frame of it is sent, and ends with the COMMIT. A scan that was
pulled for twice, because nothing appeared, counts from the first pull, unless the terminal was down then.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from sim.cashier import Notebook
from sim.checker import CentreClaims, Findings, Truth
from sim.plan import Way

MOST_FINDINGS = 20
"""Of a kind that the report spells out; the numbers count all."""

_Counted = TypeVar("_Counted")


def merge_truth(notebooks: Iterable[Notebook]) -> dict[str, Truth]:
    """Return what must be so after all mornings; a pack that two institutions sold must be a conflict."""
    merged: dict[str, Truth] = {}
    for notebook in notebooks:
        for code, truth in notebook.truth.items():
            other = merged.get(code)
            if other is None:
                merged[code] = truth
            else:
                merged[code] = Truth(frozenset({"conflict"}), other.sales | truth.sales, truth.product)
    return merged


def percentiles(values: Sequence[float]) -> dict[str, float | None]:
    """Return p50 and p99 in milliseconds by nearest rank, None where nothing was measured."""
    ranked = sorted(values)
    if not ranked:
        return {"p50": None, "p99": None}
    return {name: round(ranked[math.ceil(part * len(ranked)) - 1], 2) for name, part in (("p50", 0.5), ("p99", 0.99))}


def find_problems(asked: int, notebooks: Sequence[Notebook], status: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return why a run says nothing, however well everything agrees."""
    problems = []
    played = sum(notebook.played for notebook in notebooks)
    if played < asked:
        problems.append(f"只完成 {played} 次扫码，要求 {asked} 次 / only {played} of {asked} scans were played")
    read = _sum(notebook.read for notebook in notebooks)
    problems += [f"没有经 {way} 的扫码 / nothing was scanned by {way}" for way in Way if not read[way]]
    for one in status:
        sync = one["sync"]
        if sync["pending"] or sync["dead"]:
            problems.append(
                f"{one['terminal']}：{sync['pending']} 条待上传，{sync['dead']} 条被中心拒收 / "
                f"{sync['pending']} records wait for a receipt, {sync['dead']} were refused"
            )
    return problems


def make_report(
    *,
    asked: int,
    notebooks: Sequence[Notebook],
    claims: CentreClaims,
    findings: Findings,
    status: Sequence[Mapping[str, Any]],
    faults: Sequence[str],
    settlements: Mapping[str, int | str],
    seconds: float,
) -> dict[str, Any]:
    """Return the report. `is_right` in it is the verdict on the run."""
    verdicts = _sum(notebook.verdicts for notebook in notebooks)
    emitted = _sum(notebook.emitted for notebook in notebooks)
    read = _sum(notebook.read for notebook in notebooks)
    problems = find_problems(asked, notebooks, status)
    return {
        "is_right": findings.is_clean and not problems,
        "asked": asked,
        "played": sum(notebook.played for notebook in notebooks),
        "emitted": {str(way): emitted[way] for way in Way},
        "read": read.total(),
        "read_by": {str(way): read[way] for way in Way},
        "matched": verdicts["added"],
        "unmatched": verdicts["unmatched"],
        "events": len(claims.events),
        "receipts": sum(one["sync"]["delivered"] for one in status),
        "lost": len(findings.lost),
        "duplicated": len(findings.duplicated),
        "dead_letters": sum(one["sync"]["dead"] for one in status),
        "ledger_states": dict(sorted(Counter(claim.state for claim in claims.ledger.values()).items())),
        "wrong_states": len(findings.wrong_states),
        "settlements": dict(settlements),
        "latency_ms": {
            "commit": percentiles([ms for notebook in notebooks for ms in notebook.commit_ms]),
            "event": percentiles([ms for notebook in notebooks for ms in notebook.event_ms]),
            "receipt": percentiles([ms for notebook in notebooks for ms in notebook.receipt_ms]),
        },
        "camera_ms": percentiles([ms for notebook in notebooks for ms in notebook.camera_ms]),
        "false_answers": len(findings.false_answers),
        "scanned_again": sum(notebook.again for notebook in notebooks),
        "verdicts": dict(sorted(verdicts.items())),
        "problems": problems,
        "faults": list(faults),
        "findings": {one.name: getattr(findings, one.name)[:MOST_FINDINGS] for one in fields(findings)},
        "seconds": round(seconds, 1),
    }


def _sum(counters: Iterable[Counter[_Counted]]) -> Counter[_Counted]:
    return sum(counters, Counter())
