from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from server.people.personal_accounts import AccountShortError, Giver, family_of, give_back, spend
from server.store import insured, medical_accounts
from server.store.database import Connection, Store
from server.store.insured import Binding
from server.store.medical_accounts import Telling
from tests.server.store.settlement_rows import DAY, NOON, person

FIRST = date(2026, 1, 1)


def yuan(amount: str) -> Decimal:
    return Decimal(amount)


def furnish(connection: Connection, *, limit: str | None = None) -> None:
    """P1 may use the account of P2 up to a limit, and then that of P3."""
    insured.put_people(connection, [person(psn_no) for psn_no in ("P1", "P2", "P3")])
    bound = yuan(limit) if limit is not None else None
    insured.put_bindings(
        connection, [Binding("P1", "P2", FIRST, None, 1, bound), Binding("P1", "P3", FIRST, None, 2, None)]
    )
    held = {"P1": yuan("10.00"), "P2": yuan("20.00"), "P3": yuan("30.00")}
    tellings = [Telling(psn_no, amount, NOON, amount) for psn_no, amount in held.items()]
    medical_accounts.tell(connection, tellings, 2026, NOON)


def balances(connection: Connection) -> list[str]:
    found = medical_accounts.load_balances(connection, ["P1", "P2", "P3"])
    return [str(found[psn_no]) for psn_no in ("P1", "P2", "P3")]


def take(connection: Connection, setl_id: str, own: str, family: str, day: date = DAY) -> Decimal:
    held = medical_accounts.load_balance(connection, "P1")
    return spend(connection, "P1", setl_id, held=held, own=yuan(own), family=yuan(family), day=day, at=NOON)


def test_the_family_pays_in_its_order_within_its_limits(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection, limit="15.00")
        assert family_of(connection, "P1", DAY) == (Giver("P2", yuan("15.00")), Giver("P3", yuan("30.00")))
        assert take(connection, "S1", "9.99", "16.00") == yuan("0.01")
        assert balances(connection) == ["0.01", "5.00", "29.00"]
        # What was given counts against the limit of the year, and of no other.
        assert family_of(connection, "P1", DAY)[0].available == yuan("0.00")
        assert family_of(connection, "P1", date(2027, 1, 1))[0].available == yuan("5.00")
        assert family_of(connection, "P1", date(2025, 12, 31)) == ()


def test_what_is_given_back_goes_where_it_came_from(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection, limit="15.00")
        take(connection, "S1", "10.00", "20.00")
        give_back(connection, "S1", "C1", NOON)
        assert balances(connection) == ["10.00", "20.00", "30.00"]
        assert family_of(connection, "P1", DAY)[0].available == yuan("15.00")

        # The cancelling is itself taken back: the same accounts pay the same again.
        give_back(connection, "C1", "R1", NOON)
        assert balances(connection) == ["0.00", "5.00", "25.00"]


def test_what_was_spent_meanwhile_cannot_be_taken_again(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        take(connection, "S1", "10.00", "0.00")
        give_back(connection, "S1", "C1", NOON)
        take(connection, "S2", "0.01", "0.00")
        with pytest.raises(AccountShortError, match=r"9\.99"):
            give_back(connection, "C1", "R1", NOON)


@pytest.mark.parametrize(("own", "family", "said"), [("10.01", "0.00", "个人账户"), ("0.00", "50.01", "家庭共济账户")])
def test_more_than_there_is_is_not_taken(store: Store, own: str, family: str, said: str) -> None:
    with store.writing() as connection:
        furnish(connection)
        with pytest.raises(AccountShortError, match=said):
            take(connection, "S1", own, family)


def test_who_is_bound_twice_gives_once(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        insured.put_bindings(connection, [Binding("P1", "P2", date(2026, 2, 1), None, 3, yuan("1.00"))])
        assert [one.psn_no for one in family_of(connection, "P1", DAY)] == ["P2", "P3"]


def test_nobody_pays_for_a_stranger(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        assert family_of(connection, "P3", DAY) == ()
        assert take(connection, "S1", "0.00", "0.00") == yuan("10.00")
        assert medical_accounts.load_movements_of(connection, "S1") == []
