"""Where somebody is treated is said by the register of institutions, whatever the envelope says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from server.fsi.place import PlaceError, check_place
from server.store import institutions, insurance_catalogue, settlements, visits
from tests.server.fsi.counter import LIMITED, file_store, limit, money, refused
from tests.server.fsi.office import PHARMACY, hospital, pharmacy
from tests.server.fsi.ward import Ward, open_ward, told

HERE, COUNTY, ELSEWHERE = "350200", "350203", "420100"
"""Where all people of these tests are insured, a part of it, and a city of another province."""


@pytest.fixture
def ward(migrated_file: Path, tmp_path: Path) -> Iterator[Ward]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_ward(store)


def move(ward: Ward, district: str) -> None:
    """Let the register say that both institutions are in another place."""
    with ward.office.store.writing() as connection:
        moved = [replace(one, district=district) for one in (pharmacy(), hospital())]
        institutions.put_institutions(connection, moved)


def kept_districts(ward: Ward, mdtrt_id: object) -> set[str]:
    with ward.office.store.reading() as connection:
        visit = visits.load_visit(connection, str(mdtrt_id))
        of_visit = settlements.load_settlements_of_visit(connection, str(mdtrt_id))
    assert visit is not None
    return {visit.district, *(one.district for one in of_visit)}


@pytest.mark.parametrize(
    ("registered", "stated", "is_remarked"),
    [
        ("350203", "350203", False),
        ("350203", "350200", False),  # the prefecture names each of its counties
        ("350200", "350203", False),
        ("110105", "110000", False),  # a municipality has no prefectures
        ("350203", "350211", True),
        ("350203", "350000", True),  # a province names no place
        ("350203", "000000", True),
    ],
)
def test_a_place_of_the_same_prefecture_is_taken(registered: str, stated: str, *, is_remarked: bool) -> None:
    remark = check_place(registered, stated)
    assert (remark is not None) is is_remarked
    if remark is not None:
        assert all(one in text for one in (registered, stated) for text in (remark.zh, remark.en))


@pytest.mark.parametrize(("registered", "stated"), [("350203", "420100"), ("350203", "350100"), ("420106", "350203")])
def test_a_place_of_another_prefecture_is_refused_and_both_are_named(registered: str, stated: str) -> None:
    with pytest.raises(PlaceError) as caught:
        check_place(registered, stated)
    assert caught.value.code == "fsi.place"
    assert all(one in text for one in (registered, stated) for text in (caught.value.words.zh, caught.value.words.en))


def test_whatever_settles_refuses_another_prefecture(ward: Ward) -> None:
    move(ward, ELSEWHERE)
    stay = ward.done("2401", ward.admission(), mdtrtarea_admvs=ELSEWHERE)["result"]
    ward.done("2301", {"feedetail": [ward.bed(stay, "30")]}, mdtrtarea_admvs=ELSEWHERE)
    counter = ward.counter
    till = replace(ward, code=PHARMACY)
    asked = [
        (ward, "2201", ward.registration()),
        (ward, "2301", {"feedetail": [ward.bed(stay)]}),
        (ward, "2303", ward.closing(stay, "3000.00", mid_setl_flag="1")),
        (ward, "2304", ward.closing(stay, "3000.00", mid_setl_flag="1")),
        (ward, "2401", ward.admission()),
        (till, "2102", counter.sale(counter.line())),
    ]
    for who, infno, business in asked:
        answer = who.say(infno, business, mdtrtarea_admvs=HERE)
        assert refused(answer) == "fsi.place", infno
        assert HERE in told(answer)
        assert ELSEWHERE in told(answer)
    # What takes back is never in the way, and the right place goes through.
    info = counter.settle(counter.sale(counter.line()), mdtrtarea_admvs=ELSEWHERE)
    assert counter.cancel(info, mdtrtarea_admvs=HERE)["infcode"] == 0
    assert ward.say("2402", ward.discharge(stay), mdtrtarea_admvs=HERE)["infcode"] == 0


def test_another_county_is_remarked_and_counts_for_nothing(ward: Ward) -> None:
    """A price limit that holds in the stated county alone is not used."""
    move(ward, "350211")
    with ward.office.store.writing() as connection:
        insurance_catalogue.put_price_limits(connection, [limit(LIMITED, "1.000000", district=COUNTY)])
    counter = ward.counter
    sale = counter.sale(counter.line(LIMITED, "1", "10.00"))
    answer = counter.office.say("2102", sale, mdtrtarea_admvs=COUNTY)
    info = answer["output"]["setlinfo"]  # type: ignore[index,call-overload]
    assert "350211" in str(answer["warn_msg"])
    assert money(info, ("overlmt_selfpay",)) == ["0.00"]
    assert kept_districts(ward, info["mdtrt_id"]) == {"350211"}


def test_a_stay_is_split_and_settled_in_the_place_where_it_began(ward: Ward) -> None:
    """The register moves the hospital between the admission and the settlement."""
    stay = ward.admit()
    (before,) = ward.enter(ward.bed(stay, "100"))
    move(ward, ELSEWHERE)
    (after,) = ward.done("2301", {"feedetail": [ward.bed(stay, "100")]}, mdtrtarea_admvs=ELSEWHERE)["result"]
    ward.done("2402", ward.discharge(stay), mdtrtarea_admvs=ELSEWHERE)
    closing = ward.closing(stay, "20000.00")
    settled = ward.done("2304", closing, mdtrtarea_admvs=ELSEWHERE)["setlinfo"]
    assert money(before, ("preselfpay_amt", "inscp_scp_amt")) == money(after, ("preselfpay_amt", "inscp_scp_amt"))
    assert money(settled, ("preselfpay_amt", "act_pay_dedc")) == ["0.00", "800.00"]
    assert kept_districts(ward, stay["mdtrt_id"]) == {HERE}


def test_lines_of_somebody_from_elsewhere_split_as_they_are_settled(ward: Ward) -> None:
    move(ward, ELSEWHERE)
    stay = ward.done("2401", ward.admission(), mdtrtarea_admvs=ELSEWHERE)["result"]
    (split,) = ward.done("2301", {"feedetail": [ward.bed(stay, "100")]}, mdtrtarea_admvs=ELSEWHERE)["result"]
    ward.done("2402", ward.discharge(stay), mdtrtarea_admvs=ELSEWHERE)
    settled = ward.done("2304", ward.closing(stay, "10000.00"), mdtrtarea_admvs=ELSEWHERE)["setlinfo"]
    names = ("preselfpay_amt", "inscp_scp_amt")
    assert money(split, names) == money(settled, names) == ["1000.00", "9000.00"]
