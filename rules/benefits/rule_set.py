"""The rules of one pooling area between two days, as data.

`rule_file.read_rules` makes them from a file; `engine.settle` follows them. Everything that differs from place to place
or from year to year stands here: no ratio, deductible or cap is written anywhere else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from codes.words import Words
from rules.bands import Band
from rules.benefits.case import Line, Person, Visit
from rules.benefits.categories import Stated
from rules.benefits.days_late import DaysLate
from rules.benefits.facts import ALWAYS, Condition, Facts, facts_of
from rules.benefits.outcome import Fund
from rules.benefits.plausible import Plausible
from rules.benefits.stay_facts import StayFacts
from rules.money import ONE, ZERO, at_least_zero, to_cent

BASIC = "basic"
"""Slot of the layer that decides what a visit is; without one, no other layer pays."""


class Crossing(StrEnum):
    """Which day decides for a stay that crosses from one year or version into the next."""

    END = "end"
    BEGIN = "begin"


class Base(StrEnum):
    """The money that a layer looks at."""

    SCOPE = "scope"
    """All in-scope money of the portion."""
    LEFT = "left"
    """What the layers before have left of it."""
    LEFT_ABOVE_DEDUCTIBLE = "left_above_deductible"
    """The same without the basic layer's deductible."""
    OVER_CAP = "over_cap"
    """What the basic layer did not pay for because of a cap."""


class Laid(StrEnum):
    """What the bands of a layer lie over."""

    FROM_ZERO = "from_zero"
    """The amount itself: the deductible takes its part from the lowest bands."""
    ABOVE_DEDUCTIBLE = "above_deductible"
    """What is left above the deductible, which counts from nothing."""


class Reach(StrEnum):
    """Whether the year's earlier visits count."""

    VISIT = "visit"
    YEAR = "year"


class Span(StrEnum):
    """How long a cap runs before it begins anew."""

    VISIT = "visit"
    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Counts(StrEnum):
    """What a cap limits."""

    PAID = "paid"
    """What the fund pays."""
    SCOPE = "scope"
    """The money that it looks at: above the deductible, or the amount itself where bands lie over that."""


class Merge(StrEnum):
    """What limit somebody has who is registered for several diseases."""

    SEPARATE = "separate"
    HIGHEST = "highest"
    """The highest, with a part of each other one."""
    SUM = "sum"


class Part(StrEnum):
    """A part of what the person bears."""

    IN_SCOPE = "in_scope"
    PAYS_FIRST = "pays_first"
    OVER_LIMIT = "over_limit"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class LineTest:
    """Which lines are meant; what is not named may be anything."""

    is_dual_channel: bool | None = None
    is_negotiated: bool | None = None
    classes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    items: frozenset[str] = frozenset()

    def fits(self, line: Line, dual_channel: Collection[str]) -> bool:
        """Tell whether a line is meant."""
        return (
            (self.is_dual_channel is None or (line.serial in dual_channel) is self.is_dual_channel)
            and (self.is_negotiated is None or line.is_negotiated is self.is_negotiated)
            and (not self.classes or line.charge_class in self.classes)
            and (not self.kinds or line.kind in self.kinds)
            and (not self.items or line.item in self.items)
        )


@dataclass(frozen=True, slots=True)
class FirstPay:
    """A share that the person pays first, before any fund."""

    id: str
    title: Words
    when: Condition
    lines: LineTest
    share: Decimal
    is_further: bool
    """Taken from what the item's own share leaves, instead of replacing that share."""


@dataclass(frozen=True, slots=True)
class Portion:
    """Lines that are settled apart, perhaps as if the visit were another: dual-channel drugs at a hospital's ratio."""

    id: str
    title: Words
    when: Condition
    lines: LineTest
    med_type: str | None
    level: str | None
    institution: str | None


@dataclass(frozen=True, slots=True)
class Package:
    """A price for a disease, above which the hospital bears the cost."""

    id: str
    title: Words
    when: Condition
    price: Decimal
    is_for_everything: bool
    """It covers what lies outside the scope, too."""


