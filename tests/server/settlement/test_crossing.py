"""Where a stay follows its first day, an open registration still counts when its fees arose."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from server.store import insured
from server.store.insured import Insurance
from tests.server.fsi.counter import ALWAYS, LI, file_store, money
from tests.server.fsi.ward import open_ward
from wire.fsi.values import BEIJING

FOLLOWS_THE_FIRST_DAY = "991101"
"""A district of the shipped book that says `crossing = "begin"`; its rules begin with 2026."""


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
