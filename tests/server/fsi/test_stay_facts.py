"""A stay that outlasts what held at its begin: a referral, a record of treatment elsewhere, the insurance itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from server.store import institutions, insured, settlements, visits
from server.store.insured import Fact, FactKind, Insurance
from server.store.visits import VisitState
from tests.server.fsi.counter import ALWAYS, DISTRICT, LI, file_store, money, refused
from tests.server.fsi.office import HOSPITAL, hospital
from tests.server.fsi.ward import Json, Ward, of, open_ward, told

CITY = "420100"
"""Of another province."""
TODAY = date(2026, 3, 10)


@pytest.fixture
def ward(migrated_file: Path, tmp_path: Path) -> Iterator[Ward]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_ward(store)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def end_insurance(ward: Ward, last: date | None, *, then: date | None = None) -> None:
    """Let the insurance end, and perhaps begin again."""
    rows = [Insurance(LI, "310", ALWAYS, last, "11", DISTRICT, False, "1", "")]
    if then is not None:
        rows.append(Insurance(LI, "310", then, None, "11", DISTRICT, False, "1", ""))
    with ward.office.store.writing() as connection:
        insured.put_insurances(connection, rows)


def discharged(ward: Ward, *days_ago: int, ends: int = 0) -> Json:
    """Return a stay of five days, of 1,000 yuan on each of these days, whose discharge was so many days ago."""
    stay = ward.admit()
    ward.enter(*(ward.bed(stay, "10", fee_ocur_time=ward.at(days=days)) for days in days_ago))
    ward.done("2402", ward.discharge(stay, endtime=ward.at(days=ends)))
    return stay


def state_of(ward: Ward, stay: Json) -> VisitState:
    with ward.office.store.reading() as connection:
        found = visits.load_visit(connection, stay["mdtrt_id"])
    assert found is not None
    return found.state


# -- how somebody came there ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code", "begins", "ends", "counts"),
    [
        (FactKind.REFERRAL, CITY, 30, 0, True),
        (FactKind.REFERRAL, CITY, 30, 3, True),  # it ran out while the person was in hospital
        (FactKind.REFERRAL, HOSPITAL, 5, 5, True),
        (FactKind.REFERRAL, CITY, 30, 6, False),  # before the admission
        (FactKind.REFERRAL, CITY, 4, 0, False),  # made out afterwards
        (FactKind.OUT_OF_AREA, CITY, 30, 3, True),
        (FactKind.OUT_OF_AREA, CITY, 30, 6, False),
        (FactKind.OUT_OF_AREA, CITY, 2, 0, True),  # made up for before the settlement
    ],
)
def test_how_somebody_came_there_is_judged_by_the_books_days_of_the_stay(
    ward: Ward, kind: FactKind, code: str, begins: int, ends: int, *, counts: bool
) -> None:
    """Without referral or record a tenth is paid first in another province."""
    with ward.office.store.writing() as connection:
        institutions.put_institutions(connection, [replace(hospital(), district=CITY)])
        insured.put_facts(connection, [Fact(LI, kind, code, ago(begins), ago(ends), {})])
    stay = ward.done("2401", ward.admission(), mdtrtarea_admvs=CITY)["result"]
    bed = ward.bed(stay, "10", fee_ocur_time=ward.at(days=1))
    if begins >= 5:
        (split,) = ward.done("2301", {"feedetail": [bed]}, mdtrtarea_admvs=CITY)["result"]
        assert money(split, ("preselfpay_amt",)) == ["0.00" if counts else "100.00"]
    else:
        ward.done("2301", {"feedetail": [bed]}, mdtrtarea_admvs=CITY)
    ward.done("2402", ward.discharge(stay), mdtrtarea_admvs=CITY)
    info = ward.done("2304", ward.closing(stay, "1000.00"), mdtrtarea_admvs=CITY)["setlinfo"]
    assert money(info, ("preselfpay_amt",)) == ["0.00" if counts else "100.00"]


# -- insurance -----------------------------------------------------------------------------------------------------


def test_a_stay_beyond_the_insurance_is_refused_and_its_insured_part_is_named(ward: Ward) -> None:
    stay = discharged(ward, 4, 3, 1)
    end_insurance(ward, ago(3))
    for infno in ("2303", "2304"):
        answer = ward.say(infno, ward.closing(stay, "3000.00"))
        words = told(answer)
        assert refused(answer) == "settlement.insurance_ended"
        assert all(one in words for one in ("2026-03-07", "mid_setl_flag", "2000.00", "2302")), words


def test_the_discharge_says_already_that_the_insurance_ended(ward: Ward) -> None:
    stay = ward.admit()
    ward.enter(ward.bed(stay, "10", fee_ocur_time=ward.at(days=4)))
    end_insurance(ward, ago(3))
    remark = str(ward.say("2402", ward.discharge(stay))["warn_msg"])
    assert all(one in remark for one in ("2026-03-07", "mid_setl_flag", "1000.00")), remark


def test_the_insured_part_is_settled_after_the_discharge_and_the_rest_is_withdrawn(ward: Ward) -> None:
    stay = discharged(ward, 4, 3, 1)
    end_insurance(ward, ago(3))
    asked = ward.closing(stay, "2000.00", mid_setl_flag="1")
    tried = ward.done("2303", asked)["setlinfo"]
    info = ward.done("2304", asked)["setlinfo"]
    names = ("medfee_sumamt", "act_pay_dedc", "hifp_pay")
    assert money(info, names) == money(tried, names) == ["2000.00", "800.00", "1008.00"]
    assert state_of(ward, stay) is VisitState.DISCHARGED
    # Sent anew under another msgid it is the same part; what is left is nobody's but the person's.
    again = ward.done("2304", asked)["setlinfo"]
    assert again["setl_id"] == info["setl_id"]
    answer = ward.say("2304", ward.closing(stay, "1000.00"))
    assert refused(answer) == "settlement.insurance_ended"
    assert "2302" in told(answer)
    assert "mid_setl_flag=1" not in told(answer)
    ward.done("2302", {"data": [{"feedetl_sn": "0000", "mdtrt_id": stay["mdtrt_id"], "psn_no": LI}]})
    assert state_of(ward, stay) is VisitState.SETTLED


def test_a_part_is_settled_in_hospital_up_to_the_last_insured_day(ward: Ward) -> None:
    stay = ward.admit()
    days = (4, 2, 0)
    ward.enter(*(ward.bed(stay, "10", fee_ocur_time=ward.at(days=one)) for one in days))
    end_insurance(ward, ago(2))
    info = ward.settle_stay(stay, "2000.00", mid_setl_flag="1")
    assert str(info["setl_id"])
    assert refused(ward.say("2304", ward.closing(stay, "1000.00", mid_setl_flag="1"))) == "settlement.insurance_ended"


def test_what_was_insured_and_taken_back_later_is_of_the_insured_part(ward: Ward) -> None:
    stay = ward.admit()
    first = ward.bed(stay, "10", fee_ocur_time=ward.at(days=4))
    back = {"init_feedetl_sn": first["feedetl_sn"], "fee_ocur_time": ward.at(days=1)}
    ward.enter(first, ward.bed(stay, "-4", **back), ward.bed(stay, "3", "200.00", fee_ocur_time=ward.at(days=1)))
    ward.done("2402", ward.discharge(stay))
    end_insurance(ward, ago(3))
    assert money(ward.settle_stay(stay, "600.00", mid_setl_flag="1"), ("medfee_sumamt",)) == ["600.00"]


def test_lines_may_come_after_the_discharge_and_the_end_of_the_insurance(ward: Ward) -> None:
    stay = discharged(ward, 4)
    end_insurance(ward, ago(3))
    (split,) = ward.enter(ward.bed(stay, "2", fee_ocur_time=ward.at(days=4)))
    assert money(split, ("inscp_scp_amt",)) == ["200.00"]
    assert money(ward.settle_stay(stay, "1200.00", mid_setl_flag="1"), ("medfee_sumamt",)) == ["1200.00"]


def test_two_insurances_without_a_day_between_them_are_one(ward: Ward) -> None:
    stay = discharged(ward, 4, 1)
    end_insurance(ward, ago(3), then=ago(2))
    assert money(ward.settle_stay(stay, "2000.00"), ("medfee_sumamt",)) == ["2000.00"]


def test_an_insurance_that_came_back_pays_nothing_after_the_gap(ward: Ward) -> None:
    stay = discharged(ward, 4, 1)
    end_insurance(ward, ago(4), then=ago(2))
    answer = ward.say("2304", ward.closing(stay, "2000.00"))
    assert refused(answer) == "settlement.insurance_ended"
    assert "2026-03-06" in told(answer)


def test_a_stay_within_the_insurance_is_still_settled_at_once(ward: Ward) -> None:
    stay = discharged(ward, 4, ends=3)
    end_insurance(ward, ago(3))
    assert refused(ward.say("2304", ward.closing(stay, "1000.00", mid_setl_flag="1"))) == "visit.state"
    assert money(ward.settle_stay(stay, "1000.00"), ("medfee_sumamt",)) == ["1000.00"]


def test_an_insured_part_is_of_its_own_year_and_numbered_in_it(ward: Ward) -> None:
    """Insured to the end of the year, discharged in the next: it is the second stay of the first year."""
    ward.office.clock.now = ward.office.clock.now.replace(year=2025, month=11, day=20)
    earlier = ward.admit(begntime="2025-11-10 09:00:00")
    ward.enter(ward.bed(earlier, "20", fee_ocur_time="2025-11-11 09:00:00"))
    ward.done("2402", ward.discharge(earlier, endtime="2025-11-12 09:00:00"))
    ward.settle_stay(earlier, "2000.00")
    ward.office.clock.now = ward.office.clock.now.replace(year=2026, month=1, day=3)
    stay = ward.admit(begntime="2025-12-28 09:00:00")
    ward.enter(ward.bed(stay, "20", fee_ocur_time="2025-12-29 09:00:00"))
    ward.done("2402", ward.discharge(stay, endtime="2026-01-02 09:00:00"))
    end_insurance(ward, date(2025, 12, 31))
    info = ward.settle_stay(stay, "2000.00", mid_setl_flag="1")
    assert money(info, ("act_pay_dedc",)) == ["400.00"]
    assert ward.counter.totals(year=2026) == {}


# -- what takes back something of a stay that outlasts its insurance ------------------------------------------------


def sum_told(ward: Ward, stay: Json) -> str:
    """Return the sum that the advice names; empty if it names none."""
    found = re.search(r"medfee_sumamt (-?[0-9.]+)", told(ward.say("2304", ward.closing(stay, "1.00"))))
    return found[1] if found else ""


def withdraw(ward: Ward, stay: Json, serial: object = "0000") -> None:
    ward.done("2302", {"data": [{"feedetl_sn": serial, "mdtrt_id": stay["mdtrt_id"], "psn_no": LI}]})


@pytest.mark.parametrize(
    ("lines", "due"),
    [
        # Days ago and count; the insurance ended three days ago.
        ([(4, 3), (2, 2), (1, -2)], "300.00"),  # the newest is what is brought back
        ([(4, 2), (2, 3), (1, -3)], "200.00"),
        ([(4, 3), (2, -2), (1, 2)], "100.00"),  # there was no later one yet
        ([(4, 3), (2, 1), (2, -1), (1, -2)], "100.00"),
        ([(4, 3), (3, -1), (1, 2)], "200.00"),
        ([(4, 1), (3, -1), (2, -2), (1, 3)], ""),  # dated wrong, and nothing insured is left
    ],
)
def test_a_refund_that_names_no_line_takes_back_the_newest(ward: Ward, lines: list[tuple[int, int]], due: str) -> None:
    stay = ward.admit()
    ward.enter(*(ward.bed(stay, str(count), fee_ocur_time=ward.at(days=days)) for days, count in lines))
    ward.done("2402", ward.discharge(stay))
    end_insurance(ward, ago(3))
    assert sum_told(ward, stay) == due
    if due:
        assert money(ward.settle_stay(stay, due, mid_setl_flag="1"), ("medfee_sumamt",)) == [due]
    withdraw(ward, stay)
    assert state_of(ward, stay) is (VisitState.SETTLED if due else VisitState.DISCHARGED)


def test_a_refund_of_both_parts_has_to_name_its_lines(ward: Ward) -> None:
    stay = ward.admit()
    insured_bed, later = (ward.bed(stay, "3", fee_ocur_time=ward.at(days=days)) for days in (4, 2))
    back = ward.bed(stay, "-4", fee_ocur_time=ward.at(days=1))
    ward.enter(insured_bed, later, back)
    remark = str(ward.say("2402", ward.discharge(stay))["warn_msg"])
    assert "init_feedetl_sn" not in remark
    end_insurance(ward, ago(3))
    for flag in ("0", "1"):
        answer = ward.say("2304", ward.closing(stay, "200.00", mid_setl_flag=flag))
        assert refused(answer) == "settlement.insurance_ended"
        words = told(answer)
        assert (
            f"init_feedetl_sn={later['feedetl_sn']}，数量 -3；init_feedetl_sn={insured_bed['feedetl_sn']}，数量 -1"
            in words
        )
        assert str(back["feedetl_sn"]) in words
    withdraw(ward, stay, back["feedetl_sn"])
    for line, count in ((later, "-3"), (insured_bed, "-1")):
        ward.enter(ward.bed(stay, count, init_feedetl_sn=line["feedetl_sn"], fee_ocur_time=ward.at(days=1)))
    assert sum_told(ward, stay) == "200.00"
    ward.settle_stay(stay, "200.00", mid_setl_flag="1")
    withdraw(ward, stay)
    assert state_of(ward, stay) is VisitState.SETTLED


def test_a_refund_dated_too_early_goes_with_the_line_it_names(ward: Ward) -> None:
    stay = ward.admit()
    ward.enter(ward.bed(stay, "3", fee_ocur_time=ward.at(days=4)))
    later = ward.bed(stay, "2", fee_ocur_time=ward.at(days=1))
    ward.enter(later, ward.bed(stay, "-1", init_feedetl_sn=later["feedetl_sn"], fee_ocur_time=ward.at(days=4)))
    ward.done("2402", ward.discharge(stay))
    end_insurance(ward, ago(3))
    assert sum_told(ward, stay) == "300.00"


@pytest.mark.parametrize("has_refund", [False, True])
def test_where_nothing_insured_is_left_no_sum_is_told(ward: Ward, *, has_refund: bool) -> None:
    stay = ward.admit()
    ward.enter(ward.bed(stay, "5", fee_ocur_time=ward.at(days=1)))
    if has_refund:
        first = ward.bed(stay, "2", "200.00", fee_ocur_time=ward.at(days=4))
        ward.enter(first, ward.bed(stay, "-2", "200.00", init_feedetl_sn=first["feedetl_sn"], fee_ocur_time=ward.at()))
    ward.done("2402", ward.discharge(stay))
    end_insurance(ward, ago(3))
    for flag in ("0", "1"):
        answer = ward.say("2304", ward.closing(stay, "500.00", mid_setl_flag=flag))
        assert refused(answer) == "settlement.insurance_ended"
        assert "medfee_sumamt" not in told(answer)
        assert "0000" in told(answer)
    withdraw(ward, stay)
    assert refused(ward.say("2304", ward.closing(stay, "500.00"))) == "visit.line_unknown"


# -- another insurance from the next day ----------------------------------------------------------------------------


@pytest.mark.parametrize("come_to", ["open", "part settled", "discharged", "settled", "settled in hospital"])
@pytest.mark.parametrize("has_refund", [False, True])
def test_whoever_is_insured_otherwise_is_admitted_anew(ward: Ward, come_to: str, *, has_refund: bool) -> None:
    """The advice of the refusal, step by step, from wherever the stay has come to."""
    stay = ward.admit()
    first = ward.bed(stay, "10", fee_ocur_time=ward.at(days=4))
    later = ward.bed(stay, "5", fee_ocur_time=ward.at(days=1))
    back = ward.bed(stay, "-4", init_feedetl_sn=first["feedetl_sn"], fee_ocur_time=ward.at(days=2))
    ward.enter(first, later, *([back] if has_refund else []))
    due = "600.00" if has_refund else "1000.00"
    last = ago(3)
    end_insurance(ward, last)
    with ward.office.store.writing() as connection:
        insured.put_insurances(connection, [Insurance(LI, "390", ago(2), None, "14", DISTRICT, False, "1", "")])
    if come_to in {"part settled", "settled in hospital"}:
        ward.settle_stay(stay, due, mid_setl_flag="1")
    if come_to in {"discharged", "settled", "settled in hospital"}:
        ward.done("2402", ward.discharge(stay))
    if come_to == "settled":
        ward.settle_stay(stay, due, mid_setl_flag="1")
    if come_to != "open":
        words = told(ward.say("2304", ward.closing(stay, "1.00", mid_setl_flag=str(int(come_to == "part settled")))))
        steps = ["2305", "2405", "2302", f"以 {last} 为 endtime", "2402", "mid_setl_flag=0", "2401", str(ago(2))]
        assert all(one in words.partition("另行参保")[2] for one in steps), words
    if come_to in {"discharged", "settled"}:
        # Whoever forgets it is told.
        too_early = told(ward.say("2401", ward.admission(insutype="390", begntime=f"{ago(2)} 00:00:00")))
        assert "visit.stay_overlaps" in too_early
        assert all(one in too_early for one in ("2305", "2405", "2402")), too_early
    # 1. Settlements and the discharge are undone.
    with ward.office.store.reading() as connection:
        parts = settlements.load_settlements_of_visit(connection, stay["mdtrt_id"])
    for part in parts:
        ward.done("2305", {"data": {"setl_id": part.setl_id} | of(stay)["data"]})
    if come_to in {"discharged", "settled", "settled in hospital"}:
        ward.done("2405", of(stay))
    # 2. Later lines are withdrawn; what takes back earlier ones is told as of then.
    gone = [later, back] if has_refund else [later]
    ward.done("2302", {"data": [of(stay)["data"] | {"feedetl_sn": one["feedetl_sn"]} for one in gone]})
    if has_refund:
        ward.enter(back | {"feedetl_sn": "R1", "fee_ocur_time": ward.at(days=3)})
    # 3. Discharged as of the last day, and settled.
    ward.done("2402", ward.discharge(stay, endtime=f"{last} 20:00:00"))
    ward.settle_stay(stay, due)
    assert state_of(ward, stay) is VisitState.SETTLED
    # 4. Admitted anew.
    anew = ward.admit(insutype="390", begntime=f"{ago(2)} 00:00:00")
    ward.enter(ward.bed(anew, "5", fee_ocur_time=ward.at(days=1)))
    ward.done("2402", ward.discharge(anew, insutype="390"))
    ward.settle_stay(anew, "500.00", insutype="390")
    assert state_of(ward, anew) is VisitState.SETTLED
