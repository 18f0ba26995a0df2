from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from server.errors import StoreRefusedError
from server.store import insured, medical_accounts
from server.store.database import Store
from server.store.insured import Binding, Credential, Fact, FactKind, Insurance
from server.store.medical_accounts import Movement, Reason, Telling
from tests.server.store.settlement_rows import DAY, NOON, person

FIRST, LAST = date(2026, 1, 1), date(2026, 3, 10)
FACT = Fact("P1", FactKind.CHRONIC, "M03900", FIRST, None, {"memo": "备注"})


def test_people_are_found_by_number_by_certificate_and_page_by_page(store: Store) -> None:
    with store.writing() as connection:
        insured.put_people(connection, [person("P2"), person("P1"), person("P3", cert_digest=b"same")])
        insured.put_people(connection, [person("P2", cert_digest=b"same", birth_day=None)])

    with store.reading() as connection:
        assert insured.load_person(connection, "P1") == person("P1")
        assert insured.load_person(connection, "P9") is None
        assert [one.psn_no for one in insured.find_by_certificate(connection, b"same")] == ["P2", "P3"]
        assert len(insured.find_people_by_certificates(connection, [b"same", b"digest of P1"])) == 3
        assert [one.psn_no for one in insured.load_person_page(connection, after="P1", limit=1)] == ["P2"]


def test_a_credential_is_shown_while_it_is_valid(store: Store) -> None:
    lasting = Credential("03", b"card", "P1", b"chip", None, NOON, None)
    ended = Credential("01", b"token", "P1", None, "hash", NOON - timedelta(days=9), NOON)
    with store.writing() as connection:
        insured.put_people(connection, [person("P1")])
        insured.put_credentials(connection, [lasting, ended])

    with store.reading() as connection:
        assert insured.load_credential(connection, "03", b"card") == lasting
        assert insured.load_credential(connection, "01", b"card") is None
        assert insured.load_credentials(connection, "P1", NOON) == [lasting]
        assert insured.load_credentials(connection, "P1", NOON - timedelta(seconds=1)) == [ended]
        assert len(insured.load_credentials_by_digests(connection, [b"card", b"token", b"none"])) == 2


def test_what_is_dated_holds_from_its_first_day_to_its_last(store: Store) -> None:
    insurance = Insurance("P1", "310", FIRST, LAST, "11", "350203", True, "1", "虚构")
    fact = replace(FACT, to_day=LAST)
    binding = Binding("P1", "P2", FIRST, LAST, 1, None)
    with store.writing() as connection:
        insured.put_people(connection, [person("P1"), person("P2")])
        insured.put_insurances(connection, [insurance])
        insured.put_facts(connection, [fact])
        insured.put_bindings(connection, [binding])

    with store.reading() as connection:
        for day, holds in ((FIRST, True), (LAST, True), (date(2025, 12, 31), False), (date(2026, 3, 11), False)):
            assert insured.load_insurances(connection, "P1", day) == ([insurance] if holds else [])
            assert insured.load_facts(connection, "P1", day) == ([fact] if holds else [])
            assert insured.load_givers(connection, "P1", day) == ([binding] if holds else [])
            between = insured.load_facts_between(connection, "P1", day, day, [FactKind.CHRONIC])
            assert between == ([fact] if holds else [])
        assert insured.load_facts(connection, "P1", LAST, [FactKind.REFERRAL]) == []
        assert insured.load_insurances(connection, "P1") == [insurance]
        assert insured.load_facts(connection, "P1") == [fact]
        assert insured.load_insurances_of_all(connection, ["P1"]) == [insurance]
        assert insured.load_facts_of_all(connection, ["P1", "P2"]) == [fact]
        assert insured.load_bindings_of_all(connection, ["P1"]) == [binding]


def test_what_has_no_last_day_holds_until_further_notice(store: Store) -> None:
    with store.writing() as connection:
        insured.put_people(connection, [person("P1")])
        insured.put_facts(connection, [FACT])
        assert insured.load_facts(connection, "P1", date(2099, 1, 1)) == [FACT]
        found = insured.load_facts_between(connection, "P1", FIRST - timedelta(days=9), FIRST, [FactKind.CHRONIC])
        assert found == [FACT]


