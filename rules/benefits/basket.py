"""The lines in portions, each with the facts under which it is settled, and what of it counts.

Most visits have one basket. A book may name portions: dual-channel drugs, say, are settled as if they were given in a
hospital. What a package leaves to the hospital is taken from the ordinary basket before any layer looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from codes.words import Words
from rules.benefits.case import Visit
from rules.benefits.errors import CaseError
from rules.benefits.facts import ORDINARY, Facts
from rules.benefits.figures import Value
from rules.benefits.outcome import SplitLine
from rules.benefits.rule_set import Portion, Reach
from rules.benefits.sentences import StepKind
from rules.benefits.worksheet import Worksheet
from rules.money import ZERO, at_least_zero, to_cent, total


@dataclass(slots=True)
class Basket:
    """Lines that are settled together."""

    facts: Facts
    amount: Decimal
    in_scope: Decimal
    counted: Decimal
    """What of the scope the layers look at."""


def baskets_of(sheet: Worksheet, facts: Facts, visit: Visit, split: Sequence[SplitLine]) -> list[Basket]:
    """Return the baskets of a visit: the ordinary one first, then the portions in the order of the book.

    Raises:
        CaseError: If lines take back more than there is.
    """
    portions = [portion for portion in sheet.rules.portions if portion.when.fits(facts)]
    if not portions:
        return [_basket(facts, split)]
    sorted_out: dict[str, list[SplitLine]] = {}
    for one in split:
        fitting = (portion.id for portion in portions if portion.lines.fits(one.line, visit.dual_channel))
        sorted_out.setdefault(next(fitting, ORDINARY), []).append(one)
    baskets = [_basket(facts, sorted_out[ORDINARY])] if ORDINARY in sorted_out else []
    for portion in portions:
        if portion.id in sorted_out:
            basket = _basket(_facts_as(portion, facts), sorted_out[portion.id])
            _write_portion(sheet, portion, basket, len(sorted_out[portion.id]))
            baskets.append(basket)
    return baskets


def cut_to_package(sheet: Worksheet, facts: Facts, baskets: Sequence[Basket]) -> Decimal:
    """Cut the ordinary basket to what is left of the price of the visit's package; return what the hospital bears.

    Of a later part of a stay it never bears more than funds do not count: what the person has paid stays paid.
    """
    rule = next((package for package in sheet.rules.packages if package.when.fits(facts)), None)
    ordinary = next((basket for basket in baskets if basket.facts.portion == ORDINARY), None)
    if rule is None or ordinary is None:
        return to_cent(ZERO)
    tally, counted, covered = sheet.tally, f"counted:{rule.id}", f"covered:{rule.id}"
    counted_before, covered_before = tally.of(counted, Reach.VISIT), tally.of(covered, Reach.VISIT)
    ordinary.counted = min(ordinary.in_scope, at_least_zero(rule.price - counted_before))
    whole = ordinary.amount if rule.is_for_everything else ordinary.in_scope
    above = at_least_zero(whole - at_least_zero(rule.price - covered_before))
    hospital = to_cent(min(above, ordinary.amount - ordinary.counted))
    given: dict[str, Value] = {"price": rule.price, "inscp_scp_amt": ordinary.in_scope}
    if counted_before:
        given["counted_before"] = counted_before
    if above:
        given |= {"covers": "everything" if rule.is_for_everything else "scope", "whole": whole}
        given |= {"covered_before": covered_before} if covered_before else {}
    if hospital < above:
        given["most"] = ordinary.amount - ordinary.counted
    tally.grow(counted, Reach.VISIT, ordinary.counted)
    tally.grow(covered, Reach.VISIT, whole)
    sheet.write(
        StepKind.PACKAGE,
        rule.id,
        rule.title,
        given,
        {"counted": ordinary.counted, "hosp_part_amt": hospital},
    )
    return hospital


def _basket(facts: Facts, split: Sequence[SplitLine]) -> Basket:
    in_scope = to_cent(total(one.in_scope for one in split))
    parts = (
        in_scope,
        *(total(getattr(one, name) for one in split) for name in ("over_limit", "outside", "pays_first")),
    )
    if min(parts) < 0:
        raise CaseError("lines", Words("退费明细超过已有费用", "Lines take back more than there is"))
    return Basket(facts, total(parts), in_scope, in_scope)


def _facts_as(portion: Portion, facts: Facts) -> Facts:
    return replace(
        facts,
        portion=portion.id,
        med_type=portion.med_type or facts.med_type,
        level=portion.level or facts.level,
        institution=portion.institution or facts.institution,
    )


def _write_portion(sheet: Worksheet, portion: Portion, basket: Basket, lines: int) -> None:
    sheet.write(
        StepKind.PORTION,
        portion.id,
        portion.title,
        {"lines": lines, "inscp_scp_amt": basket.in_scope},
        {"med_type": basket.facts.med_type, "level": basket.facts.level},
    )
