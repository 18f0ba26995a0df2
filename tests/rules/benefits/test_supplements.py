"""What is paid above the basic insurance, treatment away from home, and the help for the poor."""

from __future__ import annotations

from decimal import Decimal

import pytest

from rules.benefits import Book, Referral, Settlement, StepKind, YearTotals, settle
from tests.rules.benefits.scene import BASIC, TITLE, basic, book, line, pay, person, told, visit, year_of

D = Decimal
HALF = BASIC + "[[layer.rate]]\nrate = 0.5\n"
IDENTITIES = "".join(f"[[identity]]\ncode = '{code}'\n{TITLE}" for code in ("011", "012", "013"))


def layer(fund: str, text: str, rate: str = "[[layer.rate]]\nrate = 0.6\n") -> str:
    return f"[[layer]]\nid = '{fund}'\nfund = '{fund}'\n{TITLE}{text}\n{rate}"


def paid(settled: Settlement) -> dict[str, Decimal]:
    return {payment.fund.value: payment.paid for payment in settled.payments}


def test_layers_pay_in_the_order_of_the_book_of_what_is_left() -> None:
    rules = book(HALF + layer("hifmi_pay", "") + layer("maf_pay", ""))
    assert paid(pay(rules, 1000)) == {"hifp_pay": 500, "hifmi_pay": 300, "maf_pay": 120}
    turned = book(HALF + layer("maf_pay", "") + layer("hifmi_pay", ""))
    assert paid(pay(turned, 1000)) == {"hifp_pay": 500, "maf_pay": 300, "hifmi_pay": 120}


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("left", 900 * D("0.6")),  # 1000 - (200 of 400 above the deductible), capped at 100
        ("left_above_deductible", 300 * D("0.6")),
        ("scope", 1000 * D("0.6")),
        ("over_cap", 200 * D("0.6")),  # the cap of 100 is reached at 200 of the 400
    ],
)
def test_the_base_of_a_layer(base: str, expected: Decimal) -> None:
    rules = book(
        BASIC
        + "[[layer.deductible]]\namount = 600\n[[layer.cap]]\namount = 100\n[[layer.rate]]\nrate = 0.5\n"
        + layer("hifob_pay", f"base = '{base}'")
    )
    assert paid(pay(rules, 1000)) == {"hifp_pay": 100, "hifob_pay": expected}


def test_a_layer_pays_no_more_than_is_left() -> None:
    rules = book(HALF + layer("hifob_pay", "base = 'scope'", "[[layer.rate]]\nrate = 0.9\n") + layer("maf_pay", ""))
    assert paid(pay(rules, 1000)) == {"hifp_pay": 500, "hifob_pay": 500}  # nothing is left for assistance


def test_money_over_the_cap_is_reckoned_through_bands_and_the_limit_of_scope() -> None:
    rules = book(
        BASIC
        + "[[layer.cap]]\namount = 900\n[[layer.cap]]\namount = 3000\ncounts = 'scope'\n"
        + "[[layer.rate]]\nbands = [{ to = 1000, rate = 0.5 }, { to = 1500, rate = 0 }, { rate = 0.8 }]\n"
        + layer("hifob_pay", "base = 'over_cap'", "[[layer.rate]]\nrate = 1\n")
    )
    # 500 for the first 1000, nothing for 500, 400 for another 500: the cap is reached at 2000; 3000 count at most.
    assert paid(pay(rules, 2000)) == {"hifp_pay": 900}
    assert paid(pay(rules, 2500)) == {"hifp_pay": 900, "hifob_pay": 500}
    assert paid(pay(rules, 5000)) == {"hifp_pay": 900, "hifob_pay": 3000}
    later = pay(rules, 1000, totals=YearTotals({"paid:basic": D(900)}))
    assert paid(later) == {"hifp_pay": 0, "hifob_pay": 1000}


def test_without_a_basic_layer_nothing_else_pays() -> None:
    rules = book(BASIC + "when = { med_type = ['11'] }\n[[layer.rate]]\nrate = 0.5\n" + layer("maf_pay", ""))
    settled = pay(rules, 1000)
    assert (settled.fund_pay_sumamt, settled.psn_cash_pay) == (0, 1000)


def test_of_a_slot_the_first_that_fits_is_applied() -> None:
    rules = book(
        HALF
        + layer("hifes_pay", "when = { enterprise = true }")
        + layer("oth_pay", "slot = 'hifes_pay'\nwhen = { civil_servant = false }")
    )
    assert paid(pay(rules, 100, person(has_enterprise_supplement=True))) == {"hifp_pay": 50, "hifes_pay": 30}
    assert paid(pay(rules, 100)) == {"hifp_pay": 50, "oth_pay": 30}
    assert paid(pay(rules, 100, person(is_civil_servant=True))) == {"hifp_pay": 50}