@dataclass(frozen=True, slots=True)
class Deductible:
    """What the person pays before the layer pays."""

    when: Condition
    amount: Decimal
    basis: str
    """How the amount came about, such as `8084.00 × 5%`; empty if it was written as such."""
    reach: Reach
    """With `year`, what was paid before in the same pool counts."""
    pool: str
    stay_factors: tuple[Decimal, ...]
    """For the first stay, the second …; the last holds for all further ones."""
    less_per_stay: Decimal
    least: Decimal
    """Not below this, however many stays."""
    most_in_year: Decimal | None
    """All of a year together are not more than this."""

    def standard(self, stay: int) -> Decimal:
        """Return the amount for the so manieth stay."""
        if self.stay_factors:
            factor = self.stay_factors[min(stay, len(self.stay_factors)) - 1]
            return max(to_cent(self.amount * factor), self.least)
        if self.less_per_stay:
            return max(at_least_zero(self.amount - self.less_per_stay * (stay - 1)), min(self.least, self.amount))
        return self.amount


@dataclass(frozen=True, slots=True)
class Rate:
    """What share is paid, by bands and perhaps by age."""

    when: Condition
    bands: tuple[Band, ...]
    per_year_of_age: Decimal
    years_from: int
    most: Decimal
    """Age does not raise the rate beyond this."""

    def at(self, band: Band, age: int) -> Decimal:
        """Return a band's rate at an age; a band that pays nothing does so at any age."""
        if not self.per_year_of_age or not band.rate:
            return band.rate
        grown = band.rate + self.per_year_of_age * max(0, age - self.years_from)
        return max(band.rate, min(grown, self.most))


@dataclass(frozen=True, slots=True)
class Cap:
    """Most that a layer pays, or pays for."""

    when: Condition
    amount: Decimal
    span: Span
    pool: str
    """Layers with the same pool share the cap."""
    counts: Counts


@dataclass(frozen=True, slots=True)
class DiseaseLimit:
    """A disease that a layer is for."""

    codes: frozenset[str]
    code: str
    """The first of the codes: by it the money used is kept."""
    title: Words
    limit: Decimal | None


@dataclass(frozen=True, slots=True)
class Diseases:
    """The diseases that a layer is for, and how their limits go together."""

    kinds: tuple[DiseaseLimit, ...]
    merge: Merge
    further_share: Decimal
    """With `highest`: this share of each further limit is added."""
    further_amount: Decimal
    """With `highest`: this is added for each further disease."""
    most: Decimal | None
    span: Span
    counts: Counts
    pool: str

    def of(self, code: str) -> DiseaseLimit | None:
        """Return the disease with this code, if the layer is for it."""
        return next((kind for kind in self.kinds if code in kind.codes), None)

    def cap(self, here: DiseaseLimit, registered: frozenset[str]) -> Cap | None:
        """Return the limit of a visit for this disease, given all registrations; none: without limit."""
        if self.merge is Merge.SEPARATE:
            limit, pool = here.limit, f"{self.pool}:{here.code}"
        else:
            limit, pool = self._merged(registered), self.pool
        return None if limit is None else Cap(ALWAYS, limit, self.span, pool, self.counts)

    def _merged(self, registered: frozenset[str]) -> Decimal | None:
        limits: list[Decimal] = []
        for kind in self.kinds:
            if kind.codes & registered:
                if kind.limit is None:
                    return None
                limits.append(kind.limit)
        limits.sort(reverse=True)
        highest, *others = limits
        together = sum(others, highest)
        if self.merge is Merge.HIGHEST:
            together = highest + sum(
                (to_cent(self.further_share * limit) + self.further_amount for limit in others), ZERO
            )
        return together if self.most is None else max(highest, min(together, self.most))


