"""The parts of a stay: each is reckoned on those before it, and they are undone and restored in order."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from server.settlement.explaining import explain
from server.settlement.naming import words_of_total
from server.store import visits, year_openings
from server.store.year_openings import YearOpening
from tests.server.fsi.counter import LI, file_store, money, named, refused
from tests.server.fsi.office import NOON
from tests.server.fsi.ward import Json, Ward, of, open_ward, told


@pytest.fixture
def ward(migrated_file: Path, tmp_path: Path) -> Iterator[Ward]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_ward(store)


def part(ward: Ward, stay: Json, count: str, *, is_last: bool = False) -> Json:
    """Charge for so many days and settle them."""
    ward.enter(ward.bed(stay, count))
    ward.office.clock.forward(hours=1)
    if is_last:
        ward.done("2402", ward.discharge(stay))
    return ward.settle_stay(stay, f"{int(count) * 100}.00", mid_setl_flag="0" if is_last else "1")


def cancel(ward: Ward, info: Json) -> str:
    """Cancel a part and return the msgid."""
    ward.office.clock.forward(minutes=1)
    return str(ward.done("2305", {"data": named(info)})["setlinfo"]["medins_setl_id"])


def restore(ward: Ward, msgid: str) -> Json:
    return ward.say("2601", {"data": {"psn_no": LI, "omsgid": msgid, "oinfno": "2305"}})


def of_visit(ward: Ward) -> dict[str, Decimal]:
    return {key: amount for key, amount in ward.counter.totals().items() if key.endswith("@visit")}


def test_a_small_first_part_does_not_buy_off_the_deductible(ward: Ward) -> None:
    stay = ward.admit()
    first, second = part(ward, stay, "1"), part(ward, stay, "99", is_last=True)
    assert [money(one, ("act_pay_dedc", "hifp_pay")) for one in (first, second)] == [
        ["100.00", "0.00"],
        ["700.00", "7728.00"],
    ]
    # What one part hands on to the next is no total of the year.
    assert of_visit(ward) == {}
    with ward.office.store.reading() as connection:
        explained = explain(connection, str(second["setl_id"]))
    assert sorted(explained.increments) == ["dedc:310-inpatient", "paid:310-pool"]
    assert explained.steps[2].given["before"] == "100.00"
    assert "800.00（第 1 次住院），本次就诊此前已付 100.00，本次起付 700.00" in explained.steps[2].words.zh
    # A pool that several rules use is called by one of them.
    assert words_of_total("paid:310-pool", explained.titles).zh == "限额内基金支付累计：职工住院"
    assert str(ward.counter.totals()["stays"]) == "1.00"


def test_a_trial_of_the_next_part_promises_what_is_settled(ward: Ward) -> None:
    stay = ward.admit()
    part(ward, stay, "3")
    ward.enter(ward.bed(stay, "20"))
    tried = ward.done("2303", ward.closing(stay, "2000.00", mid_setl_flag="1"))["setlinfo"]
    settled = ward.settle_stay(stay, "2000.00", mid_setl_flag="1")
    assert money(tried, ("act_pay_dedc", "hifp_pay")) == money(settled, ("act_pay_dedc", "hifp_pay"))
    assert money(settled, ("act_pay_dedc",)) == ["500.00"]


def test_what_a_cancelled_part_paid_of_the_deductible_is_due_again(ward: Ward) -> None:
    stay = ward.admit()
    cancel(ward, part(ward, stay, "3"))
    assert money(part_again(ward, stay, "300.00"), ("act_pay_dedc",)) == ["300.00"]
    assert money(part(ward, stay, "20"), ("act_pay_dedc",)) == ["500.00"]


def part_again(ward: Ward, stay: Json, total: str) -> Json:
    ward.office.clock.forward(minutes=1)
    return ward.settle_stay(stay, total, mid_setl_flag="1")


def test_two_stays_hand_nothing_on_to_each_other(ward: Ward) -> None:
    first = ward.admit()
    part(ward, first, "3", is_last=True)
    ward.office.clock.forward(days=7)
    assert money(part(ward, ward.admit(), "20"), ("act_pay_dedc",)) == ["400.00"]


def test_parts_are_restored_in_their_order(ward: Ward) -> None:
    stay = ward.admit()
    first, second, third = part(ward, stay, "1"), part(ward, stay, "2"), part(ward, stay, "3", is_last=True)
    of_third, of_second, of_first = cancel(ward, third), cancel(ward, second), cancel(ward, first)
    for msgid, missing in ((of_third, "第 1 段"), (of_second, "第 1 段")):
        answer = restore(ward, msgid)
        assert (refused(answer), missing in told(answer)) == ("reversal.refused", True), told(answer)
    for msgid in (of_first, of_second, of_third):
        assert restore(ward, msgid)["infcode"] == 0
    assert ward.settle_stay(stay, "300.00")["setl_id"] == third["setl_id"]
    cancel(ward, third)
    cancel(ward, second)
    # What is left is settled as the part after the highest that stands.
    anew = ward.settle_stay(stay, "500.00")
    assert anew["setl_id"] not in {first["setl_id"], second["setl_id"], third["setl_id"]}
    assert money(anew, ("act_pay_dedc",)) == ["500.00"]


def test_a_part_does_not_stand_again_where_another_took_its_place(ward: Ward) -> None:
    stay = ward.admit()
    first = part(ward, stay, "1")
    msgid = cancel(ward, first)
    serial = next(iter(ward_lines(ward, stay)))
    ward.done("2302", {"data": [of(stay)["data"] | {"feedetl_sn": serial}]})
    anew = part(ward, stay, "2")
    answer = restore(ward, msgid)
    assert refused(answer) == "reversal.refused"
    assert str(anew["setl_id"]) in told(answer)


def test_a_settlement_does_not_stand_again_over_lines_that_were_taken_back_since(ward: Ward) -> None:
    stay = ward.admit()
    msgid = cancel(ward, part(ward, stay, "3"))
    (serial,) = ward_lines(ward, stay)
    back = ward.bed(stay, "-1", init_feedetl_sn=serial)
    ward.enter(back)
    answer = restore(ward, msgid)
    assert refused(answer) == "reversal.refused"
    assert str(back["feedetl_sn"]) in told(answer)
    ward.done("2302", {"data": [of(stay)["data"] | {"feedetl_sn": back["feedetl_sn"]}]})
    assert restore(ward, msgid)["infcode"] == 0


def ward_lines(ward: Ward, stay: Json) -> list[str]:
    with ward.office.store.reading() as connection:
        return [one.feedetl_sn for one in visits.load_lines(connection, stay["mdtrt_id"])]


def test_stays_before_this_centre_number_the_next_one(ward: Ward) -> None:
    with ward.office.store.writing() as connection:
        year_openings.put_openings(connection, [YearOpening(LI, 2026, "stays", Decimal(1), NOON)])
    first = ward.admit()
    assert money(part(ward, first, "50", is_last=True), ("act_pay_dedc",)) == ["400.00"]


def test_stays_of_another_year_do_not_count(ward: Ward) -> None:
    with ward.office.store.writing() as connection:
        year_openings.put_openings(connection, [YearOpening(LI, 2025, "stays", Decimal(3), NOON)])
    assert money(part(ward, ward.admit(), "50", is_last=True), ("act_pay_dedc",)) == ["800.00"]


# -- nothing left ------------------------------------------------------------------------------------------------------


def state_of(ward: Ward, stay: Json) -> str:
    with ward.office.store.reading() as connection:
        found = visits.load_visit(connection, stay["mdtrt_id"])
    assert found is not None
    return found.state.name


def test_a_settlement_of_nothing_new_says_so_and_names_the_last_part(ward: Ward) -> None:
    stay = ward.admit()
    part(ward, stay, "1")
    last = part(ward, stay, "3")
    asked = [("2304", ward.closing(stay, "99.00", mid_setl_flag="1"))]
    answers = [ward.say(*one) for one in asked]
    ward.done("2402", ward.discharge(stay))
    answers += [
        ward.say(infno, ward.closing(stay, total)) for infno in ("2303", "2304") for total in ("0.00", "400.00")
    ]
    for answer in answers:
        assert refused(answer) == "settlement.no_lines"
        for names in ("没有未结算的费用", str(last["setl_id"]), "300.00"):
            assert names in told(answer), told(answer)


def test_a_stay_of_which_nothing_is_left_is_settled_with_its_discharge(ward: Ward) -> None:
    stay = ward.admit()
    first = part(ward, stay, "3")
    ends = ward.discharge(stay)
    ward.done("2402", ends)
    assert state_of(ward, stay) == "SETTLED"
    # Discharged, opened and discharged again, all without a settlement in between.
    assert "2405" in told(ward.say("2402", ward.discharge(stay, endtime=ward.at(days=1))))
    ward.done("2405", of(stay))
    assert state_of(ward, stay) == "OPEN"
    ward.done("2402", ends)

    # Lines that come late are settled after the discharge, as ever; withdrawn, they leave nothing again.
    late = ward.bed(stay, "2")
    ward.enter(late)
    assert state_of(ward, stay) == "DISCHARGED"
    ward.done("2302", {"data": [of(stay)["data"] | {"feedetl_sn": late["feedetl_sn"]}]})
    assert state_of(ward, stay) == "SETTLED"
    ward.enter(late)
    second = ward.settle_stay(stay, "200.00")
    assert second["setl_id"] != first["setl_id"]
    assert state_of(ward, stay) == "SETTLED"
    assert "2305" in told(ward.say("2405", of(stay)))

    cancel(ward, second)
    assert state_of(ward, stay) == "DISCHARGED"
    of_first = cancel(ward, first)
    ward.done("2405", of(stay))
    assert restore(ward, of_first)["infcode"] == 0
    assert state_of(ward, stay) == "OPEN"


def test_what_was_charged_since_a_cancellation_is_left_when_that_is_reversed(ward: Ward) -> None:
    stay = ward.admit()
    msgid = cancel(ward, part(ward, stay, "3", is_last=True))
    ward.enter(ward.bed(stay, "2"))
    assert restore(ward, msgid)["infcode"] == 0
    assert state_of(ward, stay) == "DISCHARGED"
    ward.settle_stay(stay, "200.00")
    assert state_of(ward, stay) == "SETTLED"
