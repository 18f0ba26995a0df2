"""People, carts and visits at random, each a case that the centre could be handed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from rules.benefits.case import Line, Person, Referral, Visit
from tests.identities.random_books import DISEASES, IDENTITIES, INPATIENT, KINDS, LEVELS, MED_TYPES, cents, ratio

DISTRICTS = ("350203", "350211", "350100", "440100", "")
NEW_YEAR = date(2026, 1, 1)
FEN = Decimal("0.01")


def random_person(rng: random.Random) -> Person:
    return Person(
        insutype=rng.choice(("310", "390")),
        psn_type=rng.choice(("11", "1101", "12", "14")),
        age=rng.randint(0, 100),
        is_civil_servant=rng.random() < 0.2,
        has_enterprise_supplement=rng.random() < 0.2,
        assistance=rng.choice(IDENTITIES) if rng.random() < 0.4 else None,
        diseases=frozenset(rng.sample(DISEASES, rng.randint(0, 3))),
        insured_district="350203",
        account_balance=cents(rng, 5_000),
        mutual_aid=cents(rng, 5_000),
    )


def random_line(rng: random.Random, serial: str, most: int) -> Line:
    """Return a line; its price has up to four decimals, its quantity up to two."""
    price = cents(rng, most) if rng.random() < 0.8 else Decimal(rng.randint(0, 9_999_999)).scaleb(-4)
    quantity = Decimal(rng.randint(1, 9)) if rng.random() < 0.8 else Decimal(rng.randint(1, 999)).scaleb(-2)
    limit = price * ratio(rng) * 2 if rng.random() < 0.2 else None
    return Line(
        serial=serial,
        amount=(price * quantity).quantize(FEN, ROUND_HALF_UP),
        quantity=quantity,
        price=price,
        charge_class=rng.choice(("01", "01", "02", "02", "03")),
        price_limit=limit,
        pays_first=rng.choice((Decimal(0), Decimal("0.1"), ratio(rng))),
        item=f"X{rng.randint(0, 9)}",
        is_negotiated=rng.random() < 0.2,
        kind=rng.choice(KINDS),
    )


def random_cart(rng: random.Random) -> list[Line]:
    most = rng.choice((20, 500, 20_000))
    return [random_line(rng, str(n), most) for n in range(rng.choice((1, 2, 2, 3, 5)))]


def taking_back(rng: random.Random, cart: list[Line]) -> list[Line]:
    """Return a line that takes back a part of one of the cart, as hospitals send them."""
    line = rng.choice(cart)
    return [replace(line, serial="back", amount=-line.amount, quantity=-line.quantity)] if rng.random() < 0.05 else []


def random_visit(rng: random.Random, cart: list[Line], stays: int) -> Visit:
    med_type = rng.choice(MED_TYPES)
    begins = NEW_YEAR + timedelta(days=rng.randint(0, 364))
    is_stay = med_type in INPATIENT
    return Visit(
        med_type=med_type,
        begins=begins,
        level=rng.choice(LEVELS),
        institution_kind="pharmacy" if med_type == "41" else "hospital",
        district=rng.choice(DISTRICTS),
        disease=rng.choice(DISEASES) if rng.random() < 0.4 else None,
        stay_number=stays + 1 if is_stay else 1,
        referral=rng.choice(list(Referral)),
        uses_account=rng.random() < 0.7,
        dual_channel=frozenset(line.serial for line in cart if rng.random() < 0.1),
        ends=begins + timedelta(days=rng.randint(0, 10)) if is_stay and rng.random() < 0.5 else None,
        is_continued=is_stay and rng.random() < 0.05,
    )
