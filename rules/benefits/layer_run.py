"""One layer at work: deductible, bands, caps, one payment.

The payment is rounded once, whatever the number of bands. A layer never pays more than the layers before it have left,
and no rate passes one, so that more money in scope never means less from the funds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rules.bands import Band
from rules.benefits.adjusting import Adjusted, adjust
from rules.benefits.derivations import SPANS, limit_of, rates_of, reach_words, shared_with, standard_of
from rules.benefits.facts import Facts
from rules.benefits.figures import Value, percent
from rules.benefits.outcome import Payment
from rules.benefits.rule_set import BASIC, Cap, Counts, Laid, Layer, Rate, Reach
from rules.benefits.sentences import StepKind
from rules.benefits.tally import cap_key, cap_reach, deductible_key, position_key, rest_key
from rules.benefits.worksheet import Worksheet
from rules.money import ZERO, at_least_zero, to_cent

_NAMES: Final[Mapping[Counts, tuple[str, str, str]]] = {
    Counts.PAID: ("limit", "limit_left", "limit_used"),
    Counts.SCOPE: ("scope_limit", "scope_left", "scope_used"),
}
"""Of either kind of limit the amount, what is left of it, and what was used."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What a layer came to."""

    amount: Decimal
    deductible: Decimal
    over_cap: Decimal
    """Money above the deductible for which a cap kept the fund from paying."""
    counted: Decimal
    """Money above the deductible for which it was reckoned."""
    rate: Decimal | None
    """The one rate that was used; none: several, or none."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """The money that lies in one band."""

    width: Decimal
    rate: Decimal
    band: Band


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap, and what is left of it."""

    key: str
    cap: Cap
    used: Decimal
    left: Decimal

    @property
    def reach(self) -> Reach:
        """Tell whether it begins anew with each visit."""
        return cap_reach(self.cap)

    @property
    def counts(self) -> Counts:
        """Tell what it limits."""
        return self.cap.counts


