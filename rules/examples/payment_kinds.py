"""The kinds of example that pay institutions: use per head, shares of a surplus, DIP and DRG by points."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from codes.words import Words
from rules.examples.given import Given
from rules.examples.task import Task
from rules.examples.worked import Parts, Result, Worked, money, plain, step, unrounded
from rules.money import ZERO, total
from rules.payment import capitation, dip, drg, surplus

_SCORE = "score"
_POINT_VALUE = "point_value"
_LOW = re.compile(r"\br\s*(<=|≤|<)\s*(\d+(?:\.\d+)?)\s*[:：]")
_HIGH = re.compile(r"\br\s*(>=|≥|>)\s*(\d+(?:\.\d+)?)\s*[:：]")
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
        steps.append(step(f"人均 {name}", f"{name} per head", f"{plain(used)} ÷ {plain(population)}", each))
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
    steps = [
        step(f"第 {place} 份", f"share {place}", f"{plain(whole)} × {plain(one)} ÷ {plain(total(shares))}", part)
        for place, (one, part) in enumerate(zip(shares, parts, strict=True), 1)
    ]
    left = " − ".join(map(plain, (whole, *parts[:-1])))
    rest = step("最后一份为余数", "the last takes the rest", left, parts[-1])
    return Worked(figures, (*steps[:-1], rest), "parts", "parts")


def dip_deviation(task: Task) -> Worked:
    """The score of a case whose cost may lie outside the range that counts as normal."""
    given = task.given
    score, cost, mean = given.amount(_SCORE), given.amount("case_cost"), given.amount("mean_cost")
    edges, remarks = _edges(task)
    times = dip.cost_ratio(cost, mean)
    result = dip.case_score(score, cost, mean, edges)
    if edges.is_low(times):
        how = step("低于下限，按比例", "below the range, by its ratio", f"{plain(score)} × {plain(times)}", result)
    elif edges.is_high(times):
        formula = f"{plain(score)} × ({plain(times)} − {plain(edges.high)} + 1)"
        how = step("高于上限，加超出部分", "above the range, with the excess", formula, result)
    else:
        how = step("费用正常，按原分值", "within the range, the group's score", "", result)
    figures: dict[str, Result] = {
        _SCORE: unrounded(result),
        "case_score": unrounded(result),
        "ratio": unrounded(times),
        "r": unrounded(times),
    }
    steps = (step("费用倍率 r", "ratio r", f"{plain(cost)} ÷ {plain(mean)}", times), how)
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
    steps = [
        step("病种加权次均费用", "weighted mean of the group", _weighed(by_year, weights), of_group),
        step("全部病例加权次均费用", "weighted mean of all", _weighed(all_by_year, weights), of_all),
        step("权重 RW", "relative weight RW", f"{plain(of_group)} ÷ {plain(of_all)}", weight),
    ]
    if given.has("scale"):
        scale = given.amount("scale")
        figures[_SCORE] = unrounded(weight * scale)
        steps.append(step("分值", "score", f"{plain(weight)} × {plain(scale)}", weight * scale))
    return Worked(figures, tuple(steps), "RW")


def dip_point(task: Task) -> Worked:
    """The value of a point at the year's end."""
    given = task.given
    fund, part, score = given.amount("fund"), given.ratio_or(Decimal(1), "fund_share"), given.amount("total_score")
    reserve = given.amount_or(ZERO, "reserve")
    value = dip.settlement_point_value(fund, part, score, reserve=reserve)
    formula = f"({plain(fund)} − {plain(reserve)}) ÷ {plain(part)} ÷ {plain(score)}"
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
        step("点值", "point value", f"{plain(budget)} ÷ {plain(scores)}", value),
        step("按分值支付", "paid by points", f"{plain(score)} × {plain(value)}", paid),
        step("结余（负数为医院承担）", "kept (below zero: borne)", f"{plain(paid)} − {plain(cost)}", paid - cost),
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
    return Worked(figures, (step("结算率", "settlement rate", f"{plain(paid)} ÷ {plain(recorded)}", result),), "rate")


def drg_points(task: Task) -> Worked:
    """The points of a stay, carried through or broken off."""
    given = task.given
    group, city = given.amount("group_mean"), given.amount("city_mean")
    base = drg.base_points(group, city)
    figures: dict[str, Result] = {"base": unrounded(base)}
    steps = [step("基准点数", "base points", f"{plain(group)} ÷ {plain(city)} × 100", base)]
    is_complete = given.flag_or("complete", otherwise=True)
    hospital, actual = given.amount_or_none("hospital_mean"), given.amount_or_none("actual")
    if hospital is not None:
        figures["coefficient"] = unrounded(drg.hospital_coefficient(hospital, group))
    if is_complete:
        hospital = given.amount("hospital_mean")
        coefficient = drg.hospital_coefficient(hospital, group)
        points = drg.complete_points(group, city, hospital)
        steps += [
            step("医院系数", "hospital coefficient", f"{plain(hospital)} ÷ {plain(group)}", coefficient),
            step("完整住院", "complete stay", f"{plain(base)} × {plain(coefficient)}", points),
        ]
    else:
        actual = given.amount("actual")
        points = drg.incomplete_points(group, city, actual)
        formula = f"min({plain(base)}, {plain(base)} × {plain(actual)} ÷ {plain(group)})"
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
        how = step("期限内同组再住院，前次减半", "same group within the window, halved", f"{plain(points)} ÷ 2", left)
    elif not same_group:
        how = step("病组不同，不减半", "another group, not halved", "", left)
    elif chemo_radio:
        how = step("放化疗，不减半", "chemotherapy or radiotherapy, not halved", "", left)
    else:
        shown = f"{plain(days)} > {plain(window)}"
        how = step(f"超出期限（{shown}），不减半", f"after the window ({shown}), not halved", "", left)
    return Worked(figures, (how,), "first")


def _weighed(by_year: Sequence[Decimal], weights: Sequence[Decimal]) -> str:
    sums = " + ".join(f"{plain(mean)} × {plain(weight)}" for mean, weight in zip(by_year, weights, strict=True))
    return f"({sums}) ÷ {plain(total(weights))}"


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
