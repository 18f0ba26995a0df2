from __future__ import annotations

import threading
from datetime import date
from decimal import Decimal

from server.store import insured, settlements, visits
from server.store.database import Store
from server.store.settlements import SettlementState
from tests.server.store.settlement_rows import NOON, furnish, later, negative, settle, settled_line, settlement, visit

REVERSED, ACTIVE, CANCELLED = SettlementState.REVERSED, SettlementState.ACTIVE, SettlementState.CANCELLED


def test_a_settlement_comes_back_with_all_that_belongs_to_it(store: Store) -> None:
    one = settlement(n=1, medfee_sumamt=Decimal("8.33"), acct_pay=Decimal("-0.01"), balc=Decimal("99999999999999.99"))
    with store.writing() as connection:
        furnish(connection)
        assert settle(connection, one, ("deductible", "8.33"), ("fund", "0.00"), codes=("8100001", "8100001"))

    with store.reading() as connection:
        assert settlements.load_settlement(connection, "S1") == one
        assert settlements.find_standing(connection, "sale 1") == one
        assert settlements.find_by_msgid(connection, "I1", one.msgid) == one
        assert settlements.load_lines(connection, "S1") == [settled_line()]
        assert [code.code for code in settlements.load_codes(connection, "S1")] == ["8100001"]
        assert [code.setl_id for code in settlements.find_codes(connection, "8100001")] == ["S1"]
        assert [(one.key, one.amount) for one in settlements.load_increments(connection, "S1")] == [
            ("deductible", Decimal("8.33")),
            ("fund", Decimal("0.00")),
        ]


def test_nothing_is_found_where_nothing_is(store: Store) -> None:
    with store.reading() as connection:
        assert settlements.load_settlement(connection, "S1") is None
        assert settlements.find_standing(connection, "sale 1") is None
        assert settlements.find_by_msgid(connection, "I1", "msg") is None
        assert settlements.find_cancelling(connection, "S1") is None
        assert settlements.load_year_totals(connection, "P1", 2026) == {}


