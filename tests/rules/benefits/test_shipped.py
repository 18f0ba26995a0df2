"""The books that come with the program: they can be read, and what they say adds up for anybody."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from rules.benefits import Book, Books, YearTotals, settle, shipped_books
from rules.benefits.book import BASE_AREA
from tests.identities.claims import ALWAYS, BY_TURNS, Case
from tests.identities.random_cases import random_cart, random_person, random_visit
from tests.rules.benefits.scene import line, pay, person, visit

BOOKS = shipped_books()
D = Decimal
CASES = 250


@pytest.mark.parametrize("area", BOOKS.by_area)
def test_a_file_is_named_after_its_first_day_and_its_book_after_its_folder(area: str) -> None:
    names = [f"{area}/{rules.begins}.toml" for rules in BOOKS.of(area).versions]
    assert [rules.file for rules in BOOKS.of(area).versions] == names
    assert {rules.area for rules in BOOKS.of(area).versions} == {area}


@pytest.mark.parametrize("area", sorted(set(BOOKS.by_area) - {BASE_AREA}))
def test_a_book_that_follows_a_real_place_says_so_and_claims_no_real_district(area: str) -> None:
    assert area.endswith("-like")
    for rules in BOOKS.of(area).versions:
        assert "仿" in rules.title.zh
        assert all(district.startswith("99") for district in rules.districts)


def test_every_district_has_rules_today_and_the_base_book_is_for_those_that_no_other_covers() -> None:
    assert BOOKS.for_district("350203").area == BASE_AREA
    assert BOOKS.for_district("991101").area == "beijing-like"
    assert BOOKS.of(BASE_AREA).versions[0].districts == ()


def test_two_versions_of_the_base_book_are_chosen_by_the_day() -> None:
    base = BOOKS.of(BASE_AREA)
    outpatient = {"med_type": "11", "level": "2"}
    before = pay(base, 1000, where=visit(begins=date(2025, 12, 31), **outpatient))
    after = pay(base, 1000, where=visit(begins=date(2026, 1, 1), **outpatient))
    assert [(one.version, one.act_pay_dedc, one.hifp_pay) for one in (before, after)] == [
        ("2025.1", 400, 390),
        ("2026.1", 300, 455),
    ]


def test_every_shipped_file_is_read() -> None:
    shipped = [
        file.name
        for folder in files("config").joinpath("benefits").iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
    ]
    assert len(shipped) == sum(len(book.versions) for book in BOOKS.by_area.values())


@pytest.mark.parametrize("area", BOOKS.by_area)
def test_every_claim_holds_for_anybody_under_a_shipped_book(area: str) -> None:
    book, rng = BOOKS.of(area), random.Random(area)
    for number in range(CASES):
        who, cart = random_person(rng), random_cart(rng)
        where = random_visit(rng, cart, 0)
        settled = settle(book, who, where, cart, YearTotals())
        case = Case(book, who, where, cart, YearTotals(), settled)
        for claim in (*ALWAYS, BY_TURNS[number % len(BY_TURNS)]):
            assert not (said := claim(case, rng)), f"{claim.__name__}: {said}"
        assert settled.psn_part_amt <= case.again(person=replace(who, assistance=None)).psn_part_amt


@pytest.fixture
def base() -> Book:
    return BOOKS.of(BASE_AREA)


def test_base_two_diseases_fall_back_on_general_outpatient_care(base: Book) -> None:
    who = person(insutype="390", diseases=frozenset({"M03900"}))
    where = visit(med_type="9901", level="community", disease="M03900")
    assert [one.rule for one in pay(base, 100, who, where).payments] == ["390-two-diseases"]
    without = pay(base, 100, person(insutype="390"), where)
    assert [one.rule for one in without.payments] == ["390-outpatient"]


def test_base_pharmacy_dual_channel_and_account(base: Book) -> None:
    where = visit(
        med_type="41",
        level="pharmacy",
        institution_kind="pharmacy",
        uses_account=True,
        dual_channel=frozenset({"2"}),
    )
    who = person(account_balance=D(100), mutual_aid=D(500))
    settled = settle(base, who, where, [line(100, "1"), line(2000, "2", is_negotiated=True)], YearTotals())
    assert [(one.rule, one.paid) for one in settled.payments] == [("310-outpatient", 0), ("310-special-drug", 1500)]
    assert (settled.acct_pay, settled.acct_mulaid_pay, settled.psn_cash_pay) == (100, 500, 0)


def test_base_three_layers_of_protection(base: Book) -> None:
    settled = pay(base, 100_000, person(insutype="390", assistance="012"))
    # 99,000 at 60 %; of the 40,600 left: half of 14,000, then 65 and 70 %; of the rest 75 %.
    assert [one.fund.value for one in settled.payments] == ["hifp_pay", "hifmi_pay", "maf_pay"]
    assert (settled.hifp_pay, settled.hifmi_pay) == (59_400, D("14950") + D("7420"))
    assert settled.maf_pay == D("0.75") * (40_600 - 22_370)


def test_base_away_from_home(base: Book) -> None:
    home, away = visit(district="350211"), visit(district="440100")
    assert pay(base, 10_000, where=home).preselfpay_amt == 0
    assert pay(base, 10_000, where=away).preselfpay_amt == 1000
    assert pay(base, 10_000, where=away).act_pay_dedc == 1200
    assert pay(base, 10_000, where=visit(district="350100")).hifp_pay == pay(base, 10_000, where=home).hifp_pay


def test_xiamen_like_dual_channel_drugs_are_paid_as_in_a_hospital() -> None:
    rules = BOOKS.of("xiamen-like")
    shop = visit(
        med_type="41", level="pharmacy", institution_kind="pharmacy", district="993501", dual_channel=frozenset({"1"})
    )
    hospital = visit(med_type="11", level="3", district="993501")
    cart = [line(5000, is_negotiated=True)]
    in_shop = settle(rules, person(insured_district="993501"), shop, cart, YearTotals())
    in_hospital = settle(rules, person(insured_district="993501"), hospital, cart, YearTotals())
    assert in_shop.fund_pay_sumamt == in_hospital.fund_pay_sumamt > 0


def test_beijing_like_outpatient_care_is_paid_by_the_large_sum_fund() -> None:
    settled = pay(BOOKS.of("beijing-like"), 2800, where=visit(med_type="11"))
    assert (settled.act_pay_dedc, settled.hifob_pay, settled.hifp_pay) == (1800, 700, 0)


def test_books_are_found_by_area() -> None:
    assert isinstance(BOOKS, Books)
    assert BOOKS.of("hubei-like").versions[0].highest_identity(["013", "011"]) == "011"
