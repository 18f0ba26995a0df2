"""2401 to 2405 and 2301 to 2305: admitted, charged, discharged, settled in one part or several, and taken back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.store import visits
from server.store.database import Store
from server.store.standings import Standing
from server.store.visits import VisitState
from tests.server.fsi.counter import LI, SHARED, WANG, money, named, refused
from tests.server.fsi.office import HOSPITAL, PHARMACY
from tests.server.fsi.ward import Json, Ward, of, open_ward, other_hospital, told


@pytest.fixture
def ward(store: Store) -> Ward:
    return open_ward(store)


def in_hospital(ward: Ward, *, count: str = "50", **said: object) -> Json:
    """Admit somebody and charge for something."""
    stay = ward.admit(**said)
    ward.enter(ward.bed(stay, count))
    return stay


def discharged(ward: Ward, *, count: str = "50", ends: str = "", **said: object) -> Json:
    stay = in_hospital(ward, count=count, **said)
    ward.done("2402", ward.discharge(stay, **({"endtime": ends} if ends else {})))
    return stay


def state_of(ward: Ward, stay: Json) -> VisitState:
    with ward.office.store.reading() as connection:
        found = visits.load_visit(connection, stay["mdtrt_id"])
    assert found is not None
    return found.state


def lines_in(ward: Ward, stay: Json) -> dict[str, str | None]:
    with ward.office.store.reading() as connection:
        return {one.feedetl_sn: one.setl_id for one in visits.load_lines(connection, stay["mdtrt_id"])}


def test_a_stay_is_settled_and_cancelled(ward: Ward) -> None:
    stay = ward.admit()
    first, second = ward.enter(ward.bed(stay, "50"), ward.bed(stay, "10", "20.00", SHARED))
    assert money(second, ("preselfpay_amt", "inscp_scp_amt")) == ["20.00", "180.00"]
    assert money(first, ("inscp_scp_amt",)) == ["5000.00"]
    ward.done("2402", ward.discharge(stay))

    asked = ward.closing(stay, "5200.00", preselfpay_amt="20.00", inscp_scp_amt="5180.00")
    tried = ward.done("2303", asked)["setlinfo"]
    info = ward.done("2304", asked)["setlinfo"]
    ours = {"setl_id", "medins_setl_id"}
    assert {k: v for k, v in info.items() if k not in ours} == {k: v for k, v in tried.items() if k not in ours}
    # 5,180 in scope above 800, at 84 %.
    assert money(info, ("act_pay_dedc", "hifp_pay")) == ["800.00", "3679.20"]
    assert state_of(ward, stay) is VisitState.SETTLED

    undone = ward.done("2305", {"data": named(info)})["setlinfo"]
    assert money(undone, ("medfee_sumamt", "hifp_pay")) == ["-5200.00", "-3679.20"]
    assert (ward.counter.totals(), state_of(ward, stay)) == ({}, VisitState.DISCHARGED)
    assert ward.settle_stay(stay, "5200.00")["setl_id"] != info["setl_id"]


# -- admission ---------------------------------------------------------------------------------------------------------


def test_the_same_admission_is_one_stay(ward: Ward) -> None:
    said = ward.admission(ipt_no="M1")
    first, second = ward.say("2401", said), ward.say("2401", said)
    assert first["output"] == second["output"]
    assert "此前已办理" in second["warn_msg"]
    answer = ward.say("2401", {**said, "mdtrtinfo": said["mdtrtinfo"] | {"adm_bed": "13"}})
    assert refused(answer) == "visit.differs"
    assert "adm_bed（入院床位）原为 12，现为 13" in told(answer)


def test_an_admission_that_cannot_be_is_refused_by_name(ward: Ward) -> None:
    for changed, code, names in (
        ({"med_type": "11"}, "visit.med_type", "11"),
        ({"atddr_no": "D9"}, "practice.practitioner_unknown", "D9"),
        ({"begntime": ward.at(days=-1)}, "settlement.begins_later", "begntime"),
        ({"insutype": "390"}, "settlement.person", "310"),
    ):
        answer = ward.say("2401", ward.admission(**changed))
        assert (refused(answer), names in told(answer)) == (code, True), told(answer)
    said = ward.admission() | {"diseinfo": [ward.diagnosis(vali_flag="0", psn_no=LI)]}
    assert refused(ward.say("2401", said)) == "visit.diagnosis"
    assert refused(Ward(ward.counter, PHARMACY).say("2401", ward.admission())) == "fsi.institution_kind"


def test_nobody_is_in_two_hospitals_at_a_time(ward: Ward) -> None:
    stay, other = ward.admit(), other_hospital(ward)
    for there in (ward, other):
        answer = there.say("2401", there.admission(begntime=ward.at(days=1)))
        assert refused(answer) == "visit.stay_overlaps"
        assert "示例医院" in told(answer)
        assert "尚未出院" in told(answer)
    ward.done("2402", ward.discharge(stay, endtime=ward.at(days=1)))
    answer = other.say("2401", other.admission(begntime=ward.at(days=2)))
    assert refused(answer) == "visit.stay_overlaps"
    # A transfer: one stay begins when the other one ends.
    second = other.admit(begntime=ward.at(days=1))
    # The first cannot be opened again underneath it, and nobody else is in the way.
    assert refused(ward.say("2405", of(stay))) == "visit.stay_overlaps"
    ward.admit(WANG)
    other.done("2404", of(second))
    ward.done("2405", of(stay))
    assert state_of(ward, stay) is VisitState.OPEN


def test_two_who_admit_one_person_at_once_do_not_both(ward: Ward) -> None:
    other = other_hospital(ward)
    bodies = [
        ward.office.body("2401", there.admission(begntime=ward.at(days=1)), fixmedins_code=there.code)
        for there in (ward, other, ward, other)
    ]
    with ThreadPoolExecutor(4) as pool:
        answers = [answer for _, answer in pool.map(ward.office.post, bodies)]
    assert sorted(one["infcode"] for one in answers) == [-1, -1, -1, 0]


def test_an_admission_is_cancelled_once(ward: Ward) -> None:
    stay = in_hospital(ward)
    assert "1 条明细一并撤销" in ward.say("2404", of(stay))["warn_msg"]
    assert "此前已撤销" in ward.say("2404", of(stay))["warn_msg"]
    for infno, business in (
        ("2301", {"feedetail": [ward.bed(stay)]}),
        ("2302", {"data": [of(stay)["data"] | {"feedetl_sn": "0000"}]}),
        ("2303", ward.closing(stay, "1.00")),
        ("2304", ward.closing(stay, "1.00")),
        ("2402", ward.discharge(stay)),
        ("2405", of(stay)),
    ):
        answer = ward.say(infno, business)
        assert refused(answer) == "visit.state", infno
        assert "入院已撤销" in told(answer)
        assert "2401" in told(answer)
    ward.admit()


def test_a_stay_is_called_by_institution_and_person(ward: Ward) -> None:
    stay = ward.admit()
    for there, said in (
        (other_hospital(ward), of(stay)),
        (ward, {"data": of(stay)["data"] | {"psn_no": WANG}}),
        (ward, {"data": of(stay)["data"] | {"mdtrt_id": "1"}}),
    ):
        assert refused(there.say("2404", said)) == "visit.unknown"
    answer = ward.say("2404", of(ward.register()))
    assert refused(answer) == "visit.unknown"
    assert "2201" in told(answer)


# -- discharge ---------------------------------------------------------------------------------------------------------


def test_a_discharge_is_kept_once_and_undone(ward: Ward) -> None:
    stay = in_hospital(ward)
    answer = ward.say("2405", of(stay))
    assert (refused(answer), "尚未办理出院" in told(answer)) == ("visit.state", True)
    said = ward.discharge(stay, dise_codg="H25", dise_name="白内障")
    ward.done("2402", said)
    assert "已办理出院" in ward.say("2402", said)["warn_msg"]
    answer = ward.say("2402", ward.discharge(stay, endtime=ward.at(days=1)))
    assert (refused(answer), "2405" in told(answer)) == ("visit.state", True)
    answer = ward.say("2404", of(stay))
    assert (refused(answer), "2405" in told(answer)) == ("visit.state", True)
    ward.done("2405", of(stay))
    with ward.office.store.reading() as connection:
        found = visits.load_visit(connection, stay["mdtrt_id"])
        diagnoses = visits.load_diagnoses(connection, stay["mdtrt_id"])
    assert found is not None
    assert (found.state, found.ends_at, found.dise_codg) == (VisitState.OPEN, None, "")
    assert {one.moment for one in diagnoses} == {"admission"}


def test_a_discharge_that_cannot_be_is_refused_by_name(ward: Ward) -> None:
    stay = in_hospital(ward)
    for changed, code, names in (
        ({"endtime": ward.at(days=6)}, "visit.fee_time", "入院时间"),
        ({"endtime": ward.at(days=1)}, "visit.fee_time", "费用发生日"),
        ({"endtime": ward.at(days=-1)}, "settlement.begins_later", "endtime"),
        ({"insutype": "390"}, "visit.med_type", "insutype"),
    ):
        answer = ward.say("2402", ward.discharge(stay, **changed))
        assert (refused(answer), names in told(answer)) == (code, True), told(answer)
    # Nobody has to stay because the hospital was suspended meanwhile.
    ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
    ward.done("2402", ward.discharge(stay))


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_refund_names_its_line(ward: Ward) -> None:
    stay = ward.admit()
    one, other = ward.bed(stay, "3"), ward.bed(stay, "3")
    ward.enter(one, other)
    sn = one["feedetl_sn"]
    for line in (
        ward.bed(stay, "-4", init_feedetl_sn=sn),
        ward.bed(stay, "-1", init_feedetl_sn="L99"),
        ward.bed(stay, "-1", "90.00", init_feedetl_sn=sn),
        ward.bed(stay, "-7"),
    ):
        answer = ward.say("2301", {"feedetail": [line]})
        assert refused(answer) == "visit.refund"
        assert str(line["feedetl_sn"]) in told(answer)
    ward.enter(ward.bed(stay, "-3", init_feedetl_sn=sn), ward.bed(stay, "-2"))
    answer = ward.say("2302", {"data": [of(stay)["data"] | {"feedetl_sn": sn}]})
    assert refused(answer) == "visit.refund"
    ward.done("2402", ward.discharge(stay))
    assert money(ward.settle_stay(stay, "100.00"), ("inscp_scp_amt",)) == ["100.00"]


def test_lines_are_withdrawn_one_by_one_or_altogether(ward: Ward) -> None:
    stay = ward.admit()
    ward.enter(*(ward.bed(stay, feedetl_sn=sn) for sn in ("S1", "S2", "S3")))

    def withdraw(*serials: str) -> Json:
        return ward.say("2302", {"data": [of(stay)["data"] | {"feedetl_sn": sn} for sn in serials]})

    assert refused(withdraw("S1", "S9")) == "visit.line_unknown"
    assert len(lines_in(ward, stay)) == 3
    assert withdraw("S1")["infcode"] == 0
    assert withdraw("0000")["infcode"] == 0
    assert lines_in(ward, stay) == {}
    assert "没有未结算的明细" in withdraw("0000")["warn_msg"]
    other = ward.admit(WANG)
    mixed = [of(one)["data"] | {"feedetl_sn": "0000"} for one in (stay, other)]
    assert refused(ward.say("2302", {"data": mixed})) == "visit.refused"


def test_a_fee_after_the_discharge_is_refused(ward: Ward) -> None:
    stay = ward.admit()
    ward.done("2402", ward.discharge(stay, endtime=ward.at(days=2)))
    answer = ward.say("2301", {"feedetail": [ward.bed(stay)]})
    assert refused(answer) == "visit.fee_time"
    assert "出院日" in told(answer)
    # What was forgotten may still be sent.
    ward.enter(ward.bed(stay, fee_ocur_time=ward.at(days=3)))


def test_a_fee_long_before_the_admission_or_after_the_limit_of_the_stay_is_remarked(ward: Ward) -> None:
    stay = ward.admit(begntime=ward.at(days=200))
    # A long stay is not late, and a fee of last week is not before it.
    early, late = ward.bed(stay, fee_ocur_time=ward.at(days=231)), ward.bed(stay, fee_ocur_time=ward.at(days=190))
    told_of = ward.say("2301", {"feedetail": [early, late]})["warn_msg"]
    assert f"明细 {early['feedetl_sn']} 早于入院日期" in told_of
    assert "已过 31 天，超过 30 天的结算时限，结算时将被拒绝" in told_of
    assert str(late["feedetl_sn"]) not in told_of
    empty = ward.bed(stay, "0")
    assert refused(ward.say("2301", {"feedetail": [empty]})) == "settlement.line_empty"
    ward.done("2402", ward.discharge(stay, endtime=ward.at(days=185)))
    assert "已过 185 天，超过 180 天" in ward.say("2301", {"feedetail": [late | {"feedetl_sn": "L-late"}]})["warn_msg"]


# -- settling ----------------------------------------------------------------------------------------------------------


def test_what_cannot_be_settled_is_refused_by_name(ward: Ward) -> None:
    stay = in_hospital(ward)
    for infno in ("2303", "2304"):
        answer = ward.say(infno, ward.closing(stay, "5000.00"))
        assert (refused(answer), "2402" in told(answer)) == ("visit.state", True)
    ward.done("2402", ward.discharge(stay))
    for changed, code, names in (
        ({"medfee_sumamt": "5000.01"}, "settlement.sum_differs", "5000.01"),
        ({"mid_setl_flag": "1"}, "visit.state", "mid_setl_flag=0"),
        ({"insutype": "390"}, "visit.med_type", "insutype"),
        ({"mdtrt_cert_no": "350203198202020022"}, "settlement.credential", "就诊凭证"),
    ):
        answer = ward.say("2304", ward.closing(stay, "5000.00", **changed))
        assert (refused(answer), names in told(answer)) == (code, True), told(answer)
    empty = ward.admit(WANG)
    ward.done("2402", ward.discharge(empty))
    answer = ward.say("2304", ward.closing(empty, "0.00"))
    assert (refused(answer), "2301" in told(answer)) == ("visit.line_unknown", True)


def test_a_stay_is_settled_once_and_then_closed(ward: Ward) -> None:
    stay = discharged(ward)
    info = ward.settle_stay(stay, "5000.00")
    again = ward.say("2304", ward.closing(stay, "5000.00"))
    assert again["output"]["setlinfo"]["setl_id"] == info["setl_id"]
    assert refused(ward.say("2304", ward.closing(stay, "5000.00", acct_used_flag="1"))) == "settlement.sale_differs"
    assert info["setl_id"] in told(ward.say("2303", ward.closing(stay, "5000.00")))
    for infno, business, next_step in (
        ("2301", {"feedetail": [ward.bed(stay)]}, "2305"),
        ("2302", {"data": [of(stay)["data"] | {"feedetl_sn": "0000"}]}, "2305"),
        ("2405", of(stay), "2305"),
        ("2402", ward.discharge(stay, endtime=ward.at(days=1)), "2305"),
    ):
        answer = ward.say(infno, business)
        assert (refused(answer), next_step in told(answer)) == ("visit.state", True), infno
    assert refused(ward.say("2404", of(stay))) == "visit.line_settled"


def test_the_second_stay_of_a_year_has_half_the_deductible(ward: Ward) -> None:
    first = discharged(ward, begntime=ward.at(days=30), ends=ward.at())
    # A stay that was cancelled does not count.
    ward.office.clock.forward(days=10)
    ward.done("2404", of(ward.admit(begntime=ward.at(days=9))))
    second = discharged(ward, begntime=ward.at(days=5))
    # Neither the order in which they are settled nor where they were matters.
    later = ward.settle_stay(second, "5000.00")
    earlier = ward.settle_stay(first, "5000.00")
    assert money(earlier, ("act_pay_dedc",)) == ["800.00"]
    assert money(later, ("act_pay_dedc",)) == ["400.00"]


def test_a_stay_is_settled_in_parts(ward: Ward) -> None:
    stay = ward.admit()
    ward.enter(ward.bed(stay, "50"))
    ward.office.clock.forward(days=1)
    first = ward.settle_stay(stay, "5000.00", mid_setl_flag="1")
    again = ward.done("2304", ward.closing(stay, "5000.00", mid_setl_flag="1"))["setlinfo"]
    assert again["setl_id"] == first["setl_id"]
    assert state_of(ward, stay) is VisitState.OPEN
    settled_line = next(iter(lines_in(ward, stay)))
    answer = ward.say("2301", {"feedetail": [ward.bed(stay, "-1", init_feedetl_sn=settled_line)]})
    assert refused(answer) == "visit.refund"
    assert first["setl_id"] in told(answer)
    assert refused(ward.say("2404", of(stay))) == "visit.line_settled"

    # The same cart again is not the same sale.
    ward.enter(ward.bed(stay, "50"))
    ward.office.clock.forward(days=1)
    ward.done("2402", ward.discharge(stay))
    second = ward.settle_stay(stay, "5000.00")
    assert second["setl_id"] != first["setl_id"]
    assert [money(one, ("act_pay_dedc",)) for one in (first, second)] == [["800.00"], ["0.00"]]
    assert str(ward.counter.totals()["stays"]) == "1.00"

    answer = ward.say("2305", {"data": named(first)})
    assert refused(answer) == "visit.line_settled"
    assert second["setl_id"] in told(answer)
    for one in (second, first):
        ward.done("2305", {"data": named(one)})
    assert "此前已撤销" in ward.say("2305", {"data": named(first)})["warn_msg"]
    assert (ward.counter.totals(), state_of(ward, stay)) == ({}, VisitState.DISCHARGED)
    assert money(ward.settle_stay(stay, "10000.00"), ("act_pay_dedc",)) == ["800.00"]


def test_a_stay_that_was_settled_in_mid_stay_and_has_no_more_lines_is_closed_by_the_same_message(ward: Ward) -> None:
    stay = in_hospital(ward)
    part = ward.settle_stay(stay, "5000.00", mid_setl_flag="1")
    ward.done("2402", ward.discharge(stay))
    assert ward.settle_stay(stay, "5000.00")["setl_id"] == part["setl_id"]
    assert state_of(ward, stay) is VisitState.SETTLED


# -- reversal ----------------------------------------------------------------------------------------------------------


def reverse(ward: Ward, omsgid: object, oinfno: str) -> Json:
    return ward.say("2601", {"data": {"psn_no": LI, "omsgid": omsgid, "oinfno": oinfno}})


def test_a_settlement_and_its_cancellation_are_reversed(ward: Ward) -> None:
    stay = discharged(ward)
    info = ward.settle_stay(stay, "5000.00")
    assert reverse(ward, info["medins_setl_id"], "2304")["infcode"] == 0
    assert (ward.counter.totals(), state_of(ward, stay)) == ({}, VisitState.DISCHARGED)

    second = ward.settle_stay(stay, "5000.00")
    undone = ward.done("2305", {"data": named(second)})["setlinfo"]
    assert reverse(ward, undone["medins_setl_id"], "2305")["infcode"] == 0
    assert state_of(ward, stay) is VisitState.SETTLED
    assert set(lines_in(ward, stay).values()) == {second["setl_id"]}

    undone = ward.done("2305", {"data": named(second)})["setlinfo"]
    ward.done("2405", of(stay))
    answer = reverse(ward, undone["medins_setl_id"], "2305")
    assert (refused(answer), "2405" in told(answer)) == ("reversal.refused", True)


def test_an_admission_is_reversed(ward: Ward) -> None:
    def admitted() -> tuple[str, Json]:
        body = ward.office.body("2401", ward.admission(), fixmedins_code=HOSPITAL)
        _, answer = ward.office.post(body)
        return json.loads(body)["msgid"], answer["output"]["result"]  # type: ignore[index,call-overload]

    msgid, stay = admitted()
    ward.enter(ward.bed(stay))
    assert reverse(ward, msgid, "2401")["infcode"] == 0
    assert (state_of(ward, stay), lines_in(ward, stay)) == (VisitState.CANCELLED, {})
    assert reverse(ward, msgid, "2401")["infcode"] == 0

    msgid, stay = admitted()
    ward.done("2402", ward.discharge(stay))
    answer = reverse(ward, msgid, "2401")
    assert (refused(answer), "2405" in told(answer)) == ("reversal.refused", True)
    ward.done("2405", of(stay))
    ward.done("2404", of(stay))
    assert reverse(ward, msgid, "2401")["infcode"] == 0


def test_an_admission_that_never_came_is_closed_before_it_can(ward: Ward) -> None:
    body = ward.office.body("2401", ward.admission(), fixmedins_code=HOSPITAL)
    assert reverse(ward, json.loads(body)["msgid"], "2401")["infcode"] == 0
    assert refused(ward.office.post(body)[1]) == "fsi.msgid_reversed"


def test_a_late_stay_of_the_old_year_counts_in_the_year_of_its_discharge(ward: Ward) -> None:
    crossing = ward.admit(begntime="2025-12-28 09:00:00")
    ward.enter(ward.bed(crossing, "50"))
    ward.done("2402", ward.discharge(crossing, endtime=ward.at()))
    ward.office.clock.forward(days=5)
    second = discharged(ward, begntime=ward.at(days=4))
    assert money(ward.settle_stay(crossing, "5000.00"), ("act_pay_dedc",)) == ["800.00"]
    assert money(ward.settle_stay(second, "5000.00"), ("act_pay_dedc",)) == ["400.00"]


# -- what a new vendor trips on ----------------------------------------------------------------------------------------


def test_a_line_that_is_there_twice_in_one_message_is_kept_once_and_said_so(ward: Ward) -> None:
    stay = ward.admit()
    line = ward.bed(stay, feedetl_sn="D1")
    answer = ward.say("2301", {"feedetail": [line, line, ward.bed(stay, feedetl_sn="D2")]})
    assert [one["feedetl_sn"] for one in answer["output"]["result"]] == ["D1", "D2"]
    assert "D1 在报文中出现 2 次" in answer["warn_msg"]
    assert "此前已上传" not in answer["warn_msg"]


def test_a_doctor_whom_nobody_knows_is_remarked_with_the_line_and_named_with_it_at_the_settlement(ward: Ward) -> None:
    stay = ward.admit()
    answer = ward.say("2301", {"feedetail": [ward.bed(stay), ward.bed(stay, feedetl_sn="X9", bilg_dr_codg="D999")]})
    assert answer["infcode"] == 0
    assert "明细 X9" in answer["warn_msg"]
    assert "D999" in answer["warn_msg"]
    ward.done("2402", ward.discharge(stay))
    refusal = ward.say("2304", ward.closing(stay, "200.00"))
    assert refused(refusal) == "practice.practitioner_unknown"
    assert "明细 X9" in refusal["err_msg"]


def test_a_refund_has_no_negative_nought(ward: Ward) -> None:
    stay = ward.admit()
    ward.enter(ward.bed(stay, "3", feedetl_sn="B1"))
    body = ward.office.body(
        "2301", {"feedetail": [ward.bed(stay, "-1", init_feedetl_sn="B1")]}, fixmedins_code=ward.code
    )
    reply, answer = ward.office.post(body)
    assert answer["infcode"] == 0, answer["err_msg"]
    assert b"-0.00" not in reply.body
    assert b'"preselfpay_amt":0.00' in reply.body.replace(b" ", b"")


@pytest.mark.parametrize("infno", ["2103", "2208"])
def test_what_is_cancelled_is_not_told_by_the_transaction_of_another_kind(ward: Ward, infno: str) -> None:
    info = ward.settle_stay(discharged(ward), "5000.00")
    ward.done("2305", {"data": named(info)})
    assert refused(ward.say(infno, {"data": named(info)})) in {"settlement.not_cancellable", "visit.unknown"}
