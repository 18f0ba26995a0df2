"""A stay that is settled in parts: each goes on where the ones before it have come to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rules.benefits import Book, Line, Person, Settlement, StepKind, Visit, YearTotals, settle, shipped_books
from rules.benefits.outcome import Fund
from rules.money import CENT, ZERO
from tests.rules.benefits.scene import BASIC, TITLE, basic, book, line, person, told, visit

FULL = "[[layer.rate]]\nrate = 1\n"
BOOKS = shipped_books()


def in_parts(
    rules: Book, parts: Sequence[Sequence[Line]], who: Person | None = None, where: Visit | None = None
) -> list[Settlement]:
    """Settle the parts of a stay one after the other."""
    totals, here, settled = YearTotals(), where or visit(), []
    for lines in parts:
        settled.append(settle(rules, who or person(), here, lines, totals))
        totals = totals.plus(settled[-1].increments)
        here = replace(here, so_far=YearTotals(here.so_far).plus(settled[-1].carries).amounts)
    return settled


def of_amounts(rules: Book, *amounts: int, where: Visit | None = None, who: Person | None = None) -> list[Settlement]:
    return in_parts(rules, [[line(amount, str(n))] for n, amount in enumerate(amounts)], who, where)


def paid(settled: Sequence[Settlement], name: str) -> list[Decimal]:
    return [getattr(one, name) for one in settled]


def test_a_small_first_part_does_not_buy_off_the_deductible() -> None:
    rules = BOOKS.of("base")
    settled = of_amounts(rules, 100, 9_900)
    assert paid(settled, "act_pay_dedc") == [100, 700]
    assert paid(settled, "hifp_pay") == [0, Decimal("7728.00")]
    assert told(settled[1], StepKind.DEDUCTIBLE)[0]["before"] == 100


@pytest.mark.parametrize("laid", ["from_zero", "above_deductible"])
def test_bands_go_on_where_the_part_before_ended(laid: str) -> None:
    rules = basic(
        f"laid = '{laid}'\n[[layer.deductible]]\namount = 1000\n"
        "[[layer.rate]]\nbands = [{ to = 3000, rate = 0.5 }, { to = 5000, rate = 0.7 }, { rate = 0.9 }]\n"
    )
    (whole,) = of_amounts(rules, 9_000)
    settled = of_amounts(rules, 400, 1_600, 2_500, 4_500)
    assert sum(paid(settled, "hifp_pay"), ZERO) == whole.hifp_pay
    last = told(settled[-1], StepKind.PAYMENT)[0]
    assert last["from"] == (4_500 if laid == "from_zero" else 3_500)
    assert f"分段接 {last['from']}" in settled[-1].steps[-2].sentence


def test_a_cap_of_a_visit_is_one_of_the_whole_stay() -> None:
    rules = basic("[[layer.cap]]\namount = 500\nper = 'visit'\n" + FULL)
    assert paid(of_amounts(rules, 300, 300, 300), "hifp_pay") == [300, 200, 0]


def test_a_package_has_one_price_for_all_parts() -> None:
    rules = basic(FULL, f"[[package]]\nid = 'p'\n{TITLE}when = {{ disease = ['H25'] }}\nprice = 500\n")
    settled = of_amounts(rules, 300, 300, 300, where=visit(disease="H25"))
    assert paid(settled, "hifp_pay") == [300, 200, 0]
    assert paid(settled, "hosp_part_amt") == [0, 100, 300]


def test_a_package_for_everything_never_bears_what_the_person_has_paid() -> None:
    more = f"[[package]]\nid = 'p'\n{TITLE}price = 500\nis_for_everything = true\n"
    rules = basic("[[layer.rate]]\nrate = 0.9\n", more)
    outside = replace(line(200, "out"), charge_class="03")
    settled = in_parts(rules, [[line(400), outside], [line(300, "2")]])
    assert [(one.hifp_pay, one.hosp_part_amt, one.psn_part_amt) for one in settled] == [
        (360, 100, 140),
        (90, 200, 10),
    ]


def test_a_deductible_that_another_fund_paid_into_is_not_forgotten_in_the_next_part() -> None:
    supplements = "".join(
        f"[[layer]]\nid = '{fund}'\nfund = '{fund}'\nbase = '{base}'\n{TITLE}[[layer.rate]]\nrate = 0.5\n"
        for fund, base in (("hifmi_pay", "left"), ("cvlserv_pay", "left_above_deductible"))
    )
    rules = book(BASIC + "[[layer.deductible]]\namount = 800\n[[layer.rate]]\nrate = 0.9\n" + supplements)
    (whole,) = of_amounts(rules, 10_000)
    settled = of_amounts(rules, 100, 9_900)
    assert whole.cvlserv_pay == sum(paid(settled, "cvlserv_pay"), ZERO)


def test_a_stay_counts_once_and_its_deductible_is_paid_once_over_the_turn_of_the_year() -> None:
    rules = BOOKS.of("base")
    december = visit(begins=date(2026, 12, 20), ends=date(2026, 12, 31))
    first = settle(rules, person(), december, [line(100)], YearTotals())
    # Of the deductible only what was paid is paid, however small the part before the turn was.
    later = visit(begins=date(2026, 12, 20), ends=date(2027, 1, 9), is_continued=True, so_far=first.carries)
    second = settle(rules, person(), later, [line(9_900, "2")], YearTotals())
    assert (first.year, second.year) == (2026, 2027)
    assert [first.act_pay_dedc, second.act_pay_dedc] == [100, 700]
    assert ["stays" in one.increments for one in (first, second)] == [True, False]


@pytest.mark.parametrize("area", sorted(BOOKS.by_area))
@pytest.mark.parametrize("insutype", ["310", "390"])
def test_any_split_of_a_stay_comes_to_the_same_under_the_shipped_rules(area: str, insutype: str) -> None:
    rules, rng = BOOKS.of(area), random.Random(f"{area}{insutype}")
    for n in range(60):
        most = rng.choice((300, 5_000, 60_000))
        cart = [
            line(rng.randint(0, most * 100) / Decimal(100), str(serial), pays_first=rng.choice((ZERO, Decimal("0.1"))))
            for serial in range(rng.randint(2, 9))
        ]
        facts = {"is_civil_servant": n % 3 == 0, "has_enterprise_supplement": n % 4 == 0}
        who = person(insutype=insutype, assistance=rng.choice((None, "011", "012")), age=rng.randint(1, 90), **facts)
        where = visit(level=rng.choice("123"), stay_number=rng.randint(1, 3), disease=rng.choice((None, "H25")))
        split: dict[int, list[Line]] = {}
        for one in cart:
            split.setdefault(rng.randrange(rng.randint(1, 5)), []).append(one)
        whole = settle(rules, who, where, cart, YearTotals())
        parts = in_parts(rules, list(split.values()), who, where)
        assert sum(paid(parts, "act_pay_dedc"), ZERO) == whole.act_pay_dedc
        assert sum(paid(parts, "hosp_part_amt"), ZERO) == whole.hosp_part_amt
        for fund in Fund:
            together = sum(paid(parts, fund.value), ZERO)
            assert abs(together - getattr(whole, fund.value)) <= CENT * len(parts) * 2, (fund, cart, split)
