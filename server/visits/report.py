"""How people paid and how far their visits came: 医保码结算率 by institution and month, and each step of visits.

医保码结算率 is how many of the insured settlements that stand were made with 医保码 (face included). A visit counts as
broken off at its last step if nothing has to follow it, nothing did, and a day has passed since, by the hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from codes.words import Words
from rules.visit_flow import RULES, VisitStep, broke_off_after
from server.store.database import Connection
from server.store.shown_at_settling import ShownAtSettling, load_shown_at_settling
from server.store.visit_steps import Course, Months, OfStep, load_courses, load_medians, load_refusals

GIVEN_UP_AFTER: Final = timedelta(hours=24)
_PLACES: Final = Decimal("0.0001")
_STEPS: Final = tuple(step.value for step in VisitStep)
Key = tuple[str, str]
"""Institution and month."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one institution and month, or of all that were chosen."""

    institution: str
    month: str
    settled: int
    by_voucher: int
    by_id_card: int
    by_insurance_card: int
    visits: int
    broke_off: int

    @property
    def otherwise(self) -> int:
        """Settlements made with something else, or of which nobody said with what."""
        return self.settled - self.by_voucher - self.by_id_card - self.by_insurance_card

    @property
    def rate(self) -> Decimal | None:
        """医保码结算率, to four places; None where nothing was settled."""
        return _share(self.by_voucher, self.settled)


@dataclass(frozen=True, slots=True)
class StepFigures:
    """One step."""

    step: VisitStep
    reached: int
    """Visits that did it."""
    broke_off: int
    """Visits that ended there, though something had to follow."""
    refused: int
    """How often hospitals' systems refused it."""
    waited: timedelta | None
    """Median of the time since the step before."""

    @property
    def words(self) -> Words:
        """What the step is called."""
        return RULES[self.step].words

    @property
    def lost(self) -> Decimal | None:
        """Share of the visits that ended here of those that came here; None if none came."""
        return _share(self.broke_off, self.reached)


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    whole: Figures
    rows: tuple[Figures, ...]
    """Newest month first, then by institution."""
    steps: tuple[StepFigures, ...]
    """Of the whole, in the order of the day."""

    @property
    def has_steps(self) -> bool:
        """Whether any terminal told of a step."""
        return any(one.reached or one.refused for one in self.steps)


@dataclass(frozen=True, slots=True)
class StepsOf:
    """The steps of one institution and month."""

    institution: str
    month: str
    steps: tuple[StepFigures, ...]


def load_report(connection: Connection, chosen: Months, now: datetime) -> Report:
    """Return the figures of the institutions and months that were chosen."""
    courses = load_courses(connection, chosen, _STEPS, now - GIVEN_UP_AFTER)
    shown = {(one.institution, one.month): one for one in load_shown_at_settling(connection, chosen)}
    visited: dict[Key, list[Course]] = {}
    for course in courses:
        visited.setdefault((course.institution, course.month), []).append(course)
    keys = sorted(shown.keys() | visited.keys(), key=lambda key: key[0])
    rows = [_figures(key, shown.get(key), visited.get(key, ())) for key in sorted(keys, key=_month_of, reverse=True)]
    steps = _steps(courses, load_refusals(connection, chosen), load_medians(connection, chosen, is_whole=True))
    return Report(_sum(rows), tuple(rows), steps)


def load_steps(connection: Connection, chosen: Months, now: datetime) -> tuple[StepsOf, ...]:
    """Return the steps of each institution and month."""
    courses: dict[Key, list[Course]] = {}
    for course in load_courses(connection, chosen, _STEPS, now - GIVEN_UP_AFTER):
        courses.setdefault((course.institution, course.month), []).append(course)
    refusals = _by_key(load_refusals(connection, chosen))
    medians = _by_key(load_medians(connection, chosen, is_whole=False))
    keys = sorted(courses.keys() | refusals.keys(), key=lambda key: key[0])
    return tuple(
        StepsOf(*key, _steps(courses.get(key, ()), refusals.get(key, ()), medians.get(key, ())))
        for key in sorted(keys, key=_month_of, reverse=True)
    )


def _steps(courses: Iterable[Course], refusals: Iterable[OfStep], medians: Iterable[OfStep]) -> tuple[StepFigures, ...]:
    reached, left, refused = (dict.fromkeys(VisitStep, 0) for _ in range(3))
    for course in courses:
        for step in course.steps:
            reached[VisitStep(step)] += course.visits
        end = _end_of(course)
        if end is not None:
            left[end] += course.visits
    for one in refusals:
        if one.step in _STEPS:
            refused[VisitStep(one.step)] += one.value
    waited = {one.step: timedelta(seconds=one.value) for one in medians}
    return tuple(StepFigures(step, reached[step], left[step], refused[step], waited.get(step)) for step in VisitStep)


def _end_of(course: Course) -> VisitStep | None:
    return broke_off_after(VisitStep(step) for step in course.steps) if course.is_quiet else None


def _figures(key: Key, shown: ShownAtSettling | None, courses: Iterable[Course]) -> Figures:
    visits = left = 0
    for course in courses:
        visits += course.visits
        left += course.visits if _end_of(course) is not None else 0
    if shown is None:
        return Figures(*key, 0, 0, 0, 0, visits, left)
    made = (shown.settled, shown.by_voucher, shown.by_id_card, shown.by_insurance_card)
    return Figures(*key, *made, visits, left)


def _sum(rows: Sequence[Figures]) -> Figures:
    return Figures(
        "",
        "",
        sum(one.settled for one in rows),
        sum(one.by_voucher for one in rows),
        sum(one.by_id_card for one in rows),
        sum(one.by_insurance_card for one in rows),
        sum(one.visits for one in rows),
        sum(one.broke_off for one in rows),
    )


def _by_key(figures: Iterable[OfStep]) -> dict[Key, list[OfStep]]:
    found: dict[Key, list[OfStep]] = {}
    for one in figures:
        found.setdefault((one.institution, one.month), []).append(one)
    return found


def _month_of(key: Key) -> str:
    return key[1]


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_PLACES, ROUND_HALF_UP) if whole else None
