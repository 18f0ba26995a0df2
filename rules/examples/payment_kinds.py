"""The kinds of example that pay institutions: use per head, shares of a surplus, DIP and DRG by points."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from codes.words import Words
from rules.examples.formula import Formula, added, least, left_of, most, number
from rules.examples.given import Given
from rules.examples.task import Task
from rules.examples.worked import Parts, Result, Step, Worked, money, plain, stated, step, unrounded
from rules.money import ONE, ZERO, to_cent, total
from rules.payment import capitation, dip, drg, surplus

_SCORE = "score"
_POINT_VALUE = "point_value"
_ALONE = r"(?<![<>=≤≥])(?<![<>=≤≥]\s)\br\s*"
"""The ratio with nothing on its left: in `0.5 <= r <= 2` both edges are those of the range that is normal."""
_LOW = re.compile(_ALONE + r"(<=|≤|<)\s*(\d+(?:\.\d+)?)\s*[:：]")
_HIGH = re.compile(_ALONE + r"(>=|≥|>)\s*(\d+(?:\.\d+)?)\s*[:：]")
_POPULATION = "population"
_PER_HEAD = "per_head"


def ratio(task: Task) -> Worked:
    """Use per head of the covered population, for every use that the inputs count."""
    population = task.given.amount(_POPULATION)
    figures: dict[str, Result] = {}
    steps = []
    for name, used in task.given.numbers(but=_POPULATION).items():
        each = capitation.per_head(used, population)
        # outpatient_visits gives outpatient_per_head and outpatient_visits_per_head.
        for stem in (name, name.rpartition("_")[0] or name):
            figures.setdefault(f"{stem}_{_PER_HEAD}", unrounded(each, capitation.PER_HEAD_PLACES))
        figures.setdefault(_PER_HEAD, unrounded(each, capitation.PER_HEAD_PLACES))
        steps.append(step(f"人均 {name}", f"{name} per head", number(used) / number(population), each))
    return Worked(figures, tuple(steps), _PER_HEAD)


def split(task: Task) -> Worked:
    """Shares of a surplus; the last takes the rounding rest."""
    given = task.given
    whole = given.signed("surplus", "amount")
    named = given.table_or_none("shares")
    if named is not None:
        names = tuple(named)
        shares = tuple(Given(named).amount(name) for name in names)
    else:
        shares = given.amounts("shares")
        names = tuple(str(name) for name in given.sequence("names")) if given.has("names") else ()
    parts = surplus.split(whole, shares)
    row = Parts(tuple(money(part) for part in parts), names or tuple(str(n) for n in range(1, len(parts) + 1)))
    figures: dict[str, Result] = dict(zip(row.names, row.figures, strict=False))
    figures |= {"parts": row, "shares": row, "total": money(total(parts))}
    return Worked(figures, tuple(_split_steps(whole, shares, parts)), "parts", "parts")


def _split_steps(whole: Decimal, shares: Sequence[Decimal], parts: Sequence[Decimal]) -> Iterator[Step]:
    """Yield how each party's part came about; the last that has a share takes what the others leave."""
    last = max(place for place, one in enumerate(shares) if one > 0)
    for place, (one, part) in enumerate(zip(shares, parts, strict=True)):
        left = left_of(whole, *parts[:place])
        if place == last:
            yield step(f"第 {place + 1} 份为余数", f"share {place + 1} takes the rest", left, part)
            continue
        by_share = number(whole) * number(one) / added(*shares)
        # Many small shares may use up the whole before the last one.
        if abs(left.value) < abs(Fraction(to_cent(abs(whole) * one / total(shares)))):
            by_share = least(by_share, left) if whole > 0 else most(by_share, left)
        yield step(f"第 {place + 1} 份", f"share {place + 1}", by_share, part)


