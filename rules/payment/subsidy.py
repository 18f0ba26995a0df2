"""Premiums paid for people in need (参保资助): who gets how much is data, dated and of one place.

A person of several kinds gets the highest amount, once; nobody gets more than the premium.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from codes.words import Words
from rules.payment.quotient import PaymentError

_ENDINGS = ("人口", "人员", "对象", "儿童", "家庭", "供养", "户", "者")
"""What one office appends to the name of a kind and another does not: 监测人口 and 监测对象 are one kind."""
_BLANKS = re.compile(r"\s+")


class UnknownIdentityError(PaymentError):
    """No amount is known for a kind of person."""

    code: ClassVar[str] = "payment.subsidy_unknown"

    def __init__(self, kind: str, known: Iterable[str]) -> None:
        names = "、".join(known)
        super().__init__(
            Words(
                f"没有“{kind}”的资助标准；已知：{names or '无'}。",
                f"No subsidy is known for {kind!r}; known are: {names or 'none'}.",
            )
        )
        self.kind = kind


def kind_key(name: str) -> str:
    """Return what two spellings of one kind of person have in common.

    >>> kind_key("监测人口") == kind_key("监测") == kind_key("监测对象")
    True
    >>> kind_key("低保边缘家庭") == kind_key("低保")
    False
    """
    key = _BLANKS.sub(" ", name).strip().casefold()
    while True:
        shorter = next((key.removesuffix(end) for end in _ENDINGS if key.endswith(end) and key != end), key)
        if shorter == key:
            return key
        key = shorter


@dataclass(frozen=True, slots=True)
class Subsidies:
    """Amounts by kind of person."""

    amounts: Mapping[str, Decimal]
    """By the kind's name as written; compared by `kind_key`."""

    def of(self, kind: str) -> Decimal:
        """Return the amount of one kind.

        Raises:
            UnknownIdentityError: There is none.
        """
        key = kind_key(kind)
        found = [amount for name, amount in self.amounts.items() if kind_key(name) == key]
        if not found:
            raise UnknownIdentityError(kind, self.amounts)
        return max(found)

    def knows(self, kind: str) -> bool:
        """Return whether there is an amount for this kind."""
        return kind_key(kind) in map(kind_key, self.amounts)

    def highest(self, kinds: Iterable[str], premium: Decimal) -> Decimal:
        """Return what a person of these kinds gets: the highest amount, at most the premium; of no kind, nothing."""
        return min(max((self.of(kind) for kind in kinds), default=Decimal(0)), premium)


@dataclass(frozen=True, slots=True)
class SubsidyYear:
    """The subsidies of one place in one time."""

    title: Words
    places: tuple[str, ...]
    """Names of the place, as people write it."""
    first_day: date
    last_day: date
    premium: Decimal
    """What a person would pay without help; amounts of another premium are another year's."""
    subsidies: Subsidies

    def covers(self, place: str, premium: Decimal, years: Iterable[int]) -> bool:
        """Return whether these are the amounts of a place, a premium and one of the years, if any is named."""
        named = tuple(years)
        is_then = not named or any(self.first_day.year <= year <= self.last_day.year for year in named)
        return is_then and premium == self.premium and place.strip().casefold() in map(str.casefold, self.places)
