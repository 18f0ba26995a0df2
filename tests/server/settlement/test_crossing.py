"""What crosses from one year, or from one area's rules, into the next."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from pathlib import Path

from server.store import insured
from server.store.insured import Insurance
from tests.server.fsi.counter import ALWAYS, LI, file_store, money
from tests.server.fsi.ward import open_ward
from wire.fsi.values import BEIJING

FOLLOWS_THE_FIRST_DAY = "991101"
"""A district of the shipped book that says `crossing = "begin"`; its rules begin with 2026."""

ANOTHER_AREA = "993501"
"""A district of the shipped book in which an outpatient's deductible of the year is 600; it is 300 in the base book."""


def test_a_batch_of_an_old_registration_counts_in_the_year_of_its_fees(migrated_file: Path, tmp_path: Path) -> None:
    with file_store(migrated_file, tmp_path) as store:
        ward = open_ward(store)
        with store.writing() as connection:
            moved = Insurance(LI, "310", ALWAYS, None, "11", FOLLOWS_THE_FIRST_DAY, False, "1", "示例公司")
            insured.put_insurances(connection, [moved])
        ward.office.clock.now = datetime(2025, 12, 30, 9, 0, tzinfo=BEIJING)
        done = partial(ward.done, insuplc_admdvs=FOLLOWS_THE_FIRST_DAY)
        visit = done("2201", ward.registration())["data"]
        done("2203", ward.description(visit))
        ward.office.clock.now = datetime(2026, 1, 5, 9, 0, tzinfo=BEIJING)
        (charged,) = done("2204", {"feedetail": [ward.line(visit, count="20")]})["result"]
        info = done("2207", {"data": ward.asked(visit, "2000.00")})["setlinfo"]
        assert money(charged, ("inscp_scp_amt",)) == ["2000.00"]
        assert money(info, ("act_pay_dedc", "hifob_pay")) == ["1800.00", "140.00"]
        assert ward.counter.totals(year=2025) == {}


def test_whoever_moves_to_another_area_takes_the_totals_of_the_year_along(migrated_file: Path, tmp_path: Path) -> None:
    """Names of pools are the same there, so what was paid of the deductible counts on."""
    with file_store(migrated_file, tmp_path) as store:
        ward = open_ward(store)
        visit = ward.visit()
        ward.charge(ward.line(visit, count="10"))
        before = ward.done("2207", {"data": ward.asked(visit, "1000.00")})["setlinfo"]
        ward.office.clock.forward(days=2)
        moved = [
            Insurance(LI, "310", ALWAYS, date(2026, 3, 10), "11", "350200", False, "1", "示例公司"),
            Insurance(LI, "310", date(2026, 3, 11), None, "11", ANOTHER_AREA, False, "1", "示例公司"),
        ]
        with store.writing() as connection:
            insured.put_insurances(connection, moved)
        done = partial(ward.done, insuplc_admdvs=ANOTHER_AREA)
        visit = done("2201", ward.registration())["data"]
        done("2203", ward.description(visit))
        done("2204", {"feedetail": [ward.line(visit, count="10", batch="B2")]})
        after = done("2207", {"data": ward.asked(visit, "1000.00", chrg_bchno="B2")})["setlinfo"]
    assert money(before, ("act_pay_dedc",)) == ["300.00"]
    assert money(after, ("act_pay_dedc",)) == ["300.00"]
