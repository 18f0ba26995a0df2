"""What steps of visits come to as tallies. Pure: the same steps count the same, in whatever order they came.

A visit begins with its first step and belongs to the month of it. A pause of more than a month ends it: then the
hospital gave its number again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from server.store.tallies import COURSE, REFUSAL, WAIT, Cell

LONGEST_PAUSE: Final = timedelta(days=31)
_US_PER_S: Final = 1_000_000
_US_PER_HOUR: Final = 3_600 * _US_PER_S
_LONGEST_PAUSE_US: Final = LONGEST_PAUSE // timedelta(microseconds=1)
_MONTH: Final = 7
"""Letters of `2026-01`."""
_BETWEEN: Final = " "

_GRID: Final = ((600, 6), (3_600, 30), (6 * 3_600, 120), (48 * 3_600, 900))
"""Waits up to so many seconds are counted to so many: never further off than a fortieth, and up to ten minutes as
exactly as a tenth of a minute."""
_COARSEST_S: Final = 3_600


class VisitStepRow(NamedTuple):
    """One step as stored."""

    day: str
    institution: str
    visit: str
    source: bytes
    step: str
    item: str
    shown: str
    is_done: bool
    at_us: int


def count_steps(rows: Iterable[VisitStepRow]) -> Counter[Cell]:
    """Return what steps come to; of each visit that is among them, all steps must be."""
    found: Counter[Cell] = Counter()
    done: dict[tuple[str, str], list[VisitStepRow]] = {}
    for row in rows:
        if row.is_done:
            done.setdefault((row.institution, row.visit), []).append(row)
        else:
            found[Cell(REFUSAL, row.day[:_MONTH], row.institution, row.step, 0)] += 1
    for of_number in done.values():
        for visit in _visits(sorted(of_number, key=_in_order)):
            found.update(_cells(visit))
    return found


def course_of(steps: Iterable[str]) -> str:
    """Return the name under which visits are counted in which these steps were done.

    >>> course_of(["01201", "01101", "01201"])
    '01101 01201'
    """
    return _BETWEEN.join(sorted(set(steps)))


def steps_of(course: str) -> frozenset[str]:
    """Return the steps that a name stands for."""
    return frozenset(course.split(_BETWEEN))


def hour_of(at_us: int) -> int:
    """Return in which hour since 1970 a moment lies; never the one that stands for long ago."""
    return at_us // _US_PER_HOUR + 1


def on_grid(seconds: int) -> int:
    """Return a time between steps as it is counted.

    >>> [on_grid(seconds) for seconds in (0, 62, 599, 1_000, 3_601, 100_000, 700_000)]
    [0, 60, 600, 990, 3600, 99900, 698400]
    """
    width = next((width for most, width in _GRID if seconds <= most), _COARSEST_S)
    return (seconds + width // 2) // width * width


def _visits(ordered: Sequence[VisitStepRow]) -> Iterator[Sequence[VisitStepRow]]:
    """Yield the visits that bore one number, one after the other."""
    begins = 0
    for number, (before, after) in enumerate(pairwise(ordered), 1):
        if after.at_us - before.at_us > _LONGEST_PAUSE_US:
            yield ordered[begins:number]
            begins = number
    yield ordered[begins:]


def _cells(visit: Sequence[VisitStepRow]) -> Iterator[Cell]:
    first, last = visit[0], visit[-1]
    month, institution = first.day[:_MONTH], first.institution
    yield Cell(COURSE, month, institution, course_of(row.step for row in visit), hour_of(last.at_us))
    for before, after in pairwise(visit):
        waited = on_grid((after.at_us - before.at_us) // _US_PER_S)
        yield Cell(WAIT, month, institution, after.step, waited)


def _in_order(row: VisitStepRow) -> tuple[int, bytes]:
    return row.at_us, row.source
