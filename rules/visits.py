"""Fee lines that take others back. Pure.

A hospital does not delete a charge of yesterday, it sends another with a negative quantity. Such a line takes back
units of the same thing at the same price: of the line that it names, or, if it names none, of any of them. More than
was charged cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Charge:
    """A fee line, as far as taking back is concerned."""

    serial: str
    what: Hashable
    """What was charged and at which price: only the same can be taken back."""
    count: Decimal
    """Negative: so many are taken back."""
    amount: Decimal
    takes_back: str = ""
    """Serial of the line that it takes back; empty if it names none."""
    day: date = date.min
    """When the fee arose."""


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """A line that takes back more than there is."""

    charge: Charge
    count: Decimal
    """How many units could be taken back before it."""
    amount: Decimal
    """How much money."""


def overdrawn(charges: Iterable[Charge]) -> tuple[Overdrawn, ...]:
    """Return the lines that take back what was not charged, or was taken back already.

    Lines count in the order of their serials, except that whatever takes back comes after what was charged, and what
    names its line before what names none.
    """
    ordered = sorted(charges, key=lambda one: (one.count < 0, not one.takes_back, one.serial))
    left: dict[str, Charge] = {one.serial: one for one in ordered if one.count >= 0}
    found = []
    for charge in ordered:
        if charge.count >= 0:
            continue
        names = [charge.takes_back] if charge.takes_back else sorted(left)
        sources = [left[name] for name in names if name in left and left[name].what == charge.what]
        count = sum((one.count for one in sources), NOTHING)
        amount = sum((one.amount for one in sources), NOTHING)
        if count + charge.count < 0 or amount + charge.amount < 0:
            found.append(Overdrawn(charge, count, amount))
        else:
            _take(left, sources, charge)
    return tuple(found)


def _take(left: dict[str, Charge], sources: list[Charge], charge: Charge) -> None:
    """Take the units and the money of a line off what is left, one line after the other."""
    count, amount = -charge.count, -charge.amount
    for one in sources:
        units, money = min(one.count, count), min(one.amount, amount)
        count, amount = count - units, amount - money
        left[one.serial] = replace(one, count=one.count - units, amount=one.amount - money)


def taken_from(charges: Iterable[Charge]) -> dict[str, dict[str, Decimal]]:
    """Return of each line that takes back how many units it takes from which lines.

    From the line that it names. One that names none takes the newest first of those that had arisen by its own day,
    because that is what people bring back; only what those cannot give it takes from later ones.
    """
    rows = sorted(charges, key=lambda one: (one.day, one.serial))
    left = {one.serial: one.count for one in rows if one.count > 0}
    newest_first = [one for one in reversed(rows) if one.count > 0]
    takers = [one for one in rows if one.count < 0]
    found: dict[str, dict[str, Decimal]] = {one.serial: {} for one in takers}

    def take(taker: Charge, sources: Iterable[Charge]) -> None:
        wanted = -taker.count - sum(found[taker.serial].values(), NOTHING)
        for source in sources:
            units = min(wanted, left[source.serial])
            if units > 0:
                left[source.serial] -= units
                wanted -= units
                found[taker.serial][source.serial] = units

    for one in takers:
        take(one, [source for source in newest_first if source.serial == one.takes_back])
    unnamed = [one for one in takers if not one.takes_back]
    for one in unnamed:
        take(one, [source for source in newest_first if source.what == one.what and source.day <= one.day])
    for one in unnamed:
        take(one, [source for source in newest_first if source.what == one.what and source.day > one.day])
    return found


def net_counts(charges: Iterable[Charge]) -> dict[Hashable, Decimal]:
    """Return how much of each thing remains charged."""
    sums: dict[Hashable, Decimal] = {}
    for one in charges:
        sums[one.what] = sums.get(one.what, NOTHING) + one.count
    return sums