@dataclass(frozen=True, slots=True)
class LayerRun:
    """A layer that was chosen for a case."""

    sheet: Worksheet
    """Where it is written down."""
    layer: Layer
    rate: Rate
    facts: Facts

    def pay(self, base: Decimal, left: Decimal, of: Mapping[str, Value]) -> Paid:
        """Reckon what the layer pays, write it down, and let the totals grow.

        Args:
            base: The money that the layer looks at.
            of: How it came about.
            left: The in-scope money that no fund has paid yet.
        """
        adjusted = adjust(self.sheet, self.layer, self.facts)
        deductible = self._deductible(base, adjusted)
        caps = self._limits(adjusted)
        # A cap that is lifted does not bind, but what is used of it counts: the year may end without the reason.
        limits = [] if adjusted.lifts_caps else caps
        # What bands over the amount itself are limited to is the amount itself; or else a smaller deductible would
        # move the limit into lower bands.
        free = deductible if self.layer.laid is Laid.ABOVE_DEDUCTIBLE else ZERO
        capped = min([base - free, *(limit.left for limit in limits if limit.counts is Counts.SCOPE)])
        counted = at_least_zero(capped + free - deductible)
        begin = self._begin()
        stretches = self._lay(begin, base, deductible, counted, adjusted)
        reckoned = to_cent(sum((stretch.width * stretch.rate for stretch in stretches), ZERO))
        payable = [limit.left for limit in limits if limit.counts is Counts.PAID]
        amount = to_cent(min([reckoned, left, *payable]))
        for limit in caps:
            self.sheet.tally.grow(limit.key, limit.reach, amount if limit.counts is Counts.PAID else capped)
        paid = Paid(
            amount=amount,
            deductible=deductible,
            over_cap=base - deductible - counted + (_beyond(stretches, min(payable)) if payable else ZERO),
            counted=counted,
            rate=stretches[0].rate if len({stretch.rate for stretch in stretches}) == 1 else None,
        )
        given: dict[str, Value] = {"fund": self.layer.fund.value, "base": base, **of}
        if deductible:
            given["above"] = deductible
        given |= self._told_limit(limits, Counts.SCOPE, adjusted)
        if "scope_left" in given:
            given["scope_holds"] = self.layer.laid.value
        given["counted"] = counted
        given |= self._told_bands(begin, counted, stretches, adjusted) | {"reckoned": reckoned}
        given |= self._told_limit(limits, Counts.PAID, adjusted)
        if amount < min([reckoned, *payable]):
            given["left"] = left
        self._write(given, base, paid, min((limit.left for limit in limits), default=None))
        return paid

    @property
    def rest(self) -> Decimal:
        """Return what earlier parts of the stay owe of the basic deductible."""
        return self.sheet.tally.of(rest_key(self.layer.slot), Reach.VISIT)

    def above_deductible(self, left: Decimal, deductible: Decimal) -> Decimal:
        """Return what is left without the basic deductible.

        Where a fund has paid into the deductible, there is less left than it: then the next part of the stay begins
        with the rest of it.
        """
        tally, key, rest = self.sheet.tally, rest_key(self.layer.slot), self.rest
        above = left - deductible - rest
        tally.grow(key, Reach.VISIT, at_least_zero(-above) - rest)
        return at_least_zero(above)

    def _deductible(self, base: Decimal, adjusted: Adjusted) -> Decimal:
        """Return what of the base the deductible takes."""
        rule = next((one for one in self.layer.deductibles if one.when.fits(self.facts)), None)
        if rule is None:
            return ZERO
        tally, key = self.sheet.tally, deductible_key(rule.pool)
        standard, given = standard_of(rule, self.facts.stay, adjusted)
        before = to_cent(tally.of(key, rule.reach))
        due = at_least_zero(standard - before)
        given["before"] = before
        if rule.pool != self.layer.id:
            given["pool"] = rule.pool
        if before:
            given["since"] = reach_words(rule.reach)
            given |= self._told_sharing(
                "before_with", lambda one: any(other.pool == rule.pool for other in one.deductibles)
            )
        if rule.most_in_year is not None:
            of_year = to_cent(tally.of(key, Reach.YEAR))
            left = at_least_zero(rule.most_in_year - of_year)
            if left < due:
                due = left
                given["most_in_year"], given["of_year"] = rule.most_in_year, of_year
        taken = to_cent(min(base, due))
        if taken < due:
            given["base"] = base
        tally.grow(key, Reach.YEAR, taken)
        tally.grow(key, Reach.VISIT, taken)
        self.sheet.write(StepKind.DEDUCTIBLE, self.layer.id, self.layer.title, given, {"deductible": taken})
        return taken

    def _limits(self, adjusted: Adjusted) -> list[Limit]:
        """Return the caps that bind: of each pool the first that fits, and the limit of the disease."""
        day, diseases = self.sheet.day, self.layer.diseases
        binding: dict[str, Cap] = {}
        for cap in self.layer.caps:
            if cap.when.fits(self.facts):
                binding.setdefault(cap_key(cap, day), cap)
        here = diseases and diseases.of(self.facts.disease)
        own = diseases.cap(here, self.facts.diseases) if diseases and here else None
        if own is not None:
            binding.setdefault(cap_key(own, day), own)
        return [self._limit(key, cap, adjusted) for key, cap in binding.items()]

    def _limit(self, key: str, cap: Cap, adjusted: Adjusted) -> Limit:
        used = to_cent(self.sheet.tally.of(key, cap_reach(cap)))
        left = to_cent(at_least_zero(cap.amount * adjusted.cap_factor - used))
        return Limit(key, cap, used, left)

    def _begin(self) -> Decimal:
        """Return where in its bands the visit, or the year, has come to."""
        return self.sheet.tally.of(self._position, self.layer.over)

    @property
    def _position(self) -> str:
        return position_key(self.layer.group, is_from_zero=self.layer.laid is Laid.FROM_ZERO)

    def _lay(
        self, begin: Decimal, base: Decimal, deductible: Decimal, counted: Decimal, adjusted: Adjusted
    ) -> list[Stretch]:
        """Return the counted money by bands from where they begin, and let that grow."""
        is_from_zero = self.layer.laid is Laid.FROM_ZERO
        self.sheet.tally.grow(self._position, self.layer.over, base if is_from_zero else base - deductible)
        low = begin + deductible if is_from_zero else begin
        stretches = []
        for band in self.rate.bands:
            width = band.holds(low + counted) - band.holds(low)
            if width:
                stretches.append(Stretch(width, adjusted.rate(self.rate.at(band, self.facts.age)), band))
        return stretches

    def _told_bands(
        self, begin: Decimal, counted: Decimal, stretches: Sequence[Stretch], adjusted: Adjusted
    ) -> dict[str, Value]:
        """Return the money by bands as people write it, and how their rates came about."""
        given: dict[str, Value] = {"from": begin} if begin and len(self.rate.bands) > 1 else {}
        given["bands"] = " + ".join(f"{stretch.width}×{percent(stretch.rate)}" for stretch in stretches)
        unlaid = counted - sum((stretch.width for stretch in stretches), ZERO)
        if unlaid:
            given["unlaid"] = unlaid
        rates = rates_of(self.rate, [stretch.band for stretch in stretches], self.facts.age, adjusted)
        return given if rates is None else given | {"rates": rates}

    def _told_limit(self, limits: Sequence[Limit], counts: Counts, adjusted: Adjusted) -> dict[str, Value]:
        """Return the tightest limit of a kind, and how it came about where it is not just the rule's amount."""
        limit = min((one for one in limits if one.counts is counts), key=lambda one: one.left, default=None)
        if limit is None:
            return {}
        amount, left, used = _NAMES[counts]
        given: dict[str, Value] = {}
        told = limit_of(self.layer, limit.cap, adjusted, self.facts.diseases)
        if limit.used or told.zh != str(limit.left):
            given[amount] = told
        if limit.cap.pool != self.layer.id:
            given[f"{amount}_pool"] = limit.cap.pool
        if limit.used:
            given[used], given[f"{used}_in"] = limit.used, SPANS[limit.cap.span]
            own = limit.cap
            given |= self._told_sharing(
                f"{used}_with",
                lambda one: any(
                    other.pool == own.pool and other.counts is own.counts and other.span is own.span
                    for other in one.caps
                ),
            )
        return given | {left: limit.left}

    def _told_sharing(self, name: str, shares: Callable[[Layer], bool]) -> dict[str, Value]:
        """Return which other rules use the same pool."""
        others = shared_with(self.layer, filter(shares, self.sheet.rules.layers))
        return {} if others is None else {name: others}

    def _write(self, given: dict[str, Value], base: Decimal, paid: Paid, limit_left: Decimal | None) -> None:
        layer = self.layer
        if paid.over_cap and layer.slot == BASIC:
            given["over_cap"] = paid.over_cap
        self.sheet.write(StepKind.PAYMENT, layer.id, layer.title, given, {"paid": paid.amount})
        self.sheet.payments.append(
            Payment(layer.fund, layer.fund_type, layer.id, layer.title, base, limit_left, paid.amount)
        )


def _beyond(stretches: Sequence[Stretch], payable: Decimal) -> Decimal:
    """Return the money for which a fund cannot pay that may pay so much, filling the lowest band first."""
    beyond = ZERO
    for stretch in stretches:
        exact = stretch.width * stretch.rate
        if exact > payable:
            beyond += stretch.width - to_cent(payable / stretch.rate)
            payable = ZERO
        else:
            payable -= exact
    return beyond
