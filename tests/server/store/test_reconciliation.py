from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from server.store import reconciliation
from server.store.database import Store
from server.store.reconciliation import Books, Comparison, Difference, Totals
from server.store.settlements import SettlementState
from tests.server.store.settlement_rows import DAY, NOON, furnish, later, negative, settle, settlement

BOOKS = Books("I1", DAY, DAY)
ONE = settlement(
    "S1",
    medfee_sumamt=Decimal("100.00"),
    fund_pay_sumamt=Decimal("60.01"),
    acct_pay=Decimal("30.00"),
    acct_mulaid_pay=Decimal("5.00"),
    psn_cash_pay=Decimal("4.99"),
)


def test_the_books_of_some_days_hold_settlements_and_cancellations(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        settle(connection, replace(ONE, state=SettlementState.CANCELLED))
        settle(connection, negative(ONE, "C1", day=date(2026, 3, 11)))
        settle(connection, replace(ONE, setl_id="S2", sale_key="2", state=SettlementState.REVERSED))
        settle(connection, replace(ONE, setl_id="S3", sale_key="3", institution="I2"))

        amounts = (Decimal("100.00"), Decimal("60.01"), Decimal("30.00"), Decimal("5.00"), Decimal("4.99"))
        assert reconciliation.load_totals(connection, BOOKS) == Totals(*amounts, settlements=1, refunds=0)
        nothing = [Decimal("0.00")] * 5
        both_days = replace(BOOKS, last=date(2026, 3, 11))
        assert reconciliation.load_totals(connection, both_days) == Totals(*nothing, settlements=2, refunds=1)
        booked = list(reconciliation.load_booked(connection, both_days))
        assert [(one.setl_id, one.cancels, one.day.day, one.medfee) for one in booked] == [
            ("C1", "S1", 11, Decimal("-100.00")),
            ("S1", None, 10, Decimal("100.00")),
        ]
        # What follows in the same transaction is done as ever.
        settle(connection, replace(ONE, setl_id="S5", sale_key="5", institution="I5"))
        of_one = reconciliation.load_records_of(connection, "I1", "S1")
        assert {one.setl_id for one in of_one} == {"S1", "C1"}
        assert reconciliation.load_records_of(connection, "I1", "S2") == []
        assert reconciliation.load_records_of(connection, "I1", "S3") == []


ASKED: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"insutype": "310"}, 1),
    ({"insutype": "390"}, 0),
    ({"clr_type": "41"}, 1),
    ({"clr_type": "11"}, 0),
    ({"clr_optins": "350203"}, 1),
    ({"clr_optins": "350200"}, 1),
    ({"clr_optins": "350000"}, 1),
    ({"clr_optins": "350204"}, 0),
    ({"clr_optins": "3502%3"}, 0),
    ({"first": date(2026, 3, 11)}, 0),
]


def test_books_are_those_of_a_kind_and_of_an_office(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        settle(connection, ONE)
        for asked, found in ASKED:
            books = replace(BOOKS, **asked)
            assert reconciliation.load_totals(connection, books).settlements == found, asked
            assert len(list(reconciliation.load_booked(connection, books))) == found, asked


CLOSED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"clr_optins": "350200"}, True),
    ({"clr_optins": ""}, True),
    ({"clr_optins": "350204"}, False),
    ({"clr_optins": "420100"}, False),
    ({"our_settlements": 0}, False),
    ({"infno": "3202"}, False),
    ({"result": "000103"}, False),
    ({"insutype": "390"}, False),
    ({"clr_type": "11"}, False),
    ({"to_day": date(2026, 3, 9)}, False),
    ({"compared_at": later(hours=-1)}, False),
]


@pytest.mark.parametrize("number", range(len(CLOSED)))
def test_a_record_was_agreed_upon_where_it_stood_in_what_was_compared(store: Store, number: int) -> None:
    changed, is_closed = CLOSED[number]
    zero = Decimal("0.00")
    run = Comparison(
        id="R1",
        infno="3201",
        institution="I1",
        insutype="310",
        clr_type="41",
        clr_optins="350203",
        from_day=date(2026, 3, 1),
        to_day=DAY,
        result="000000",
        medfee=zero,
        fund=zero,
        account=zero,
        settlements=1,
        our_medfee=zero,
        our_fund=zero,
        our_account=zero,
        our_settlements=1,
        file=None,
        msgid="m1",
        compared_at=later(hours=1),
    )
    with store.writing() as connection:
        reconciliation.add_comparison(connection, replace(run, **changed), [])
        assert (reconciliation.find_agreed(connection, ONE, "000000") is not None) is is_closed


def test_a_comparison_is_kept_with_its_differences(store: Store) -> None:
    money = Decimal("1.23")
    one = Comparison(
        id="R1",
        infno="3202",
        institution="I1",
        insutype="310",
        clr_type="41",
        clr_optins="350200",
        from_day=DAY,
        to_day=DAY,
        result="000103",
        medfee=money,
        fund=money,
        account=money,
        settlements=2,
        our_medfee=money,
        our_fund=-money,
        our_account=money,
        our_settlements=1,
        file="f1",
        msgid="m1",
        compared_at=NOON,
    )
    alone = Difference(
        "R1", 1, "000102", "S9", "M9", "P9", "m9", True, "退费无对应结算", -money, money, money, None, None, None
    )
    ours = replace(
        alone,
        n=2,
        result="000103",
        medfee=None,
        fund=None,
        account=None,
        our_medfee=money,
        our_fund=money,
        our_account=money,
    )
    with store.writing() as connection:
        reconciliation.add_comparison(connection, one, [alone, ours])
        newer = replace(one, id="R2", institution="I2", file=None, compared_at=later(hours=1))
        reconciliation.add_comparison(connection, newer, [])
        assert reconciliation.load_comparison_page(connection, limit=1) == [newer]
        assert reconciliation.load_comparison_page(connection, "I1", limit=9) == [one]
        assert reconciliation.load_differences(connection, "R1") == [alone, ours]
        assert reconciliation.load_differences(connection, "R2") == []
