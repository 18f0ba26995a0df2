"""One layer at work: deductible, bands, caps, one payment.

The payment is rounded once, whatever the number of bands. A layer never pays more than the layers before it have left,
and no rate passes one, so that more money in scope never means less from the funds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rules.benefits.adjusting import Adjusted, adjust
from rules.benefits.facts import Facts
from rules.benefits.outcome import Payment
from rules.benefits.rule_set import Cap, Counts, Laid, Layer, Rate, Reach
from rules.benefits.sentences import StepKind, Value, percent
from rules.benefits.tally import cap_key, cap_reach, deductible_key, position_key, rest_key
from rules.benefits.worksheet import Worksheet
from rules.money import ZERO, at_least_zero, to_cent


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


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap, and what is left of it."""

    key: str
    reach: Reach
    counts: Counts
    left: Decimal


@dataclass(frozen=True, slots=True)
class LayerRun:
    """A layer that was chosen for a case."""

    sheet: Worksheet
    """Where it is written down."""
    layer: Layer
    rate: Rate
    facts: Facts

    def pay(self, base: Decimal, left: Decimal) -> Paid:
        """Reckon what the layer pays, write it down, and let the totals grow.

        Args:
            base: The money that the layer looks at.
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
        limit_left = min((limit.left for limit in limits), default=None)
        self._write(begin, base, paid, stretches, reckoned=reckoned, limit_left=limit_left)
        return paid

    def above_deductible(self, left: Decimal, deductible: Decimal) -> Decimal:
        """Return what is left without the basic deductible.

        Where a fund has paid into the deductible, there is less left than it: then the next part of the stay begins
        with the rest of it.
        """
        tally, key = self.sheet.tally, rest_key(self.layer.slot)
        rest = tally.of(key, Reach.VISIT)
        above = left - deductible - rest
        tally.grow(key, Reach.VISIT, at_least_zero(-above) - rest)
        return at_least_zero(above)

    def _deductible(self, base: Decimal, adjusted: Adjusted) -> Decimal:
        """Return what of the base the deductible takes."""
        rule = next((one for one in self.layer.deductibles if one.when.fits(self.facts)), None)
        if rule is None:
            return ZERO
        tally, key = self.sheet.tally, deductible_key(rule.pool)
        standard = to_cent(rule.standard(self.facts.stay) * adjusted.deductible_factor)
        before = tally.of(key, rule.reach)
        due = at_least_zero(standard - before)
        if rule.most_in_year is not None:
            due = min(due, at_least_zero(rule.most_in_year - tally.of(key, Reach.YEAR)))
        taken = to_cent(min(base, due))
        tally.grow(key, Reach.YEAR, taken)
        tally.grow(key, Reach.VISIT, taken)
        given: dict[str, Value] = {"standard": standard, "basis": rule.basis, "before": to_cent(before)}
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
        reach = cap_reach(cap)
        used = self.sheet.tally.of(key, reach)
        left = to_cent(at_least_zero(cap.amount * adjusted.cap_factor - used))
        return Limit(key, reach, cap.counts, left)

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
                stretches.append(Stretch(width, adjusted.rate(self.rate.at(band, self.facts.age))))
        return stretches

    def _write(
        self,
        begin: Decimal,
        base: Decimal,
        paid: Paid,
        stretches: Sequence[Stretch],
        *,
        reckoned: Decimal,
        limit_left: Decimal | None,
    ) -> None:
        layer = self.layer
        bands = " + ".join(f"{stretch.width}×{percent(stretch.rate)}" for stretch in stretches)
        given: dict[str, Value] = {"fund": layer.fund.value, "base": base, "counted": paid.counted}
        if begin and len(self.rate.bands) > 1:
            given["from"] = begin
        given["bands"] = bands
        given["reckoned"] = reckoned
        if limit_left is not None:
            given["limit_left"] = limit_left
        self.sheet.write(StepKind.PAYMENT, layer.id, layer.title, given, {"paid": paid.amount})
        payment = Payment(layer.fund, layer.fund_type, layer.id, layer.title, base, limit_left, paid.amount)
        self.sheet.payments.append(payment)


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
