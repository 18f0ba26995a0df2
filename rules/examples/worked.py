"""What a kind hands back: figures by name, and the steps that led to them.

A money figure has been rounded where the payment was made. Any other figure keeps all its decimals, and says with how
many of them it is compared at least: a file prints 1.0030 as 1.003, and a ratio of 0.75966 as 0.7597.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from codes.words import Words
from rules.examples.formula import Formula
from rules.examples.numbers import decimals_of
from rules.money import to_cent, to_places

MONEY_PLACES = 2
RATIO_PLACES = 2
"""Ratios whose decimals no rule fixes: two at least, more where the file has more."""
SHOWN_PLACES = 6


@dataclass(frozen=True, slots=True)
class Figure:
    """One number that was worked out."""

    value: Decimal
    places: int = MONEY_PLACES
    """Decimals that it is compared with at least."""
    is_rounded: bool = True
    """Whether the value is final as it is; otherwise it is rounded to the decimals of what is expected."""

    def at(self, places: int) -> Decimal:
        """Return the value to compare with one of so many decimals."""
        return self.value if self.is_rounded else to_places(self.value, max(places, self.places))


@dataclass(frozen=True, slots=True)
class Parts:
    """Several figures in a row: what each band, class or party pays or gets."""

    figures: tuple[Figure, ...]
    names: tuple[str, ...]
    """What each stands for; a file may list them by name."""
    is_open: bool = False
    """Whether those at the end that are zero may be left out, like bands that were not reached."""


Result = Figure | Parts | bool


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the working."""

    title: Words
    formula: str
    """With the numbers put in; empty where there is nothing to work out."""
    result: str
    is_exact: bool = True
    """Whether the result is the formula's very value; otherwise it is that value, rounded to its decimals."""

    @property
    def working(self) -> str:
        """The line as it is printed: formula, sign and result."""
        return f"{self.formula} {'=' if self.is_exact else '≈'} {self.result}" if self.formula else self.result


@dataclass(frozen=True, slots=True)
class Worked:
    """A case worked out."""

    figures: Mapping[str, Result]
    steps: tuple[Step, ...]
    main: str
    """The figure that is meant where a file expects one number without a name."""
    listed: str = ""
    """The figure that is meant where a file expects a list without a name."""
    remarks: tuple[Words, ...] = ()
    """What a reader should know of how it was worked out."""


def money(amount: Decimal) -> Figure:
    """Return an amount that was rounded where it was paid, or that needs no rounding."""
    return Figure(amount)


def to_be_paid(amount: Decimal) -> Figure:
    """Return an amount that is rounded here, once."""
    return Figure(to_cent(amount))


def unrounded(value: Decimal, places: int = RATIO_PLACES) -> Figure:
    """Return a ratio, a score or a mean with all its decimals."""
    return Figure(value, places, is_rounded=False)


def parts_of(values: Iterable[Decimal], names: Sequence[str] = (), *, is_open: bool = False) -> Parts:
    """Return amounts in a row; without names they are counted from 1."""
    figures = tuple(to_be_paid(value) for value in values)
    return Parts(figures, tuple(names) or tuple(str(place) for place in range(1, len(figures) + 1)), is_open=is_open)


def step(zh: str, en: str, formula: Formula, result: Decimal) -> Step:
    """Return a line of the working."""
    shown = plain(result)
    return Step(Words(zh, en), formula.text, shown, is_exact=Fraction(shown) == formula.value)


def stated(zh: str, en: str, result: Decimal) -> Step:
    """Return a line that only says a figure."""
    return Step(Words(zh, en), "", plain(result))


def plain(value: Decimal) -> str:
    """Return a number as a person writes it: no exponent, six decimals at most, no zeros that say nothing.

    >>> plain(Decimal("4E+2")), plain(Decimal("80.00")), plain(Decimal("0.830")), plain(Decimal("1.234567891"))
    ('400', '80.00', '0.83', '1.234568')
    """
    places = min(decimals_of(value), SHOWN_PLACES)
    text = f"{to_places(value, places):f}"
    while places > MONEY_PLACES and text.endswith("0"):
        text, places = text[:-1], places - 1
    return text