def test_the_basic_layer_may_pay_from_another_fund() -> None:
    rules = book(layer("hifob_pay", "slot = 'basic'\n[[layer.deductible]]\namount = 10") + layer("maf_pay", ""))
    settled = pay(rules, 110)
    assert paid(settled) == {"hifob_pay": 60, "maf_pay": 30}
    assert (settled.act_pay_dedc, settled.pool_prop_selfpay) == (10, D("0.6"))


CRITICAL = layer(
    "hifmi_pay",
    "laid = 'from_zero'\nover = 'year'\n[[layer.deductible]]\namount = 12000\nper = 'year'\n"
    "[[layer.cap]]\namount = 20000",
    "[[layer.rate]]\nbands = [{ to = 30000, rate = 0.6 }, { to = 100000, rate = 0.65 }, { rate = 0.75 }]\n",
)
FOR_THE_POOR = (
    "[[adjust]]\nid = 'poor'\n" + TITLE + "when = { assistance = ['011', '012'] }\nfunds = ['hifmi_pay']\n"
    "points = 0.05\ndeductible_factor = 0.5\nlifts_caps = true\n"
)


def critical() -> Book:
    return book(IDENTITIES + HALF + CRITICAL + FOR_THE_POOR)


def test_critical_illness_counts_the_money_of_the_year() -> None:
    settled = year_of(critical(), [20_000, 20_000, 40_000, 40_000])
    # 10,000 are left of the first, below the deductible; the second reaches 20,000, the third 40,000; then the cap.
    assert [one.hifmi_pay for one in settled] == [0, 4800, 12_500, 2700]


def test_the_poor_have_half_the_deductible_five_points_more_and_no_cap() -> None:
    settled = year_of(critical(), [20_000, 20_000, 100_000], person(assistance="012"))
    assert [one.hifmi_pay for one in settled] == [D("0.65") * 4000, 6500, 6500 + 28_000]
    assert settled[2].increments["paid:hifmi_pay"] == 34_500  # a cap that is lifted is counted all the same
    adjusted = told(settled[0], StepKind.ADJUST)
    assert adjusted == [{"points": D("0.05"), "deductible_factor": D("0.5"), "lifts_caps": 1, "layer": "hifmi_pay"}]
    assert pay(critical(), 20_000, person(assistance="013")).hifmi_pay == 0


def test_the_highest_identity_wins() -> None:
    rules = critical().versions[0]
    assert rules.highest_identity(["013", "012"]) == "012"
    assert rules.highest_identity({"099"}) is None
    assert rules.highest_identity([]) is None


def test_assistance_differs_by_identity_with_a_cap_of_the_year() -> None:
    rules = book(
        IDENTITIES
        + HALF
        + layer(
            "maf_pay",
            "when = { has_assistance = true }\n[[layer.cap]]\namount = 500",
            "[[layer.rate]]\nwhen = { assistance = ['011'] }\nrate = 1\n[[layer.rate]]\nrate = 0.7\n",
        )
    )
    assert [one.maf_pay for one in year_of(rules, [600, 600, 600], person(assistance="011"))] == [300, 200, 0]
    assert [one.maf_pay for one in year_of(rules, [600, 600], person(assistance="013"))] == [210, 210]
    assert pay(rules, 600).maf_pay == 0


AWAY = (
    "[[adjust]]\nid = 'unrecorded'\n" + TITLE + "when = { place = ['outside'], referral = ['none'] }\n"
    "points = -0.2\ndeductible_factor = 2\ncap_factor = 0.5\n"
    "[[adjust]]\nid = 'away'\n" + TITLE + "when = { place = ['outside', 'province'] }\nrate_factor = 0.5\n"
)


@pytest.mark.parametrize(
    ("district", "referral", "expected"),
    [
        ("350211", Referral.NONE, 720),  # inside the pooling area
        ("", Referral.NONE, 720),
        ("350100", Referral.NONE, 360),  # in the province: half the rate
        ("440100", Referral.RECORD, 360),
        ("440100", Referral.REFERRAL, 360),
        ("440100", Referral.NONE, 240),  # points first, then the factor: (0.8 - 0.2) * 0.5 of 800
    ],
)
def test_away_from_home_rates_fall_and_the_deductible_is_a_multiple(
    district: str, referral: Referral, expected: int
) -> None:
    rules = basic("[[layer.deductible]]\namount = 100\n[[layer.cap]]\namount = 720\n[[layer.rate]]\nrate = 0.8\n", AWAY)
    settled = pay(rules, 1000, where=visit(district=district, referral=referral))
    assert settled.hifp_pay == expected


