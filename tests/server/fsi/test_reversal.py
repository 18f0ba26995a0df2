"""2601: what had no answer is undone, or never done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import select

from server.store import institutions, year_openings
from server.store.database import Store
from server.store.fsi_tables import fsi_message
from server.store.settlement_tables import settlement
from server.store.standings import Standing
from server.store.year_openings import YearOpening
from tests.server.fsi.counter import (
    DISTRICT,
    LI,
    WANG,
    Counter,
    file_store,
    money,
    named,
    open_counter,
    put_in,
    refused,
)
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY

SUMS = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
A, B, C = (f"{PHARMACY}20260310120000990{n}" for n in (1, 2, 3))


@pytest.fixture
def counter(store: Store) -> Counter:
    return open_counter(store)


def states(store: Store) -> list[str]:
    with store.reading() as connection:
        return sorted(connection.scalars(select(settlement.c.state)))


class TestSettlement:
    """Of a 2102."""

    def test_it_is_undone_to_the_last_fen_and_stays_to_be_explained(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(price="500.00"))
        counter.settle(sale, msgid=A)
        answer = counter.reverse(A)
        assert (answer["infcode"], answer["output"]) == (0, {})
        assert (counter.balance(), counter.balance(WANG), counter.totals()) == (60, 100, {})
        assert states(counter.office.store) == ["reversed"]

        anew = counter.settle(sale)
        assert money(anew, ("act_pay_dedc", "acct_pay")) == ["300.00", "60.00"]
        assert states(counter.office.store) == ["active", "reversed"]

    def test_one_that_never_came_is_closed_and_refused_when_it_comes(self, counter: Counter) -> None:
        late = counter.office.body("2102", counter.sale(counter.line()), msgid=A)
        assert counter.reverse(A)["infcode"] == 0
        _, answer = counter.office.post(late)
        assert refused(answer) == "fsi.msgid_reversed"
        assert states(counter.office.store) == []
        assert counter.settle(counter.sale(counter.line()), msgid=B)["setl_id"]

    def test_one_that_was_refused_is_closed(self, counter: Counter) -> None:
        body = counter.office.body("2102", counter.sale(counter.line(), insutype="390"), msgid=A)
        assert counter.office.post(body)[1]["infcode"] != 0
        assert counter.reverse(A)["infcode"] == 0
        assert refused(counter.office.post(body)[1]) == "fsi.msgid_reversed"

    def test_twice_is_once(self, counter: Counter) -> None:
        counter.settle(counter.sale(counter.line()), msgid=A)
        assert counter.reverse(A)["infcode"] == counter.reverse(A)["infcode"] == 0
        assert counter.balance() == 60

    def test_a_repeat_of_what_was_reversed_is_refused(self, counter: Counter) -> None:
        body = counter.office.body("2102", counter.sale(counter.line()), msgid=A)
        counter.office.post(body)
        counter.reverse(A)
        assert refused(counter.office.post(body)[1]) == "fsi.msgid_reversed"

    def test_every_message_that_was_answered_with_it_is_closed(self, counter: Counter) -> None:
        sale = counter.sale(counter.line())
        first, second = (counter.office.body("2102", sale, msgid=msgid) for msgid in (A, B))
        assert (
            counter.office.post(first)[1]["output"]["setlinfo"] == counter.office.post(second)[1]["output"]["setlinfo"]
        )  # type: ignore[index,call-overload]
        counter.reverse(B)
        assert counter.balance() == 60
        assert refused(counter.office.post(first)[1]) == refused(counter.office.post(second)[1]) == "fsi.msgid_reversed"
        assert counter.reverse(A)["infcode"] == 0
        assert counter.balance() == 60

    def test_one_that_was_cancelled_in_the_books_stays_cancelled(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()), msgid=A)
        counter.cancel(info)
        assert counter.reverse(A)["infcode"] == 0
        assert states(counter.office.store) == ["cancelled", "cancelling"]
        assert counter.balance() == 60

    def test_it_cannot_be_cancelled_afterwards(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()), msgid=A)
        counter.reverse(A)
        answer = counter.cancel(info)
        assert refused(answer) == "settlement.not_cancellable"
        assert "2601" in str(answer["err_msg"])

    def test_settling_and_reversing_at_once_end_with_nothing_that_stands(self, counter: Counter) -> None:
        for n in range(4):
            msgid = f"{PHARMACY}2026031012000088{n:02d}"
            settle = counter.office.body("2102", counter.sale(counter.line()), msgid=msgid)
            data = {"data": {"psn_no": LI, "omsgid": msgid, "oinfno": "2102"}}
            bodies = [settle, counter.office.body("2601", data), settle]
            with ThreadPoolExecutor(3) as pool:
                answers = [json.loads(reply.body) for reply, _ in pool.map(counter.office.post, bodies)]
            assert answers[1]["infcode"] == 0
            assert set(states(counter.office.store)) <= {"reversed"}
            assert (counter.balance(), counter.totals()) == (60, {})
            counter.office.clock.forward(seconds=1)


class TestWords:
    """What the answer says became of the message."""

    @pytest.fixture
    def counter(self, migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
        with file_store(migrated_file, tmp_path) as store:
            yield open_counter(store)

    def test_that_it_never_came(self, counter: Counter) -> None:
        assert f"没有收到过报文 {A}" in str(counter.reverse(A)["warn_msg"])
        assert "此前已由" in str(counter.reverse(A)["warn_msg"])

    def test_that_it_was_refused(self, counter: Counter) -> None:
        assert counter.office.say("2102", counter.sale(counter.line(), insutype="390"), msgid=A)["infcode"] != 0
        assert f"报文 {A} 曾被拒绝" in str(counter.reverse(A)["warn_msg"])

    def test_what_was_undone(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()), msgid=A)
        told = str(counter.reverse(A, msgid=C)["warn_msg"])
        assert f"已冲正结算 {info['setl_id']}" in told
        assert "一并" not in told
        assert f"已由 {C} 冲正" in str(counter.reverse(A)["warn_msg"])

    def test_that_it_was_cancelled_before(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()), msgid=A)
        counter.cancel(info, msgid=B)
        assert f"结算 {info['setl_id']} 此前已撤销" in str(counter.reverse(A)["warn_msg"])

    def test_a_settlement_that_is_struck_out_is_unknown_to_a_query(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()), msgid=A)
        counter.reverse(A, msgid=C)
        for asked in (named(info), {"setl_id": A, "mdtrt_id": A, "psn_no": LI}):
            answer = counter.office.say("5203", {"data": asked})
            assert refused(answer) == "settlement.unknown"
            assert f"已被报文 {C} 冲正" in str(answer["err_msg"])

    def test_a_settlement_that_is_cancelled_says_so_to_a_query_and_to_a_repeat(self, counter: Counter) -> None:
        body = counter.office.body("2102", counter.sale(counter.line()), msgid=A)
        first, answer = counter.office.post(body)
        info = answer["output"]["setlinfo"]  # type: ignore[index,call-overload]
        assert counter.office.say("5203", {"data": named(info)})["warn_msg"] == ""
        counter.cancel(info, msgid=B)
        told = f"结算 {info['setl_id']} 已由 {B} 撤销，不计入账目"
        asked = counter.office.say("5203", {"data": named(info)})
        assert (asked["infcode"], told in str(asked["warn_msg"])) == (0, True)
        again, repeated = counter.office.post(body)
        assert told in str(repeated["warn_msg"])
        assert repeated | {"warn_msg": ""} == answer | {"warn_msg": ""}
        assert again.body.partition(b'"warn_msg"')[0] == first.body.partition(b'"warn_msg"')[0]

    def test_what_stands_again(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()))
        counter.cancel(info, msgid=A)
        assert f"恢复有效的结算 {info['setl_id']}" in str(counter.reverse(A, "2103")["warn_msg"])

    def test_whose_settlement_a_repeat_took_with_it(self, counter: Counter) -> None:
        sale = counter.sale(counter.line())
        info = counter.settle(sale, msgid=A)
        assert counter.settle(sale, msgid=B)["setl_id"] == info["setl_id"]
        told = str(counter.reverse(B)["warn_msg"])
        assert f"已冲正结算 {info['setl_id']}；它由报文 {A} 办理" in told

    @pytest.mark.parametrize("omsgid", ["x", A[:-1] + "x", A[:-1], f"{HOSPITAL}202603101200009901"])
    def test_what_is_no_msgid_of_the_institution_is_refused(self, counter: Counter, omsgid: str) -> None:
        answer = counter.reverse(omsgid)
        assert refused(answer) == "fsi.msgid"
        assert "data.omsgid（原发送方报文ID）" in str(answer["err_msg"])


class TestCancellation:
    """Of a 2103."""

    def test_the_settlement_stands_again_with_all_it_took(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line(price="500.00")))
        totals = counter.totals()
        counter.cancel(info, msgid=A)
        assert counter.reverse(A, "2103")["infcode"] == 0
        assert states(counter.office.store) == ["active", "reversed"]
        assert (counter.balance(), counter.balance(WANG), counter.totals()) == (0, 50, totals)
        asked = counter.office.say("5203", {"data": named(info)})["output"]["setlinfo"]
        assert asked["refd_setl_flag"] == "0"

        assert counter.cancel(info)["output"]["setlinfo"]["setl_id"] == info["setl_id"]  # type: ignore[index,call-overload]
        assert (counter.balance(), counter.balance(WANG), counter.totals()) == (60, 100, {})
        assert counter.reverse(A, "2103")["infcode"] == 0
        assert states(counter.office.store) == ["cancelled", "cancelling", "reversed"]

    def test_one_that_never_came_is_closed(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()))
        assert counter.reverse(A, "2103")["infcode"] == 0
        assert refused(counter.cancel(info, msgid=A)) == "fsi.msgid_reversed"
        assert states(counter.office.store) == ["active"]

    def test_not_if_the_sale_was_settled_anew(self, counter: Counter) -> None:
        sale = counter.sale(counter.line())
        counter.cancel(counter.settle(sale), msgid=A)
        anew = counter.settle(sale)
        answer = counter.reverse(A, "2103")
        assert refused(answer) == "reversal.refused"
        assert str(anew["setl_id"]) in str(answer["err_msg"])
        assert states(counter.office.store) == ["active", "cancelled", "cancelling"]

    def test_not_if_the_money_was_spent_meanwhile(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line(price="60.00")))
        counter.cancel(info, msgid=A)
        with counter.office.store.writing() as connection:
            put_in(connection, LI, "-30.00")
        answer = counter.reverse(A, "2103")
        assert refused(answer) == "reversal.refused"
        assert "可用 30.00 元，需要 60.00 元" in str(answer["err_msg"])
        with counter.office.store.writing() as connection:
            put_in(connection, LI, "30.00")
        assert counter.reverse(A, "2103")["infcode"] == 0
        assert counter.balance() == 0

    @pytest.mark.parametrize(
        ("before", "price", "total"),
        [
            # The deductible of the year, and what is left of the cap: 5,000, of which 4,900 are used.
            ({}, "200.00", "dedc:310-outpatient"),
            ({"dedc:310-outpatient": "300.00", "paid:310-outpatient": "4900.00"}, "500.00", "paid:310-outpatient"),
        ],
    )
    def test_not_if_its_deductible_or_cap_was_used_meanwhile(
        self, counter: Counter, before: dict[str, str], price: str, total: str
    ) -> None:
        with counter.office.store.writing() as connection:
            told = [YearOpening(LI, 2026, key, Decimal(amount), NOON) for key, amount in before.items()]
            year_openings.put_openings(connection, told)
        counter.cancel(counter.settle(counter.sale(counter.line(price=price), acct_used_flag="0")), msgid=A)
        counter.office.clock.forward(hours=2)
        other = counter.settle(counter.sale(counter.line(price="900.00"), acct_used_flag="0"))
        totals = counter.totals()
        answer = counter.reverse(A, "2103")
        assert refused(answer) == "reversal.refused"
        assert str(other["setl_id"]) in str(answer["err_msg"])
        assert (counter.totals(), states(counter.office.store)) == (totals, ["active", "cancelled", "cancelling"])
        assert total in totals
        # The cancellation stays as it is answered; once the other sale is cancelled, this one may stand again.
        counter.cancel(other)
        assert counter.reverse(A, "2103")["infcode"] == 0
        assert counter.totals()[total] <= totals[total]

    def test_who_came_before_the_cancellation_and_was_settled_after_it_is_in_the_way(self, counter: Counter) -> None:
        """Its message came first and waited; what counts is which of the two was done first."""
        info = counter.settle(counter.sale(counter.line(price="200.00"), acct_used_flag="0"))
        counter.office.clock.forward(minutes=2)
        counter.cancel(info, msgid=A)
        counter.office.clock.forward(minutes=-1)
        other = counter.settle(counter.sale(counter.line(price="900.00"), acct_used_flag="0"))
        answer = counter.reverse(A, "2103")
        assert refused(answer) == "reversal.refused"
        assert str(other["setl_id"]) in str(answer["err_msg"])

    def test_two_do_not_both_stand_again_of_which_one_was_reckoned_without_the_other(self, counter: Counter) -> None:
        def settled(price: str) -> dict[str, object]:
            return counter.settle(counter.sale(counter.line(price=price), acct_used_flag="0"))

        first = settled("200.00")
        counter.cancel(first, msgid=A)
        counter.cancel(settled("900.00"), msgid=B)
        assert counter.reverse(A, "2103")["infcode"] == 0
        answer = counter.reverse(B, "2103")
        assert (refused(answer), str(first["setl_id"]) in str(answer["err_msg"])) == ("reversal.refused", True)
        # What was reckoned on it while it stood, before or after, is another matter.
        third, number = settled("300.00"), f"{PHARMACY}20260310120000093"
        counter.cancel(third, msgid=f"{number}0")
        counter.cancel(first, msgid=f"{number}1")
        for n in (1, 0):
            assert counter.reverse(f"{number}{n}", "2103")["infcode"] == 0

    def test_what_was_settled_before_the_cancellation_or_of_others_is_not_in_the_way(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line(price="200.00"), acct_used_flag="0"))
        counter.office.clock.forward(hours=1)
        counter.settle(counter.sale(counter.line(price="400.00"), acct_used_flag="0"))
        totals = counter.totals()
        counter.office.clock.forward(hours=1)
        counter.cancel(info, msgid=A)
        counter.office.clock.forward(hours=1)
        counter.settle(counter.sale(counter.line(price="300.00"), psn_no=WANG, acct_used_flag="0"))
        assert counter.reverse(A, "2103")["infcode"] == 0
        assert counter.totals() == totals


class TestClosedBooks:
    """What was reported as it stands is undone by a record of today."""

    @pytest.fixture
    def counter(self, migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
        with file_store(migrated_file, tmp_path) as store:
            yield open_counter(store)

    def compare(self, counter: Counter, *answers: object, **said: str) -> str:
        """Compare today's totals, and return the result."""
        infos = [one["setlinfo"] for one in answers]  # type: ignore[index]
        sums = {name: f"{sum(one[name] for one in infos):.2f}" for name in SUMS}
        data = {"insutype": "310", "clr_type": "41", "setl_optins": DISTRICT, "fixmedins_setl_cnt": str(len(infos))}
        days = {"stmt_begndate": "2026-03-10", "stmt_enddate": "2026-03-10"}
        answer = counter.office.say("3201", {"data": data | sums | days | said})
        return str(answer["output"]["stmtinfo"]["stmt_rslt"])  # type: ignore[index,call-overload]

    @pytest.mark.parametrize("days", [7, 8])
    def test_a_settlement_is_struck_out_within_days(self, counter: Counter, days: int) -> None:
        info = counter.settle(counter.sale(counter.line()), msgid=A)
        counter.office.clock.forward(days=days)
        answer = counter.reverse(A)
        if days == 7:
            assert (answer["infcode"], counter.balance()) == (0, 60)
            return
        assert refused(answer) == "reversal.refused"
        assert "7 天" in str(answer["err_msg"])
        assert "2103" in str(answer["warn_msg"])
        assert str(info["setl_id"]) in str(answer["warn_msg"])
        assert states(counter.office.store) == ["active"]
        assert counter.cancel(info)["infcode"] == 0
        assert counter.reverse(A)["infcode"] == 0

    def test_books_that_were_found_equal_stay_as_they_are(self, counter: Counter) -> None:
        # What was equal before the settlement says nothing of it, nor what was equal for another insurance.
        assert self.compare(counter) == "000000"
        counter.office.clock.forward(minutes=1)
        settled = counter.office.say("2102", counter.sale(counter.line()), msgid=A)["output"]
        assert self.compare(counter) == "000103"
        assert self.compare(counter, insutype="390") == "000000"
        assert counter.reverse(A)["infcode"] == 0
        settled = counter.office.say("2102", counter.sale(counter.line()), msgid=B)["output"]
        assert self.compare(counter, settled) == "000000"
        answer = counter.reverse(B)
        assert refused(answer) == "reversal.refused"
        assert "2026-03-10 至 2026-03-10 已对账相符" in str(answer["err_msg"])
        assert "2103" in str(answer["warn_msg"])

    @pytest.mark.parametrize("office", ["420100", "350204"])
    def test_books_of_another_office_or_without_a_record_close_nothing(self, counter: Counter, office: str) -> None:
        counter.settle(counter.sale(counter.line()), msgid=A)
        assert self.compare(counter, setl_optins=office) == "000000"
        assert counter.reverse(A)["infcode"] == 0

    def test_an_office_closes_the_books_of_those_below_it(self, counter: Counter) -> None:
        settled = counter.office.say("2102", counter.sale(counter.line()), msgid=A)["output"]
        assert self.compare(counter, settled, setl_optins="350000") == "000000"
        assert refused(counter.reverse(A)) == "reversal.refused"

    def test_a_cancellation_that_was_compared_stays(self, counter: Counter) -> None:
        settled = counter.office.say("2102", counter.sale(counter.line()))["output"]
        undone = counter.cancel(settled["setlinfo"], msgid=A)["output"]  # type: ignore[index,call-overload]
        assert self.compare(counter, settled, undone) == "000000"
        answer = counter.reverse(A, "2103")
        assert refused(answer) == "reversal.refused"
        assert "重新结算" in str(answer["warn_msg"])
        assert states(counter.office.store) == ["cancelled", "cancelling"]


