"""How the fold scales with the history of one code. Floor: the same number of facts as histories of one fact each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rules.pack_fold import fold
from rules.pack_life import Act, Evidence, FactKey, Order
from tests.bench.figure import Figure, figure

FACTS = 32_000
ROUNDS = 3


def history(count: int) -> list[Evidence]:
    """Return `count` sales of one code."""
    return [
        Evidence(f"e{at}", FactKey(Act.DISPENSED, "P1", f"s{at}", 1), Order(at, "t1", "e1", at)) for at in range(count)
    ]


def _rate(histories: Sequence[Sequence[Evidence]]) -> float:
    began = time.process_time()
    for one in histories:
        fold(one)
    return FACTS / (time.process_time() - began)


def run() -> list[Figure]:
    """Measure in turns; report the best of each, which is the least disturbed."""
    pieces = history(FACTS)
    long, short = [pieces], [[piece] for piece in pieces]
    rates = [(_rate(long), _rate(short)) for _ in range(ROUNDS)]
    rate, base = max(one for one, _ in rates), max(floor for _, floor in rates)
    return [
        figure(
            "fold",
            f"facts folded per second of CPU, {FACTS:,} facts of one code",
            rate,
            "facts/s",
            floor=base,
            note="floor: as many codes with one fact each; a quadratic fold would fall far below",
        )
    ]