def test_a_cap_may_be_less_away_from_home() -> None:
    rules = basic("[[layer.cap]]\namount = 720\n[[layer.rate]]\nrate = 0.8\n", AWAY)
    assert pay(rules, 10_000, where=visit(district="440100")).hifp_pay == 360


def test_rates_stay_between_nothing_and_all_whatever_the_points() -> None:
    more = "[[adjust]]\nid = 'more'\n" + TITLE + "when = { level = ['1'] }\npoints = 0.5\n"
    less = "[[adjust]]\nid = 'less'\n" + TITLE + "when = { level = ['2'] }\npoints = -0.9\n"
    same = "[[adjust]]\nid = 'same'\n" + TITLE + "when = { level = ['3'] }\n"
    rules = basic("[[layer.rate]]\nbands = [{ to = 100, rate = 0 }, { rate = 0.8 }]\n", more + less + same)
    assert pay(rules, 300, where=visit(level="1")).hifp_pay == 200
    assert pay(rules, 300, where=visit(level="2")).hifp_pay == 0
    unchanged = pay(rules, 300)
    assert unchanged.hifp_pay == 160
    assert "无变化" in unchanged.steps[2].sentence


def test_an_area_without_districts_is_the_prefecture_of_the_person() -> None:
    head = "area = 'town'\nversion = '1'\nfrom = 2026-01-01\n" + TITLE
    rules = book(HALF + AWAY, head)
    assert pay(rules, 100, where=visit(district="350211")).hifp_pay == 50
    assert pay(rules, 100, where=visit(district="350100")).hifp_pay == 25


PORTIONS = (
    "[[portion]]\nid = 'dual'\n" + TITLE + "when = { institution = ['pharmacy'] }\n"
    "lines = { dual_channel = true, negotiated = true }\n"
    "as = { med_type = '15', level = '3', institution = 'hospital' }\n"
    "[[portion]]\nid = 'implants'\n" + TITLE + "lines = { kind = ['14'] }\n"
)


def portioned() -> Book:
    return book(
        PORTIONS
        + BASIC
        + "when = { med_type = ['15'], level = ['3'] }\n[[layer.cap]]\namount = 100\npool = 'fund'\n"
        + "[[layer.rate]]\nrate = 0.8\n"
        + BASIC.replace('"basic"', '"implants-rate"')
        + "when = { portion = ['implants'] }\n[[layer.rate]]\nrate = 1\n"
        + BASIC.replace('"basic"', '"other"')
        + "[[layer.deductible]]\namount = 60\npool = 'visit'\n[[layer.cap]]\namount = 100\npool = 'fund'\n"
        + "[[layer.rate]]\nrate = 0.5\n"
    )


def test_dual_channel_drugs_are_settled_as_in_a_hospital() -> None:
    cart = [line(100, "1"), line(50, "2", is_negotiated=True), line(50, "3", is_negotiated=True)]
    where = visit(med_type="41", level="pharmacy", institution_kind="pharmacy", dual_channel=frozenset({"2"}))
    settled = settle(portioned(), person(), where, cart, YearTotals())
    # 150 ordinary above 60 at 50 %, 50 dual at 80 %: by two rules of one fund, each rounded on its own.
    assert [(one.rule, one.base, one.paid) for one in settled.payments] == [("other", 150, 45), ("basic", 50, 40)]
    assert settled.hifp_pay == 85
    assert settled.pool_prop_selfpay == D("0.6071")  # 85 of the 140 above the deductible
    assert told(settled, StepKind.PORTION) == [{"lines": 1, "inscp_scp_amt": 50, "med_type": "15", "level": "3"}]


def test_a_portion_holds_only_where_its_condition_does() -> None:
    where = visit(med_type="11", dual_channel=frozenset({"1"}))
    settled = settle(portioned(), person(), where, [line(100, is_negotiated=True)], YearTotals())
    assert [one.rule for one in settled.payments] == ["other"]


def test_portions_share_the_caps_and_come_in_the_order_of_the_book() -> None:
    cart = [line(500, "1"), line(500, "2", is_negotiated=True), line(70, "3", kind="14")]
    where = visit(med_type="41", level="pharmacy", institution_kind="pharmacy", dual_channel=frozenset({"2"}))
    settled = settle(portioned(), person(), where, cart, YearTotals())
    assert [(one.rule, one.paid) for one in settled.payments] == [("other", 100), ("basic", 0), ("implants-rate", 70)]


def test_a_visit_of_portions_alone_has_no_ordinary_basket() -> None:
    settled = settle(portioned(), person(), visit(), [line(70, kind="14")], YearTotals())
    assert [one.rule for one in settled.payments] == ["implants-rate"]