class TestLimits:
    """What is open to whom."""

    @pytest.fixture
    def counter(self, migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
        with file_store(migrated_file, tmp_path) as store:
            yield open_counter(store)

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"oinfno": "2103"}, "是 2102，不是 2103"),
            ({"psn_no": WANG}, f"不是人员 {WANG} 的"),
            ({"oinfno": "3505"}, "不能冲正，可冲正：2102、2103"),
        ],
    )
    def test_what_does_not_fit_the_message_is_refused(self, counter: Counter, said: dict[str, str], told: str) -> None:
        counter.settle(counter.sale(counter.line()), msgid=A)
        answer = counter.reverse(A, **said)
        assert refused(answer) in {"reversal.refused", "fsi.not_in_dictionary", "fsi.input"}
        if refused(answer) == "reversal.refused":
            assert told in str(answer["err_msg"])
        assert states(counter.office.store) == ["active"]

    def test_a_message_cannot_reverse_itself(self, counter: Counter) -> None:
        assert refused(counter.reverse(C, msgid=C)) == "reversal.refused"

    def test_it_is_open_to_a_suspended_institution(self, counter: Counter) -> None:
        counter.settle(counter.sale(counter.line()), msgid=A)
        counter.office.stand(Standing.SUSPENDED)
        assert counter.reverse(A)["infcode"] == 0
        assert counter.balance() == 60

    def test_another_institutions_message_is_another_message(self, counter: Counter) -> None:
        counter.settle(counter.sale(counter.line()), msgid=A)
        with counter.office.store.writing() as connection:
            bound = institutions.Caller(institutions.CallerKind.TOKEN, "tok1", HOSPITAL, "admin", NOON)
            institutions.bind_caller(connection, bound)
        assert "data.omsgid" in str(counter.reverse(A, fixmedins_code=HOSPITAL)["err_msg"])
        assert states(counter.office.store) == ["active"]


def test_the_message_tells_who_reversed_it(counter: Counter) -> None:
    counter.settle(counter.sale(counter.line()), msgid=A)
    counter.reverse(A, msgid=C)
    with counter.office.store.reading() as connection:
        asked = select(fsi_message.c.state, fsi_message.c.reversed_by).where(fsi_message.c.msgid == A)
        assert tuple(connection.execute(asked).one()) == ("reversed", C)
