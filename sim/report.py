"""What a run came to, in the shape that others read (`yima demo --report`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sim.cashier import Notebook
from sim.checker import CentreClaims, Findings, Truth
from sim.plan import Path


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
    """Return p50 and p99 in milliseconds, None where nothing was measured."""
    ranked = sorted(values)
    if not ranked:
        return {"p50": None, "p99": None}
    return {name: round(ranked[int(part * (len(ranked) - 1))], 2) for name, part in (("p50", 0.5), ("p99", 0.99))}


def make_report(
    *,
    notebooks: Sequence[Notebook],
    claims: CentreClaims,
    findings: Findings,
    status: Sequence[Mapping[str, Any]],
    faults: Sequence[str],
    seconds: float,
) -> dict[str, Any]:
    """Return the report."""
    verdicts: Counter[str] = Counter()
    for notebook in notebooks:
        verdicts.update(notebook.verdicts)
    emitted: Counter[Path] = Counter()
    for notebook in notebooks:
        emitted.update(notebook.emitted)
    return {
        "emitted": {str(path): emitted[path] for path in Path},
        "read": sum(notebook.read for notebook in notebooks),
        "matched": verdicts["added"],
        "unmatched": verdicts["unmatched"],
        "events": len(claims.events),
        "receipts": sum(one["sync"]["delivered"] for one in status),
        "lost": len(findings.lost),
        "duplicated": len(findings.duplicated),
        "dead_letters": sum(one["sync"]["dead"] for one in status),
        "ledger_states": dict(sorted(Counter(claim.state for claim in claims.ledger.values()).items())),
        "wrong_states": len(findings.wrong_states),
        "latency_ms": {
            "commit": percentiles([ms for notebook in notebooks for ms in notebook.commit_ms]),
            "event": percentiles([ms for notebook in notebooks for ms in notebook.event_ms]),
            "receipt": percentiles([ms for notebook in notebooks for ms in notebook.receipt_ms]),
        },
        "false_answers": len(findings.false_answers),
        "scanned_again": sum(notebook.again for notebook in notebooks),
        "verdicts": dict(sorted(verdicts.items())),
        "surprises": [surprise for notebook in notebooks for surprise in notebook.surprises],
        "faults": list(faults),
        "findings": {
            "lost": findings.lost[:20],
            "duplicated": findings.duplicated[:20],
            "wrong_states": findings.wrong_states[:20],
            "false_answers": findings.false_answers[:20],
        },
        "seconds": round(seconds, 1),
    }
