"""Steps of visits, kept as terminals tell of them, and counted: how far visits came, refusals, time between steps.

Counts are tallies that are kept with the steps, so that looking at years costs no more than at days. Which visits are
counted is said by one choice for all of these, so that the figures of a page belong together. Nothing of a person is
kept.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, bindparam, case, func, literal_column, select

from server.store import bulk, tallies
from server.store.direct import Among, Asked
from server.store.tables import visit_step
from server.store.tallies import COURSE, REFUSAL, WAIT, Cell, Months
from server.store.times import micros
from server.store.visit_counting import VisitStepRow, count_steps, hour_of, steps_of

__all__ = [
    "Course",
    "Months",
    "OfStep",
    "VisitStepRow",
    "add_visit_steps",
    "load_courses",
    "load_medians",
    "load_refusals",
]

_TURN: Final = 0x79696D63
"""First key of the advisory locks of those who add steps, by institution ("yimc")."""
_HALF: Final = 1 << 31
_OF_VISITS = Asked(
    select(visit_step).where(
        visit_step.c.institution == bindparam("institution"), Among(visit_step.c.visit, bindparam("visits"))
    )
)


@dataclass(frozen=True, slots=True)
class Course:
    """Visits of one institution and month that came equally far."""

    institution: str
    month: str
    """In which they began."""
    steps: frozenset[str]
    """Those of the steps asked for that were done."""
    is_quiet: bool
    """Nothing was done since the hour asked for began."""
    visits: int


@dataclass(frozen=True, slots=True)
class OfStep:
    """A figure of one step, of one institution and month or of all that were chosen."""

    institution: str
    """Empty for all."""
    month: str
    """Empty for all."""
    step: str
    value: int


def add_visit_steps(connection: Connection, rows: Collection[VisitStepRow]) -> None:
    """Keep steps, and count them; those that are known stay as they are."""
    told: dict[str, dict[tuple[str, bytes], VisitStepRow]] = {}
    for row in rows:
        told.setdefault(row.institution, {}).setdefault((row.visit, row.source), row)
    _take_turn(connection, told)
    changes: Counter[Cell] = Counter()
    for institution, by_key in sorted(told.items()):
        visits = sorted({visit for visit, _ in by_key})
        found = _OF_VISITS.rows(connection, {"institution": institution, "visits": visits})
        known = [VisitStepRow(*row) for row in found]
        for row in known:
            by_key.pop((row.visit, row.source), None)
        if by_key:
            bulk.insert_all(connection, visit_step, sorted(by_key.values()))
            changes.subtract(count_steps(known))
            changes.update(count_steps([*known, *by_key.values()]))
    tallies.change(connection, changes)


def _take_turn(connection: Connection, institutions: Iterable[str]) -> None:
    """Keep others who add steps of these institutions waiting until the transaction ends.

    What a step changes depends on the others of its visit, which come from other terminals of the same house. SQLite
    has one writer anyway.
    """
    # In one order, whoever asks, so that two workers cannot wait for each other.
    keys = sorted({zlib.crc32(one.encode()) - _HALF for one in institutions})
    if keys and connection.dialect.name == "postgresql":
        asked = "SELECT pg_advisory_xact_lock(%s::integer, one) FROM unnest(%s::integer[]) AS one"
        connection.exec_driver_sql(asked, (_TURN, keys)).all()


def load_courses(
    connection: Connection, chosen: Months, steps: Sequence[str], quiet_since: datetime
) -> Sequence[Course]:
    """Return how far visits came.

    Args:
        connection: To read with.
        chosen: Which visits.
        steps: Those to tell apart.
        quiet_since: A visit of which nothing was done since the hour of this moment began is quiet.
    """
    found = tallies.totals(COURSE, chosen).c
    hour: ColumnElement[int] = literal_column(str(hour_of(micros(quiet_since))))
    is_quiet: ColumnElement[int] = case((found.number < hour, literal_column("1")), else_=literal_column("0"))
    keys = (found.institution, found.month, found.name, is_quiet)
    asked = select(*keys, func.sum(found.times)).group_by(*keys)
    wanted, counted = frozenset(steps), Counter[tuple[str, str, frozenset[str], bool]]()
    for institution, month, course, quiet, visits in connection.execute(asked):
        counted[institution, month, steps_of(course) & wanted, bool(quiet)] += int(visits)
    return [Course(*key, visits) for key, visits in counted.items() if visits]


def load_refusals(connection: Connection, chosen: Months) -> Sequence[OfStep]:
    """Return how many steps hospitals' systems refused, by institution and by the month of the refusal."""
    found = tallies.totals(REFUSAL, chosen).c
    keys = (found.institution, found.month, found.name)
    counted = connection.execute(select(*keys, func.sum(found.times)).group_by(*keys))
    return [OfStep(where, when, step, int(times)) for where, when, step, times in counted if times]


def load_medians(connection: Connection, chosen: Months, *, is_whole: bool) -> Sequence[OfStep]:
    """Return the median of the seconds that passed since the step before, for each step, as finely as is counted.

    Args:
        connection: To read with.
        chosen: Which visits.
        is_whole: Whether over all institutions and months that were chosen, or of each.
    """
    found = tallies.totals(WAIT, chosen).c
    keys = [found.name] if is_whole else [found.institution, found.month, found.name]
    asked: Select[Any] = select(*keys, found.number, func.sum(found.times)).group_by(*keys, found.number)
    waits: dict[tuple[str, ...], Counter[int]] = {}
    for *key, seconds, times in connection.execute(asked):
        if times:
            waits.setdefault(tuple(key), Counter())[int(seconds)] += int(times)
    return [_waited(key, _median(counted)) for key, counted in waits.items()]


def _median(counted: Counter[int]) -> int:
    """Return the median of what was counted, in whole seconds."""
    values = sorted(counted)
    up_to = list(accumulate(counted[value] for value in values))
    number = up_to[-1]
    low, high = (values[bisect_left(up_to, place)] for place in ((number + 1) // 2, number // 2 + 1))
    return (low + high) // 2


def _waited(key: Sequence[str], seconds: int) -> OfStep:
    *place, step = key
    institution, month = place or ("", "")
    return OfStep(institution, month, step, seconds)
