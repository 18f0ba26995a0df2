"""Steps of visits, kept as terminals tell of them, and counted: how far visits came, refusals, time between steps.

A visit belongs to the month in which it began. Which visits are counted is said by one choice for all of these, so that
the figures of a page belong together. Nothing of a person is kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, literal_column, select

from server.store import bulk
from server.store.fsi_tables import settlement
from server.store.settlements import SettlementState
from server.store.tables import visit_step
from server.store.times import micros

LONGEST_VISIT: Final = timedelta(days=31)
"""Steps further from the months are not looked at: a hospital may give the number again."""
_DECEMBER: Final = 12
_US_PER_S: Final = 1_000_000


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


@dataclass(frozen=True, slots=True)
class Months:
    """Which visits are counted."""

    first: str
    """As `2026-01`."""
    last: str
    """Belongs to it."""
    institution: str = ""
    """Empty for all."""


@dataclass(frozen=True, slots=True)
class Course:
    """Visits of one institution and month that came equally far."""

    institution: str
    month: str
    steps: frozenset[str]
    """Those of the steps asked for that were done."""
    is_quiet: bool
    """Nothing was done since the moment asked for."""
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


@dataclass(frozen=True, slots=True)
class ShownAtSettling:
    """With what the insured settlements of one institution and month that stand were made."""

    institution: str
    month: str
    settled: int
    by_voucher: int
    by_id_card: int
    by_insurance_card: int


_VOUCHER, _ID_CARD, _INSURANCE_CARD = "01", "02", "03"
"""`mdtrt_cert_type`; a face is verified for the token of a voucher."""


def add_visit_steps(connection: Connection, rows: Collection[VisitStepRow]) -> None:
    """Keep steps; those that are known stay as they are."""
    # In one order, whoever adds them, so that two workers cannot wait for each other.
    bulk.insert_missing(connection, visit_step, sorted(rows))


def load_courses(
    connection: Connection, chosen: Months, steps: Sequence[str], quiet_since: datetime
) -> Sequence[Course]:
    """Return how far visits came.

    Args:
        connection: To read with.
        chosen: Which visits.
        steps: Those to tell apart.
        quiet_since: A visit of which nothing was done since is quiet.
    """
    kept = visit_step.c
    reached: ColumnElement[int] = literal_column("0")
    for number, step in enumerate(steps):
        reached = reached + func.max(case((kept.step == step, 1 << number), else_=0))
    each = (
        select(
            kept.institution,
            func.min(kept.day).label("day"),
            reached.label("reached"),
            case((func.max(kept.at_us) < micros(quiet_since), 1), else_=0).label("is_quiet"),
        )
        .where(kept.is_done, *_near(chosen))
        .group_by(kept.institution, kept.visit)
        .subquery()
        .c
    )
    month = _month(each.day)
    asked = (
        select(each.institution, month, each.reached, each.is_quiet, func.count())
        .where(*_within(each.day, chosen))
        .group_by(each.institution, month, each.reached, each.is_quiet)
    )
    return [
        Course(where, when, _named(steps, int(mask)), bool(is_quiet), int(visits))
        for where, when, mask, is_quiet, visits in connection.execute(asked)
    ]


def load_refusals(connection: Connection, chosen: Months) -> Sequence[OfStep]:
    """Return how many steps hospitals' systems refused, by institution and by the month of the refusal."""
    kept = visit_step.c
    month = _month(kept.day)
    asked = (
        select(kept.institution, month, kept.step, func.count())
        .where(kept.is_done.is_(False), *_within(kept.day, chosen), *_at(kept.institution, chosen))
        .group_by(kept.institution, month, kept.step)
    )
    return [OfStep(where, when, step, int(times)) for where, when, step, times in connection.execute(asked)]


def load_medians(connection: Connection, chosen: Months, *, is_whole: bool) -> Sequence[OfStep]:
    """Return the median of the seconds that passed since the step before, for each step.

    Args:
        connection: To read with.
        chosen: Which visits.
        is_whole: Whether over all institutions and months that were chosen, or of each.
    """
    gap = _gaps(chosen).c
    keys = [gap.step] if is_whole else [gap.institution, gap.month, gap.step]
    # Counted by the second: few rows come from the store, however many visits there were.
    asked: Select[Any] = select(*keys, gap.waited_s, func.count()).group_by(*keys, gap.waited_s).order_by(gap.waited_s)
    waits: dict[tuple[str, ...], Counter[int]] = {}
    for *key, seconds, times in connection.execute(asked):
        waits.setdefault(tuple(key), Counter())[int(seconds)] += int(times)
    return [_waited(key, _median(counted)) for key, counted in waits.items()]


def load_shown_at_settling(connection: Connection, chosen: Months) -> Sequence[ShownAtSettling]:
    """Return with what insured settlements were made that stand, by institution and month."""
    found = settlement.c
    month = _month(found.day)
    asked = (
        select(
            found.institution,
            month,
            func.count(),
            *(_times(found.credential_kind == kind) for kind in (_VOUCHER, _ID_CARD, _INSURANCE_CARD)),
        )
        .where(
            found.state == SettlementState.ACTIVE.value,
            found.cancels.is_(None),
            *_within(found.day, chosen),
            *_at(found.institution, chosen),
        )
        .group_by(found.institution, month)
    )
    return [ShownAtSettling(where, when, *map(int, counts)) for where, when, *counts in connection.execute(asked)]


def _gaps(chosen: Months) -> Subquery:
    """Select each done step that followed another one, and how many seconds after it."""
    kept = visit_step.c
    within: dict[str, Any] = {
        "partition_by": (kept.institution, kept.visit),
        "order_by": (kept.at_us, kept.source),
    }
    done = (
        select(
            kept.institution,
            kept.step,
            func.first_value(kept.day).over(**within).label("day"),
            kept.at_us,
            func.lag(kept.at_us).over(**within).label("before_us"),
        )
        .where(kept.is_done, *_near(chosen))
        .subquery()
        .c
    )
    return (
        select(
            done.institution,
            _month(done.day).label("month"),
            done.step,
            ((done.at_us - done.before_us) // _US_PER_S).label("waited_s"),
        )
        .where(done.before_us.is_not(None), *_within(done.day, chosen))
        .subquery()
    )


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


def _near(chosen: Months) -> list[ColumnElement[bool]]:
    """Return what steps fulfil that may belong to a visit of these months, or show that it began before."""
    kept, following = visit_step.c, _month_after(chosen.last)
    return [
        kept.day >= f"{date.fromisoformat(f'{chosen.first}-01') - LONGEST_VISIT}",
        kept.day < f"{following + LONGEST_VISIT}",
        *_at(kept.institution, chosen),
    ]


def _within(day: ColumnElement[str], chosen: Months) -> list[ColumnElement[bool]]:
    return [day >= f"{chosen.first}-01", day <= f"{chosen.last}-31"]


def _at(institution: ColumnElement[str], chosen: Months) -> list[ColumnElement[bool]]:
    return [institution == chosen.institution] if chosen.institution else []


def _month(day: ColumnElement[str]) -> ColumnElement[str]:
    return func.substr(day, literal_column("1"), literal_column("7"))


def _month_after(month: str) -> date:
    year, number = (int(part) for part in month.split("-"))
    return date(year + number // _DECEMBER, number % _DECEMBER + 1, 1)


def _times(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _named(steps: Sequence[str], reached: int) -> frozenset[str]:
    return frozenset(step for number, step in enumerate(steps) if reached >> number & 1)
