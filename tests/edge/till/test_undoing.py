"""Packs of an insured sale come back: one of them, one after the other, all; later, and with something in the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from edge.counter.errors import PackReturnedBeforeError
from edge.counter.splitting import SplitNotReturnedError
from edge.store.quarantine import release
from edge.store.splits import find_opened
from edge.till.after_errors import NoChoiceError, NotSettledError, RestRefusedError, UnderWayError
from edge.till.errors import NotThisPersonError, OfflineError
from edge.till.persons import Persons
from edge.till.plans import Choice, Step
from edge.till.showing import show_ticket
from edge.till.views import TicketShown
from rules.scan_facts import Verdict
from rules.settling import Standing
from server.store.standings import Standing as Allowed
from tests.edge.till.aisle import WANG, A, Aisle, B, C, D, E, new_centre, opened, person
from tests.server.conftest import NewStore
from wire.events import SaleReturned


@pytest.fixture
def aisle(standing_store: NewStore, tmp_path: Path) -> Iterator[Aisle]:
    with opened(new_centre(standing_store("sqlite")), tmp_path / "till") as aisle:
        yield aisle


def money(aisle: Aisle) -> Decimal:
    return aisle.centre.counter.balance()


class TestOneOfThree:
    def test_the_rest_is_settled_anew_and_the_ledger_told(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B, C, D)
        aisle.upload()
        first = aisle.standing(sale)[0].paid
        aisle.wait(days=1)
        one = aisle.take_back(sale, C)
        assert (one.step, one.outcome) == ("ended", "done")
        aisle.upload()
        (row,) = aisle.standing(sale)
        assert row.paid is not None
        assert first is not None
        assert aisle.at_the_centre() == [(row.paid.setl_id, Decimal("641.30"))]
        assert aisle.packs(sale) == {A: "sold", B: "sold", C: "returned", D: "sold"}
        assert aisle.states(A, B, C, D) == ["sold", "sold", "returned", "sold"]
        assert aisle.paid_with(A, B, C, D) == [{row.paid.setl_id}, {row.paid.setl_id}, set(), {row.paid.setl_id}]
        assert {state for _, state in aisle.rows(sale)} == {"taken"}, aisle.words(sale)
        assert [infno for infno, _ in aisle.rows(sale)] == ["3505", "3505", "3506", "3505", "3505"]
        plan = aisle.plan(one)
        assert plan.after is not None
        assert (plan.before.fee, plan.after.fee) == (Decimal("941.30"), Decimal("641.30"))
        assert sum(fact.packs[0].code == C for fact in aisle.shop.facts() if isinstance(fact, SaleReturned)) == 1

    def test_what_was_not_told_before_is_told_as_it_is_now(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B)
        aisle.take_back(sale, B)
        aisle.upload()
        assert aisle.rows(sale) == [("3505", "dropped"), ("3505", "taken")]
        assert aisle.states(A) == ["sold"]
        assert aisle.paid_with(A) == [{row.paid.setl_id for row in aisle.standing(sale) if row.paid}]

    def test_one_after_the_other_until_nothing_is_left(self, aisle: Aisle) -> None:
        held = money(aisle)
        sale, left = aisle.settle(A, B, C), [A, B, C]
        aisle.upload()
        while left:
            aisle.wait(days=20)
            back = left.pop()
            assert aisle.take_back(sale, back).outcome == "done"
            aisle.upload()
            assert aisle.states(*left, back) == ["sold"] * len(left) + ["returned"]
        assert aisle.at_the_centre() == []
        assert aisle.standing(sale) == []
        assert money(aisle) == held
        assert not aisle.centre.counter.totals()
        assert {state for _, state in aisle.rows(sale)} == {"taken"}, aisle.words(sale)

    def test_the_rest_of_a_sale_of_last_year_counts_in_last_year(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B, C)
        aisle.wait(days=300)
        assert aisle.take_back(sale, A).outcome == "done"
        assert aisle.centre.counter.totals(year=2026)
        assert not aisle.centre.counter.totals(year=2027)


class TestNothingIsCancelledFirst:
    @pytest.mark.parametrize("message", ["5203", "2101"])
    @pytest.mark.parametrize("fault", ["not sent", "lost answer"])
    def test_without_a_line_nothing_begins(self, aisle: Aisle, fault: str, message: str) -> None:
        sale = aisle.settle(A, B)
        aisle.way.fail(message, fault)
        with pytest.raises(OfflineError):
            aisle.take_back(sale, A)
        assert len(aisle.standing(sale)) == 1
        assert aisle.take_back(sale, A).outcome == "done"

    def test_what_would_not_be_settled_is_not_cancelled(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B)
        aisle.centre.office.stand(Allowed.SUSPENDED)
        with pytest.raises(RestRefusedError) as caught:
            aisle.take_back(sale, A)
        assert "practice.institution_suspended" in str(caught.value.words)
        assert len(aisle.standing(sale)) == 1
        # All of it comes back: that stays open to a suspended institution.
        assert aisle.take_back(sale, A, B).outcome == "done"

    def test_somebody_else_is_not_paid_for(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B)
        with pytest.raises(NotThisPersonError):
            aisle.take_back(sale, A, shown=person("PSN0002"))

    def test_a_cancellation_that_never_left_did_nothing(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B)
        aisle.way.fail("2103", "not sent")
        assert aisle.take_back(sale, A).outcome == "not_sent"
        assert len(aisle.standing(sale)) == 1
        assert aisle.take_back(sale, A).outcome == "done"


class TestUnknown:
    @pytest.mark.parametrize("fault", ["lost request", "lost answer"])
    @pytest.mark.parametrize("message", ["2103", "2102"])
    def test_it_goes_on_when_the_outcome_is_known(self, aisle: Aisle, message: str, fault: str) -> None:
        sale = aisle.settle(A, B, C)
        aisle.upload()
        aisle.way.fail(message, fault)
        one = aisle.take_back(sale, C)
        assert one.ended_at is None
        with pytest.raises(UnderWayError):
            aisle.take_back(sale, B)
        aisle.recover()
        assert aisle.undertaking(one.id).outcome == "done"
        (row,) = aisle.standing(sale)
        assert row.paid is not None
        assert [setl_id for setl_id, _ in aisle.at_the_centre()] == [row.paid.setl_id]
        assert aisle.states(A, B, C) == ["sold", "sold", "returned"]

    def test_a_settlement_that_never_left_goes_out_when_the_line_is_back(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, B)
        aisle.way.fail("2102", "not sent")
        one = aisle.take_back(sale, B)
        assert (one.step, one.msgid, one.ended_at) == (Step.SETTLE, None, None)
        aisle.recover()
        assert aisle.undertaking(one.id).outcome == "done"
        assert len(aisle.at_the_centre()) == 1


class TestRefused:
    """What stays is refused between the trial and the settlement."""

    @pytest.fixture
    def stopped(self, aisle: Aisle) -> tuple[Aisle, str, str]:
        sale = aisle.settle(A, B, C)
        aisle.upload()
        aisle.way.fail("2102", "not sent")
        one = aisle.take_back(sale, C)
        aisle.centre.office.stand(Allowed.SUSPENDED, until=aisle.shop.clock.now() + timedelta(minutes=1))
        aisle.steps.look()
        stopped = aisle.undertaking(one.id)
        assert (stopped.step, stopped.ended_at) == (Step.CHOICE, None)
        assert "practice.institution_suspended" in (stopped.told or "")
        assert aisle.packs(sale)[C] == "sold"
        aisle.wait(minutes=2)
        return aisle, sale, one.id

    def test_it_is_settled_with_what_is_shown_again(self, stopped: tuple[Aisle, str, str]) -> None:
        aisle, sale, number = stopped
        with pytest.raises(NotThisPersonError):
            aisle.undoing.choose(number, Choice.AGAIN, shown=person("PSN0002"))
        aisle.undoing.choose(number, Choice.AGAIN, shown=person())
        assert aisle.undertaking(number).outcome == "done"
        assert [fee for _, fee in aisle.at_the_centre()] == [Decimal("600.00")]
        assert len(aisle.standing(sale)) == 1

    def test_what_stays_is_paid_by_the_person(self, stopped: tuple[Aisle, str, str]) -> None:
        aisle, sale, number = stopped
        aisle.undoing.choose(number, Choice.SELF_PAY)
        aisle.upload()
        ended = aisle.undertaking(number)
        assert ended.outcome == "self_paid"
        assert aisle.plan(ended).after == aisle.plan(ended).after.__class__(fee=Decimal(600), cash=Decimal(600))
        assert aisle.at_the_centre() == []
        assert aisle.states(A, B, C) == ["sold", "sold", "returned"]
        assert aisle.paid_with(A, B) == [set(), set()]
        assert {state for _, state in aisle.rows(sale)} == {"taken"}, aisle.words(sale)

    def test_the_cancellation_is_taken_back(self, stopped: tuple[Aisle, str, str]) -> None:
        aisle, sale, number = stopped
        aisle.undoing.choose(number, Choice.RESTORE)
        assert aisle.undertaking(number).outcome == "restored"
        (row,) = aisle.settlements(sale)
        assert row.standing is Standing.SETTLED
        assert row.undone_at is None
        assert [fee for _, fee in aisle.at_the_centre()] == [Decimal("900.00")]
        assert aisle.states(A, B, C) == ["sold"] * 3
        assert aisle.take_back(sale, C).outcome == "done"

    def test_nothing_is_chosen_twice(self, stopped: tuple[Aisle, str, str]) -> None:
        aisle, _, number = stopped
        aisle.undoing.choose(number, Choice.SELF_PAY)
        with pytest.raises(NoChoiceError):
            aisle.undoing.choose(number, Choice.RESTORE)


class TestCancelled:
    def test_before_the_patient_leaves_the_packs_are_free_again(self, aisle: Aisle) -> None:
        sale = aisle.settle(A, D, E)
        assert aisle.undertaking(aisle.undoing.cancel(sale, "患者放弃", WANG)).outcome == "done"
        assert aisle.at_the_centre() == []
        again = aisle.settle(A)
        aisle.upload()
        assert again != sale
        assert aisle.states(A, D) == ["sold", "unseen"]

    @pytest.mark.parametrize("is_told", [True, False], ids=["told", "not told yet"])
    def test_units_of_opened_packs_are_free_again_with_the_rest(self, aisle: Aisle, is_told: bool) -> None:
        sale = aisle.settle(A, B, D, units={A: 5, B: 2})
        if is_told:
            aisle.upload()
        assert aisle.undertaking(aisle.undoing.cancel(sale, "患者放弃", WANG)).outcome == "done"
        aisle.upload()
        assert aisle.at_the_centre() == []
        assert aisle.packs(sale) == dict.fromkeys((A, B, D), "returned")
        assert [aisle.look(lambda tx, code=code: find_opened(tx, code)).rest for code in (A, B)] == [12, 12]
        assert {state for _, state in aisle.rows(sale)} <= {"taken", "dropped"}, aisle.words(sale)
        assert aisle.shop.scan(A).verdict is Verdict.ADDED

    def test_a_cash_sale_has_nothing_to_cancel(self, aisle: Aisle) -> None:
        with pytest.raises(NotSettledError):
            aisle.undoing.cancel(aisle.sell(A), "患者放弃", WANG)


def test_whole_packs_beside_units_come_back_and_units_do_not(aisle: Aisle) -> None:
    sale = aisle.settle(A, B, C, units={A: 5})
    aisle.upload()
    with pytest.raises(SplitNotReturnedError):
        aisle.take_back(sale, A)
    assert aisle.take_back(sale, C).outcome == "done"
    aisle.upload()
    assert [fee for _, fee in aisle.at_the_centre()] == [Decimal("425.00")]
    assert aisle.packs(sale) == {A: "sold", B: "sold", C: "returned"}
    assert {state for _, state in aisle.rows(sale)} == {"taken"}, aisle.words(sale)


def test_its_ticket_says_what_came_back_of_what_was_sold(aisle: Aisle) -> None:
    def ticket(sale: str) -> TicketShown:
        return aisle.look(lambda tx: show_ticket(tx, sale, Persons(aisle.shop.clock, 60.0), aisle.shop.clock.now()))

    sale = aisle.settle(A, B, C)
    assert ticket(sale).came_back == ()
    aisle.take_back(sale, B)
    shown = ticket(sale)
    assert shown.paid is not None
    assert (shown.came_back, shown.paid.amounts.fee, shown.paid_by) == ((B,), Decimal("600.00"), "insured")
    assert "1" in shown.notice.zh
    aisle.take_back(sale, A, C)
    shown = ticket(sale)
    assert (shown.came_back, shown.standing) == ((A, B, C), Standing.UNDONE)


def test_all_of_it_came_back_once(aisle: Aisle) -> None:
    sale = aisle.settle(A)
    aisle.take_back(sale, A)
    with pytest.raises(PackReturnedBeforeError):
        aisle.take_back(sale, A)


def test_what_came_back_lies_apart_until_it_is_released_by_name(aisle: Aisle) -> None:
    sale = aisle.settle(A, B)
    aisle.take_back(sale, A)
    assert aisle.shop.scan(A).verdict is Verdict.QUARANTINED
    assert aisle.look(lambda tx: release(tx, A, "wang", "外观完好", aisle.shop.clock.now()))
    assert aisle.shop.scan(A).verdict is Verdict.ADDED
