"""Figures over all cases of an example: people, totals and means.

A total of a population cannot be worked out from a handful of cases, so with a count of people beside it a total is
taken as given and the mean is checked against it. Where every case says how many people it stands for, or where no
people are counted at all, totals are sums over the cases and are checked as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from codes.words import Words
from rules.examples.errors import MissingError
from rules.examples.formula import number
from rules.examples.given import Given
from rules.examples.numbers import number_of
from rules.examples.worked import Figure, Result, Step, Worked, money, step, unrounded
from rules.money import total
from rules.payment.capitation import per_head

_PEOPLE, _MEAN, _TOTAL, _CASES = "people", "mean", "total", "cases"
_REMARKS = frozenset({"note", "notes"})


@dataclass(frozen=True, slots=True)
class Counted:
    """One case in the sum."""

    inputs: Mapping[str, object]
    worked: Worked


def expected_of(aggregate: Mapping[str, object]) -> dict[str, object]:
    """Return what is to be compared; remarks are not."""
    return {name: value for name, value in aggregate.items() if name not in _REMARKS}


def aggregated(aggregate: Mapping[str, object], cases: Sequence[Counted]) -> Worked:
    """Work out the aggregate's own figures, as far as they follow from the cases or from each other.

    Raises:
        MissingError: A mean is expected, but of nothing that is given.
    """
    heads = _heads(cases)
    figures: dict[str, Result] = {_CASES: Figure(Decimal(len(cases)), 0)}
    steps: list[Step] = []
    if heads is not None:
        figures[_PEOPLE] = Figure(total(heads), 0)
    elif _PEOPLE in aggregate:
        figures[_PEOPLE] = Figure(Given(aggregate).amount(_PEOPLE), 0)
    for name in (name for name in aggregate if _is_total(name)):
        figures[name] = _total(name, aggregate, cases, heads)
    for name in (name for name in aggregate if name == _MEAN or name.startswith(f"{_MEAN}_")):
        of, people = _sum_behind(name, figures), _divisor(figures, cases)
        mean = per_head(of.value, people)
        figures[name] = unrounded(mean)
        steps.append(step("人均", "mean", number(of.value) / number(people), mean))
    return Worked(figures, tuple(steps), _MEAN, remarks=() if heads is not None else _as_given(aggregate))


def _as_given(aggregate: Mapping[str, object]) -> tuple[Words, ...]:
    """Return which figures are compared with nothing but themselves."""
    names = ", ".join(name for name in aggregate if name == _PEOPLE or _is_total(name))
    if _PEOPLE not in aggregate:
        return ()
    return (Words(f"按给定值采用，未另行核算：{names}。", f"Taken as given, not worked out: {names}."),)


def _is_total(name: str) -> bool:
    return name == _TOTAL or name.startswith(f"{_TOTAL}_")


def _heads(cases: Sequence[Counted]) -> tuple[Decimal, ...] | None:
    """Return how many people each case stands for, if every case says so."""
    said = [case.inputs.get(_PEOPLE) for case in cases]
    if not said or any(one is None for one in said):
        return None
    return tuple(number_of(_PEOPLE, one) for one in said)


def _total(
    name: str, aggregate: Mapping[str, object], cases: Sequence[Counted], heads: tuple[Decimal, ...] | None
) -> Figure:
    """Return a total: given for a population that the cases do not make up, else the sum over the cases."""
    if heads is None and _PEOPLE in aggregate:
        return money(Given(aggregate).signed(name))
    each = [_figure(case.worked, name) for case in cases]
    return money(total(one * many for one, many in zip(each, heads or (Decimal(1),) * len(each), strict=True)))


def _figure(worked: Worked, name: str) -> Decimal:
    found = worked.figures.get(name.removeprefix(_TOTAL).removeprefix("_") or worked.main)
    if not isinstance(found, Figure):
        raise MissingError(name)
    return found.value


def _sum_behind(name: str, figures: Mapping[str, Result]) -> Figure:
    """Return the total that a mean is of: the one of its name, or the only one there is."""
    wanted = name.replace(_MEAN, _TOTAL, 1)
    totals = [figure for other, figure in figures.items() if _is_total(other) and (name == _MEAN or other == wanted)]
    only = totals[0] if len(totals) == 1 else figures.get(wanted)
    if not isinstance(only, Figure):
        raise MissingError(wanted)
    return only


def _divisor(figures: Mapping[str, Result], cases: Sequence[Counted]) -> Decimal:
    people = figures.get(_PEOPLE)
    return people.value if isinstance(people, Figure) else Decimal(len(cases))
