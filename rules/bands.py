"""Bands: one rate up to here, another above it.

A band takes the money that lies above its lower edge and up to its upper edge; the edge itself belongs to the band
below. Whether bands lie over the amount itself (the first then starts at the deductible) or over what is left above a
deductible (the first then starts at nothing) is the caller's rule: hand in the amount that they lie over.

One fund's payment is rounded once, not once in each band: `lay` gives parts in whole fen that add up to exactly that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import ClassVar

from codes.errors import ConfigError
from codes.words import Words
from rules.money import ZERO, at_least_zero, to_cent


class BandsError(ConfigError):
    """The bands contradict themselves; no payment can be worked out from them."""

    code: ClassVar[str] = "bands.wrong"
    next_step: ClassVar[Words] = Words(
        "请改正分段：每段上限高于下限，各段由低到高，互不重叠。",
        "Correct the bands: each ends above its start, they rise, and none overlaps another.",
    )


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of money and the rate that is paid for it."""

    above: Decimal
    """Its lower edge; money up to this edge belongs to the band below."""
    up_to: Decimal | None
    """Its upper edge, which still belongs to it; none: without end."""
    rate: Decimal
    """What is paid of the money inside, 0 to 1."""

    def __post_init__(self) -> None:
        if self.up_to is not None and self.up_to <= self.above:
            raise BandsError(
                Words(
                    f"分段上限 {self.up_to} 不高于下限 {self.above}。",
                    f"A band ends at {self.up_to}, which is not above its start {self.above}.",
                )
            )
        if not 0 <= self.rate <= 1:
            raise BandsError(
                Words(f"分段比例 {self.rate} 不在 0 与 1 之间。", f"A band's rate is {self.rate}, not between 0 and 1.")
            )

    def holds(self, amount: Decimal) -> Decimal:
        """Return how much of the amount lies inside."""
        reached = amount if self.up_to is None else min(amount, self.up_to)
        return at_least_zero(reached - self.above)


def check_bands(bands: Sequence[Band]) -> None:
    """Refuse bands that fall, overlap, or go on after one without end.

    Raises:
        BandsError: naming the two that clash.
    """
    for below, next_one in pairwise(bands):
        if below.up_to is None or next_one.above < below.up_to:
            end = "∞" if below.up_to is None else below.up_to
            raise BandsError(
                Words(
                    f"分段重叠：前一段到 {end}，后一段从 {next_one.above} 起。",
                    f"Bands overlap: one ends at {end}, the next starts at {next_one.above}.",
                )
            )


def gaps(start: Decimal, bands: Sequence[Band]) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return the stretches above the start that no band covers although a later one does.

    >>> gaps(Decimal(0), [Band(Decimal(0), Decimal(10), Decimal(1)), Band(Decimal(20), None, Decimal(1))])
    ((Decimal('10'), Decimal('20')),)
    """
    reached, found = start, []
    for band in bands:
        if band.above > reached:
            found.append((reached, band.above))
        reached = band.above if band.up_to is None else band.up_to
    return tuple(found)


def lay_exact(amount: Decimal, bands: Sequence[Band]) -> tuple[Decimal, ...]:
    """Return what each band pays of the amount, with every decimal; a band that is not reached pays nothing.

    Raises:
        BandsError: if they overlap, since money would be paid for twice.
    """
    check_bands(bands)
    return tuple(band.holds(amount) * band.rate for band in bands)


def lay(amount: Decimal, bands: Sequence[Band]) -> tuple[Decimal, ...]:
    """Return what each band pays, in whole fen, such that they add up to the payment rounded once.

    Each part is the growth of the running payment in whole fen, so that none is further than a fen from its exact
    value and the sum needs no correction.

    >>> half_a_fen = [Band(Decimal(0), Decimal("0.01"), Decimal("0.4")), Band(Decimal("0.01"), None, Decimal("0.4"))]
    >>> lay(Decimal("0.02"), half_a_fen)
    (Decimal('0.00'), Decimal('0.01'))
    """
    parts: list[Decimal] = []
    running = paid = ZERO
    for part in lay_exact(amount, bands):
        running += part
        parts.append(to_cent(running) - paid)
        paid = to_cent(running)
    return tuple(parts)


def lay_once(amount: Decimal, bands: Sequence[Band]) -> Decimal:
    """Return the one payment of all bands together, rounded once."""
    return to_cent(sum(lay_exact(amount, bands), ZERO))