def dip_deviation(task: Task) -> Worked:
    """The score of a case whose cost may lie outside the range that counts as normal."""
    given = task.given
    score, cost, mean = given.amount(_SCORE), given.amount("case_cost"), given.amount("mean_cost")
    edges, remarks = _edges(task)
    times = dip.cost_ratio(cost, mean)
    result = dip.case_score(score, cost, mean, edges)
    if edges.is_low(times):
        formula = number(score) * number(cost) / number(mean)
        how = step("低于下限，按比例", "below the range, by its ratio", formula, result)
    elif edges.is_high(times):
        formula = number(score) * (number(cost) / number(mean) - number(edges.high) + number(ONE))
        how = step("高于上限，加超出部分", "above the range, with the excess", formula, result)
    else:
        how = stated("费用正常，按原分值", "within the range, the group's score", result)
    figures: dict[str, Result] = {
        _SCORE: unrounded(result),
        "case_score": unrounded(result),
        "ratio": unrounded(times),
        "r": unrounded(times),
    }
    steps = (step("费用倍率 r", "ratio r", number(cost) / number(mean), times), how)
    return Worked(figures, steps, _SCORE, remarks=remarks)


def dip_score(task: Task) -> Worked:
    """The weight of a group: its weighted mean cost against that of all cases."""
    given = task.given
    weights = given.amounts("weights") if given.has("weights") else dip.YEAR_WEIGHTS
    by_year, all_by_year = given.amounts("group_mean_by_year"), given.amounts("all_mean_by_year")
    of_group, of_all = dip.weighted_mean(by_year, weights), dip.weighted_mean(all_by_year, weights)
    weight = dip.relative_weight(by_year, all_by_year, weights)
    figures: dict[str, Result] = {
        "group_mean": unrounded(of_group),
        "all_mean": unrounded(of_all),
        "RW": unrounded(weight, dip.WEIGHT_PLACES),
        "rw": unrounded(weight, dip.WEIGHT_PLACES),
    }
    group_sum, all_sum, years = _weighed(by_year, weights), _weighed(all_by_year, weights), added(*weights)
    steps = [
        step("病种加权次均费用", "weighted mean of the group", group_sum / years, of_group),
        step("全部病例加权次均费用", "weighted mean of all", all_sum / years, of_all),
        step("权重 RW", "relative weight RW", group_sum / all_sum, weight),
    ]
    if given.has("scale"):
        scale = given.amount("scale")
        figures[_SCORE] = unrounded(weight * scale)
        steps.append(step("分值", "score", group_sum / all_sum * number(scale), weight * scale))
    return Worked(figures, tuple(steps), "RW")


def dip_point(task: Task) -> Worked:
    """The value of a point at the year's end."""
    given = task.given
    fund, part, score = given.amount("fund"), given.ratio_or(Decimal(1), "fund_share"), given.amount("total_score")
    reserve = given.amount_or(ZERO, "reserve")
    value = dip.settlement_point_value(fund, part, score, reserve=reserve)
    formula = left_of(fund, reserve) / number(part) / number(score)
    figures: dict[str, Result] = {_POINT_VALUE: unrounded(value, dip.WEIGHT_PLACES)}
    return Worked(figures, (step("点值", "point value", formula, value),), _POINT_VALUE)


def dip_keep(task: Task) -> Worked:
    """What a case brings by its points, and what the hospital keeps of it or bears."""
    given = task.given
    budget, scores = given.amount("budget", "fund"), given.amount("total_score")
    score, cost = given.amount("case_score"), given.amount("case_cost")
    value = dip.budget_point_value(budget, scores)
    paid = dip.payment(score, budget, scores)
    figures: dict[str, Result] = {
        _POINT_VALUE: unrounded(value, dip.WEIGHT_PLACES),
        "payment": money(paid),
        "kept": money(paid - cost),
    }
    steps = (
        step("点值", "point value", number(budget) / number(scores), value),
        step("按分值支付", "paid by points", number(score) * number(budget) / number(scores), paid),
        step("结余（负数为医院承担）", "kept (below zero: borne)", left_of(paid, cost), paid - cost),
    )
    return Worked(figures, steps, "payment")


def rate(task: Task) -> Worked:
    """What points paid against what items recorded."""
    paid, recorded = task.given.amount("paid_by_points"), task.given.amount("recorded_by_items")
    result = dip.settlement_rate(paid, recorded)
    figures: dict[str, Result] = {
        "rate": unrounded(result, dip.WEIGHT_PLACES),
        "difference": money(paid - recorded),
        "kept": money(paid - recorded),
    }
    how = step("结算率", "settlement rate", number(paid) / number(recorded), result)
    return Worked(figures, (how,), "rate")


