"""Expected against got, exactly: at the decimals of the expected number, and of money always to the fen.

Every figure that is expected is compared. One that the kind does not compute is a difference like any other, named
as such; it never passes because nobody looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from codes.errors import YimaError
from codes.words import Words
from rules.examples.errors import ShapeError
from rules.examples.given import LIST
from rules.examples.numbers import decimals_of, figure_of
from rules.examples.shown import shown
from rules.examples.worked import MONEY_PLACES, Figure, Parts, Worked
from rules.money import to_places

_LIST = "expected[]"
"""What a list is called where a kind has none."""


@dataclass(frozen=True, slots=True)
class Check:
    """One figure, compared."""

    name: str
    expected: str
    """As the file has it."""
    got: str
    """With as many decimals as the comparison took; empty if nothing was computed."""
    is_equal: bool
    why: Words | None = None
    """What went wrong apart from the numbers being different."""


def judge(expected: Mapping[str, object], worked: Worked) -> tuple[Check, ...]:
    """Compare every expected figure."""
    checks = []
    for name, wanted in expected.items():
        try:
            checks.append(_check(name, wanted, worked))
        except YimaError as problem:
            checks.append(Check(name or worked.main, shown(wanted), "", is_equal=False, why=problem.words))
    return tuple(checks)


def _check(name: str, wanted: object, worked: Worked) -> Check:
    known = name or (worked.listed if isinstance(wanted, list) else worked.main) or _LIST
    got = worked.figures.get(known)
    if got is None:
        return Check(known, shown(wanted), "", is_equal=False, why=_not_computed(known, worked))
    if isinstance(got, bool):
        return Check(known, shown(wanted), shown(got), is_equal=wanted is got)
    if isinstance(got, Parts):
        return _check_parts(known, wanted, got)
    number = figure_of(known, wanted)
    is_equal = _is_equal(got, number)
    why = None if is_equal else _too_short(got, number)
    return Check(known, shown(wanted), _like(got, number), is_equal=is_equal, why=why)


def _check_parts(name: str, wanted: object, got: Parts) -> Check:
    if isinstance(wanted, dict):
        by_name = dict(zip(got.names, got.figures, strict=False))
        numbers = {str(key): figure_of(f"{name}.{key}", value) for key, value in wanted.items()}
        is_equal = numbers.keys() == by_name.keys() and all(
            _is_equal(by_name[key], number) for key, number in numbers.items()
        )
        each = (f"{key}: {_like(figure, numbers.get(key))}" for key, figure in by_name.items())
        return Check(name, shown(wanted), f"{{{', '.join(each)}}}", is_equal=is_equal)
    if not isinstance(wanted, list):
        raise ShapeError(name, LIST)
    row = [figure_of(f"{name}[{place}]", value) for place, value in enumerate(wanted, 1)]
    figures = list(got.figures)
    while got.is_open and len(figures) > len(row) and not figures[-1].value:
        figures.pop()
    padded = [*row, *(None for _ in figures[len(row) :])]
    each = (_like(figure, number) for figure, number in zip(figures, padded, strict=False))
    is_equal = len(row) == len(figures) and all(map(_is_equal, figures, row))
    return Check(name, shown(wanted), f"[{', '.join(each)}]", is_equal=is_equal)


def _is_equal(got: Figure, number: Decimal) -> bool:
    return got.at(decimals_of(number)) == number


def _like(got: Figure, number: Decimal | None) -> str:
    """Return the figure with the decimals that it was compared with."""
    value = got.at(MONEY_PLACES if number is None else decimals_of(number))
    return f"{value:f}" if decimals_of(value) >= got.places else f"{to_places(value, got.places):f}"


def _too_short(got: Figure, number: Decimal) -> Words | None:
    """Return why a figure fails that agrees as far as it goes: it has fewer decimals than are compared."""
    places = decimals_of(number)
    if got.is_rounded or places >= got.places or to_places(got.value, places) != number:
        return None
    return Words(
        f"期望只有 {places} 位小数；至少按 {got.places} 位比较，请写足位数",
        f"expected with {places} decimal(s), compared at {got.places} at least: write as many",
    )


def _not_computed(name: str, worked: Worked) -> Words:
    known = ", ".join(worked.figures)
    return Words(f"此类型不计算“{name}”；可用：{known}。", f"This kind does not compute {name!r}; it has: {known}.")
