"""2201 to 2208: registered, described, charged, tried, settled once, and each of it taken back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from server.store import visits
from server.store.database import Store
from server.store.insured import FactKind
from server.store.standings import Standing
from server.store.visits import VisitState
from tests.server.fsi.counter import LI, LIMITED, PLAIN, SHARED, WANG, ZHAO, money, named, put_fact, refused
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY
from tests.server.fsi.ward import DOCTOR, Json, Ward, of, open_ward, other_hospital, suspend_doctor, told
from wire.fsi.areas import shipped_area
from wire.fsi.repeats import says_found

CODE, OTHER_CODE = "81234567890123456789", "81234567890123456780"


@pytest.fixture
def ward(store: Store) -> Ward:
    return open_ward(store)


def charged(ward: Ward, *, batch: str = "B1", count: str = "5") -> Json:
    """Describe a visit with one line of a batch."""
    visit = ward.visit()
    ward.charge(ward.line(visit, count=count, batch=batch))
    return visit


def settle(ward: Ward, visit: Json, total: str = "500.00", **said: object) -> Json:
    info: Json = ward.done("2207", {"data": ward.asked(visit, total, **said)})["setlinfo"]
    return info


def lines_in(ward: Ward, visit: Json) -> dict[str, str | None]:
    with ward.office.store.reading() as connection:
        return {one.feedetl_sn: one.setl_id for one in visits.load_lines(connection, visit["mdtrt_id"])}


def state_of(ward: Ward, visit: Json) -> VisitState:
    with ward.office.store.reading() as connection:
        found = visits.load_visit(connection, visit["mdtrt_id"])
    assert found is not None
    return found.state


def test_a_visit_is_settled_and_cancelled(ward: Ward) -> None:
    visit = ward.visit()
    split = ward.charge(ward.line(visit, count="5"), ward.line(visit, SHARED, "10", "20.00"))
    assert [money(one, ("det_item_fee_sumamt", "preselfpay_amt", "inscp_scp_amt")) for one in split] == [
        ["500.00", "0.00", "500.00"],
        ["200.00", "20.00", "180.00"],
    ]
    asked = {"data": ward.asked(visit, "700.00", acct_used_flag="1", preselfpay_amt="20.00", inscp_scp_amt="680.00")}
    tried = ward.done("2206", asked)["setlinfo"]
    assert ward.counter.totals() == {}

    info = ward.done("2207", asked)["setlinfo"]
    ours = {"setl_id", "medins_setl_id"}
    assert {k: v for k, v in info.items() if k not in ours} == {k: v for k, v in tried.items() if k not in ours}
    # 680 in scope above 300, at 55 % in a hospital of level 3.
    assert money(info, ("act_pay_dedc", "hifp_pay")) == ["300.00", "209.00"]

    undone = ward.done("2208", {"data": named(info)})["setlinfo"]
    assert money(undone, ("medfee_sumamt", "hifp_pay")) == ["-700.00", "-209.00"]
    assert (ward.counter.totals(), str(ward.counter.balance(LI))) == ({}, "60.00")
    assert ward.done("2207", asked)["setlinfo"]["setl_id"] != info["setl_id"]


# -- registering -------------------------------------------------------------------------------------------------------


def test_the_same_registration_is_one_visit(ward: Ward) -> None:
    said = ward.registration(ipt_otp_no="M1")
    first, second = ward.say("2201", said), ward.say("2201", said)
    assert first["output"] == second["output"]
    assert "此前已登记" in second["warn_msg"]


REGISTRATIONS = (
    (LI, {"dept_code": "B01"}, "visit.differs", "dept_code（科室编码）原为 A03，现为 B01"),
    (WANG, {}, "visit.differs", "已登记给另一人员"),
    (LI, {"ipt_otp_no": "M2", "atddr_no": "D9"}, "practice.practitioner_unknown", "D9"),
    (LI, {"ipt_otp_no": "M2", "begntime": "2026-03-11 00:00:01"}, "settlement.begins_later", "begntime"),
    (LI, {"ipt_otp_no": "M2", "insutype": "390"}, "settlement.person", "310"),
    (LI, {"ipt_otp_no": "M2", "mdtrt_cert_no": "350203198202020022"}, "settlement.credential", "就诊凭证"),
    (LI, {"ipt_otp_no": "M2", "psn_no": "PSN9"}, "settlement.person", "PSN9"),
)


def test_a_registration_that_cannot_be_is_refused_by_name(ward: Ward) -> None:
    ward.register(ipt_otp_no="M1")
    for psn_no, changed, code, names in REGISTRATIONS:
        said = ward.registration(psn_no, ipt_otp_no="M1")["data"]
        answer = ward.say("2201", {"data": said | changed})
        assert (refused(answer), names in told(answer)) == (code, True), told(answer)


def test_a_pharmacy_registers_nobody(ward: Ward) -> None:
    answer = Ward(ward.counter, PHARMACY).say("2201", ward.registration())
    assert refused(answer) == "fsi.institution_kind"
    for names in ("药店", "医院", "2103"):
        assert names in told(answer)


def test_a_suspended_doctor_or_hospital_registers_nobody(ward: Ward) -> None:
    suspend_doctor(ward, DOCTOR, NOON - timedelta(days=1))
    assert refused(ward.say("2201", ward.registration())) == "practice.practitioner_suspended"
    ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
    assert refused(ward.say("2201", ward.registration())) == "practice.institution_suspended"


def test_a_registration_is_cancelled_once_with_its_lines(ward: Ward) -> None:
    visit = charged(ward)
    said = {"data": visit}
    assert "1 条明细一并撤销" in ward.say("2202", said)["warn_msg"]
    assert "此前已撤销" in ward.say("2202", said)["warn_msg"]
    assert (state_of(ward, visit), lines_in(ward, visit)) == (VisitState.CANCELLED, {})

    for infno, business in (
        ("2203", ward.description(visit)),
        ("2204", {"feedetail": [ward.line(visit)]}),
        ("2205", {"data": {**of(visit)["data"], "chrg_bchno": "0000"}}),
        ("2206", {"data": ward.asked(visit, "500.00")}),
        ("2207", {"data": ward.asked(visit, "500.00")}),
    ):
        answer = ward.say(infno, business)
        assert refused(answer) == "visit.state", infno
        assert "挂号已撤销" in told(answer)
        assert "2201" in told(answer)
    # The number is free again.
    assert ward.register(ipt_otp_no=visit["ipt_otp_no"])["mdtrt_id"] != visit["mdtrt_id"]


def test_a_visit_with_a_settlement_is_not_cancelled(ward: Ward) -> None:
    visit = charged(ward)
    info = settle(ward, visit)
    answer = ward.say("2202", {"data": visit})
    assert refused(answer) == "visit.line_settled"
    assert info["setl_id"] in told(answer)
    assert "2208" in told(answer)
    ward.done("2208", {"data": named(info)})
    ward.done("2202", {"data": visit})


def test_a_visit_is_called_by_its_institution_person_and_number(ward: Ward) -> None:
    visit = ward.register()
    wrong = [
        {**visit, "ipt_otp_no": "M9"},
        {**visit, "psn_no": WANG},
        {**visit, "mdtrt_id": "1"},
    ]
    for one in wrong:
        assert refused(ward.say("2202", {"data": one})) == "visit.unknown"
    assert refused(other_hospital(ward).say("2202", {"data": visit})) == "visit.unknown"
    stay = ward.admit()
    answer = ward.say("2202", {"data": {**stay, "ipt_otp_no": "x"}})
    assert refused(answer) == "visit.unknown"
    assert "2401" in told(answer)


# -- describing --------------------------------------------------------------------------------------------------------


DESCRIPTIONS: tuple[tuple[Json, str, str], ...] = (
    ({"med_type": "21"}, "visit.med_type", "普通住院（21） 不能用于门诊，可填：普通门诊（11）"),
    ({"med_type": "41"}, "visit.med_type", "定点药店购药（41）"),
    ({"med_type": "15"}, "visit.med_type", "特药（地方）（15）"),
    ({"med_type": "310"}, "visit.med_type", "310 不能用于门诊"),
    ({"med_type": "14"}, "visit.med_type", "dise_codg"),
    ({"begntime": "2026-03-12 08:00:00"}, "settlement.begins_later", "begntime"),
)


def test_a_description_that_cannot_be_is_refused(ward: Ward) -> None:
    visit = ward.register()
    for changed, code, names in DESCRIPTIONS:
        answer = ward.say("2203", ward.description(visit, **changed))
        assert (refused(answer), names in told(answer)) == (code, True), told(answer)


def test_a_visit_needs_a_valid_diagnosis(ward: Ward) -> None:
    visit = ward.register()
    said = ward.description(visit) | {"diseinfo": [ward.diagnosis(vali_flag="0")]}
    assert refused(ward.say("2203", said)) == "visit.diagnosis"
    said["diseinfo"] = [ward.diagnosis(diag_srt_no=2), ward.diagnosis(diag_code="I10.x00"), ward.diagnosis()]
    ward.done("2203", said)
    with ward.office.store.reading() as connection:
        found = visits.load_diagnoses(connection, visit["mdtrt_id"])
    assert [(one.code, one.is_main) for one in found] == [("I10.x00", True), ("J06.900", False), ("J06.900", False)]


def test_a_registered_disease_is_settled_as_such(ward: Ward) -> None:
    described = {"med_type": "14", "dise_codg": "M03900", "dise_name": "高血压"}
    visit = ward.register()
    assert "没有病种 M03900 的备案" in ward.say("2203", ward.description(visit, **described))["warn_msg"]
    put_fact(ward.office, FactKind.CHRONIC, "M03900")
    assert "备案" not in (ward.say("2203", ward.description(visit, **described)).get("warn_msg") or "")
    ward.charge(ward.line(visit, count="5"))
    # 80 % without a deductible, where an ordinary visit has 55 % above 300.
    assert money(settle(ward, visit, med_type="14"), ("hifp_pay",)) == ["400.00"]


def test_what_a_settlement_was_reckoned_with_is_not_changed(ward: Ward) -> None:
    visit = charged(ward)
    settle(ward, visit)
    ward.done("2203", ward.description(visit, main_cond_dscr="咳嗽"))
    answer = ward.say("2203", ward.description(visit, med_type="13"))
    assert refused(answer) == "visit.line_settled"
    assert "med_type" in told(answer)


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_line_splits_by_the_lists(ward: Ward) -> None:
    visit = ward.visit()
    limited, unknown = ward.charge(
        ward.line(visit, LIMITED, "10", "12.00"), ward.line(visit, "XZ99ZZ9999", "2", "30.00")
    )
    names = ("overlmt_amt", "fulamt_ownpay_amt", "inscp_scp_amt", "pric_uplmt_amt")
    assert money(limited, names) == ["20.00", "0.00", "100.00", "10.00"]
    assert money(unknown, names) == ["0.00", "60.00", "0.00", "30.00"]
    assert unknown["chrgitm_lv"] == "03"
    assert "按丙类" in unknown["memo"]


def test_a_line_is_kept_once(ward: Ward) -> None:
    visit = ward.visit()
    line = ward.line(visit, SHARED, "3", "20.00")
    first = ward.charge(line)
    answer = ward.say("2204", {"feedetail": [line | {"cnt": "3.0000"}, line, ward.line(visit)]})
    assert answer["output"]["result"][0] == first[0]
    assert len(answer["output"]["result"]) == 2
    assert "1 条明细此前已上传" in answer["warn_msg"]


LINES: tuple[tuple[Json, str, str], ...] = (
    ({"cnt": "2", "det_item_fee_sumamt": "200.00"}, "visit.line_differs", "cnt（数量）原为 1"),
    ({"rxno": "R1"}, "visit.line_differs", "rxno（处方号）原为 无，现为 R1"),
    ({"feedetl_sn": "N1", "det_item_fee_sumamt": "99.00"}, "settlement.sum_differs", "N1"),
    ({"feedetl_sn": "N1", "fee_ocur_time": "2026-03-11 00:00:00"}, "settlement.begins_later", "N1"),
    ({"feedetl_sn": "N1", "cnt": "0", "det_item_fee_sumamt": "0.00"}, "settlement.line_empty", "N1"),
    ({"feedetl_sn": "N1", "psn_no": WANG}, "visit.unknown", "PSN0002"),
    ({"feedetl_sn": "N1", "mdtrt_id": "9"}, "visit.unknown", "9"),
)


def test_a_line_that_cannot_be_is_refused_by_name(ward: Ward) -> None:
    visit = ward.visit()
    line = ward.line(visit)
    ward.charge(line)
    for changed, code, names in LINES:
        answer = ward.say("2204", {"feedetail": [line | changed]})
        assert (refused(answer), names in told(answer)) == (code, True), told(answer)
    assert len(lines_in(ward, visit)) == 1


def test_a_line_that_is_too_old_to_be_settled_is_remarked_as_it_comes(ward: Ward) -> None:
    visit = ward.visit()
    old = [ward.line(visit, fee_ocur_time=ward.at(days=days)) for days in (31, 31, 30)]
    answer = ward.say("2204", {"feedetail": old})
    serials = "、".join(str(one["feedetl_sn"]) for one in old[:2])
    assert f"明细 {serials}：" in answer["warn_msg"]
    assert "已过 31 天，超过 30 天的结算时限，结算时将被拒绝" in answer["warn_msg"]
    assert "30 天，超过" not in answer["warn_msg"]
    assert refused(ward.say("2206", {"data": ward.asked(visit, "300.00")})) == "settlement.too_late"


def test_one_message_holds_the_lines_of_one_visit_each_once(ward: Ward) -> None:
    one, other = ward.visit(), ward.visit(WANG)
    assert refused(ward.say("2204", {"feedetail": [ward.line(one), ward.line(other)]})) == "visit.refused"
    line = ward.line(one)
    again = line | {"pric": "50.00", "det_item_fee_sumamt": "50.00"}
    assert refused(ward.say("2204", {"feedetail": [line, again]})) == "settlement.line_repeated"


def test_a_fee_before_the_visit_is_remarked(ward: Ward) -> None:
    visit = ward.visit()
    answer = ward.say("2204", {"feedetail": [ward.line(visit, fee_ocur_time=ward.at(hours=3))]})
    assert "早于就诊开始时间" in answer["warn_msg"]


def test_a_refund_matches_a_line_of_its_batch(ward: Ward) -> None:
    visit = ward.visit()
    ward.charge(ward.line(visit, count="3"))
    for line in (
        ward.line(visit, count="-4"),
        ward.line(visit, count="-1", price="90.00"),
        ward.line(visit, SHARED, "-1", "100.00"),
        ward.line(visit, count="-1", batch="B2"),
    ):
        answer = ward.say("2204", {"feedetail": [line]})
        assert refused(answer) == "visit.refund"
        assert str(line["feedetl_sn"]) in told(answer)
    (back,) = ward.charge(ward.line(visit, count="-1"))
    assert money(back, ("det_item_fee_sumamt", "inscp_scp_amt")) == ["-100.00", "-100.00"]
    assert money(settle(ward, visit, "200.00"), ("inscp_scp_amt",)) == ["200.00"]


def test_what_was_taken_back_altogether_is_not_settled(ward: Ward) -> None:
    visit = ward.visit()
    ward.charge(ward.line(visit, count="3"), ward.line(visit, count="-3"))
    answer = ward.say("2207", {"data": ward.asked(visit, "0.00")})
    assert refused(answer) == "settlement.no_lines"
    assert "2205" in told(answer)


def test_lines_are_withdrawn_by_batch_or_altogether(ward: Ward) -> None:
    visit = ward.visit()
    ward.charge(*(ward.line(visit, batch=batch, feedetl_sn=batch) for batch in ("B1", "B2", "B3")))
    settle(ward, visit, "100.00")

    def withdraw(batch: str) -> Json:
        return ward.say("2205", {"data": {**of(visit)["data"], "chrg_bchno": batch}})

    answer = withdraw("B1")
    assert refused(answer) == "visit.line_settled"
    assert "2208" in told(answer)
    assert refused(withdraw("B9")) == "visit.line_unknown"
    assert "B2" in told(withdraw("B9"))
    assert withdraw("B2")["infcode"] == 0
    assert sorted(lines_in(ward, visit)) == ["B1", "B3"]
    assert withdraw("0000")["infcode"] == 0
    assert sorted(lines_in(ward, visit)) == ["B1"]
    assert "没有未结算的明细" in withdraw("0000")["warn_msg"]


def test_a_settled_batch_takes_no_more_lines(ward: Ward) -> None:
    visit = charged(ward)
    info = settle(ward, visit)
    answer = ward.say("2204", {"feedetail": [ward.line(visit)]})
    assert refused(answer) == "visit.line_settled"
    assert info["setl_id"] in told(answer)
    # Neither does it in another visit, since the number of a batch is the institution's.
    assert refused(ward.say("2204", {"feedetail": [ward.line(ward.visit())]})) == "visit.line_settled"
    ward.charge(ward.line(visit, batch="B2"))


# -- settling ----------------------------------------------------------------------------------------------------------


SETTLEMENTS: tuple[tuple[Json, str, str], ...] = (
    ({"medfee_sumamt": "500.01"}, "settlement.sum_differs", "500.01"),
    ({"chrg_bchno": "B9"}, "visit.line_unknown", "B1"),
    ({"med_type": "13"}, "visit.med_type", "11"),
    ({"insutype": "390"}, "visit.med_type", "insutype"),
    ({"mdtrt_cert_no": "350203198202020022"}, "settlement.credential", "就诊凭证"),
    ({"mdtrt_id": "9"}, "visit.unknown", "9"),
)


def test_what_cannot_be_settled_is_refused_by_name(ward: Ward) -> None:
    visit = charged(ward)
    for infno in ("2206", "2207"):
        for changed, code, names in SETTLEMENTS:
            answer = ward.say(infno, {"data": ward.asked(visit, "500.00", **changed)})
            assert (refused(answer), names in told(answer)) == (code, True), told(answer)
    assert set(lines_in(ward, visit).values()) == {None}


def test_a_visit_is_described_before_it_is_settled(ward: Ward) -> None:
    visit = ward.register()
    answer = ward.say("2207", {"data": ward.asked(visit, "1.00")})
    assert refused(answer) == "visit.diagnosis"
    assert "2203" in told(answer)


def test_a_doctor_who_was_suspended_meanwhile_does_not_settle(ward: Ward) -> None:
    visit = charged(ward)
    suspend_doctor(ward, DOCTOR, NOON - timedelta(minutes=5))
    assert refused(ward.say("2207", {"data": ward.asked(visit, "500.00")})) == "practice.practitioner_suspended"


def test_a_batch_is_settled_once(ward: Ward) -> None:
    visit = charged(ward)
    info = settle(ward, visit)
    again = ward.say("2207", {"data": ward.asked(visit, "500.00")})
    assert again["output"]["setlinfo"]["setl_id"] == info["setl_id"]
    assert "此前已结算" in again["warn_msg"]
    assert says_found(again["warn_msg"])
    assert again["output"]["setlinfo"]["medins_setl_id"] == info["medins_setl_id"], "whose message settled it"
    assert refused(ward.say("2207", {"data": ward.asked(visit, "500.00", acct_used_flag="1")})) == (
        "settlement.sale_differs"
    )
    answer = ward.say("2206", {"data": ward.asked(visit, "500.00")})
    assert info["setl_id"] in told(answer)
    assert "5203" in told(answer)


def test_of_many_who_settle_a_batch_all_get_one_settlement(ward: Ward) -> None:
    visit = charged(ward)
    bodies = [
        ward.office.body("2207", {"data": ward.asked(visit, "500.00")}, fixmedins_code=HOSPITAL) for _ in range(6)
    ]
    with ThreadPoolExecutor(6) as pool:
        answers = [answer for _, answer in pool.map(ward.office.post, bodies)]
    taken = [one["output"] for one in answers if one["infcode"] == 0]
    assert len({one["setlinfo"]["setl_id"] for one in taken}) == 1  # type: ignore[index,call-overload]
    assert ward.counter.totals()["dedc:310-outpatient"] == Decimal(300)


def test_batches_of_a_visit_settle_each_for_itself(ward: Ward) -> None:
    visit = charged(ward)
    ward.charge(ward.line(visit, count="2", batch="B2"))
    first, second = settle(ward, visit), settle(ward, visit, "200.00", chrg_bchno="B2")
    assert money(first, ("act_pay_dedc", "hifp_pay")) == ["300.00", "110.00"]
    assert money(second, ("act_pay_dedc", "hifp_pay")) == ["0.00", "110.00"]


def test_amounts_that_differ_from_the_reckoned_ones_are_remarked(ward: Ward) -> None:
    visit = charged(ward)
    answer = ward.say("2207", {"data": ward.asked(visit, "500.00", inscp_scp_amt="400.00")})
    assert "inscp_scp_amt 报文为 400.00，中心计算为 500.00" in answer["warn_msg"]


def test_a_suspended_hospital_still_gives_back(ward: Ward) -> None:
    visit = charged(ward)
    info = settle(ward, visit)
    ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
    ward.done("2208", {"data": named(info)})
    ward.done("2205", {"data": {**of(visit)["data"], "chrg_bchno": "B1"}})
    assert refused(ward.say("2207", {"data": ward.asked(visit, "500.00")})) == "practice.institution_suspended"


def test_a_cancellation_names_its_settlement(ward: Ward) -> None:
    visit = charged(ward)
    info = settle(ward, visit)
    assert refused(ward.say("2208", {"data": named(info) | {"psn_no": WANG}})) == "settlement.unknown"
    assert refused(ward.say("2305", {"data": named(info)})) == "visit.unknown"
    first = ward.say("2208", {"data": named(info)})
    again = ward.say("2208", {"data": named(info)})
    assert first["output"] == again["output"]
    assert "此前已撤销" in again["warn_msg"]


def test_a_settlement_and_its_cancellation_are_reversed(ward: Ward) -> None:
    visit = charged(ward)
    info = settle(ward, visit)
    ward.done("2601", {"data": {"psn_no": LI, "omsgid": info["medins_setl_id"], "oinfno": "2207"}})
    assert (ward.counter.totals(), set(lines_in(ward, visit).values())) == ({}, {None})

    second = settle(ward, visit)
    undone = ward.done("2208", {"data": named(second)})["setlinfo"]
    ward.done("2601", {"data": {"psn_no": LI, "omsgid": undone["medins_setl_id"], "oinfno": "2208"}})
    assert ward.counter.totals()["dedc:310-outpatient"] == Decimal(300)
    assert set(lines_in(ward, visit).values()) == {second["setl_id"]}


# -- trace codes with the settlement -----------------------------------------------------------------------------------


def coded(line: Json, code: str = CODE, **said: object) -> Json:
    return {
        "feedetl_sn": line["feedetl_sn"],
        "drug_trac_codg": code,
        "trdn_flag": "0",
        "min_prcunt_type": "1",
    } | said


def test_where_codes_travel_with_the_settlement_insured_drugs_need_them(store: Store) -> None:
    ward = open_ward(store, area=shipped_area("hubei"))
    visit = ward.visit()
    drug, other, service, outside, gone, back = (
        ward.line(visit, PLAIN),
        ward.line(visit, SHARED),
        ward.line(visit, "001101000010000"),
        ward.line(visit, "XZ99ZZ9999"),
        ward.line(visit, LIMITED, price="8.00"),
        ward.line(visit, LIMITED, "-1", "8.00"),
    )
    ward.charge(drug, other, service, outside, gone, back)
    asked = ward.asked(visit, "400.00")

    def attempt(*codes: Json) -> Json:
        return ward.say("2207", {"data": asked, "drug_trac_info": list(codes)} if codes else {"data": asked})

    answer = attempt(coded(drug))
    assert refused(answer) == "visit.trace_codes"
    assert f"{other['feedetl_sn']}（{SHARED}）" in told(answer)
    assert str(drug["feedetl_sn"]) not in told(answer)
    assert all(str(one["feedetl_sn"]) in told(attempt()) for one in (drug, other))

    for codes, why in (
        ((coded(drug), coded(other, CODE)), "两次"),
        ((coded(drug), coded(other, OTHER_CODE, feedetl_sn="L99")), "不在本次结算中"),
        ((coded(drug), coded(other, "6901234567892")), "不是追溯码"),
    ):
        answer = attempt(*codes)
        assert refused(answer) == "visit.trace_codes"
        assert why in told(answer)
    assert attempt(coded(drug), coded(other, OTHER_CODE))["infcode"] == 0
    assert attempt(coded(drug), coded(other, OTHER_CODE))["infcode"] == 0
    assert refused(attempt(coded(drug), coded(other, "81234567890123456781"))) == "settlement.sale_differs"


def test_a_resident_is_settled_by_his_own_rules(ward: Ward) -> None:
    visit = ward.visit(ZHAO)
    ward.charge(ward.line(visit))
    assert money(settle(ward, visit, "100.00"), ("fund_pay_sumamt", "psn_cash_pay")) == ["0.00", "100.00"]


def test_a_change_under_a_settlement_is_named_as_the_interface_names_it(ward: Ward) -> None:
    visit = charged(ward)
    settle(ward, visit)
    answer = ward.say("2203", ward.description(visit, med_type="14", dise_codg="M03900", begntime=ward.at(hours=2)))
    assert refused(answer) == "visit.line_settled"
    for name in ("begntime（开始时间）", "dise_codg（病种编码）", "med_type（医疗类别）"):
        assert name in told(answer)
