"""Balances that offices tell: as of a moment, with what this centre has moved since on top."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from server.people.balances import BalanceChange, sums_of
from server.people.insured_import import Imported, import_insured
from server.people.list_file import Counts, ListFaultsError
from server.people.personal_accounts import give_back, spend
from server.people.roles import COMMAND_LINE
from server.people.sealing import Sealer
from server.store import audit, medical_accounts
from server.store.database import Store
from tests.server.fsi.counter import file_store

MIDNIGHT = datetime(2026, 3, 9, 16, 0, tzinfo=UTC)
"""Of 10 March in Beijing."""
CARD = "990101198503150113"
AT_MIDNIGHT = "2026-03-10 00:00"


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    with file_store(migrated_file, tmp_path) as made:
        take(made, people=[{"psn_no": "P1", "name": "虚构甲", "certno": CARD}])
        yield made


def take(store: Store, hour: int = 0, *, is_trial: bool = False, **lists: list[dict[str, str]]) -> Imported:
    """Import lists so many hours after midnight."""
    content = json.dumps(lists).encode()
    now = MIDNIGHT + timedelta(hours=hour)
    return import_insured(store, Sealer(bytes(32)), content, by=COMMAND_LINE, now=now, is_trial=is_trial)


def told(balance: str, as_of: str = "") -> list[dict[str, str]]:
    return [{"psn_no": "P1", "balance": balance, "as_of": as_of}]


def paid(store: Store, setl_id: str, amount: str, hour: float) -> None:
    at = MIDNIGHT + timedelta(hours=hour)
    with store.writing() as connection:
        held, own = medical_accounts.load_balance(connection, "P1"), Decimal(amount)
        spend(connection, "P1", setl_id, held=held, own=own, family=Decimal(0), day=at.date(), at=at)


def came_back(store: Store, setl_id: str, hour: float) -> None:
    with store.writing() as connection:
        give_back(connection, setl_id, f"C{setl_id}", MIDNIGHT + timedelta(hours=hour))


def balance(store: Store) -> str:
    with store.reading() as connection:
        return str(medical_accounts.load_balance(connection, "P1"))


def refusal(store: Store, hour: int, balance: str, as_of: str = "") -> tuple[str, str]:
    with pytest.raises(ListFaultsError) as refused:
        take(store, hour, balances=told(balance, as_of))
    (fault,) = refused.value.faults
    return fault.column, fault.code


def test_what_was_spent_since_the_extract_does_not_come_back(store: Store) -> None:
    take(store, balances=told("500.00"))
    paid(store, "S1", "200.00", 9)
    take(store, 10, balances=told("500.00", AT_MIDNIGHT))
    assert balance(store) == "300.00"
    # What was given back since counts as well, also of a payment before the extract.
    paid(store, "S2", "50.00", 11)
    came_back(store, "S1", 12)
    take(store, 13, balances=told("300.00", "2026-03-10T10:30:00"))
    assert balance(store) == "450.00"


def test_money_that_came_in_is_added_and_what_was_paid_before_the_extract_is_in_it(store: Store) -> None:
    take(store, balances=told("500.00"))
    paid(store, "S1", "200.00", 1)
    done = take(store, 3, balances=told("420.00", "2026年3月10日 2:00"))
    as_of = MIDNIGHT + timedelta(hours=2)
    change = BalanceChange("P1", Decimal("420.00"), as_of, Decimal("0.00"), Decimal("300.00"))
    assert done.balances == (change,)
    assert balance(store) == "420.00"


def test_the_same_list_again_changes_nothing_whatever_was_spent(store: Store) -> None:
    for as_of in ("", AT_MIDNIGHT):
        take(store, balances=told("500.00", as_of))
        before = balance(store)
        paid(store, f"S{as_of}", "20.00", 1)
        assert take(store, 2, balances=told("500.00", as_of)) == Imported({"balances": Counts(0, 0, 1)}, ())
        assert Decimal(balance(store)) == Decimal(before) - 20


def test_a_balance_with_a_moment_corrects_one_without_however_old_it_is(store: Store) -> None:
    take(store, 10, balances=told("500.00"))
    paid(store, "S1", "20.00", 11)
    take(store, 12, balances=told("450.00", AT_MIDNIGHT))
    assert balance(store) == "430.00"
    assert refusal(store, 13, "460.00", "2026-03-09 23:00") == ("as_of", "people.as_of_older")


def test_without_a_moment_a_new_balance_is_taken_only_where_nothing_was_paid(store: Store) -> None:
    take(store, balances=told("500.00"))
    take(store, 1, balances=told("510.00"))
    assert balance(store) == "510.00"
    paid(store, "S1", "10.00", 2)
    came_back(store, "S1", 3)
    assert refusal(store, 4, "520.00") == ("as_of", "people.as_of")
    assert balance(store) == "510.00"


@pytest.mark.parametrize(
    ("amount", "as_of", "fault"),
    [
        ("500.00", "2026-03-10 05:00", ("as_of", "people.as_of_later")),
        ("500.00", "2026-03-09 23:59:59", ("as_of", "people.as_of_older")),
        ("199.99", AT_MIDNIGHT, ("balance", "people.balance_spent")),
        ("500.00", "2026-03-10", ("as_of", "people.moment")),
        ("500.00", "2026-03-10 25:00", ("as_of", "people.moment")),
    ],
)
def test_what_cannot_be_is_refused_by_line_and_column(
    store: Store, amount: str, as_of: str, fault: tuple[str, str]
) -> None:
    take(store, balances=told("500.00", AT_MIDNIGHT))
    paid(store, "S1", "200.00", 1)
    assert refusal(store, 4, amount, as_of) == fault
    assert balance(store) == "300.00"


def test_a_trial_tells_what_would_change_and_writes_nothing(store: Store) -> None:
    take(store, balances=told("500.00", AT_MIDNIGHT))
    paid(store, "S1", "200.00", 1)
    tried = take(store, 2, is_trial=True, balances=told("480.00", "2026-03-10 00:30"))
    assert [(one.before, one.moved, one.after) for one in tried.balances] == [
        (Decimal("300.00"), Decimal("-200.00"), Decimal("280.00"))
    ]
    assert sums_of(tried.balances) == (Decimal("0.00"), Decimal("20.00"))
    assert balance(store) == "300.00"
    done = take(store, 2, balances=told("480.00", "2026-03-10 00:30"))
    assert done == tried
    with store.reading() as connection:
        last = audit.load_audit(connection, after=0, limit=99)[-1]
        moved = medical_accounts.load_movements(connection, "P1")
    assert last.detail is not None
    assert last.detail["balance_sums"] == ["0.00", "20.00"]
    assert [str(one.amount) for one in moved] == ["500.00", "-200.00", "-20.00"]


def test_a_balance_beside_a_person_has_its_moment_too(store: Store) -> None:
    take(store, balances=told("500.00", AT_MIDNIGHT))
    paid(store, "S1", "200.00", 1)
    line = {"psn_no": "P1", "name": "虚构甲", "certno": CARD, "账户余额": "600", "余额时点": "2026/3/10 0:30"}
    take(store, 2, people=[line])
    assert balance(store) == "400.00"
