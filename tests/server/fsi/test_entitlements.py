"""2101 to 2103 and 2601 where a sale needs more than being insured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from rules.benefits.case import Line
from rules.entitlements.book import shipped_entitlements
from server.config import FsiConfig
from server.fsi.build import FsiFileError, load_configured_entitlements
from server.settlement.entitlements import EntitlementError, StoredEntitlements
from server.settlement.pricing import Priced
from server.settlement.sale import Caller, Sale, SaleLine
from server.store import entitlements, insurance_catalogue
from server.store.database import Store, open_store
from server.store.entitlements import ApprovalState, PrescriptionState
from tests.server.fsi.counter import LI, NEGOTIATED, PLAIN, WANG, Counter, item, money, refused
from tests.server.fsi.entitled import (
    COLD,
    DOCTOR,
    OTHER_COLD,
    OTHER_DOCTOR,
    RULES,
    RX,
    SECOND,
    EntitledOffice,
    approve,
    book,
    left_of,
    open_entitled,
    prescribe,
    reviewed_by,
    state_of,
)
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, hospital


@pytest.fixture
def counter(store: Store) -> Counter:
    """On each of the two databases."""
    return open_entitled(store)


@pytest.fixture
def one_counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    """On one of them: for refusals, which change nothing."""
    shutil.copy(migrated_file, tmp_path / "one.db")
    store = open_store(f"sqlite:///{tmp_path}/one.db", new_epoch=lambda: "epoch-1")
    yield open_entitled(store)
    store.close()


def both(counter: Counter, sale: dict[str, object], **envelope: object) -> dict[str, object]:
    """Return the refusal of a settlement; its trial is refused with the same words."""
    tried = counter.office.say("2101", sale, **envelope)
    answer = counter.office.say("2102", sale, **envelope)
    assert (tried["err_msg"], tried["warn_msg"]) == (answer["err_msg"], answer["warn_msg"])
    return answer


class TestPrescriptionDrugs:
    """They are sold on a prescription that a pharmacist reviewed."""

    def test_everything_that_is_missing_is_named_at_once_line_by_line(self, counter: Counter) -> None:
        one, other = counter.line(RX), counter.line(COLD, "3")
        sale = counter.sale(one, counter.line(PLAIN), other, mdtrt_cert_type="01", mdtrt_cert_no="ec-token-of-li")
        answer = both(counter, sale)
        assert refused(answer) == "entitlement.prescription_missing"
        assert "缺处方号 rxno" in str(answer["err_msg"])
        told = str(answer["warn_msg"])
        for serial, code in (
            (one["feedetl_sn"], "entitlement.prescription_missing"),
            (one["feedetl_sn"], "entitlement.pharmacist_missing"),
            (other["feedetl_sn"], "entitlement.certificate_missing"),
            (other["feedetl_sn"], "entitlement.over_purchase"),
        ):
            assert f"[{code}]" in told
            assert f"明细 {serial}" in told
            assert f"line {serial}" in told

    def test_what_is_said_already_is_not_said_again_where_there_is_little_room(self, counter: Counter) -> None:
        one = counter.line(RX, feedetl_sn="F" * 30)
        answer = both(counter, counter.sale(one, counter.line(COLD, "3", feedetl_sn="G" * 30)))
        assert "见 warn_msg" in str(answer["err_msg"])
        told = str(answer["warn_msg"])
        # ... and nobody who reads it is sent to read it.
        assert "见 warn_msg" not in told
        assert told.count("缺处方号 rxno") == 1

    def test_with_prescription_and_pharmacist_they_settle(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(RX, rxno="R-1"), **reviewed_by())
        assert counter.settle(sale)["setl_id"]

    def test_one_thing_missing_is_one_thing_named(self, counter: Counter) -> None:
        answer = both(counter, counter.sale(counter.line(RX, rxno="R-1")))
        assert refused(answer) == "entitlement.pharmacist_missing"
        assert "phar_prac_cert_no" in str(answer["warn_msg"])

    def test_days_in_hand_count_and_a_cancellation_frees_them(self, counter: Counter) -> None:
        sold = counter.sale(counter.line(RX, rxno="R-1", prd_days="30"), **reviewed_by())
        settled = counter.settle(sold)
        counter.office.clock.forward(days=10)
        more = counter.sale(counter.line(RX, rxno="R-2", prd_days="30"), **reviewed_by())
        answer = both(counter, more)
        assert refused(answer) == "entitlement.over_days_in_hand"
        assert "余药 20 天加本次 30 天，超过 40 天" in str(answer["err_msg"])
        assert counter.cancel(settled)["infcode"] == 0
        assert counter.settle(more)["setl_id"]


class TestRealNames:
    """Some drugs are sold by name, and not many of them."""

    def test_the_window_counts_every_drug_of_the_list_and_what_was_cancelled_not(self, counter: Counter) -> None:
        first = counter.settle(counter.sale(counter.line(COLD, "2")))
        sale = counter.sale(counter.line(OTHER_COLD, "2"))
        answer = both(counter, sale)
        assert refused(answer) == "entitlement.over_window"
        assert "7 天内限购 3，已购 2，本次 2" in str(answer["err_msg"])
        counter.office.clock.forward(days=7)
        assert counter.settle(counter.sale(counter.line(OTHER_COLD, "2")))["setl_id"]
        counter.cancel(first)

    def test_after_a_cancellation_it_may_be_bought_again(self, counter: Counter) -> None:
        counter.cancel(counter.settle(counter.sale(counter.line(COLD, "2"))))
        assert counter.settle(counter.sale(counter.line(OTHER_COLD, "2")))["setl_id"]

    def test_a_cancellation_is_not_reversed_once_as_much_was_bought_again(self, counter: Counter) -> None:
        with counter.office.store.writing() as connection:
            # Outside the scope, so that no deductible and no cap has a say in it.
            goods = [replace(item(code, "03"), name="麻黄碱糖浆") for code in (COLD, OTHER_COLD)]
            insurance_catalogue.put_items(connection, [*goods, replace(item(PLAIN, "03"))])
        msgid = f"{PHARMACY}202603101200000911"
        counter.cancel(counter.settle(counter.sale(counter.line(COLD, "2"), acct_used_flag="0")), msgid=msgid)
        counter.settle(counter.sale(counter.line(PLAIN), acct_used_flag="0"))
        other = counter.settle(counter.sale(counter.line(OTHER_COLD, "2"), acct_used_flag="0"))
        answer = counter.reverse(msgid, "2103")
        assert refused(answer) == "reversal.refused"
        assert str(other["setl_id"]) in str(answer["err_msg"])
        counter.cancel(other)
        assert counter.reverse(msgid, "2103")["infcode"] == 0


class TestEPrescriptions:
    """Each quantity is dispensed once, anywhere."""

    def test_a_part_leaves_the_rest_and_a_cancellation_gives_it_back(self, counter: Counter) -> None:
        store = counter.office.store
        prescribe(store, "E-1", {RX: "5"})
        first = counter.settle(counter.sale(counter.line(RX, "2", rxno="E-1")))
        assert (left_of(store, "E-1"), state_of(store, "E-1")) == ([3], PrescriptionState.REVIEWED)
        too_many = both(counter, counter.sale(counter.line(RX, "4", rxno="E-1")))
        assert refused(too_many) == "entitlement.prescription_quantity"
        assert "余量 3，本次 4" in str(too_many["err_msg"])
        counter.settle(counter.sale(counter.line(RX, "3", rxno="E-1")), fixmedins_code=SECOND)
        assert (left_of(store, "E-1"), state_of(store, "E-1")) == ([0], PrescriptionState.USED)
        used = both(counter, counter.sale(counter.line(RX, "1", rxno="E-1")))
        assert refused(used) == "entitlement.prescription_used"
        assert SECOND in str(used["err_msg"])
        counter.cancel(first)
        counter.cancel(first)
        assert (left_of(store, "E-1"), state_of(store, "E-1")) == ([2], PrescriptionState.REVIEWED)

    def test_a_trial_and_a_refused_sale_take_nothing(self, counter: Counter) -> None:
        store = counter.office.store
        prescribe(store, "E-1", {RX: "5"})
        counter.office.say("2101", counter.sale(counter.line(RX, "5", rxno="E-1")))
        refused(counter.office.say("2102", counter.sale(counter.line(RX, "5", rxno="E-1"), medfee_sumamt="1.00")))
        assert left_of(store, "E-1") == [5]

    def test_two_pharmacies_at_once_one_gets_it(self, counter: Counter) -> None:
        store = counter.office.store
        prescribe(store, "E-1", {RX: "1"})
        bodies = [
            counter.office.body(
                "2102", counter.sale(counter.line(RX, "1", f"{n}.00", rxno="E-1")), fixmedins_code=where
            )
            for n, where in enumerate((PHARMACY, SECOND) * 4, 1)
        ]
        with ThreadPoolExecutor(8) as pool:
            answers = [json.loads(reply.body) for reply, _ in pool.map(counter.office.post, bodies)]
        assert sorted(one["infcode"] for one in answers) == [-1] * 7 + [0]
        assert {refused(one) for one in answers if one["infcode"]} == {"entitlement.prescription_used"}
        assert left_of(store, "E-1") == [0]

    def test_the_same_sale_again_takes_nothing_more(self, counter: Counter) -> None:
        prescribe(counter.office.store, "E-1", {RX: "5"})
        sale = counter.sale(counter.line(RX, "2", rxno="E-1"))
        assert counter.settle(sale)["setl_id"] == counter.settle(sale)["setl_id"]
        assert left_of(counter.office.store, "E-1") == [3]

    @pytest.mark.parametrize(
        ("prescription", "line", "code"),
        [
            ({"psn_no": WANG}, {}, "entitlement.prescription_person"),
            ({"state": PrescriptionState.SIGNED}, {}, "entitlement.prescription_unissued"),
            ({"state": PrescriptionState.ISSUED}, {}, "entitlement.prescription_not_reviewed"),
            ({"state": PrescriptionState.REFUSED}, {}, "entitlement.prescription_refused"),
            ({"state": PrescriptionState.WITHDRAWN}, {}, "entitlement.prescription_withdrawn"),
            ({"state": PrescriptionState.USED}, {}, "entitlement.prescription_used"),
            ({"lasts": timedelta(minutes=30)}, {}, "entitlement.prescription_expired"),
            ({"issued": NOON + timedelta(minutes=1)}, {}, "entitlement.prescription_not_yet"),
            ({"goods": {PLAIN: "1"}}, {}, "entitlement.prescription_item"),
            ({"goods": {RX: "0.5"}}, {}, "entitlement.prescription_quantity"),
            ({}, {"bilg_dr_codg": OTHER_DOCTOR}, "entitlement.prescription_doctor"),
        ],
    )
    def test_what_stands_in_the_way_is_named(
        self, one_counter: Counter, prescription: dict[str, Any], line: dict[str, str], code: str
    ) -> None:
        counter = one_counter
        prescribe(counter.office.store, "E-1", **({"goods": {RX: "1"}} | prescription))
        answer = both(counter, counter.sale(counter.line(RX, rxno="E-1", **line)))
        assert refused(answer) == code
        assert "E-1" in str(answer["err_msg"])

    def test_whether_it_has_expired_is_said_by_the_clock_of_the_centre(self, one_counter: Counter) -> None:
        counter, clock = one_counter, one_counter.office.clock
        prescribe(counter.office.store, "E-1", {RX: "5"}, lasts=timedelta(hours=2))
        first = counter.sale(counter.line(RX, "2", rxno="E-1"), **reviewed_by(stoout_no="CK-1"))
        second = counter.sale(counter.line(RX, "1", rxno="E-1"))
        third = counter.sale(counter.line(RX, "1", "60.00", rxno="E-1"))
        info = counter.settle(first)
        clock.forward(minutes=110)
        # It ended fifty minutes ago, and the sale was before: who is in a queue is not refused.
        counter.settle(second)
        clock.forward(minutes=20)
        answer = both(counter, third)
        assert refused(answer) == "entitlement.prescription_expired"
        assert "中心收到时已过期" in str(answer["err_msg"])
        # A correction of what was settled in time is no new sale; to sell more by it would be.
        counter.cancel(info)
        more = counter.line(RX, "3", rxno="E-1", fee_ocur_time=first["druginfo"]["begntime"])  # type: ignore[index]
        said = dict(first["druginfo"]) | {"medfee_sumamt": "300.00"}  # type: ignore[call-overload]
        assert refused(both(counter, {"druginfo": said, "drugdetail": [more]})) == "entitlement.prescription_expired"
        assert counter.settle(first)["setl_id"] != info["setl_id"]
        assert left_of(counter.office.store, "E-1") == [2]

    @pytest.mark.parametrize(
        ("rest", "here", "there"), [("same_pharmacy", None, "elsewhere"), ("nowhere",) + ("used",) * 2]
    )
    def test_where_the_rest_may_be_had_is_a_rule(
        self, counter: Counter, rest: str, here: str | None, there: str
    ) -> None:
        cast("EntitledOffice", counter.office).ask(book(rest=rest))
        prescribe(counter.office.store, "E-1", {RX: "5"})
        counter.settle(counter.sale(counter.line(RX, "2", rxno="E-1")))
        answer = both(counter, counter.sale(counter.line(RX, "1", rxno="E-1")), fixmedins_code=SECOND)
        assert refused(answer) == f"entitlement.prescription_{there}"
        again = counter.office.say("2101", counter.sale(counter.line(RX, "1", rxno="E-1")))
        assert (again["infcode"] == 0) if here is None else refused(again) == f"entitlement.prescription_{here}"

    def test_a_reversed_settlement_gives_back_and_a_reversed_cancellation_takes_again(self, counter: Counter) -> None:
        store = counter.office.store
        prescribe(store, "E-1", {RX: "2"})
        msgids = [f"{PHARMACY}20260310120000090{n}" for n in range(4)]
        counter.settle(counter.sale(counter.line(RX, "2", rxno="E-1")), msgid=msgids[0])
        assert counter.reverse(msgids[0])["infcode"] == 0
        assert left_of(store, "E-1") == [2]
        info = counter.settle(counter.sale(counter.line(RX, "2", "50.00", rxno="E-1")), msgid=msgids[1])
        counter.cancel(info, msgid=msgids[2])
        assert counter.reverse(msgids[2], "2103")["infcode"] == 0
        assert (left_of(store, "E-1"), state_of(store, "E-1")) == ([0], PrescriptionState.USED)

    def test_a_cancellation_is_not_reversed_once_somebody_else_has_it(self, counter: Counter) -> None:
        store = counter.office.store
        prescribe(store, "E-1", {RX: "2"})
        info = counter.settle(counter.sale(counter.line(RX, "2", rxno="E-1"), acct_used_flag="0"))
        msgid = f"{PHARMACY}202603101200000909"
        counter.cancel(info, msgid=msgid)
        counter.settle(counter.sale(counter.line(RX, "1", rxno="E-1")), fixmedins_code=SECOND)
        assert refused(counter.reverse(msgid, "2103")) == "entitlement.prescription_used"
        assert left_of(store, "E-1") == [1]


class TestDualChannel:
    """An approved drug is settled at the named pharmacy as it were at the hospital."""

    def sale(self, counter: Counter, **line: str) -> dict[str, object]:
        return counter.sale(
            counter.line(NEGOTIATED, price="900.00", **({"rxno": "R-1", "bilg_dr_codg": DOCTOR} | line))
        )

    def test_on_an_approval_the_hospitals_ratio_is_paid(self, counter: Counter) -> None:
        before = counter.office.say("2101", self.sale(counter))
        approve(counter.office.store)
        after = counter.office.say("2101", self.sale(counter))
        paid = [money(one["output"]["setlinfo"], ("hifp_pay",)) for one in cast("list[Any]", [before, after])]
        assert paid[0] != paid[1]

    def test_without_one_the_sender_is_told_and_told_again(self, one_counter: Counter) -> None:
        sale = self.sale(one_counter)
        trial, first, repeat = (one_counter.office.say(infno, sale) for infno in ("2101", "2102", "2102"))
        for answer in cast("list[Any]", [trial, first, repeat]):
            assert "无双通道审批" in answer["warn_msg"]
            assert "无双通道审批" in answer["output"]["setldetail"][0]["setl_proc_info"]
        assert "此前已结算" in str(repeat["warn_msg"])
        approve(one_counter.office.store)
        one_counter.office.clock.forward(seconds=1)
        assert "无双通道审批" not in str(one_counter.office.say("2101", self.sale(one_counter)))

    @pytest.mark.parametrize(
        ("approval", "line", "code", "told"),
        [
            ({"pharmacy": SECOND}, {}, "approval_pharmacy", SECOND),
            ({"from_day": date(2026, 3, 11)}, {}, "approval_not_yet", "2026-03-11"),
            ({"to_day": date(2026, 3, 9)}, {}, "approval_expired", "2026-03-09"),
            ({"state": ApprovalState.WITHDRAWN}, {}, "approval_withdrawn", "已撤销"),
            ({}, {"bilg_dr_codg": OTHER_DOCTOR}, "approval_doctor", DOCTOR),
            ({}, {"rxno": ""}, "approval_prescription", "rxno"),
            ({"detail": {"quantity": "0.5", "window_days": "30"}}, {}, "approval_quantity", "30 天 0.5"),
        ],
    )
    def test_what_the_approval_does_not_cover_is_named(
        self, one_counter: Counter, approval: dict[str, Any], line: dict[str, str], code: str, told: str
    ) -> None:
        approve(one_counter.office.store, **approval)
        answer = both(one_counter, self.sale(one_counter, **line))
        assert refused(answer) == f"entitlement.{code}"
        assert told in str(answer["err_msg"])

    def test_a_pharmacy_must_be_of_the_dual_channel(self, counter: Counter) -> None:
        approve(counter.office.store, pharmacy=SECOND)
        answer = both(counter, self.sale(counter), fixmedins_code=SECOND)
        assert refused(answer) == "entitlement.pharmacy_not_dual_channel"

    def test_a_second_approval_is_as_good(self, counter: Counter) -> None:
        approve(counter.office.store, pharmacy=SECOND)
        approve(counter.office.store, id="A2")
        assert counter.settle(self.sale(counter))["setl_id"]

    def test_the_quantity_is_counted_over_sales_and_cancellations(self, counter: Counter) -> None:
        approve(counter.office.store, detail={"quantity": "2", "window_days": "30"})
        first = counter.settle(self.sale(counter, cnt="1"))
        two = counter.sale(counter.line(NEGOTIATED, "2", "900.00", rxno="R-1", bilg_dr_codg=DOCTOR))
        assert refused(both(counter, two)) == "entitlement.approval_quantity"
        counter.cancel(first)
        assert counter.settle(two)["setl_id"]

    def test_whether_one_without_an_approval_is_sold_is_a_rule(self, counter: Counter) -> None:
        cast("EntitledOffice", counter.office).ask(book(unapproved="refuse"))
        assert refused(both(counter, self.sale(counter))) == "entitlement.approval_missing"

    def test_the_prescription_of_the_responsible_doctor_may_be_electronic(self, counter: Counter) -> None:
        approve(counter.office.store)
        prescribe(counter.office.store, "E-9", {NEGOTIATED: "1"})
        line = counter.line(NEGOTIATED, price="900.00", rxno="E-9")
        assert counter.settle(counter.sale(line))["setl_id"]
        assert left_of(counter.office.store, "E-9") == [Decimal(0)]


def test_rules_of_ones_own_are_read_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(RULES.replace("REST", "nowhere").replace("UNAPPROVED", "refuse"), encoding="utf-8")
    assert load_configured_entitlements(FsiConfig(entitlements_folder=tmp_path)) == book(
        rest="nowhere", unapproved="refuse"
    )
    assert load_configured_entitlements(FsiConfig()) == shipped_entitlements()
    with pytest.raises(FsiFileError):
        load_configured_entitlements(FsiConfig(entitlements_folder=tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("issued_by", "is_from_outside", "code"),
    [
        ("H35020000077", False, None),
        ("H35020000077", True, "entitlement.prescription_person"),
        (HOSPITAL, False, "entitlement.prescription_person"),
    ],
)
def test_a_hospitals_own_numbers_are_not_taken_for_prescriptions_of_others(
    one_counter: Counter, issued_by: str, is_from_outside: bool, code: str | None
) -> None:
    store = one_counter.office.store
    prescribe(store, "E-1", {RX: "1"}, psn_no=WANG)
    by = Caller(HOSPITAL, "350200", "2207", "m", "o", "n", NOON)
    one = Decimal(1)
    line = SaleLine("1", RX, "own", one, one, one, NOON, prescription="E-1", is_from_outside=is_from_outside)
    sale = Sale(by, LI, None, "310", "", "11", NOON, (line,), one, uses_account=False, visit="M1")
    priced = [Priced(line, None, Line("1", one, one, one, "03", None, Decimal(0), RX), ())]
    asked = StoredEntitlements(book(), lambda: NOON)
    with store.writing() as connection:
        kept = entitlements.load_prescriptions(connection, ["E-1"])["E-1"]
        entitlements.change_prescription(connection, replace(kept, institution=issued_by))
        if code is None:
            assert asked.look(connection, sale, hospital(), priced).dual_channel == frozenset()
            asked.use(connection, sale, "S1")
            assert entitlements.load_uses_by(connection, "S1") == []
            return
        with pytest.raises(EntitlementError) as caught:
            asked.look(connection, sale, hospital(), priced)
    assert [lack.code for lack in caught.value.lacks] == [code]