def drg_points(task: Task) -> Worked:
    """The points of a stay, carried through or broken off."""
    given = task.given
    group, city = given.amount("group_mean"), given.amount("city_mean")
    base = drg.base_points(group, city)
    figures: dict[str, Result] = {"base": unrounded(base)}
    base_of = number(drg.POINTS_OF_THE_CITY_MEAN) * number(group) / number(city)
    steps = [step("基准点数", "base points", base_of, base)]
    is_complete = given.flag_or("complete", otherwise=True)
    hospital, actual = given.amount_or_none("hospital_mean"), given.amount_or_none("actual")
    if hospital is not None:
        figures["coefficient"] = unrounded(drg.hospital_coefficient(hospital, group))
    if is_complete:
        hospital = given.amount("hospital_mean")
        coefficient = drg.hospital_coefficient(hospital, group)
        points = drg.complete_points(group, city, hospital)
        steps += [
            step("医院系数", "hospital coefficient", number(hospital) / number(group), coefficient),
            step("完整住院", "complete stay", base_of * (number(hospital) / number(group)), points),
        ]
    else:
        actual = given.amount("actual")
        points = drg.incomplete_points(group, city, actual)
        formula = least(base_of, base_of * (number(actual) / number(group)))
        steps.append(step("未完成住院，以基准点数为限", "incomplete stay, at most base", formula, points))
    figures["points"] = unrounded(points)
    return Worked(figures, tuple(steps), "points")


def drg_readmit(task: Task) -> Worked:
    """The points of a first stay after the person came back."""
    given = task.given
    points = given.amount("points_first")
    days, window = given.amount("days_between"), given.amount("window")
    same_group, chemo_radio = given.flag("same_group"), given.flag_or("chemo_radio", otherwise=False)
    is_halved = drg.is_early_return(days, window, same_group=same_group, chemo_radio=chemo_radio)
    left = drg.points_of_first_stay(points, is_halved=is_halved)
    figures: dict[str, Result] = {"first": unrounded(left), "points_first": unrounded(left), "halved": is_halved}
    if given.has("points_second"):
        second = given.amount("points_second")
        figures |= {"second": unrounded(second), "points_second": unrounded(second), "total": unrounded(left + second)}
    if is_halved:
        how = step(
            "期限内同组再住院，前次减半",
            "same group within the window, halved",
            number(points) / number(Decimal(2)),
            left,
        )
    elif not same_group:
        how = stated("病组不同，不减半", "another group, not halved", left)
    elif chemo_radio:
        how = stated("放化疗，不减半", "chemotherapy or radiotherapy, not halved", left)
    else:
        shown = f"{plain(days)} > {plain(window)}"
        how = stated(f"超出期限（{shown}），不减半", f"after the window ({shown}), not halved", left)
    return Worked(figures, (how,), "first")


def _weighed(by_year: Sequence[Decimal], weights: Sequence[Decimal]) -> Formula:
    first, *others = (number(mean) * number(weight) for mean, weight in zip(by_year, weights, strict=True))
    for other in others:
        first += other
    return first


def _edges(task: Task) -> tuple[dip.Edges, tuple[Words, ...]]:
    """Return the edges: by input, else as the example's rule states them, else those of the published text."""
    norm = dip.Edges()
    low, high = _LOW.search(task.example.rule), _HIGH.search(task.example.rule)
    edges = dip.Edges(
        low=task.given.amount_or(Decimal(low.group(2)) if low else norm.low, "low"),
        high=task.given.amount_or(Decimal(high.group(2)) if high else norm.high, "high"),
        is_low_normal=low is None or low.group(1) == "<",
        is_high_normal=high is None or high.group(1) == ">",
    )
    if edges == norm:
        return edges, ()
    said = f"{plain(edges.low)} – {plain(edges.high)}"
    return edges, (Words(f"正常范围按本例为 {said}。", f"The normal range of this example is {said}."),)