def test_a_sale_has_one_settlement_that_stands_and_another_after_it_was_cancelled(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        assert settle(connection, settlement("S1"))
        assert not settle(connection, settlement("S2"))
        assert settlements.change_state(connection, "S1", before=ACTIVE, after=CANCELLED)
        assert not settlements.change_state(connection, "S1", before=ACTIVE, after=CANCELLED)
        assert settle(connection, settlement("S2"))

        assert settlements.find_standing(connection, "sale 1") == settlement("S2", n=2)
        # Nothing of the one that was refused is left.
        assert settlements.load_lines(connection, "S2") == [settled_line(setl_id="S2")]


def test_a_settlement_has_one_negative_and_another_after_that_was_struck_out(store: Store) -> None:
    first = settlement("S1")
    with store.writing() as connection:
        furnish(connection)
        settle(connection, first)
        settlements.change_state(connection, "S1", before=ACTIVE, after=CANCELLED)
        assert settle(connection, negative(first, "C1"))
        assert not settle(connection, negative(first, "C2"))
        settlements.change_state(connection, "C1", before=SettlementState.CANCELLING, after=REVERSED)
        assert settlements.find_cancelling(connection, "S1") is None
        assert settle(connection, negative(first, "C2"))

        found = settlements.find_cancelling(connection, "S1")
        assert found is not None
        assert found.setl_id == "C2"
        assert settlements.find_by_msgid(connection, "I1", "msg of C2") is None


def test_the_totals_of_a_year_are_right_under_cancelling_and_striking_out(store: Store) -> None:
    one = settlement("S1")
    with store.writing() as connection:
        furnish(connection)
        settle(connection, one, ("deductible", "300.00"), ("fund", "10.01"))
        settle(connection, settlement("S2", sale_key="2"), ("fund", "0.02"))
        settle(connection, settlement("S3", sale_key="3", year=2025), ("fund", "5.00"))
        settle(connection, settlement("S4", sale_key="4", psn_no="P2"), ("fund", "7.00"))
        assert settlements.load_year_totals(connection, "P1", 2026) == {
            "deductible": Decimal("300.00"),
            "fund": Decimal("10.03"),
        }

        settlements.change_state(connection, "S1", before=ACTIVE, after=CANCELLED)
        settle(connection, negative(one, "C1"), ("deductible", "-300.00"), ("fund", "-10.01"))
        assert settlements.load_year_totals(connection, "P1", 2026) == {
            "deductible": Decimal("0.00"),
            "fund": Decimal("0.02"),
        }

        settlements.change_state(connection, "S2", before=ACTIVE, after=REVERSED)
        assert settlements.load_year_totals(connection, "P1", 2026)["fund"] == Decimal("0.00")


def test_settlements_of_a_visit_and_of_a_person_come_in_order(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
        visits.add_visit(connection, visit("M2"))
        settle(connection, settlement("S2", sale_key="2", settled_at=later(hours=1)))
        settle(connection, settlement("S1"))
        settle(connection, settlement("S3", sale_key="3", mdtrt_id="M2", settled_at=later(days=1)))

        of_visit = settlements.load_settlements_of_visit(connection, "M1")
        of_person = settlements.load_settlements_of_person(connection, "P1", begins=NOON, ends=later(days=1))

    assert [one.setl_id for one in of_visit] == ["S1", "S2"]
    assert [one.setl_id for one in of_person] == ["S1", "S2"]


def test_of_many_who_settle_the_same_sale_at_once_one_does(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection)
    together = threading.Barrier(6)
    done: list[str] = []

    def settle_one(n: int) -> None:
        together.wait(30)
        with store.writing() as connection:
            if settle(connection, settlement(f"S{n}"), ("fund", "1.00")):
                done.append(f"S{n}")

    threads = [threading.Thread(target=settle_one, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(done) == 1
    with store.reading() as connection:
        standing = settlements.find_standing(connection, "sale 1")
        assert standing is not None
        assert [standing.setl_id] == done
        assert settlements.load_year_totals(connection, "P1", 2026) == {"fund": Decimal("1.00")}


def test_whoever_locks_a_person_locks_those_who_may_pay_for_them(store: Store) -> None:
    """Two who may pay for each other settle at once, many times: neither waits for the other for good."""
    with store.writing() as connection:
        furnish(connection, "P1", "P2")
        day = date(2026, 1, 1)
        pairs = (("P1", "P2"), ("P2", "P1"))
        insured.put_bindings(connection, [insured.Binding(who, giver, day, None, 1, None) for who, giver in pairs])
    together = threading.Barrier(2)
    failures: list[Exception] = []

    def settle_often(psn_no: str) -> None:
        together.wait(30)
        try:
            for n in range(20):
                with store.writing() as connection:
                    assert insured.lock_person(connection, psn_no)
                    settle(connection, settlement(f"{psn_no}-{n}", sale_key=f"{psn_no} {n}", psn_no=psn_no))
        except Exception as exc:  # noqa: BLE001 - told to the test
            failures.append(exc)

    threads = [threading.Thread(target=settle_often, args=(who,)) for who in ("P1", "P2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert failures == []
    with store.writing() as connection:
        assert not insured.lock_person(connection, "nobody")


def test_what_was_made_of_a_person_is_told_in_the_order_in_which_it_was_made(store: Store) -> None:
    with store.writing() as connection:
        furnish(connection, "P1", "P2")
        settle(connection, settlement("S1", sale_key="1", settled_at=later(hours=2), state=CANCELLED))
        settle(connection, negative(settlement("S1", sale_key="1"), "S2", settled_at=later(hours=3)))
        settle(connection, settlement("S3", sale_key="3", settled_at=later(hours=1)))
        settle(connection, settlement("S4", sale_key="4", psn_no="P2", settled_at=later(hours=4)))
        assert settlements.cancelled_last_as(connection, "P1", "S1") == 2
        assert settlements.cancelled_last_as(connection, "P1", "S3") is None
        first = settlements.load_settlement(connection, "S1")
        second = settlements.find_cancelling(connection, "S1")
        third = settlements.load_settlement(connection, "S3")
        assert first is not None
        assert second is not None
        assert third is not None
        assert [one.n for one in (first, second, third)] == [1, 2, 3]
        assert [one.setl_id for one in settlements.load_standing_beside(connection, first, 2)] == ["S3"]
        assert settlements.load_standing_beside(connection, first, 3) == []
        assert settlements.load_standing_beside(connection, third, 3) == []
        # It stands again, and did not when the third was made.
        assert settlements.strike_out_negative(connection, second)
        assert not settlements.strike_out_negative(connection, second)
        assert settlements.change_state(connection, "S1", before=CANCELLED, after=ACTIVE)
        assert [one.setl_id for one in settlements.load_standing_beside(connection, third, 5)] == ["S1"]
        settle(connection, settlement("S5", sale_key="5"))
        fifth = settlements.load_settlement(connection, "S5")
        assert fifth is not None
        assert fifth.n == 5
        assert settlements.load_standing_beside(connection, fifth, 6) == []
