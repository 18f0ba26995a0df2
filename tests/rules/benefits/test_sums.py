"""How the figures of a step come about, told so that each follows from the words before it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from rules.benefits import Book, Person, Settlement, StepKind, Visit, YearTotals, settle
from rules.benefits.outcome import Step
from tests.identities.sums_told import wrong_sums
from tests.rules.benefits.scene import BASIC, TITLE, basic, book, line, pay, person, visit

RATE = "[[layer.rate]]\nrate = 0.5\n"


def for_the_poor(layers: str, helps: str) -> Book:
    """Return a book that helps the poor."""
    return book(
        "[[identity]]\ncode = '011'\n" + TITLE + BASIC + layers + "[[adjust]]\nid = 'poor'\n"
        "title = { zh = '困难群众', en = 'The poor' }\nwhen = { assistance = ['011'] }\n" + helps + "\n"
    )


def sentences(settled: Settlement, kind: StepKind) -> list[str]:
    return [step.sentence.partition("：")[2] for step in settled.steps if step.kind is kind]


def deductible(body: str, who: Person | None = None, where: Visit | None = None, **totals: str) -> str:
    rules = basic("[[layer.deductible]]\n" + body + RATE)
    return first_deductible(rules, who or person(), where or visit(), **totals)


def first_deductible(rules: Book, who: Person, where: Visit, **totals: str) -> str:
    year = YearTotals({f"dedc:{key}": Decimal(amount) for key, amount in totals.items()})
    settled = pay(rules, 1000, who, where, year)
    assert wrong_sums(settled) == ""
    return sentences(settled, StepKind.DEDUCTIBLE)[0].removeprefix("起付标准 ")


@pytest.mark.parametrize(
    ("body", "stay", "told"),
    [
        ("amount = 800\n", 1, "800.00，本次起付 800.00"),
        ("amount = 800\nstay_factors = [1, 0.5]\n", 1, "800.00（第 1 次住院），本次起付 800.00"),
        ("amount = 800\nstay_factors = [1, 0.5]\n", 2, "800.00×50%（第 2 次住院） = 400.00，本次起付 400.00"),
        ("amount = 800\nstay_factors = [1, 0.5]\n", 5, "800.00×50%（第 5 次住院） = 400.00，本次起付 400.00"),
        (
            "amount = 800\nstay_factors = [1, 0.25]\nleast = 300\n",
            2,
            "800.00×25%（第 2 次住院） = 200.00，最低 300.00，本次起付 300.00",
        ),
        ("amount = 800\nless_per_stay = 100\n", 1, "800.00（第 1 次住院），本次起付 800.00"),
        ("amount = 800\nless_per_stay = 100\n", 3, "800.00-100.00×2（第 3 次住院） = 600.00，本次起付 600.00"),
        (
            "amount = 800\nless_per_stay = 500\n",
            3,
            "800.00-500.00×2（第 3 次住院） = -200.00，最低 0，本次起付 0.00",
        ),
        ("amount = 1200\n", 1, "1200.00，基数仅 1000.00，本次起付 1000.00"),
    ],
)
def test_a_deductible_says_of_which_stay_it_is(body: str, stay: int, told: str) -> None:
    assert deductible(body, where=visit(stay_number=stay)) == told


def test_a_deductible_that_is_a_share_goes_on_from_it() -> None:
    head = "[amounts]\nwage = 8084\n"
    rules = book(head + BASIC + "[[layer.deductible]]\nshare = 0.05\nof = 'wage'\nstay_factors = [1, 0.5]\n" + RATE)
    told = [first_deductible(rules, person(), visit(stay_number=stay)) for stay in (1, 2)]
    assert told == [
        "8084.00×5% = 404.20，第 1 次住院，本次起付 404.20",
        "8084.00×5% = 404.20，×50%（第 2 次住院） = 202.10，本次起付 202.10",
    ]


def test_a_deductible_says_who_halves_it() -> None:
    layers = "[[layer.deductible]]\namount = 900\nstay_factors = [1, 0.5]\n" + RATE
    rules = for_the_poor(layers, "deductible_factor = 0.5")
    poor = person(assistance="011")
    assert first_deductible(rules, poor, visit()) == "900.00（第 1 次住院），×0.5（困难群众） = 450.00，本次起付 450.00"
    assert first_deductible(rules, poor, visit(stay_number=2)) == (
        "900.00×50%（第 2 次住院） = 450.00，×0.5（困难群众） = 225.00，本次起付 225.00"
    )
    halved = for_the_poor("[[layer.deductible]]\namount = 900\n" + RATE, "deductible_factor = 0.5")
    assert first_deductible(halved, poor, visit()) == "900.00×0.5（困难群众） = 450.00，本次起付 450.00"


def test_a_deductible_says_what_was_paid_before_and_with_which_rules() -> None:
    year = "amount = 300\nper = 'year'\npool = 'shared'\n"
    other = (
        "[[layer]]\nid = 'drugs'\ntitle = { zh = '特药', en = 'Drugs' }\nfund = 'hifp_pay'\n"
        "when = { med_type = ['15'] }\n[[layer.deductible]]\n" + year + RATE
    )
    assert deductible(year, shared="100") == "300.00，本年度此前已付 100.00，本次起付 200.00"
    together = book(other + BASIC + "[[layer.deductible]]\n" + year + RATE)
    assert first_deductible(together, person(), visit(), shared="100") == (
        "300.00，本年度此前已付 100.00（与特药合并计算），本次起付 200.00"
    )
    assert deductible("amount = 300\nmost_in_year = 500\n", basic="450") == (
        "300.00，本年度合计至多 500.00，此前已付 450.00，本次起付 50.00"
    )


DISEASES = """
[layer.diseases]
{merge}
[[layer.diseases.kind]]
codes = ['M1']
title = {{ zh = '高血压', en = 'Hypertension' }}
limit = 3600
[[layer.diseases.kind]]
codes = ['M2']
title = {{ zh = '糖尿病', en = 'Diabetes' }}
limit = 4800
"""


@pytest.mark.parametrize(
    ("merge", "told"),
    [
        ("merge = 'separate'", "剩余限额 3600.00"),
        ("merge = 'sum'", "限额 4800.00（糖尿病）+3600.00（高血压） = 8400.00，剩余限额 8400.00"),
        (
            "merge = 'highest'\nfurther_share = 0.5",
            "限额 4800.00（糖尿病）+3600.00（高血压）×50% = 6600.00，剩余限额 6600.00",
        ),
        (
            "merge = 'highest'\nfurther_amount = 300\nfurther_share = 0.25\nmost = 5900",
            "限额 4800.00（糖尿病）+3600.00（高血压）×25%+300.00 = 6000.00，最高 5900.00，剩余限额 5900.00",
        ),
    ],
)
def test_limits_of_several_diseases_are_told_as_a_sum(merge: str, told: str) -> None:
    rules = basic(DISEASES.format(merge=merge) + RATE)
    both = person(diseases=frozenset({"M1", "M2"}))
    settled = pay(rules, 100, both, visit(disease="M1"))
    assert wrong_sums(settled) == ""
    assert f"= 50.00，{told}，统筹基金支付 50.00" in sentences(settled, StepKind.PAYMENT)[0]


def test_a_limit_says_what_was_used_of_it_when_and_with_which_rules() -> None:
    other = (
        "[[layer]]\nid = 'drugs'\ntitle = { zh = '特药', en = 'Drugs' }\nfund = 'hifp_pay'\n"
        "when = { med_type = ['15'] }\n[[layer.cap]]\namount = 900\npool = 'p'\n" + RATE
    )
    rules = book(other + BASIC + "[[layer.cap]]\namount = 900\npool = 'p'\n" + RATE)
    settled = pay(rules, 100, totals=YearTotals({"paid:p": Decimal(880)}))
    told = sentences(settled, StepKind.PAYMENT)[0]
    assert (
        "限额 900.00，本年度已用 880.00（与特药合并计算），剩余限额 20.00，限额以上未付 60.00，统筹基金支付 20.00"
        in told
    )
    assert wrong_sums(settled) == ""


@pytest.mark.parametrize(
    ("laid", "told"),
    [
        ("above_deductible", "起付 100.00，剩余计入限额 300.00，起付线以上计 300.00"),
        ("from_zero", "起付 100.00，剩余计入限额（含起付） 300.00，起付线以上计 200.00"),
    ],
)
def test_a_limit_of_what_counts_says_whether_the_deductible_is_in_it(laid: str, told: str) -> None:
    rules = basic(
        f"laid = '{laid}'\n[[layer.deductible]]\namount = 100\n[[layer.cap]]\namount = 300\ncounts = 'scope'\n" + RATE
    )
    settled = pay(rules, 1000)
    assert told in sentences(settled, StepKind.PAYMENT)[0]
    assert wrong_sums(settled) == ""


@pytest.mark.parametrize(
    ("rate", "helps", "told"),
    [
        ("rate = 0.8", "points = 0.05", "85% = 80%+5%"),
        ("rate = 0.98", "points = 0.05", "100% = 98%+5%，最高 100%"),
        ("rate = 0.8", "rate_factor = 1.1", "88% = 80%×1.1"),
        ("rate = 0.5\nper_year_of_age = 0.002\nyears_from = 30", "points = 0.05", "57% = 50%+0.2%×10+5%"),
        (
            "rate = 0.5\nper_year_of_age = 0.01\nyears_from = 10\nmost = 0.7",
            "points = 0.05",
            "75% = 50%+1%×30，最高 70%，+5%",
        ),
        ("rate = 0.8", "lifts_caps = true", ""),
        ("rate = 0", "points = 0.05", ""),
    ],
)
def test_a_rate_that_is_not_the_rules_own_is_told_as_a_sum(rate: str, helps: str, told: str) -> None:
    rules = for_the_poor(f"[[layer.rate]]\n{rate}\n", helps)
    settled = pay(rules, 100, person(assistance="011"))
    assert wrong_sums(settled) == ""
    said = sentences(settled, StepKind.PAYMENT)[0]
    assert f"（{told}），统筹基金支付" in said if told else "（" not in said


def test_what_an_account_may_pay_is_told_by_what_it_is_for() -> None:
    rules = book(
        BASIC
        + RATE
        + "[[account]]\nid = 'account'\n"
        + TITLE
        + "own = ['in_scope', 'outside']\nfamily = ['in_scope']\n"
    )
    cart = [line(100, "1"), line(30, "2", charge_class="03")]
    who = person(account_balance=Decimal(60), mutual_aid=Decimal(90))
    settled = settle(rules, who, visit(uses_account=True), cart, YearTotals())
    (told,) = sentences(settled, StepKind.ACCOUNT)
    assert told.split("；") == [
        "个人负担 80.00",
        "账户可付 80.00（范围内 50.00 + 全自费 30.00），余额 60.00，支付 60.00",
        "共济可付 50.00（范围内 50.00），账户支付后仅余 20.00，余额 90.00，支付 20.00",
    ]
    assert wrong_sums(settled) == ""


def test_a_sum_that_is_wrong_is_found() -> None:
    """The reader of sentences bites: each figure that is spoilt is named."""
    layers = "[[layer.deductible]]\namount = 90\nstay_factors = [1, 0.5]\n[[layer.cap]]\namount = 900\n" + RATE
    settled = pay(
        for_the_poor(layers, "deductible_factor = 0.5\ncap_factor = 2\npoints = 0.1"),
        400,
        person(assistance="011"),
        visit(stay_number=2),
        YearTotals({"paid:basic": Decimal(1700)}),
    )
    assert wrong_sums(settled) == ""
    spoilt = 0
    for step in settled.steps:
        if step.kind not in {StepKind.DEDUCTIBLE, StepKind.PAYMENT}:
            continue
        for name, value in (*step.given, *step.result):
            if isinstance(value, Decimal) and name not in {"before", "paid"}:
                spoilt += 1
                assert wrong_sums(replace(settled, steps=(_with(step, name, value + 1),))), name
    assert spoilt > 8


def _with(step: Step, name: str, value: Decimal) -> Step:
    given = dict(step.given)
    result = dict(step.result)
    (result if name in result else given)[name] = value
    return replace(step, given=tuple(given.items()), result=tuple(result.items()))
