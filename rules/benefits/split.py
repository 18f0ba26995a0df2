"""Each line in four parts: above the price limit, outside the catalogue, paid first, in scope.

The order is the interface's own: first what lies above the ceiling, of the rest what the catalogue does not hold, of
that the share that the person pays first. Whatever remains is in scope. The four parts of a line add up to it, and a
line that takes something back is the mirror of the line it takes back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from rules.benefits.case import OUTSIDE_CATALOGUE, Line, Visit
from rules.benefits.facts import Facts
from rules.benefits.outcome import SplitLine
from rules.benefits.rule_set import FirstPay, RuleSet
from rules.money import ZERO, to_cent

NOTHING = to_cent(ZERO)


@dataclass(slots=True)
class FirstPayUse:
    """How a rule about what is paid first came to be used."""

    rule: FirstPay
    lines: int = 0
    of: Decimal = ZERO
    """What it was a share of."""
    moved: Decimal = ZERO
    """What was paid first by it."""


def split_lines(
    rules: RuleSet, facts: Facts, visit: Visit, lines: Iterable[Line]
) -> tuple[list[SplitLine], list[FirstPayUse]]:
    """Return the lines in their parts, and the area's rules that had a say in it."""
    uses = [FirstPayUse(rule) for rule in rules.first_pays if rule.when.fits(facts)]
    instead = [use for use in uses if not use.rule.is_further]
    further = [use for use in uses if use.rule.is_further]
    split = [_split_line(line, _first(instead, line, visit), _first(further, line, visit)) for line in lines]
    return split, [use for use in uses if use.lines]


def _first(uses: list[FirstPayUse], line: Line, visit: Visit) -> FirstPayUse | None:
    for use in uses:
        if use.rule.lines.fits(line, visit.dual_channel):
            return use
    return None


def _split_line(line: Line, instead: FirstPayUse | None, further: FirstPayUse | None) -> SplitLine:
    over = _over_limit(line)
    rest = to_cent(line.amount - over)
    if line.charge_class == OUTSIDE_CATALOGUE:
        return SplitLine(line, over, rest, NOTHING, NOTHING)
    share = line.pays_first if instead is None else instead.rule.share
    first = _without_sign(to_cent(rest * share))
    shares: tuple[Decimal, ...] = (share,)
    if instead is not None:
        instead.lines += 1
        instead.of += rest
        instead.moved += first
    if further is not None:
        more = _without_sign(to_cent((rest - first) * further.rule.share))
        shares = (share, further.rule.share)
        further.lines += 1
        further.of += rest - first
        further.moved += more
        first += more
    return SplitLine(line, over, NOTHING, first, rest - first, shares)


def _without_sign(part: Decimal) -> Decimal:
    """Return a part; a share of nothing of a line that takes something back is nothing, without a sign."""
    return part or NOTHING


def _over_limit(line: Line) -> Decimal:
    """Return what lies above the ceiling, reckoned from the amount so that a rounded price leaves no fen over."""
    if line.price_limit is None or line.price <= line.price_limit:
        return NOTHING
    over = line.amount - to_cent(line.price_limit * line.quantity)
    # A fen of rounding must not turn a line's part the other way round.
    return max(over, NOTHING) if line.amount >= 0 else min(over, NOTHING)