def test_portions_share_the_deductible_of_the_visit() -> None:
    rules = book(
        "[[portion]]\nid = 'apart'\n" + TITLE + "lines = { class = ['02'] }\n"
        + BASIC + "[[layer.deductible]]\namount = 60\n[[layer.rate]]\nrate = 1\n"
    )  # fmt: skip
    cart = [line(40, "1"), line(100, "2", charge_class="02")]
    assert settle(rules, person(), visit(), cart, YearTotals()).act_pay_dedc == 60
    again = settle(rules, person(), visit(), cart, YearTotals({"dedc:basic": D(60)}))
    assert again.act_pay_dedc == 60  # it is due for every visit


PACKAGE = "[[package]]\nid = 'eye'\n" + TITLE + "when = { disease = ['H25'] }\nprice = 5500\n"


@pytest.mark.parametrize(
    ("amount", "outside", "everything", "fund", "hospital"),
    [
        (5000, 1000, False, 2500, 0),
        (8000, 1000, False, 2750, 2500),
        (8000, 1000, True, 2750, 3500),
        (5000, 1000, True, 2500, 500),
        (100, 9000, True, 50, 3600),
        (100, 200, True, 50, 0),
    ],
)
def test_of_a_package_the_hospital_bears_what_is_above_its_price(
    amount: int, outside: int, everything: bool, fund: int, hospital: int
) -> None:
    rules = book((PACKAGE + "is_for_everything = true\n" if everything else PACKAGE) + HALF + ACCOUNT)
    cart = [line(amount, "1"), line(outside, "2", charge_class="03")]
    settled = settle(
        rules, person(account_balance=D(10**6)), visit(disease="H25", uses_account=True), cart, YearTotals()
    )
    assert (settled.hifp_pay, settled.hosp_part_amt) == (fund, hospital)
    assert settled.psn_part_amt == amount + outside - fund - hospital
    assert settled.acct_pay == settled.psn_part_amt  # nothing of it is paid twice


def test_a_package_is_for_the_ordinary_lines() -> None:
    rules = book(PORTIONS + PACKAGE + HALF)
    cart = [line(9000, "1"), line(9000, "2", kind="14")]
    settled = settle(rules, person(), visit(disease="H25"), cart, YearTotals())
    assert [one.base for one in settled.payments] == [5500, 9000]
    alone = settle(rules, person(), visit(disease="H25"), cart[1:], YearTotals())
    assert alone.hosp_part_amt == 0


ALL_PARTS = "own = ['in_scope', 'pays_first', 'over_limit', 'outside']\n"
ACCOUNT = f"[[account]]\nid = 'account'\n{TITLE}when = {{ insutype = ['310'] }}\n{ALL_PARTS}family = ['in_scope']\n"


@pytest.mark.parametrize(
    ("balance", "family", "uses", "expected"),
    [
        ("0", "0", True, ("0.00", "0.00", "80.00")),
        ("1000", "1000", True, ("80.00", "0.00", "0.00")),
        ("10", "1000", True, ("10.00", "50.00", "20.00")),  # the family pays for what is in scope alone
        ("10", "20.005", True, ("10.00", "20.00", "50.00")),
        ("60", "1000", True, ("60.00", "20.00", "0.00")),
        ("-5", "-5", True, ("0.00", "0.00", "80.00")),
        ("1000", "1000", False, ("0.00", "0.00", "80.00")),
    ],
)
def test_own_account_then_family_then_cash(
    balance: str, family: str, uses: bool, expected: tuple[str, str, str]
) -> None:
    rules = book(HALF + ACCOUNT)
    cart = [line(100, "1"), line(30, "2", charge_class="03")]
    who = person(account_balance=D(balance), mutual_aid=D(family))
    settled = settle(rules, who, visit(uses_account=uses), cart, YearTotals())
    assert tuple(map(str, (settled.acct_pay, settled.acct_mulaid_pay, settled.psn_cash_pay))) == expected


def test_without_a_rule_for_accounts_cash_is_paid() -> None:
    settled = pay(book(HALF + ACCOUNT), 100, person(insutype="390", account_balance=D(50)), visit(uses_account=True))
    assert (settled.acct_pay, settled.psn_cash_pay) == (0, 50)


def test_nothing_is_taken_of_an_account_when_nothing_is_due() -> None:
    rules = book(BASIC + "[[layer.rate]]\nrate = 1\n" + ACCOUNT)
    settled = pay(rules, 100, person(account_balance=D(50)), visit(uses_account=True))
    assert told(settled, StepKind.ACCOUNT) == []
