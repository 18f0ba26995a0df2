"""The category that a sender states: what may be stated where, and what nobody pays for."""

from __future__ import annotations

import pytest

from server.fsi.dispatch import HANDLERS
from server.fsi.transactions import entitlement
from server.store import insured
from server.store.database import Store
from server.store.insured import FactKind, Insurance
from tests.server.fsi.counter import (
    ALWAYS,
    DISTRICT,
    LI,
    NEGOTIATED,
    PLAIN,
    ZHAO,
    Counter,
    money,
    open_counter,
    put_fact,
    refused,
)
from tests.server.fsi.office import PHARMACY
from tests.server.fsi.ward import Json, Ward, open_ward, told


@pytest.fixture
def counter(lone_store: Store) -> Counter:
    return open_counter(lone_store, deeds={**HANDLERS, **entitlement.TRANSACTIONS})


@pytest.fixture
def ward(lone_store: Store) -> Ward:
    return open_ward(lone_store)


def funds(answer: Json) -> str:
    assert answer["infcode"] == 0, answer["err_msg"]
    return money(answer["output"]["setlinfo"], ("fund_pay_sumamt",))[0]


class TestAtAPharmacy:
    """2101 and 2102."""

    @pytest.mark.parametrize("med_type", ["11", "13", "15", "23", "51", "99", "310"])
    def test_what_is_no_purchase_is_refused_and_what_may_be_stated_is_named(
        self, counter: Counter, med_type: str
    ) -> None:
        for infno in ("2101", "2102"):
            for drug in (PLAIN, NEGOTIATED):
                sale = counter.sale(counter.line(drug, "20"), med_type=med_type, dise_codg="M03900")
                answer = counter.office.say(infno, sale)
                assert refused(answer) == "settlement.med_type"
                assert "可填：门诊慢特病（14）、定点药店购药（41）" in told(answer)
                assert "it may be: " in told(answer)

    @pytest.mark.parametrize("med_type", ["14", "9901"])
    def test_a_category_by_disease_needs_one(self, counter: Counter, med_type: str) -> None:
        for infno in ("2101", "2102"):
            answer = counter.office.say(infno, counter.sale(counter.line(), med_type=med_type))
            assert (refused(answer), "dise_codg" in told(answer)) == ("settlement.med_type", True)

    def test_without_a_registration_a_disease_brings_nothing_and_the_sender_hears_so(self, counter: Counter) -> None:
        with counter.office.store.writing() as connection:
            servant = Insurance(LI, "310", ALWAYS, None, "11", DISTRICT, True, "1", "")
            insured.put_insurances(connection, [servant])
        usual = funds(counter.office.say("2101", counter.sale(counter.line(count="10"))))
        stated = counter.sale(counter.line(count="10"), med_type="14", dise_codg="M03900")
        for infno in ("2101", "2102", "2102"):
            answer = counter.office.say(infno, stated)
            assert funds(answer) == usual == "455.00"
            assert "没有病种 M03900 的备案（已备案：无）" in str(answer["warn_msg"])
        put_fact(counter.office, FactKind.CHRONIC, "M03900")
        again = counter.office.say("2101", counter.sale(counter.line(count="10"), med_type="14", dise_codg="M03900"))
        assert funds(again) == "900.00"
        assert "备案" not in str(again.get("warn_msg"))

    def test_where_no_rule_pays_the_sender_is_told_before_the_person_pays(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(), psn_no=ZHAO)
        for infno in ("2101", "2102", "2102"):
            answer = counter.office.say(infno, sale)
            assert funds(answer) == "0.00"
            assert "没有适用的支付规则" in str(answer["warn_msg"])
            assert "政策范围内 100.00 全部由个人负担" in str(answer["warn_msg"])
        # Of what is out of scope anyway nothing need be said.
        outside = counter.office.say("2101", counter.sale(counter.line("unlisted"), psn_no=ZHAO))
        assert "支付规则" not in str(outside["warn_msg"])

    def test_2001_says_what_may_not_be_stated(self, counter: Counter) -> None:
        asked = {"psn_no": LI, "insutype": "310", "fixmedins_code": PHARMACY, "begntime": counter.now}
        answer: Json = counter.office.say("2001", {"data": asked | {"med_type": "15"}})
        (row,) = answer["output"]["trtinfo"]
        assert (row["trt_enjymnt_flag"], "特药（地方）（15） 不能用于药店结算" in row["trt_chk_rslt"]) == ("0", True)

    def test_what_is_said_of_a_drug_without_approval_is_true_of_any_category(self, counter: Counter) -> None:
        put_fact(counter.office, FactKind.CHRONIC, "M03900")
        sale = counter.sale(counter.line(NEGOTIATED), med_type="14", dise_codg="M03900")
        assert "按药店购药结算" not in str(counter.office.say("2101", sale).get("warn_msg"))