@dataclass(frozen=True, slots=True)
class Layer:
    """One rule of payment: base, deductible, bands, caps."""

    id: str
    title: Words
    slot: str
    """Of the layers of a slot, the first that fits is applied."""
    fund: Fund
    fund_type: str
    when: Condition
    base: Base
    laid: Laid
    over: Reach
    """With `year`, the bands go on where the year has come to."""
    group: str
    """Layers with the same group go on in each other's bands."""
    deductibles: tuple[Deductible, ...]
    rates: tuple[Rate, ...]
    caps: tuple[Cap, ...]
    diseases: Diseases | None

    def rate_for(self, facts: Facts) -> Rate | None:
        """Return the rate that the layer pays in a case; none: it does not apply."""
        if not self.when.fits(facts):
            return None
        if self.diseases is not None and (not facts.is_registered or self.diseases.of(facts.disease) is None):
            return None
        return next((rate for rate in self.rates if rate.when.fits(facts)), None)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Something that changes other rules: away from home, or poor. All that fit are applied together."""

    id: str
    title: Words
    when: Condition
    funds: frozenset[Fund]
    points: Decimal = ZERO
    """Added to every rate that is not nought: -0.1 is ten points less."""
    rate_factor: Decimal = ONE
    deductible_factor: Decimal = ONE
    cap_factor: Decimal = ONE
    lifts_caps: bool = False


@dataclass(frozen=True, slots=True)
class AccountUse:
    """What of the person's part accounts may pay."""

    id: str
    title: Words
    when: Condition
    own: frozenset[Part]
    family: frozenset[Part]


@dataclass(frozen=True, slots=True)
class Identity:
    """A kind of people whom medical assistance helps."""

    code: str
    title: Words


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of an area's rules."""

    area: str
    version: str
    title: Words
    file: str
    begins: date
    ends: date | None
    """Last day; none: until the next version, or for good."""
    districts: tuple[str, ...]
    """Prefixes of the district codes that are home; none: the prefecture of the person."""
    crossing: Crossing
    stays: frozenset[str]
    """`med_type` of what counts as a stay."""
    identities: tuple[Identity, ...]
    """Highest first."""
    first_pays: tuple[FirstPay, ...]
    portions: tuple[Portion, ...]
    packages: tuple[Package, ...]
    layers: tuple[Layer, ...]
    adjustments: tuple[Adjustment, ...]
    accounts: tuple[AccountUse, ...]
    slots: tuple[tuple[Layer, ...], ...]
    """The layers by slot, in the order of the file; the basic slot is the first."""
    days_late: DaysLate
    stated: Stated
    plausible: Plausible
    stay_facts: StayFacts

    def highest_identity(self, held: Collection[str]) -> str | None:
        """Return the highest of the identities that somebody holds; those unknown here do not count."""
        return next((identity.code for identity in self.identities if identity.code in held), None)

    def is_stay(self, med_type: str) -> bool:
        """Tell whether a visit of this category counts as a stay of the year."""
        return med_type in self.stays

    def could_pay(self, insutype: str, med_type: str) -> bool:
        """Tell whether a basic layer that goes by no disease is for a kind of insurance and a category at all."""
        among = (dict(one.when.among) for one in self.layers if one.slot == BASIC and one.diseases is None)
        asked = {"insutype": insutype, "med_type": med_type}
        return any(all(value in one.get(name, {value}) for name, value in asked.items()) for one in among)

    @property
    def insutypes(self) -> frozenset[str]:
        """Return the kinds of insurance that basic layers name; none: they hold for any."""
        basics = (dict(layer.when.among) for layer in self.layers if layer.slot == BASIC)
        return frozenset(one for among in basics for one in among.get("insutype", ()))

    def facts_of(self, person: Person, visit: Visit) -> Facts:
        """Return the facts of a case, with the category that it counts as."""
        said = facts_of(person, visit, self.districts)
        counted = self.stated.counts_as(said.med_type, said.institution, is_registered=said.is_registered)
        return said if counted == said.med_type else replace(said, med_type=counted)
