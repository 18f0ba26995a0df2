"""What the rules are told of a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rules.benefits import Person, Referral, shipped_books
from server.people.insured import Identity, sealed
from server.settlement.persons import Insured, as_ruled, load_insured, referral_of
from server.settlement.sale import Caller, Sale
from server.store import insured
from server.store.insured import Fact, FactKind, Insurance
from tests.server.fsi.counter import ALWAYS, DISTRICT, LI, Counter, file_store, open_counter, put_fact
from tests.server.fsi.office import NOON, PHARMACY
from wire.fsi.values import BEIJING


@pytest.fixture
def counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_counter(store)


def sale_of(psn_no: str = LI, at: datetime = NOON, district: str = DISTRICT, *, uses_account: bool = True) -> Sale:
    by = Caller(PHARMACY, district, "2102", "m", "o", "o", at)
    return Sale(by, psn_no, None, "310", "", "41", at, (), Decimal(0), uses_account=uses_account)


def loaded(counter: Counter, sale: Sale) -> Insured:
    with counter.office.store.reading() as connection:
        return load_insured(connection, sale, counter.office.sealer, NOON)


def ruled(counter: Counter, sale: Sale) -> Person:
    book = shipped_books().for_district(DISTRICT)
    return as_ruled(loaded(counter, sale), book.on(sale.day), sale.day)


def test_what_is_known_reaches_the_rules(counter: Counter) -> None:
    for kind, code in (
        (FactKind.CHRONIC, "M03900"),
        (FactKind.TWO_DISEASE, "TD1"),
        (FactKind.ENTERPRISE, "scheme"),
        (FactKind.ASSISTANCE, "012"),
        (FactKind.ASSISTANCE, "011"),
        (FactKind.ASSISTANCE, "unknown here"),
    ):
        put_fact(counter.office, kind, code)
    found = ruled(counter, sale_of())
    assert found.diseases == {"M03900", "TD1"}
    assert (found.assistance, found.has_enterprise_supplement, found.age) == ("011", True, 46)
    assert (found.account_balance, found.mutual_aid, found.insured_district) == (60, 50, DISTRICT)


def test_who_uses_no_account_has_none_for_the_rules(counter: Counter) -> None:
    found = ruled(counter, sale_of(uses_account=False))
    assert (found.account_balance, found.mutual_aid) == (0, 0)
    assert loaded(counter, sale_of(uses_account=False)).own_balance == 60


@pytest.mark.parametrize(
    ("facts", "district", "expected"),
    [
        ([], "430100", Referral.NONE),
        ([(FactKind.OUT_OF_AREA, "430100")], "430102", Referral.RECORD),
        ([(FactKind.OUT_OF_AREA, "430100")], "430203", Referral.NONE),
        ([(FactKind.REFERRAL, "430000")], "430203", Referral.REFERRAL),
        ([(FactKind.REFERRAL, PHARMACY)], "430203", Referral.REFERRAL),
        ([(FactKind.REFERRAL, "H00000000009")], "430203", Referral.NONE),
        ([(FactKind.OUT_OF_AREA, "430000"), (FactKind.REFERRAL, "430000")], "430203", Referral.REFERRAL),
    ],
)
def test_how_somebody_came_there(
    counter: Counter, facts: list[tuple[FactKind, str]], district: str, expected: Referral
) -> None:
    for kind, code in facts:
        put_fact(counter.office, kind, code)
    sale = sale_of(district=district)
    assert referral_of(loaded(counter, sale), sale) is expected


def test_an_identity_counts_for_every_day_of_a_month_in_which_it_holds(counter: Counter) -> None:
    with counter.office.store.writing() as connection:
        facts = [Fact(LI, FactKind.ASSISTANCE, "012", date(2026, 2, 27), date(2026, 3, 2), {})]
        insured.put_facts(connection, facts)
    for month, expected in ((1, None), (2, "012"), (3, "012"), (4, None)):
        assert ruled(counter, sale_of(at=datetime(2026, month, 15, tzinfo=BEIJING))).assistance == expected


@pytest.mark.parametrize(
    ("born", "age"), [(date(1980, 3, 10), 46), (date(1980, 3, 11), 45), (None, 18), (date(2027, 1, 1), 0)]
)
def test_an_age_is_that_of_the_day(counter: Counter, born: date | None, age: int) -> None:
    who = Identity("P9", "01", "350203198001019999", "九", "1", "", born)
    with counter.office.store.writing() as connection:
        insured.put_people(connection, [sealed(who, counter.office.sealer, NOON)])
        insured.put_insurances(connection, [Insurance("P9", "310", ALWAYS, None, "11", DISTRICT, False, "1", "")])
    assert ruled(counter, sale_of("P9")).age == age