class TestInHospital:
    """2203, 2401 and what follows them."""

    def test_every_stay_of_the_interface_is_paid_for(self, ward: Ward) -> None:
        stay = ward.admit(med_type="23")
        ward.enter(ward.bed(stay, "64"))
        ward.done("2402", ward.discharge(stay))
        answer = ward.say("2304", ward.closing(stay, "6400.00"))
        # 800 deductible, 84 %, as any other stay at the third level.
        assert funds(answer) == "4704.00"
        assert "支付规则" not in (answer.get("warn_msg") or "")
        assert ward.counter.totals()["stays"] == 1

    @pytest.mark.parametrize("med_type", ["11", "14", "15", "25", "99"])
    def test_nobody_is_admitted_under_what_is_no_stay(self, ward: Ward, med_type: str) -> None:
        answer = ward.say("2401", ward.admission(med_type=med_type))
        assert refused(answer) == "visit.med_type"
        assert "可填：普通住院（21）、外伤住院（22）、转外诊治住院（23）" in told(answer)
        assert "med_type of a stay cannot be" in told(answer)

    def test_a_stay_that_no_rule_pays_for_is_refused_at_the_admission(self, ward: Ward) -> None:
        with ward.office.store.writing() as connection:
            other = Insurance(ZHAO, "340", ALWAYS, None, "13", DISTRICT, False, "1", "")
            insured.put_insurances(connection, [other])
        answer = ward.say("2401", ward.admission(ZHAO, insutype="340"))
        assert refused(answer) == "settlement.not_covered"
        assert "340" in told(answer)

    def test_an_unregistered_disease_is_remarked_when_it_is_settled_too(self, ward: Ward) -> None:
        visit = ward.register()
        ward.done("2203", ward.description(visit, med_type="14", dise_codg="M03900"))
        ward.charge(ward.line(visit, count="5"))
        for infno in ("2206", "2207"):
            answer = ward.say(infno, {"data": ward.asked(visit, "500.00", med_type="14")})
            assert "没有病种 M03900 的备案" in answer["warn_msg"]
            assert funds(answer) == "110.00"


class TestFigures:
    """What is worth nothing, adds up to more than rounding, or is beyond sense."""

    def test_a_sale_of_nothing_is_refused(self, counter: Counter) -> None:
        for lines in ([counter.line(price="0")], [counter.line(count="0.0001", price="0.01")]):
            for infno in ("2101", "2102"):
                answer = counter.office.say(infno, counter.sale(*lines))
                assert (refused(answer), "0.00" in told(answer)) == ("settlement.no_lines", True)

    def test_a_visit_that_comes_to_nothing_is_not_settled(self, ward: Ward) -> None:
        visit = ward.visit()
        ward.charge(ward.line(visit, price="0"))
        assert refused(ward.say("2207", {"data": ward.asked(visit, "0.00")})) == "settlement.no_lines"

    @pytest.mark.parametrize(("lines", "is_taken"), [(5, True), (6, False), (300, False)])
    def test_roundings_of_lines_do_not_add_up_to_money(self, counter: Counter, lines: int, is_taken: bool) -> None:
        rows = [counter.line(price="0.000001", det_item_fee_sumamt="0.01") for _ in range(lines)]
        answer = counter.office.say("2101", counter.sale(*rows))
        if is_taken:
            assert answer["infcode"] == 0
        else:
            assert refused(answer) == "settlement.sum_differs"
            assert f"差额合计 {lines / 100:.2f}，超过 0.05" in told(answer)

    def test_neither_do_those_of_a_visit_however_it_is_uploaded(self, ward: Ward) -> None:
        stay = ward.admit()
        ward.enter(*[ward.bed(stay, price="10.00", det_item_fee_sumamt="10.01") for _ in range(5)])
        answer = ward.say("2301", {"feedetail": [ward.bed(stay, price="10.00", det_item_fee_sumamt="9.99")]})
        assert (refused(answer), "差额合计 0.06" in told(answer)) == ("settlement.sum_differs", True)
        ward.enter(ward.bed(stay, price="10.00"))

    def test_what_is_beyond_sense_is_settled_with_a_remark(self, counter: Counter) -> None:
        rows = [counter.line(count="2000.01"), counter.line(price="900000"), counter.line(price="0", feedetl_sn="FREE")]
        warned = str(counter.office.say("2101", counter.sale(*rows))["warn_msg"])
        assert f"明细 {rows[0]['feedetl_sn']} 金额 200001.00 超出常理（200000.00）" in warned
        assert "医疗费总额 1100001.00 超出常理（1000000.00）" in warned
        assert "明细 FREE 金额为 0.00" in warned
        usual = counter.office.say("2101", counter.sale(counter.line(count="2000")))
        assert "超出常理" not in str(usual.get("warn_msg"))
