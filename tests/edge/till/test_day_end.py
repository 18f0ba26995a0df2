"""Ends of business days at a centre: what agrees, what does not and why, and what is still open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from edge.clock import SHOP_TIME
from edge.counter.counter import UNNAMED
from edge.fsi.sign_ins import Operator
from edge.store import settlements
from edge.store.day_ends import DayState
from edge.store.day_records import sums_of_days
from edge.store.unfinished import OpenThere
from edge.till.day_end import DayNotBegunError, DayNotEndedError, DayNotOpenError, UnfinishedError
from edge.till.day_sheets import DaySheet, Reason
from rules.settling import Standing
from tests.edge.scene import TRACE_1
from tests.edge.till.books import Till, opened_till
from tests.server.conftest import NewStore
from tests.server.fsi.counter import Counter, open_counter
from tests.server.fsi.office import NOON
from wire.fsi.areas import shipped_area

TODAY = NOON.date()
JILIN = replace(shipped_area("jilin"), signer="none", encryptor="none", transport="plain")
"""As it tells records apart; how it hides them is shown elsewhere."""

GUANGDONG = replace(shipped_area("guangdong"), signer="none", encryptor="none", transport="plain")


def end(till: Till, day: date = TODAY, *, is_confirmed: bool = False) -> DaySheet:
    return asyncio.run(till.days.end(day, Operator("wang", "王"), is_confirmed=is_confirmed))


def look(till: Till, day: date = TODAY) -> DaySheet:
    return asyncio.run(till.days.look(day))


def test_a_day_whose_books_agree_is_closed_with_its_sums(till: Till) -> None:
    till.settle("S1", "500.00")
    till.settle("S2", "80.00")
    till.cancel("S2")
    sheet = end(till)
    assert (sheet.state, sheet.differences) == (DayState.CLOSED, ())
    (shown,) = sheet.compared
    assert (shown.group.insutype, shown.group.clr_type, shown.sums.count, shown.sums.fee) == (
        "310", "41", 3, Decimal("500.00"),
    )  # fmt: skip
    assert shown.result == "000000"
    assert sheet.insured_cash == Decimal("500.00") - shown.sums.funds - Decimal("110.00"), (
        "the account and the family's"
    )
    assert look(till).state is DayState.CLOSED


def test_nothing_is_asked_of_an_empty_day(till: Till) -> None:
    assert end(till).state is DayState.CLOSED
    assert till.asked == []


@pytest.mark.parametrize(
    ("planted", "result", "is_refund"),
    [("settlement lost here", "000103", False), ("cancellation lost here", "000103", True)],
)
def test_what_only_the_centre_has_of_this_desk_is_a_difference(
    till: Till, planted: str, result: str, is_refund: bool
) -> None:
    till.settle("S1")
    if planted == "settlement lost here":
        lost = till.settle("S2", "80.00", is_kept=False)
    else:
        lost = till.settle("S2", "80.00")
        till.cancel("S2", is_kept=False)
    sheet = end(till)
    assert sheet.state is DayState.DIFFERS
    (found,) = sheet.differences
    assert (found.result, found.setl_id, found.is_refund, found.desk) == (
        result, lost["setl_id"], is_refund, "00" if is_refund else "03",
    )  # fmt: skip
    assert look(till).differences == sheet.differences


def named(reason: Reason) -> bool:
    return all((reason.why.zh, reason.why.en, reason.next_step.zh, reason.next_step.en))


def test_what_two_terminals_count_is_named_with_its_desks_and_what_to_do(till: Till, tmp_path: Path) -> None:
    told = till.settle("S1", "80.00")
    with opened_till(tmp_path / "other", till.counter, desk=4) as other:
        # Both have cancelled it; the centre has done so once.
        other.commits(lambda tx: other.keep(tx, "S1", str(told["medins_setl_id"]), told))
        other.commits(lambda tx: tx.exec_driver_sql("UPDATE settlement SET is_elsewhere = 1"))
        till.cancel("S1")
        other.commits(lambda tx: settlements.set_undone(tx, "S1", 1, other.shop.clock.now()))
        till.hear(other, TODAY)
    sheet = end(till)
    assert sheet.state is DayState.DIFFERS
    (found,) = sheet.differences
    assert (found.result, found.setl_id, found.is_refund, found.desk) == (
        "counted_twice", told["setl_id"], True, "03、04",
    )  # fmt: skip
    assert [named(one) and str(told["setl_id"]) in one.why.en for one in sheet.reasons] == [True]
    assert look(till).reasons == sheet.reasons


def test_what_another_terminal_has_lost_is_named_with_its_desk_alone(till: Till, tmp_path: Path) -> None:
    till.settle("S1", "500.00")
    with opened_till(tmp_path / "other", till.counter, desk=4) as other:
        other.at(NOON + timedelta(minutes=1))
        other.settle("S2", "80.00")
        lost = other.settle("S3", "70.00", is_kept=False)
        till.hear(other, TODAY)
    sheet = end(till)
    assert sheet.state is DayState.DIFFERS
    assert [(one.setl_id, one.desk) for one in sheet.differences] == [(lost["setl_id"], "04")]


def test_a_terminal_that_told_its_sums_and_then_nothing_more_is_missing(till: Till, tmp_path: Path) -> None:
    till.settle("S1", "500.00")
    with opened_till(tmp_path / "other", till.counter, desk=4) as other:
        other.at(NOON + timedelta(minutes=1))
        other.settle("S2", "80.00")
        till.hear(other, TODAY)
        # It sells on, so that the sums differ; then it falls silent, and nobody knows whose the record is.
        other.settle("S3", "70.00")
    till.books = dict.fromkeys(till.books)
    sheet = end(till)
    assert (sheet.state, sheet.missing, sheet.elsewhere) == (DayState.INCOMPLETE, ("counter-4",), 2)
    assert ["counter-4" in one.why.zh for one in sheet.reasons] == [True]


def test_what_another_terminal_settles_after_a_day_was_closed_is_said(till: Till, tmp_path: Path) -> None:
    till.settle("S1", "500.00")
    with opened_till(tmp_path / "other", till.counter, desk=4) as other:
        other.at(NOON + timedelta(minutes=1))
        other.settle("S2", "80.00")
        till.hear(other, TODAY)
        assert end(till).state is DayState.CLOSED
        assert look(till).state is DayState.CLOSED
        other.settle("S3", "70.00")
        till.hear(other, TODAY)
        shown = look(till)
        assert shown.state is DayState.CHANGED
        assert [named(one) and "counter-4 医保 +1 笔、+70.00 元" in one.why.zh for one in shown.reasons] == [True]
        till.settle("S4", "60.00")
        assert len(look(till).reasons) == 2
        # A terminal that is off takes nothing back.
        till.others = {"counter-4": None}
        assert len(look(till).reasons) == 1


def test_software_that_settles_beside_the_terminals_keeps_no_day_open(till: Till, tmp_path: Path) -> None:
    till.settle("S1", "500.00")
    with opened_till(tmp_path / "software", till.counter, desk=90) as software:
        software.at(NOON + timedelta(minutes=1))
        software.settle("S2", "80.00", is_kept=False)
    sheet = end(till)
    assert (sheet.state, sheet.elsewhere, sheet.differences) == (DayState.CLOSED, 1, ())


def test_sums_that_differ_without_a_record_are_told_with_what_to_do(till: Till) -> None:
    till.settle("S1")
    # Here it counts under another insurance than at the centre: record by record nobody sees that.
    till.commits(lambda tx: tx.exec_driver_sql("UPDATE settlement SET insutype = '390'"))
    sheet = end(till)
    assert (sheet.state, sheet.differences) == (DayState.DIFFERS, ())
    assert [named(one) and "390/" in one.why.zh for one in sheet.reasons] == [True]


@pytest.mark.parametrize("late", ["settlement", "cash"])
def test_a_day_that_was_closed_says_that_it_has_changed_since(till: Till, late: str) -> None:
    till.settle("S1")
    assert end(till).state is DayState.CLOSED
    if late == "settlement":
        till.settle("S2", "80.00")
    else:
        till.shop.scan(TRACE_1)
        till.shop.counter.close_sale(UNNAMED)
    shown = look(till)
    assert shown.state is DayState.CHANGED
    assert [named(one) for one in shown.reasons] == [True]
    assert [one.state for one in asyncio.run(till.days.ends(5))] == [DayState.CHANGED]
    with pytest.raises(DayNotOpenError):
        end(till)
    asyncio.run(till.days.reopen(TODAY, "wang", "日结后补记"))
    assert end(till).state is DayState.CLOSED
    assert [one.state for one in asyncio.run(till.days.ends(5))] == [DayState.CLOSED, DayState.REOPENED]


def test_where_the_account_counts_as_a_fund_the_books_agree_and_the_screen_counts_it_once(
    standing_store: NewStore, tmp_path: Path
) -> None:
    counter = open_counter(standing_store("sqlite"), area=GUANGDONG)
    with opened_till(tmp_path / "till", counter) as till:
        told = till.settle("S1", "500.00")
        till.settle("S2", "80.00", is_kept=False)
        sheet = end(till)
        (shown,) = sheet.sales
        assert shown.sums.account > 0
        assert shown.sums.funds == Decimal(str(told["fund_pay_sumamt"])) - shown.sums.account
        # Of the record that both have nothing differs.
        assert [one.result for one in sheet.differences] == ["000103"]


def test_what_only_the_till_has_is_a_difference(till: Till) -> None:
    till.settle("S1")
    reversed_there = till.settle("S2", "80.00")
    assert till.counter.reverse(str(reversed_there["medins_setl_id"]))["infcode"] == 0
    sheet = end(till)
    assert sheet.state is DayState.DIFFERS
    assert [(one.result, one.setl_id) for one in sheet.differences] == [("000102", reversed_there["setl_id"])]


def test_a_day_that_differed_is_ended_again_and_one_that_is_closed_opens_with_a_reason(till: Till) -> None:
    till.settle("S1")
    lost = till.settle("S2", "80.00", is_kept=False)
    assert end(till).state is DayState.DIFFERS
    till.commits(lambda tx: till.keep(tx, "S2", str(lost["medins_setl_id"]), lost))
    assert end(till).state is DayState.CLOSED
    with pytest.raises(DayNotOpenError):
        end(till)
    opened = asyncio.run(till.days.reopen(TODAY, "wang", "一笔漏记"))
    assert opened.state is None
    till.settle("S3", "70.00")
    assert end(till).compared[0].sums.count == 3


def test_what_is_unknown_is_waited_for_or_listed(till: Till) -> None:
    till.settle("S1")
    till.stands("S1", Standing.UNDOING_UNKNOWN)
    with pytest.raises(UnfinishedError):
        end(till)
    sheet = end(till, is_confirmed=True)
    assert (sheet.state, sheet.unfinished.unknown) == (DayState.CLOSED, ("S1",))


def test_what_another_terminal_has_not_brought_to_its_end_is_waited_for_or_listed(till: Till, tmp_path: Path) -> None:
    till.settle("S1")
    till.open_there = {"counter-4": ("S7", "S8"), "counter-5": (), "counter-6": None}
    assert look(till).unfinished.elsewhere == (OpenThere("counter-4", ("S7", "S8")),)
    with pytest.raises(UnfinishedError) as refused:
        end(till)
    assert "S7（在 counter-4）、S8（在 counter-4）" in refused.value.words.zh
    assert "S7 (at counter-4)" in refused.value.words.en
    sheet = end(till, is_confirmed=True)
    assert (sheet.state, sheet.unfinished.elsewhere) == (DayState.CLOSED, (OpenThere("counter-4", ("S7", "S8")),))
    # What was open then stays on the sheet of the day.
    till.open_there = {}
    assert end(till, TODAY + timedelta(days=-1)).unfinished.elsewhere == ()


@pytest.mark.parametrize("is_reached", [True, False])
def test_other_terminals_of_the_house_count_or_are_named(till: Till, tmp_path: Path, is_reached: bool) -> None:
    till.settle("S1", "500.00")
    with opened_till(tmp_path / "other", till.counter, desk=4) as other:
        other.at(NOON + timedelta(minutes=1))
        other.settle("S1", "80.00")
        theirs = other.commits(lambda tx: sums_of_days(tx, TODAY, TODAY))
    till.others = {"counter-4": theirs if is_reached else None}
    sheet = end(till)
    assert sheet.state is (DayState.CLOSED if is_reached else DayState.INCOMPLETE)
    assert sheet.missing == (() if is_reached else ("counter-4",))
    assert sheet.elsewhere == (0 if is_reached else 1)
    assert [named(one) for one in sheet.reasons] == ([] if is_reached else [True])
    # When it is on again the day is simply ended once more.
    till.others = {"counter-4": theirs}
    if not is_reached:
        assert end(till).state is DayState.CLOSED


def test_a_shift_past_midnight_is_of_the_day_on_which_it_began(counter: Counter, tmp_path: Path) -> None:
    with opened_till(tmp_path / "night", counter, begins_h=4) as till:
        till.at(NOON.replace(hour=23))
        till.settle("S1")
        till.at(NOON.replace(hour=23) + timedelta(hours=3))
        till.settle("S2")
        sheet = end(till)
        assert (sheet.state, sheet.first_date, sheet.last_date) == (DayState.CLOSED, TODAY, TODAY + timedelta(days=1))
        assert sum(one.sums.count for one in sheet.sales) == 2
        till.at(NOON + timedelta(days=1))
        till.settle("S3")
        tomorrow = end(till, TODAY + timedelta(days=1))
        assert (tomorrow.state, sum(one.sums.count for one in tomorrow.sales)) == (DayState.CLOSED, 1)


def test_groups_that_are_empty_here_are_compared_all_the_same(till: Till) -> None:
    till.settle("S1")
    till.at(NOON + timedelta(days=1))
    till.settle("S2", is_kept=False)
    sheet = end(till, TODAY + timedelta(days=1))
    assert (sheet.state, len(sheet.differences)) == (DayState.DIFFERS, 1)


def test_a_day_to_come_cannot_be_ended(till: Till) -> None:
    with pytest.raises(DayNotBegunError) as refused:
        end(till, TODAY + timedelta(days=1))
    assert str(TODAY) in refused.value.words.zh
    assert str(TODAY) in refused.value.words.en


@pytest.mark.parametrize(("begins_h", "back"), [(0, 0), (5, 1), (12, 1)])
def test_past_midnight_the_business_day_may_still_be_of_yesterday(
    counter: Counter, tmp_path: Path, begins_h: int, back: int
) -> None:
    with opened_till(tmp_path / "night", counter, begins_h=begins_h) as till:
        till.at(NOON.replace(hour=2) + timedelta(days=1))
        calendar = till.shop.clock.now().astimezone(SHOP_TIME).date()
        assert till.days.today == calendar - timedelta(days=back)
        if back:
            with pytest.raises(DayNotBegunError):
                end(till, calendar)
        assert end(till, till.days.today).state is DayState.CLOSED


def test_days_that_nobody_closed_are_listed_until_they_are(till: Till) -> None:
    till.settle("S1")
    tomorrow = TODAY + timedelta(days=1)
    later = TODAY + timedelta(days=3)
    assert asyncio.run(till.days.open_days()) == [TODAY]
    till.at(NOON + timedelta(days=1))
    till.shop.scan(TRACE_1)
    till.shop.counter.close_sale(UNNAMED)
    till.at(NOON + timedelta(days=3))
    assert asyncio.run(till.days.open_days()) == [later, tomorrow, TODAY]
    end(till, TODAY)
    end(till, later)
    assert asyncio.run(till.days.open_days()) == [tomorrow]
    asyncio.run(till.days.reopen(TODAY, "wang", "漏记"))
    assert asyncio.run(till.days.open_days()) == [tomorrow, TODAY]


def test_what_was_never_ended_is_not_opened_again(till: Till) -> None:
    with pytest.raises(DayNotEndedError):
        asyncio.run(till.days.reopen(TODAY, "wang", "看看"))


def test_where_the_area_tells_refunds_apart_records_are_compared_twice(
    standing_store: NewStore, tmp_path: Path
) -> None:
    counter = open_counter(standing_store("sqlite"), area=JILIN)
    with opened_till(tmp_path / "till", counter) as till:
        till.settle("S1")
        lost = till.settle("S2", "80.00", is_kept=False)
        sheet = end(till)
        assert [one.setl_id for one in sheet.differences] == [lost["setl_id"]]
        assert till.asked.count("3202") == 2
