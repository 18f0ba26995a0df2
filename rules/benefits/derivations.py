"""How a figure of a step came about, as people would write the sum: `95% = 90%+5%`, `4800.00+3600.00×50% = 6600.00`.

A step tells what a rule came to. Where the rule's own amount is not what was reckoned with, because it is a further
stay, a further disease, somebody poor or away from home, the sum is told with it, so that no figure has to be believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from codes.words import Words
from rules.bands import Band
from rules.benefits.adjusting import Adjusted
from rules.benefits.figures import Value, percent
from rules.benefits.rule_set import Adjustment, Cap, Deductible, Diseases, Layer, Merge, Rate, Reach, Span
from rules.money import ONE, ZERO, to_cent

SPANS: Mapping[Span, Words] = {
    Span.VISIT: Words("本次就诊", "in this visit"),
    Span.DAY: Words("当日", "on the day"),
    Span.MONTH: Words("当月", "in the month"),
    Span.QUARTER: Words("本季度", "in the quarter"),
    Span.YEAR: Words("本年度", "in the year"),
}


def standard_of(rule: Deductible, stay: int, adjusted: Adjusted) -> tuple[Decimal, dict[str, Value]]:
    """Return the amount that a deductible comes to in a case, and how."""
    given: dict[str, Value] = {"amount": rule.amount, "basis": rule.basis}
    standard = rule.standard(stay)
    if rule.stay_factors or rule.less_per_stay:
        given["stay"] = stay
    if rule.stay_factors:
        share = rule.stay_factors[min(stay, len(rule.stay_factors)) - 1]
        given["stay_share"], given["of_stay"] = share, to_cent(rule.amount * share)
    elif rule.less_per_stay:
        given["less"], given["of_stay"] = rule.less_per_stay, rule.amount - rule.less_per_stay * (stay - 1)
    if given.get("of_stay", standard) != standard:
        given["least"] = standard
    if adjusted.deductible_factor != ONE:
        given["factors"] = _factors(adjusted.by, "deductible_factor")
        standard = to_cent(standard * adjusted.deductible_factor)
    given["standard"] = standard
    return standard, given


def limit_of(layer: Layer, cap: Cap, adjusted: Adjusted, registered: frozenset[str]) -> Words:
    """Return what a limit comes to in a case, and how."""
    diseases = layer.diseases
    own = diseases.cap(diseases.kinds[0], registered) if diseases and diseases.merge is not Merge.SEPARATE else None
    told = Words(str(cap.amount), str(cap.amount))
    if diseases is not None and own == cap:
        told = _merged(diseases, registered, cap.amount)
    if adjusted.cap_factor != ONE:
        factors, whole = _factors(adjusted.by, "cap_factor"), to_cent(cap.amount * adjusted.cap_factor)
        zh, en = ("，", ", ") if " = " in told.zh else ("", "")
        told = Words(f"{told.zh}{zh}{factors.zh} = {whole}", f"{told.en}{en}{factors.en} = {whole}")
    return told


def rates_of(rate: Rate, bands: Iterable[Band], age: int, adjusted: Adjusted) -> Words | None:
    """Return how rates came about that are not those of the rule; None: all are."""
    told = {band.rate: _rate(rate, band, age, adjusted) for band in bands}
    changed = [one for one in told.values() if one is not None]
    return Words("，".join(one.zh for one in changed), ", ".join(one.en for one in changed)) if changed else None


def shared_with(layer: Layer, others: Iterable[Layer]) -> Words | None:
    """Return the titles of other layers that use the same pool; None: there are none."""
    titles = {one.title.zh: one.title for one in others if one.id != layer.id and one.title != layer.title}
    if not titles:
        return None
    return Words("、".join(titles), ", ".join(one.en for one in titles.values()))


def reach_words(reach: Reach) -> Words:
    """Return since when an amount has come together."""
    return SPANS[Span.YEAR if reach is Reach.YEAR else Span.VISIT]


def _merged(diseases: Diseases, registered: frozenset[str], amount: Decimal) -> Words:
    """Return the limits of several diseases as the sum that they go together to."""
    held = [one for one in diseases.kinds if one.codes & registered]
    highest, *others = sorted(held, key=lambda one: one.limit or ZERO, reverse=True)
    share = diseases.further_share if diseases.merge is Merge.HIGHEST else ONE
    more = diseases.further_amount if diseases.merge is Merge.HIGHEST else ZERO
    zh, en = f"{highest.limit}（{highest.title.zh}）", f"{highest.limit} ({highest.title.en})"
    together = highest.limit or ZERO
    for one in others:
        limit = one.limit or ZERO
        together += to_cent(limit * share) + more
        times = "" if share == ONE else f"×{percent(share)}"
        plus = f"+{more}" if more else ""
        zh, en = f"{zh}+{limit}（{one.title.zh}）{times}{plus}", f"{en}+{limit} ({one.title.en}){times}{plus}"
    if others:
        zh, en = f"{zh} = {together}", f"{en} = {together}"
    if amount < together:
        zh, en = f"{zh}，最高 {amount}", f"{en}, at most {amount}"
    return Words(zh, en)


def _rate(rate: Rate, band: Band, age: int, adjusted: Adjusted) -> Words | None:
    own = rate.at(band, age)
    reckoned = adjusted.rate(own)
    if reckoned == band.rate:
        return None
    zh = en = percent(band.rate)
    if own != band.rate:
        zh = en = f"{zh}+{percent(rate.per_year_of_age)}×{age - rate.years_from}"
        if own == rate.most:
            zh, en = f"{zh}，最高 {percent(own)}", f"{en}, at most {percent(own)}"
    if adjusted.points:
        points = _signed(adjusted.points)
        zh, en = (f"{zh}，{points}", f"{en}, {points}") if "，" in zh else (f"{zh}{points}", f"{en}{points}")
    if adjusted.rate_factor != ONE:
        factor = f"×{adjusted.rate_factor.normalize():f}"
        is_sum = zh != percent(band.rate)
        zh, en = (f"（{zh}）{factor}", f"({en}){factor}") if is_sum else (f"{zh}{factor}", f"{en}{factor}")
    exact = (own + adjusted.points) * adjusted.rate_factor
    if exact > reckoned:
        zh, en = f"{zh}，最高 {percent(reckoned)}", f"{en}, at most {percent(reckoned)}"
    if exact < reckoned:
        zh, en = f"{zh}，最低 {percent(reckoned)}", f"{en}, at least {percent(reckoned)}"
    return Words(f"{percent(reckoned)} = {zh}", f"{percent(reckoned)} = {en}")


def _signed(points: Decimal) -> str:
    return f"{'+' if points > 0 else ''}{percent(points)}"


def _factors(by: Iterable[Adjustment], name: str) -> Words:
    """Return the factors of several adjustments, each with who brings it."""
    found = [(getattr(one, name), one.title) for one in by if getattr(one, name) != ONE]
    return Words(
        "".join(f"×{factor.normalize():f}（{title.zh}）" for factor, title in found),
        "".join(f"×{factor.normalize():f} ({title.en})" for factor, title in found),
    )
