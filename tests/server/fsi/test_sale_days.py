"""The day of a sale decides rules, year and lists: it is that of its fees, and not long ago."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.server.fsi.counter import Counter, file_store, money, open_counter, refused
from tests.server.fsi.ward import Ward, open_ward, told
from wire.fsi.values import BEIJING


@pytest.fixture
def counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_counter(store)


@pytest.fixture
def ward(migrated_file: Path, tmp_path: Path) -> Iterator[Ward]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_ward(store)


def sold_at(counter: Counter, begins: str, fee: str = "") -> dict[str, object]:
    return counter.sale(counter.line(fee_ocur_time=fee or begins), begntime=begins)


class TestPharmacy:
    """It is noon of 10 March; the base book lets three days pass."""

    @pytest.mark.parametrize(
        ("begins", "code", "named"),
        [
            ("2026-03-07 08:00:00", "", ""),
            ("2026-03-06 23:59:59", "settlement.too_late", "2026-03-06"),
            ("2025-12-31 10:00:00", "settlement.too_late", "3 天"),
            # Even where no rules hold any more.
            ("2021-03-10 10:00:00", "settlement.too_late", "2021-03-10"),
            ("2026-03-11 00:00:00", "settlement.begins_later", "2026-03-11"),
        ],
    )
    def test_a_sale_is_settled_within_a_few_days(self, counter: Counter, begins: str, code: str, named: str) -> None:
        for infno in ("2101", "2102"):
            answer = counter.office.say(infno, sold_at(counter, begins))
            assert (str(answer["infcode"]) == "0") is not bool(code), told(answer)
            assert not code or (refused(answer), named in told(answer)) == (code, True), told(answer)

    @pytest.mark.parametrize(
        ("begins", "fee", "code"),
        [
            ("2026-03-10 11:00:00", "2026-03-10 00:00:00", ""),
            ("2026-03-10 11:00:00", "2026-03-09 23:00:00", "settlement.fee_day"),
            ("2026-03-10 11:00:00", "2025-12-31 11:00:00", "settlement.fee_day"),
            ("2026-03-09 11:00:00", "2026-03-10 11:00:00", "settlement.fee_day"),
            ("2026-03-10 11:00:00", "2027-01-01 11:00:00", "settlement.begins_later"),
            # A pharmacy that is open at night sells over midnight.
            ("2026-03-09 23:58:00", "2026-03-10 00:03:00", ""),
            ("2026-03-10 00:01:00", "2026-03-09 23:57:00", ""),
        ],
    )
    def test_its_fees_arose_on_its_day(self, counter: Counter, begins: str, fee: str, code: str) -> None:
        answer = counter.office.say("2102", sold_at(counter, begins, fee))
        assert (str(answer["infcode"]) == "0") is not bool(code), told(answer)
        if code:
            assert refused(answer) == code
            assert "fee_ocur_time（费用发生时间）" in told(answer)

    def test_what_was_settled_in_time_is_answered_however_late_it_is_asked_for(self, counter: Counter) -> None:
        sale = sold_at(counter, counter.now)
        first = counter.settle(sale)
        counter.office.clock.forward(days=30)
        assert counter.settle(sale)["setl_id"] == first["setl_id"]


class TestOutpatient:
    """A registration may be old; what is charged on it counts when it was charged."""

    def test_a_batch_counts_in_the_year_of_its_fees_and_not_of_the_registration(self, ward: Ward) -> None:
        ward.office.clock.now = datetime(2025, 12, 30, 9, 0, tzinfo=BEIJING)
        visit = ward.visit()
        ward.charge(ward.line(visit, count="5"))
        old = ward.done("2207", {"data": ward.asked(visit, "500.00")})["setlinfo"]
        assert money(old, ("act_pay_dedc",)) == ["400.00"]
        ward.office.clock.now = datetime(2026, 6, 1, 9, 0, tzinfo=BEIJING)
        ward.charge(ward.line(visit, count="5", batch="B2"))
        for infno in ("2206", "2207"):
            new = ward.done(infno, {"data": ward.asked(visit, "500.00", chrg_bchno="B2")})["setlinfo"]
            assert money(new, ("act_pay_dedc",)) == ["300.00"]
        assert ward.counter.totals(year=2025)["dedc:310-outpatient"] == 400
        assert ward.counter.totals(year=2026)["dedc:310-outpatient"] == 300

    @pytest.mark.parametrize(("days", "is_taken"), [(30, True), (31, False)])
    def test_a_fee_is_settled_within_weeks(self, ward: Ward, days: int, is_taken: bool) -> None:
        ward.office.clock.now = datetime(2026, 9, 1, 12, 0, tzinfo=BEIJING)
        visit = ward.visit()
        ward.charge(ward.line(visit, fee_ocur_time=ward.at(days=days)), ward.line(visit))
        answer = ward.say("2207", {"data": ward.asked(visit, "200.00")})
        assert (str(answer["infcode"]) == "0") is is_taken, told(answer)
        if not is_taken:
            assert (refused(answer), "30 天" in told(answer)) == ("settlement.too_late", True)

    def test_the_begin_that_2203_tells_moves_no_batch_into_another_year(self, ward: Ward) -> None:
        visit = ward.visit(begntime="2025-12-31 10:00:00")
        ward.charge(ward.line(visit, count="5"))
        info = ward.done("2207", {"data": ward.asked(visit, "500.00")})["setlinfo"]
        assert money(info, ("act_pay_dedc",)) == ["300.00"]


class TestStay:
    """A stay counts when it ends, and is settled within months."""

    @pytest.mark.parametrize(("days", "is_taken"), [(180, True), (181, False)])
    def test_a_discharge_is_settled_within_months(self, ward: Ward, days: int, is_taken: bool) -> None:
        stay = ward.admit()
        ward.enter(ward.bed(stay))
        ward.done("2402", ward.discharge(stay))
        ward.office.clock.forward(days=days)
        answer = ward.say("2304", ward.closing(stay, "100.00"))
        assert (str(answer["infcode"]) == "0") is is_taken, told(answer)
        assert is_taken or refused(answer) == "settlement.too_late"

    def test_a_fee_of_long_before_the_admission_is_none_of_it(self, ward: Ward) -> None:
        stay = ward.admit()
        ward.enter(ward.bed(stay, fee_ocur_time=ward.at(days=60)))
        ward.done("2402", ward.discharge(stay))
        answer = ward.say("2304", ward.closing(stay, "100.00"))
        assert refused(answer) == "settlement.too_late"
        assert "入院" in told(answer)
