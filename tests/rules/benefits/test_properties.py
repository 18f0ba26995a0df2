"""Claims that hold for every book, person and cart, on examples that Hypothesis looks for and makes small."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.bands import Band, lay_exact
from rules.benefits import Line, Person, Referral, Visit, YearTotals, settle
from rules.money import ZERO, to_cent
from tests.identities import claims
from tests.identities.claims import Case
from tests.identities.random_books import DISEASES, IDENTITIES, KINDS, LEVELS, MED_TYPES, random_book
from tests.rules.benefits.scene import basic, pay

books = st.integers(0, 2**32).map(lambda seed: random_book(random.Random(seed)))
money = st.integers(0, 30_000_000).map(lambda fen: Decimal(fen).scaleb(-2))
ratios = st.integers(0, 100).map(lambda points: Decimal(points).scaleb(-2))

people = st.builds(
    Person,
    insutype=st.sampled_from(("310", "390")),
    psn_type=st.sampled_from(("11", "12", "14")),
    age=st.integers(0, 110),
    is_civil_servant=st.booleans(),
    has_enterprise_supplement=st.booleans(),
    assistance=st.none() | st.sampled_from(IDENTITIES),
    diseases=st.frozensets(st.sampled_from(DISEASES)),
    insured_district=st.just("350203"),
    account_balance=money,
    mutual_aid=money,
)


@st.composite
def carts(draw: st.DrawFn) -> list[Line]:
    cart = []
    for number in range(draw(st.integers(1, 3))):
        price, quantity = draw(money), Decimal(draw(st.integers(1, 9)))
        cart.append(
            Line(
                serial=str(number),
                amount=to_cent(price * quantity),
                quantity=quantity,
                price=price,
                charge_class=draw(st.sampled_from(("01", "02", "03"))),
                price_limit=draw(st.none() | money),
                pays_first=draw(ratios),
                is_negotiated=draw(st.booleans()),
                kind=draw(st.sampled_from(KINDS)),
            )
        )
    return cart


visits = st.builds(
    Visit,
    med_type=st.sampled_from(MED_TYPES),
    begins=st.integers(0, 364).map(lambda days: date(2026, 1, 1) + timedelta(days=days)),
    level=st.sampled_from(LEVELS),
    institution_kind=st.sampled_from(("hospital", "pharmacy")),
    district=st.sampled_from(("350203", "350100", "440100", "")),
    disease=st.none() | st.sampled_from(DISEASES),
    stay_number=st.integers(1, 4),
    referral=st.sampled_from(Referral),
    uses_account=st.booleans(),
    dual_channel=st.sampled_from((frozenset(), frozenset({"0"}))),
)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    book, who, where, cart = draw(books), draw(people), draw(visits), draw(carts())
    totals = YearTotals(dict.fromkeys(("dedc:basic-a", "paid:a", "laid:basic-g", "above:basic-h"), draw(money)))
    return Case(book, who, where, cart, totals, settle(book, who, where, cart, totals))


@pytest.mark.parametrize("claim", [*claims.ALWAYS, *claims.BY_TURNS])
@given(case=cases())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_claim(claim: claims.Claim, case: Case) -> None:
    assert claim(case, random.Random(0)) == ""


@given(
    edges=st.lists(money.filter(bool), unique=True, max_size=3).map(sorted),
    rates=st.lists(ratios, min_size=4, max_size=4),
    visits_of_the_year=st.lists(money, min_size=1, max_size=4),
)
@settings(max_examples=60, deadline=None)
def test_bands_of_a_year_come_to_the_same_in_one_visit_or_in_many(
    edges: list[Decimal], rates: list[Decimal], visits_of_the_year: list[Decimal]
) -> None:
    bands = [Band(low, high, rate) for low, high, rate in zip([ZERO, *edges], [*edges, None], rates, strict=False)]
    rows = ", ".join(
        "{ " + (f"to = {band.up_to}, " if band.up_to is not None else "") + f"rate = {band.rate} }}" for band in bands
    )
    rules = basic(f"over = 'year'\n[[layer.rate]]\nbands = [{rows}]\n")
    totals, paid = YearTotals(), ZERO
    for amount in visits_of_the_year:
        settled = pay(rules, str(amount), totals=totals)
        totals = totals.plus(settled.increments)
        paid += settled.hifp_pay
    exact = sum(lay_exact(sum(visits_of_the_year, ZERO), bands), ZERO)
    assert abs(paid - exact) <= Decimal("0.005") * len(visits_of_the_year)
