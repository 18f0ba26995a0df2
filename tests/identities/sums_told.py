"""Reading the sentences of a settlement and reckoning them again: what follows from the words alone, what does not."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from rules.benefits import Settlement, StepKind
from rules.benefits.outcome import Step
from rules.money import ZERO, to_cent, total

_TITLE = re.compile(r"（[^（）]*[^0-9.%×+（）-][^（）]*）")
_BANDS = re.compile(r"，([0-9.]+×[0-9.]+%(?: \+ [0-9.]+×[0-9.]+%)*) = ([0-9.]+)")
_NUMBER = re.compile(r"-?[0-9.]+%?")
_PER_CENT = Decimal("0.01")


def wrong_sums(settled: Settlement) -> str:
    """Return the first sentence whose figure does not follow from its words, or nothing."""
    for step in settled.steps:
        checks: dict[StepKind, Callable[[Step], bool]] = {
            StepKind.DEDUCTIBLE: _deductible,
            StepKind.PAYMENT: _payment,
            StepKind.ACCOUNT: _account,
            StepKind.PACKAGE: _package,
        }
        check = checks.get(step.kind)
        if check is not None and not check(step):
            return step.sentence
    return ""


def reckon(text: str, *, is_money: bool = True) -> Decimal:
    """Return what `4800.00+3600.00×50%` or `（90%+5%）×0.9` comes to; money is rounded in each term."""
    terms = _split(text.replace("（", "(").replace("）", ")"), "+-")
    return total(sign * _term(term, is_money=is_money) for sign, term in terms)


def _term(text: str, *, is_money: bool) -> Decimal:
    product = Decimal(1)
    for _, factor in _split(text, "×"):
        if factor.startswith("("):
            product *= reckon(factor[1:-1], is_money=False)
        else:
            assert _NUMBER.fullmatch(factor), factor
            product *= Decimal(factor[:-1]) * _PER_CENT if factor.endswith("%") else Decimal(factor)
    return to_cent(product) if is_money else product


def _split(text: str, signs: str) -> list[tuple[int, str]]:
    """Return what stands between signs outside of brackets, each with the sign before it."""
    parts: list[tuple[int, str]] = []
    depth, begin, sign = 0, 0, 1
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter in signs and not depth and at > begin:
            parts.append((sign, text[begin:at]))
            begin, sign = at + 1, -1 if letter == "-" else 1
    return [*parts, (sign, text[begin:])]


def chain(segments: list[str], *, is_money: bool = True) -> Decimal | None:
    """Return what a chain of sums comes to, each going on from the one before; None: one of them is wrong."""
    value: Decimal | None = None
    for segment in segments:
        if segment.startswith("最低 "):
            value = max(value or ZERO, _figure(segment))
        elif segment.startswith("最高 "):
            value = min(value or ZERO, _figure(segment))
        elif segment[0].isdigit() or segment[0] in "×-+（":
            before = "" if value is None or segment[0] not in "×-+" else str(value)
            said, _, told = segment.partition(" = ")
            value = reckon(before + said, is_money=is_money)
            if told and value != Decimal(told):
                return None
    return value


def _figure(segment: str) -> Decimal:
    found = segment.rpartition(" ")[2]
    return Decimal(found[:-1]) * _PER_CENT if found.endswith("%") else Decimal(found)


def _segments(step: Step) -> list[str]:
    """Return the parts of a sentence without the titles of rules."""
    text = step.sentence.removeprefix(f"{step.title.zh}：")
    while _TITLE.search(text):
        text = _TITLE.sub("", text)
    return text.split("，")


def _after(segments: list[str], head: str) -> Decimal | None:
    """Return the figure of the segment that begins, or whose second half begins, with some words."""
    found = [one for one in segments if re.match(rf"[^ ]*{head} ", one)]
    return _figure(found[-1]) if found else None


def _deductible(step: Step) -> bool:
    segments = _segments(step)
    first = next(at for at, one in enumerate([*segments, "，"]) if re.match("[^0-9×第最-]", one) and at)
    sums = [segments[0].removeprefix("起付标准 "), *segments[1:first]]
    standard, rest = chain([one for one in sums if not one.startswith("第 ")]), segments[first:]
    if standard is None:
        return False
    years = [at for at, one in enumerate(rest) if one.startswith("本年度合计至多 ")]
    before = _after(rest[: years[0]] if years else rest, "此前已付") or ZERO
    due = [max(standard - before, ZERO)]
    if years:
        due.append(max(_figure(rest[years[0]]) - _figure(rest[years[0] + 1]), ZERO))
    only = _after(rest, "基数仅")
    return _after(rest, "本次起付") == min([*due, *([] if only is None else [only])])


def _payment(step: Step) -> bool:
    whole, segments = step.sentence, _segments(step)
    bands = _BANDS.search(whole)
    paid = re.search("支付 ([0-9.]+)$", whole)
    reckoned = ZERO if bands is None else to_cent(reckon(bands[1].replace(" ", ""), is_money=False))
    limit, left = _after(segments, "剩余限额"), _after(segments, "其他基金支付后仅余")
    return (
        _base_follows(step)
        and _counted_follows(segments, whole, bands)
        and _rates_follow(step)
        and _limits_follow(step, segments)
        and (bands is None or reckoned == Decimal(bands[2]))
        and paid is not None
        and Decimal(paid[1]) == min([reckoned, *(one for one in (limit, left) if one is not None)])
    )


def _base_follows(step: Step) -> bool:
    """Tell whether the base is what it says that funds have left of the scope."""
    told = re.search(r"基数 ([0-9.]+)(?:（([^（）]*-已支付[^（）]*)）)?", step.sentence)
    assert told is not None
    left = told[1] if told[2] is None else max(reckon(re.sub("[^0-9.-]", "", told[2])), ZERO)
    return Decimal(told[1]) == Decimal(left) == dict(step.given)["base"]


def _counted_follows(segments: list[str], whole: str, bands: re.Match[str] | None) -> bool:
    """Tell whether what counts follows from base, deductible and limit, and lies in the bands."""
    base, above = _after(segments, "基数"), _after(segments, "起付") or ZERO
    counted, most = _after(segments, "起付线以上计"), _after(segments, "剩余计入限额")
    assert base is not None
    assert counted is not None
    of_whole = above if "剩余计入限额（含起付）" in whole else ZERO
    able = base - above + of_whole
    able = able if most is None else min(able, most)
    widths = [Decimal(one.partition("×")[0]) for one in bands[1].split(" + ")] if bands else []
    unlaid = re.search("另 ([0-9.]+) 不在支付分段内", whole)
    beyond = _after(segments, "限额以上未付")
    return (
        counted == max(able - of_whole, ZERO)
        and counted == total(widths) + Decimal(unlaid[1] if unlaid else 0)
        and beyond in {None, base - above - counted + _unpaid(bands, _after(segments, "剩余限额"))}
    )


def _limits_follow(step: Step, segments: list[str]) -> bool:
    """Tell whether what is left of the limits is what their sums come to."""
    for left, amount, used in (("剩余限额", "limit", "limit_used"), ("剩余计入限额", "scope_limit", "scope_used")):
        if _limit_left(step, amount, used) not in {None, _after(segments, left)}:
            return False
    return True


def _unpaid(bands: re.Match[str] | None, payable: Decimal | None) -> Decimal:
    """Return the money of bands that a limit keeps from being paid for, if it is used up from the lowest on."""
    if bands is None or payable is None:
        return ZERO
    unpaid = ZERO
    for one in bands[1].split(" + "):
        width, rate = (reckon(part, is_money=False) for part in one.split("×"))
        if width * rate > payable:
            unpaid += width - to_cent(payable / rate)
            payable = ZERO
        else:
            payable -= width * rate
    return unpaid


def _limit_left(step: Step, amount: str, used: str) -> Decimal | None:
    """Return what is left of a limit by its sum, which the sentence has; None: it has none."""
    given = dict(step.given)
    if amount not in given:
        return None
    told = str(getattr(given[amount], "zh", given[amount]))
    assert told in step.sentence
    if used in given:
        assert f"已用 {given[used]}" in step.sentence
    while _TITLE.search(told):
        told = _TITLE.sub("", told)
    value = chain(told.split("，"))
    return Decimal(-1) if value is None else max(value - Decimal(str(given.get(used, 0))), ZERO)


def _rates_follow(step: Step) -> bool:
    """Tell whether each rate is what its sum comes to."""
    told = dict(step.given).get("rates")
    if told is None:
        return True
    text = str(getattr(told, "zh", told))
    assert text in step.sentence
    for one in re.split("，(?=[0-9.]+% = )", text):
        rate, _, said = one.partition(" = ")
        if _rate(said) != Decimal(rate[:-1]) * _PER_CENT:
            return False
    return True


def _rate(said: str) -> Decimal | None:
    bracketed = re.fullmatch(r"（(.*)）(×[0-9.]+)(.*)", said)
    if bracketed is None:
        return chain(said.split("，"), is_money=False)
    inner = chain(bracketed[1].split("，"), is_money=False)
    rest = [one for one in bracketed[3].split("，") if one]
    return chain([f"{inner}{bracketed[2]}", *rest], is_money=False)


def _account(step: Step) -> bool:
    own, family = re.findall(
        r"可付 ([0-9.]+)(?:（([^（）]*)）)?(?:，账户支付后仅余 ([0-9.]+))?，余额 ([0-9.]+)，支付 ([0-9.]+)",
        step.sentence,
    )
    for may, parts, left, balance, paid in (own, family):
        if Decimal(may) != total(Decimal(one.rpartition(" ")[2]) for one in parts.split(" + ") if one):
            return False
        if Decimal(paid) != min(Decimal(one) for one in (may, balance, left) if one):
            return False
    return True


def _package(step: Step) -> bool:
    told = {name: Decimal(str(value)) for name, value in (*step.given, *step.result) if name != "covers"}
    assert all(str(value) in step.sentence for name, value in (*step.given, *step.result) if name != "covers")
    if told["counted"] != min(told["inscp_scp_amt"], max(told["price"] - told.get("counted_before", ZERO), ZERO)):
        return False
    above = told.get("whole", ZERO) - max(told["price"] - told.get("covered_before", ZERO), ZERO)
    hospital = max(above, ZERO)
    return told["hosp_part_amt"] == min(hospital, told.get("most", hospital))
