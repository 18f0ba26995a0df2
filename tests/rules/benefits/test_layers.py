"""Deductibles, rates, bands and caps of one layer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.benefits import StepKind, YearTotals, settle
from tests.rules.benefits.scene import BASIC, HEAD, basic, book, line, pay, person, told, visit, year_of

D = Decimal
FULL = "[[layer.rate]]\nrate = 1\n"
BANDS = "[[layer.rate]]\nbands = [{ to = 1000, rate = 0.5 }, { to = 2000, rate = 0.6 }, { rate = 0.7 }]\n"


def deductible(text: str) -> str:
    return f"[[layer.deductible]]\n{text}\n"


@pytest.mark.parametrize(
    ("text", "stay", "expected"),
    [
        ("amount = 800", 1, "800.00"),
        ("amount = 800", 9, "800.00"),
        ("amount = 800\nstay_factors = [1, 0.5]", 1, "800.00"),
        ("amount = 800\nstay_factors = [1, 0.5]", 2, "400.00"),
        ("amount = 800\nstay_factors = [1, 0.5]", 7, "400.00"),
        ("amount = 800\nstay_factors = [1, 0.5]\nleast = 500", 2, "500.00"),
        ("amount = 800\nless_per_stay = 100", 3, "600.00"),
        ("amount = 800\nless_per_stay = 100", 20, "0.00"),
        ("amount = 800\nless_per_stay = 100\nleast = 160", 20, "160.00"),
        ("amount = 100\nless_per_stay = 10\nleast = 160", 2, "100.00"),  # the least never raises
        ("share = 0.05\nof = 'base_wage'", 1, "404.20"),
        ("share = 0.12\nof = 'base_wage'\nless_per_stay = 100\nleast = 160", 2, "870.08"),
    ],
)
def test_a_deductible_by_stay_and_by_base_wage(text: str, stay: int, expected: str) -> None:
    rules = book("[amounts]\nbase_wage = 8084\n" + BASIC + deductible(text) + FULL)
    settled = pay(rules, 5000, where=visit(stay_number=stay))
    assert str(settled.act_pay_dedc) == expected
    assert settled.hifp_pay == 5000 - D(expected)


def test_the_first_deductible_that_fits_is_taken() -> None:
    rules = basic(
        deductible("when = { level = ['3'] }\namount = 900")
        + deductible("when = { stay_at_least = 2 }\namount = 100")
        + deductible("amount = 300")
        + FULL
    )
    for level, stay, expected in (("3", 2, 900), ("2", 2, 100), ("2", 1, 300)):
        assert pay(rules, 5000, where=visit(level=level, stay_number=stay)).act_pay_dedc == expected
    nobody = basic(deductible("when = { level = ['1'] }\namount = 900") + FULL)
    assert pay(nobody, 5000).act_pay_dedc == 0


def test_a_stay_that_goes_on_after_the_turn_of_the_year_need_not_pay_twice_nor_count_twice() -> None:
    body = deductible("when = { continued = true }\namount = 0") + deductible("amount = 300") + FULL
    rules = book(BASIC + body, HEAD + 'stays = ["21"]\n')
    settled = pay(rules, 5000, where=visit(is_continued=True))
    assert settled.act_pay_dedc == 0
    assert "stays" not in settled.increments
    assert pay(rules, 5000).increments["stays"] == 1


def test_a_yearly_deductible_is_paid_once_over_the_visits() -> None:
    rules = basic(deductible("amount = 300\nper = 'year'") + "[[layer.rate]]\nrate = 0.6\n")
    settled = year_of(rules, [100, 250, 1000])
    assert [one.act_pay_dedc for one in settled] == [100, 200, 0]
    assert [one.hifp_pay for one in settled] == [0, 30, 600]
    assert settled[0].increments["dedc:basic"] == 100
    assert told(settled[1], StepKind.DEDUCTIBLE)[0]["before"] == 100


def test_deductibles_by_level_share_a_yearly_pool() -> None:
    rules = basic(
        deductible("when = { level = ['community'] }\namount = 200\nper = 'year'\npool = 'clinic'")
        + deductible("amount = 500\nper = 'year'\npool = 'clinic'")
        + FULL
    )
    first = pay(rules, 1000, where=visit(level="community"))
    then = pay(rules, 1000, where=visit(level="3"), totals=YearTotals(first.increments))
    again = pay(rules, 1000, where=visit(level="community"), totals=YearTotals(then.increments))
    assert [one.act_pay_dedc for one in (first, then, again)] == [200, 300, 0]


def test_deductibles_per_visit_may_have_a_limit_for_the_year() -> None:
    rules = basic(deductible("amount = 500\nmost_in_year = 1200") + FULL)
    assert [one.act_pay_dedc for one in year_of(rules, [900, 900, 900, 900])] == [500, 500, 200, 0]


def test_bands_lie_over_the_amount_itself() -> None:
    settled = pay(basic("laid = 'from_zero'\n" + deductible("amount = 600") + BANDS), 2500)
    assert settled.hifp_pay == 200 + 600 + 350  # 400 of the first band, 1000 of the second, 500 above
    assert told(settled, StepKind.PAYMENT)[0]["bands"] == "400.00×50% + 1000.00×60% + 500.00×70%"
    assert settled.pool_prop_selfpay == D("0.6053")  # 1150 of the 1900 above the deductible


def test_bands_count_from_nothing_above_the_deductible() -> None:
    assert pay(basic(deductible("amount = 600") + BANDS), 2500).hifp_pay == 500 + D("0.6") * 900


@pytest.mark.parametrize("laid", ["from_zero", "above_deductible"])
def test_bands_of_a_year_go_on_where_it_has_come_to(laid: str) -> None:
    rules = basic(f"laid = '{laid}'\nover = 'year'\n" + deductible("amount = 600\nper = 'year'") + BANDS)
    apart = [one.hifp_pay for one in year_of(rules, [500, 700, 2000])]
    assert sum(apart) == pay(rules, 3200).hifp_pay
    assert apart[0] == 0


def test_bands_of_a_visit_begin_anew() -> None:
    assert [one.hifp_pay for one in year_of(basic(BANDS), [1000, 1000])] == [500, 500]


def test_layers_of_a_group_go_on_in_each_others_bands() -> None:
    rules = book(
        BASIC
        + "when = { level = ['1'] }\nover = 'year'\ngroup = 'both'\n"
        + BANDS
        + BASIC.replace('"basic"', '"other"')
        + "over = 'year'\ngroup = 'both'\n"
        + BANDS
    )
    first = pay(rules, 1000, where=visit(level="1"))
    assert pay(rules, 1000, totals=YearTotals(first.increments)).hifp_pay == 600


def test_nothing_is_paid_between_bands_and_above_the_last() -> None:
    rules = basic("[[layer.rate]]\nbands = [{ to = 100, rate = 1 }, { from = 200, to = 300, rate = 1 }]\n")
    assert pay(rules, 1000).hifp_pay == 200
    nothing = pay(basic("[[layer.rate]]\nbands = [{ from = 200, to = 300, rate = 1 }]\n"), 100)
    assert (nothing.hifp_pay, nothing.pool_prop_selfpay) == (0, 0)


def test_a_payment_of_several_bands_is_rounded_once() -> None:
    rules = basic("[[layer.rate]]\nbands = [{ to = 0.01, rate = 0.4 }, { rate = 0.4 }]\n")
    assert pay(rules, "0.02").hifp_pay == D("0.01")  # 0.004 and 0.004, which would each be nothing


@pytest.mark.parametrize(
    ("age", "expected"), [(0, "0.75"), (10, "0.75"), (40, "0.81"), (90, "0.91"), (99, "0.92"), (110, "0.92")]
)
def test_the_ratio_grows_with_age(age: int, expected: str) -> None:
    rules = basic("[[layer.rate]]\nrate = 0.75\nper_year_of_age = 0.002\nyears_from = 10\nmost = 0.92\n")
    assert pay(rules, 100, person(age=age)).pool_prop_selfpay == D(expected)


def test_age_lowers_no_rate_that_is_above_its_most_and_raises_none_of_nought() -> None:
    rules = basic(
        "[[layer.rate]]\nbands = [{ to = 100, rate = 0 }, { rate = 0.95 }]\nper_year_of_age = 0.002\nmost = 0.9\n"
    )
    assert pay(rules, 200, person(age=50)).hifp_pay == 95


def test_ratios_by_level_and_person_kind() -> None:
    rules = basic(
        "[[layer.rate]]\nwhen = { level = ['3'], psn_type = ['12'] }\nrate = 0.88\n"
        "[[layer.rate]]\nwhen = { level = ['3'] }\nrate = 0.84\n"
        "[[layer.rate]]\nwhen = { age_at_least = 60, age_below = 70 }\nrate = 0.95\n"
        "[[layer.rate]]\nrate = 0.9\n"
    )
    for who, level, expected in (
        (person(psn_type="12"), "3", "0.88"),
        (person(psn_type="1201"), "3", "0.88"),  # a longer local code begins with the kind
        (person(psn_type="1101"), "3", "0.84"),
        (person(age=60), "2", "0.95"),
        (person(age=70), "2", "0.9"),
    ):
        assert pay(rules, 100, who, visit(level=level)).pool_prop_selfpay == D(expected)


def cap(text: str) -> str:
    return f"[[layer.cap]]\n{text}\n"


def test_a_cap_of_the_year_is_what_the_fund_pays_in_it() -> None:
    settled = year_of(basic(cap("amount = 1000") + "[[layer.rate]]\nrate = 0.5\n"), [1500, 1500, 100])
    assert [one.hifp_pay for one in settled] == [750, 250, 0]
    assert [one.payments[0].limit_left for one in settled] == [1000, 250, 0]
    assert "剩余限额 250.00" in settled[1].steps[2].sentence


@pytest.mark.parametrize(
    ("span", "days", "paid"),
    [
        ("visit", [(1, 1), (1, 1)], [100, 100]),
        ("day", [(1, 1), (1, 1), (1, 2)], [100, 0, 100]),
        ("month", [(1, 1), (1, 31), (2, 1)], [100, 0, 100]),
        ("quarter", [(1, 1), (3, 31), (4, 1)], [100, 0, 100]),
        ("year", [(1, 1), (12, 31)], [100, 0]),
    ],
)
def test_a_cap_begins_anew_with_its_span(span: str, days: list[tuple[int, int]], paid: list[int]) -> None:
    rules = basic(cap(f"amount = 100\nper = '{span}'") + FULL)
    totals, got = YearTotals(), []
    for month, day in days:
        settled = pay(rules, 500, where=visit(begins=date(2026, month, day)), totals=totals)
        totals = totals.plus(settled.increments)
        got.append(settled.hifp_pay)
    assert got == paid


def test_a_cap_may_count_the_money_that_is_paid_for() -> None:
    rules = basic(deductible("amount = 50") + cap("amount = 100\ncounts = 'scope'") + "[[layer.rate]]\nrate = 0.6\n")
    settled = year_of(rules, [120, 120, 120])
    assert [one.hifp_pay for one in settled] == [42, 18, 0]
    assert settled[0].increments["used:basic"] == 70


def test_a_cap_of_the_amount_itself_holds_the_deductible_where_bands_do() -> None:
    rules = basic("laid = 'from_zero'\n" + deductible("amount = 50") + cap("amount = 150\ncounts = 'scope'") + FULL)
    settled = year_of(rules, [120, 120, 40])
    assert [one.hifp_pay for one in settled] == [70, 0, 0]  # 30 are left of the cap, below the next deductible
    assert [one.increments.get("used:basic") for one in settled] == [120, 30, None]


def test_of_the_caps_of_a_pool_the_first_that_fits_binds_and_all_pools_bind_together() -> None:
    rules = basic(
        cap("when = { psn_type = ['12'] }\namount = 900")
        + cap("amount = 700")
        + cap("amount = 800\npool = 'everybody'")
        + FULL
    )
    assert pay(rules, 5000, person(psn_type="12")).hifp_pay == 800
    assert pay(rules, 5000).hifp_pay == 700


def test_layers_of_a_pool_share_its_cap() -> None:
    rules = book(
        BASIC
        + "when = { med_type = ['11'] }\n"
        + cap("amount = 1000\npool = 'fund'")
        + FULL
        + BASIC.replace('"basic"', '"stay"')
        + cap("amount = 1000\npool = 'fund'")
        + FULL
    )
    first = pay(rules, 600, where=visit(med_type="11"))
    assert pay(rules, 600, totals=YearTotals(first.increments)).hifp_pay == 400


DISEASES = """
[layer.diseases]
{merge}
[[layer.diseases.kind]]
codes = ["M1", "M1x"]
title = {{ zh = "一", en = "One" }}
limit = 300
[[layer.diseases.kind]]
codes = ["M2"]
title = {{ zh = "二", en = "Two" }}
limit = 500
[[layer.diseases.kind]]
codes = ["M3"]
title = {{ zh = "三", en = "Three" }}
{third}
[[layer.rate]]
rate = 1
"""


def chronic(merge: str, registered: set[str], disease: str = "M1", third: str = "limit = 100") -> list[Decimal]:
    rules = basic(DISEASES.format(merge=merge, third=third))
    ill = person(diseases=frozenset(registered))
    return [one.hifp_pay for one in year_of(rules, [200, 9000], ill, visit(med_type="14", disease=disease))]


@pytest.mark.parametrize(
    ("merge", "registered", "expected"),
    [
        ("", {"M1", "M2"}, 300),
        ("merge = 'separate'", {"M1"}, 300),
        ("merge = 'sum'", {"M1", "M2"}, 800),
        ("merge = 'sum'\nmost = 700", {"M1", "M2"}, 700),
        ("merge = 'sum'\nmost = 200", {"M1"}, 300),  # never below the one limit
        ("merge = 'highest'", {"M1", "M2", "M3"}, 500),
        ("merge = 'highest'\nfurther_share = 0.5", {"M1", "M2", "M3"}, 700),
        ("merge = 'highest'\nfurther_amount = 60", {"M1", "M2", "M3"}, 620),
        ("merge = 'highest'\nfurther_share = 0.5", {"M1"}, 300),
    ],
)
def test_limits_of_several_diseases_go_together(merge: str, registered: set[str], expected: int) -> None:
    assert chronic(merge, registered) == [200, expected - 200]


@pytest.mark.parametrize("merge", ["merge = 'sum'", "merge = 'highest'", ""])
def test_a_disease_without_limit_lifts_the_limit(merge: str) -> None:
    assert chronic(merge, {"M1", "M3"}, "M3", third="") == [200, 9000]


def test_separate_limits_are_used_up_one_by_one() -> None:
    rules = basic(DISEASES.format(merge="", third=""))
    ill = person(diseases=frozenset({"M1x", "M2"}))
    first = pay(rules, 300, ill, visit(med_type="14", disease="M1x"))
    assert first.increments["paid:basic:M1"] == 300
    then = pay(rules, 300, ill, visit(med_type="14", disease="M2"), YearTotals(first.increments))
    assert then.hifp_pay == 300


@pytest.mark.parametrize(("registered", "disease"), [(set(), "M1"), ({"M2"}, "M1"), ({"M9"}, "M9"), ({"M1"}, None)])
def test_without_the_registration_the_layer_for_the_disease_does_not_hold(
    registered: set[str], disease: str | None
) -> None:
    rules = basic(DISEASES.format(merge="", third=""))
    settled = pay(rules, 300, person(diseases=frozenset(registered)), visit(med_type="14", disease=disease))
    assert settled.fund_pay_sumamt == 0
    assert "没有适用的基本支付规则" in settled.steps[2].sentence


def test_a_layer_without_a_rate_that_fits_gives_way_to_the_next() -> None:
    rules = book(
        BASIC
        + "[[layer.rate]]\nwhen = { level = ['1'] }\nrate = 1\n"
        + BASIC.replace('"basic"', '"next"')
        + "[[layer.rate]]\nwhen = { registered = false }\nrate = 0.5\n"
    )
    assert [one.rule for one in pay(rules, 100).payments] == ["next"]


def test_zero_money_in_scope_is_settled_too() -> None:
    rules = basic(deductible("amount = 600") + BANDS)
    settled = settle(rules, person(), visit(), [line(100, charge_class="03")], YearTotals())
    assert (settled.psn_cash_pay, settled.fund_pay_sumamt, settled.in_scope_ratio) == (100, 0, 0)
    free = settle(rules, person(), visit(), [line(0)], YearTotals())
    assert (free.medfee_sumamt, free.real_ratio) == (0, 0)


def test_ratios_of_a_settlement() -> None:
    rules = basic("[[layer.rate]]\nrate = 0.75\n")
    settled = settle(rules, person(), visit(), [line(100), line(50, "2", charge_class="03")], YearTotals())
    assert (settled.in_scope_ratio, settled.real_ratio) == (D("0.7500"), D("0.5000"))
