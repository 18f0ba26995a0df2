"""Published worked examples, through rule files and the whole engine rather than by arithmetic alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rules.benefits import YearTotals, settle, shipped_books
from tests.rules.benefits.scene import BASIC, TITLE, basic, book, line, pay, person, visit

D = Decimal


def test_employee_general_outpatient() -> None:
    """Lanzhou: 2,000 less 300 outside, less 200, at 60 %."""
    rules = basic("[[layer.deductible]]\namount = 200\nper = 'year'\n[[layer.rate]]\nrate = 0.6\n")
    cart = [line(1700, "1"), line(300, "2", charge_class="03")]
    settled = settle(rules, person(), visit(med_type="11"), cart, YearTotals())
    assert (settled.hifp_pay, settled.psn_part_amt) == (900, 1100)


@pytest.mark.parametrize(("level", "fund", "own"), [("community", "73.60", "6.40"), ("3", "60.00", "20.00")])
def test_retired_outpatient_by_level(level: str, fund: str, own: str) -> None:
    """Ningbo: 80 yuan at 92 % in the community and 75 % in a tertiary hospital, the yearly deductible used up."""
    rules = basic(
        "[[layer.deductible]]\namount = 300\nper = 'year'\n"
        "[[layer.rate]]\nwhen = { level = ['community'] }\nrate = 0.92\n[[layer.rate]]\nrate = 0.75\n"
    )
    settled = pay(rules, 80, person(psn_type="12"), visit(level=level), YearTotals({"dedc:basic": D(300)}))
    assert (str(settled.hifp_pay), str(settled.psn_part_amt)) == (fund, own)


def test_employee_inpatient_by_age() -> None:
    """Chengdu: 5 % of the base wage, 75 % and 0.2 points for each of 40 years."""
    rules = shipped_books().of("chengdu-like")
    settled = pay(rules, 30_000, where=visit(level="1"))
    assert (settled.act_pay_dedc, settled.pool_prop_selfpay) == (D("404.20"), D("0.83"))
    assert (settled.hifp_pay, settled.psn_part_amt) == (D("24564.51"), D("5435.49"))
    assert pay(rules, 300_000, where=visit(level="1")).hifp_pay == 46_336


def test_employee_inpatient_by_bands_and_level() -> None:
    """Beijing: 120,000 in a tertiary hospital; above 100,000 the large-sum fund pays."""
    rules = shipped_books().of("beijing-like")
    settled = pay(rules, 120_000)
    assert (settled.hifp_pay, settled.hifob_pay) == (24_395 + 9_000 + 57_000, 17_000)
    assert (settled.fund_pay_sumamt, settled.psn_part_amt) == (107_395, 12_605)
    assert pay(rules, 120_000, where=visit(stay_number=2)).act_pay_dedc == 650


def test_critical_illness_over_the_amount_itself() -> None:
    """The Hubei form: 150,000 left after the basic insurance, from 12,000 in three bands."""
    rules = shipped_books().of("hubei-like")
    hurt = person(insutype="390")
    ready = YearTotals({"paid:390-inpatient": D(150_000)})  # the pooled fund has paid its cap
    assert pay(rules, 150_000, hurt, totals=ready).hifmi_pay == 10_800 + 45_500 + 37_500


def test_critical_illness_above_its_deductible() -> None:
    """260,000 less 150,000 paid, less 20,000 outside the catalogue, less 15,000: bands count from nothing above it."""
    rules = book(
        BASIC
        + "[[layer.cap]]\namount = 150000\n[[layer.rate]]\nrate = 1\n[[layer]]\nid = 'ci'\nfund = 'hifmi_pay'\n"
        + TITLE
        + "over = 'year'\n[[layer.deductible]]\namount = 15000\nper = 'year'\n"
        + "[[layer.rate]]\nbands = [{ to = 30000, rate = 0.5 }, { to = 80000, rate = 0.6 }, { rate = 0.7 }]\n"
    )
    cart = [line(240_000, "1"), line(20_000, "2", charge_class="03")]
    settled = settle(rules, person(), visit(), cart, YearTotals())
    assert (settled.hifp_pay, settled.hifmi_pay) == (150_000, 15_000 + 27_000)


def test_three_layers_in_order_for_somebody_on_minimum_allowance() -> None:
    """80,000: basic insurance, critical illness, assistance, each rounded because each is another fund."""
    poor = "when = { assistance = ['012'] }\n"
    rules = book(
        f"[[identity]]\ncode = '012'\n{TITLE}"
        + BASIC
        + "[[layer.deductible]]\namount = 500\n[[layer.rate]]\nrate = 0.675\n"
        + f"[[layer]]\nid = 'ci'\nfund = 'hifmi_pay'\n{TITLE}[[layer.deductible]]\namount = 16000\nper = 'year'\n"
        + "[[layer.rate]]\nrate = 0.6\n"
        + f"[[layer]]\nid = 'ma'\nfund = 'maf_pay'\n{TITLE}{poor}[[layer.rate]]\nrate = 0.7\n"
        + f"[[adjust]]\nid = 'poor'\n{TITLE}{poor}funds = ['hifmi_pay']\n"
        + "points = 0.05\ndeductible_factor = 0.5\n"
    )
    settled = pay(rules, 80_000, person(insutype="390", assistance="012"))
    assert [str(one.paid) for one in settled.payments] == ["53662.50", "11919.38", "10092.68"]
    assert settled.psn_part_amt == D("4325.44")


def test_classes_of_items_with_shares_and_a_rate_of_their_own() -> None:
    """Coinsurance of 15 % on three classes; implants bear 40 % first and nothing more."""
    rules = book(
        f"[[portion]]\nid = 'implants'\n{TITLE}lines = {{ kind = ['14'] }}\n"
        + BASIC
        + "[[layer.rate]]\nwhen = { portion = ['implants'] }\nrate = 1\n[[layer.rate]]\nrate = 0.85\n"
    )
    cart = [
        line(30_000, "1"),
        line(16_000, "2", charge_class="02", pays_first=D("0.1")),
        line(4_000, "3", charge_class="02", pays_first=D("0.2")),
        line(6_000, "4", charge_class="02", pays_first=D("0.4"), kind="14"),
        line(1_400, "5", charge_class="03"),
    ]
    settled = settle(rules, person(), visit(), cart, YearTotals())
    assert settled.psn_part_amt == 4_500 + 3_760 + 1_280 + 2_400 + 1_400