def test_those_who_give_come_in_the_order_in_which_they_give(store: Store) -> None:
    rank = {"P2": 2, "P3": 1, "P4": 1}
    with store.writing() as connection:
        insured.put_people(connection, [person(psn_no) for psn_no in ("P1", *rank)])
        given = [Binding("P1", giver, FIRST, None, n, Decimal("500.00")) for giver, n in rank.items()]
        insured.put_bindings(connection, given)
        assert [one.giver for one in insured.load_givers(connection, "P1", DAY)] == ["P3", "P4", "P2"]
        assert len(insured.load_bindings(connection, "P3")) == 1


def spent(amount: str, **values: object) -> Movement:
    one = Movement("P1", "S1", Decimal(amount), "P1", Reason.SETTLEMENT, 2026, NOON)
    return replace(one, **values)  # type: ignore[arg-type]


def test_a_balance_is_the_sum_of_its_movements(store: Store) -> None:
    with store.writing() as connection:
        insured.put_people(connection, [person("P1")])
        assert medical_accounts.load_balance(connection, "P1") == Decimal("0.00")
        came_in = spent("100.00", setl_id=None, reason=Reason.BALANCE)
        assert medical_accounts.move(connection, came_in) == Decimal("100.00")
        assert medical_accounts.move(connection, spent("-33.34")) == Decimal("66.66")
        assert medical_accounts.move(connection, spent("-66.66")) == Decimal("0.00")

        movements = medical_accounts.load_movements(connection, "P1")
        assert movements == [came_in, spent("-33.34"), spent("-66.66")]
        assert medical_accounts.load_movements_of(connection, "S1") == movements[1:]


def test_more_than_there_is_is_not_taken(store: Store) -> None:
    with store.writing() as connection:
        insured.put_people(connection, [person("P1"), person("P2")])
        medical_accounts.move(connection, spent("10.00", setl_id=None))
        for too_much in (spent("-10.01"), spent("-0.01", psn_no="P2")):
            with pytest.raises(StoreRefusedError, match="余额不足"):
                medical_accounts.move(connection, too_much)
        assert medical_accounts.load_balances(connection, ["P1", "P2"]) == {"P1": Decimal("10.00")}


def test_what_came_back_in_a_later_year_frees_the_limit_of_its_own(store: Store) -> None:
    with store.writing() as connection:
        insured.put_people(connection, [person("P1"), person("P2")])
        medical_accounts.move(connection, spent("50.00", setl_id=None))
        medical_accounts.move(connection, spent("-30.00", used_by="P2", year=2025))
        medical_accounts.move(connection, spent("-8.00", used_by="P2"))
        medical_accounts.move(connection, spent("-1.00"))
        medical_accounts.move(connection, spent("30.00", used_by="P2", year=2025, reason=Reason.REVERSAL))

        given = [
            medical_accounts.given_in_year(connection, giver="P1", receiver="P2", year=year) for year in (2025, 2026)
        ]
    assert given == [Decimal("0.00"), Decimal("8.00")]


def test_balances_that_are_told_become_movements_of_the_difference(store: Store) -> None:
    told = {"P1": Decimal("5.00"), "P2": Decimal("0.00")}
    with store.writing() as connection:
        insured.put_people(connection, [person("P1"), person("P2")])
        medical_accounts.move(connection, spent("7.50", setl_id=None))
        for _ in range(2):
            tellings = [Telling(psn_no, held, NOON, held) for psn_no, held in told.items()]
            medical_accounts.tell(connection, tellings, 2026, NOON)

        assert medical_accounts.load_balances(connection, ["P1", "P2"]) == told
        moved = [one.amount for one in medical_accounts.load_movements(connection, "P1")]
        assert moved == [Decimal("7.50"), Decimal("-2.50")]
        assert len(medical_accounts.load_movements(connection, "P2")) == 1
