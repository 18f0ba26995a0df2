"""2101, 2102 and 2103: what a sale costs whom, settled once, cancelled exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from rules.benefits import check_amounts
from server.store import institutions, insurance_catalogue, insured, practitioners
from server.store.database import Store
from server.store.insurance_catalogue import InstitutionMatch
from server.store.insured import FactKind, Insurance
from server.store.practitioners import Post as Place
from server.store.practitioners import Practitioner, PractitionerKind
from server.store.settlement_tables import settlement
from server.store.standings import Standing
from tests.server.fsi.counter import (
    ALWAYS,
    CARD,
    DISTRICT,
    LI,
    LIMITED,
    PLAIN,
    SHARED,
    TOKEN_OF_LI,
    WANG,
    Counter,
    file_store,
    money,
    named,
    open_counter,
    put_fact,
    refused,
)
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, span
from wire.fsi.areas import shipped_area
from wire.fsi.checking import check_output
from wire.fsi.json_text import decode_json
from wire.fsi.repeats import says_found
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING

NUMBER = {"expContent": json.dumps({"stoout_no": "CK-1"})}


@pytest.fixture
def counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_counter(store)


def standing_in(store: Store) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).where(settlement.c.state == "active")) or 0


def test_a_trial_promises_what_the_settlement_does_and_keeps_nothing(counter: Counter) -> None:
    sale = counter.sale(counter.line(PLAIN, "5", "100.00"), counter.line(SHARED, "10", "20.00"))
    tried = counter.office.say("2101", sale)["output"]
    assert (counter.balance(), counter.totals(), standing_in(counter.office.store)) == (Decimal(60), {}, 0)

    answer = counter.office.say("2102", sale)
    settled, info = answer["output"], answer["output"]["setlinfo"]
    ours = {"setl_id", "mdtrt_id", "medins_setl_id"}
    assert {k: v for k, v in info.items() if k not in ours} == {
        k: v for k, v in tried["setlinfo"].items() if k not in ours
    }
    assert (settled["setldetail"], settled["detlcutinfo"]) == (tried["setldetail"], tried["detlcutinfo"])
    assert "setl_id" not in tried["setlinfo"]
    # 680 in scope, 300 deductible, 65 %; the account has 60 and the wife's may give 50.
    assert money(info, ("medfee_sumamt", "preselfpay_amt", "inscp_scp_amt", "act_pay_dedc", "hifp_pay")) == [
        "700.00",
        "20.00",
        "680.00",
        "300.00",
        "247.00",
    ]
    assert money(info, ("acct_pay", "acct_mulaid_pay", "psn_cash_pay", "balc")) == ["60.00", "50.00", "343.00", "0.00"]
    assert (counter.balance(), counter.balance(WANG)) == (0, 50)
    assert (info["psn_name"], info["certno"], info["clr_type"], info["clr_optins"]) == (
        "李一",
        CARD[LI],
        "41",
        DISTRICT,
    )


@pytest.mark.parametrize(
    ("fund_includes_account", "account_includes_family"), [(False, False), (True, False), (False, True), (True, True)]
)
def test_the_identities_hold_as_each_area_reads_the_amounts(
    migrated_file: Path, tmp_path: Path, fund_includes_account: bool, account_includes_family: bool
) -> None:
    area = replace(
        shipped_area("base"),
        fund_pay_includes_account=fund_includes_account,
        acct_includes_mutual_aid=account_includes_family,
    )
    with file_store(migrated_file, tmp_path) as store:
        counter = open_counter(store, area=area)
        sale = counter.sale(counter.line(LIMITED, "40", "12.50"), counter.line("unknown", "1", "33.33"))

        def answered(infno: str, business: object) -> dict[str, Any]:
            body = counter.office.body(infno, business)
            return decode_json(counter.office.post(body)[0].body)["output"]  # type: ignore[index,call-overload,no-any-return]

        answers = {infno: answered(infno, sale) for infno in ("2101", "2102")}
        called = {"data": named(answers["2102"]["setlinfo"])}
        answers |= {"5203": answered("5203", called), "2103": answered("2103", called)}
        for infno, output in answers.items():
            assert check_output(output, transaction(infno, area)) == ()
            told = {"hosp_part_amt": Decimal(0), **output["setlinfo"]}
            told |= {"psn_part_amt": told.get("psn_part_amt", told.get("psn_pay"))}
            told |= {"psn_cash_pay": told.get("psn_cash_pay", told.get("cash_payamt"))}
            wrong = check_amounts(
                told, fund_includes_account=fund_includes_account, account_includes_family=account_includes_family
            )
            assert wrong == ()
            assert sum(row["fund_payamt"] for row in output["setldetail"]) == told["fund_pay_sumamt"]


class TestFunds:
    """What each fund pays, as `setldetail` has it."""

    def test_where_no_fund_pays_the_row_still_tells_what_could_have_been_paid(self, counter: Counter) -> None:
        (row,) = counter.office.say("2101", counter.sale(counter.line(price="56.80")))["output"]["setldetail"]  # type: ignore[index,call-overload]
        assert money(row, ("fund_payamt", "inscp_scp_amt", "crt_payb_lmt_amt")) == ["0.00", "56.80", "5000.00"]
        assert (row["fund_pay_type"], "剩余限额 5000.00" in row["setl_proc_info"]) == ("310100", True)

    def test_what_the_year_has_used_is_no_more_payable(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line(price="1000.00")))
        paid = Decimal(str(info["hifp_pay"]))
        (row,) = counter.office.say("2101", counter.sale(counter.line("unlisted", "1", "9.00")))["output"]["setldetail"]  # type: ignore[index,call-overload]
        assert money(row, ("fund_payamt", "crt_payb_lmt_amt")) == ["0.00", f"{5000 - paid:.2f}"]


class TestLines:
    """What the lists make of a line."""

    def test_a_split_line_has_no_closing_zeros_first_and_repeated(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(LIMITED, "2.0000", "12.500000"), counter.line(SHARED, "0.5", "20"))
        for _ in range(2):
            reply, _ = counter.office.post(counter.office.body("2102", sale))
            for told in ('"cnt":2,', '"pric":12.5,', '"pric_uplmt_amt":10,', '"selfpay_prop":0.1,', '"cnt":0.5,'):
                assert told in reply.body.decode().replace(": ", ":"), told

    def test_a_limit_an_unknown_code_and_an_own_code(self, counter: Counter) -> None:
        with counter.office.store.writing() as connection:
            match = InstitutionMatch(PHARMACY, "own-99", "101", SHARED, ALWAYS, None, "自有", True, {}, NOON)
            other = replace(match, own_item="own-98", item=LIMITED)
            insurance_catalogue.put_institution_matches(connection, [match, other])
        sale = counter.sale(
            counter.line(LIMITED, "2", "12.50"),
            counter.line("nobody-knows", "1", "7.00"),
            counter.line("nobody-knows", "1", "20.00", medins_list_codg="own-99"),
            counter.line(PLAIN, "1", "3.00", medins_list_codg="own-98"),
        )
        answer = counter.office.say("2102", sale)
        cut = [
            (
                *money(one, ("overlmt_amt", "fulamt_ownpay_amt", "preselfpay_amt", "inscp_scp_amt")),
                one["chrgitm_lv"],
                str(one.get("memo", "")),
            )
            for one in answer["output"]["detlcutinfo"]
        ]
        assert cut == [
            ("5.00", "0.00", "0.00", "20.00", "02", ""),
            ("0.00", "7.00", "0.00", "0.00", "03", "医保目录中没有 nobody-knows，按丙类（全自费）结算"),
            (
                "0.00",
                "0.00",
                "2.00",
                "18.00",
                "02",
                f"医保目录中没有 nobody-knows，按机构目录对照 own-99→{SHARED} 结算",
            ),
            (
                "0.00",
                "0.00",
                "0.00",
                "3.00",
                "01",
                f"机构目录 own-98 已对照 {LIMITED}，与所报 {PLAIN} 不一致，按所报编码结算",
            ),
        ]
        assert "nobody-knows is in no list; settled as class 03" in str(answer["warn_msg"])
        again = counter.office.say("2102", sale)
        assert again["output"]["setlinfo"]["setl_id"] == answer["output"]["setlinfo"]["setl_id"]
        assert again["output"]["setldetail"] == answer["output"]["setldetail"]
        assert "没有 nobody-knows，按丙类" in str(again["warn_msg"])

    @pytest.mark.parametrize(
        ("business", "code", "told"),
        [
            (
                {"medfee_sumamt": "99.99"},
                "settlement.sum_differs",
                "明细合计 100.00 与 medfee_sumamt（医疗费总额）99.99",
            ),
            ({"medfee_sumamt": "100.01"}, "settlement.sum_differs", "相差 -0.01"),
            ({"begntime": "2026-03-11 00:00:00"}, "settlement.begins_later", "2026-03-11"),
            ({"med_type": "21"}, "settlement.med_type", "普通住院（21） 不能用于药店结算，可填："),
        ],
    )
    def test_a_sale_that_contradicts_itself_is_refused(
        self, counter: Counter, business: dict[str, object], code: str, told: str
    ) -> None:
        for infno in ("2101", "2102"):
            answer = counter.office.say(infno, counter.sale(counter.line(), **business))
            assert refused(answer) == code
            assert told in str(answer["err_msg"])

    @pytest.mark.parametrize(
        ("lines", "code", "told"),
        [
            ([{"det_item_fee_sumamt": "100.02"}], "settlement.sum_differs", "数量 1 × 单价 100 = 100.00"),
            ([{"feedetl_sn": "A"}, {"feedetl_sn": "A"}], "settlement.line_repeated", "A 重复"),
            ([{"cnt": "-1", "det_item_fee_sumamt": "-100"}], "settlement.line_not_positive", "退货"),
        ],
    )
    def test_a_line_that_does_not_do_is_named(
        self, counter: Counter, lines: list[dict[str, object]], code: str, told: str
    ) -> None:
        answer = counter.office.say("2102", counter.sale(*(counter.line(**one) for one in lines)))
        assert refused(answer) == code
        assert told in str(answer["err_msg"])

    def test_a_fen_of_rounding_in_a_line_is_the_tills_own_way(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line(PLAIN, "3", "3.333333", det_item_fee_sumamt="9.99")))
        assert money(info, ("medfee_sumamt",)) == ["9.99"]


class TestOnce:
    """One settlement for one sale."""

    @pytest.fixture
    def counter(self, store: Store) -> Counter:
        return open_counter(store)

    def test_the_same_message_gets_the_same_bytes(self, counter: Counter) -> None:
        body = counter.office.body("2102", counter.sale(counter.line()))
        first, second = counter.office.post(body)[0], counter.office.post(body)[0]
        assert first.body == second.body
        assert standing_in(counter.office.store) == 1

    @pytest.mark.parametrize("more", [{}, NUMBER], ids=["by its cart", "by its number"])
    def test_a_message_composed_anew_gets_the_settlement_that_stands(
        self, counter: Counter, more: dict[str, object]
    ) -> None:
        line = counter.line(PLAIN, "2", "10.00")
        sale = counter.sale(line, **more)
        first = counter.settle(sale)
        balance = counter.balance()
        counter.office.clock.forward(minutes=2)
        anew = {**sale, "drugdetail": [{**line, "feedetl_sn": "other", "cnt": "2.0000"}]}
        answer = counter.office.say("2102", anew)
        assert answer["output"]["setlinfo"] == first
        assert str(first["setl_id"]) in str(answer["warn_msg"])
        assert (standing_in(counter.office.store), counter.balance()) == (1, balance)

    @pytest.mark.parametrize(
        "other",
        [
            {"begntime": "2026-03-10 11:59:59"},
            {"expContent": json.dumps({"stoout_no": "CK-2"})},
            {"expContent": {"drugtracinfo": [{"drug_trac_codg": "83912340000000000002"}]}},
        ],
        ids=["other time", "other number", "other codes"],
    )
    def test_an_honest_second_purchase_of_the_same_cart_settles(
        self, counter: Counter, other: dict[str, object]
    ) -> None:
        line = counter.line()
        more: dict[str, object] = {"expContent": json.dumps({"stoout_no": "CK-1"})} if "stoout" in str(other) else {}
        first = counter.settle(counter.sale(line, **more))
        second = counter.settle(counter.sale(line, **(more | other)))
        assert first["setl_id"] != second["setl_id"]
        assert first["mdtrt_id"] != second["mdtrt_id"]
        assert standing_in(counter.office.store) == 2

    @pytest.mark.parametrize(
        ("changed", "name"),
        [
            ({"acct_used_flag": "0"}, "acct_used_flag"),
            ({"psn_no": WANG}, "psn_no"),
            ({"price": "21.00"}, "drugdetail"),
            ({"med_type": "14", "dise_codg": "M03900"}, "dise_codg"),
        ],
    )
    def test_other_contents_under_the_number_of_a_sale_are_refused_by_name(
        self, counter: Counter, changed: dict[str, str], name: str
    ) -> None:
        info = counter.settle(counter.sale(counter.line(price="20.00"), **NUMBER))
        line = counter.line(price=changed.get("price", "20.00"))
        said = {name: value for name, value in changed.items() if name not in {"price", "psn_no"}}
        answer = counter.office.say("2102", counter.sale(line, psn_no=changed.get("psn_no", LI), **(NUMBER | said)))
        assert refused(answer) == "settlement.sale_differs"
        assert str(info["setl_id"]) in str(answer["err_msg"])
        assert f"{name}（" in str(answer["err_msg"])
        assert standing_in(counter.office.store) == 1

    def test_a_refusal_over_one_field_is_told_in_both_languages(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(), **NUMBER)
        info = counter.settle(sale)
        answer = counter.office.say("2102", {**sale, "druginfo": {**sale["druginfo"], "acct_used_flag": "0"}})  # type: ignore[dict-item]
        assert "acct_used_flag（个人账户使用标志）原为 1" in str(answer["err_msg"])
        assert "acct_used_flag was 1" in str(answer["err_msg"])
        assert str(answer["warn_msg"]).count(str(info["setl_id"])) == 2

    def test_a_number_that_begins_anew_on_another_day_is_refused_with_both_days(self, counter: Counter) -> None:
        line = counter.line()
        info = counter.settle(counter.sale(line, **NUMBER))
        counter.office.clock.forward(days=30)
        answer = counter.office.say("2102", counter.sale({**line, "fee_ocur_time": counter.now}, **NUMBER))
        assert refused(answer) == "settlement.sale_differs"
        for named_so in (str(info["setl_id"]), "begntime（开始时间）", "2026-03-10", "2026-04-09"):
            assert named_so in str(answer["err_msg"])

    def test_a_repeat_is_compared_with_what_was_sent_whatever_the_lists_say_since(self, counter: Counter) -> None:
        sale = counter.sale(counter.line("unlisted", "1", "7.00"), counter.line(PLAIN), **NUMBER)
        first = counter.settle(sale)
        with counter.office.store.writing() as connection:
            match = InstitutionMatch(PHARMACY, "own-unlisted", "101", SHARED, ALWAYS, None, "自有", True, {}, NOON)
            insurance_catalogue.put_institution_matches(connection, [match])
        assert counter.settle(sale)["setl_id"] == first["setl_id"]
        counter.cancel(first)
        anew = counter.office.say("2102", sale)
        (line, _) = anew["output"]["detlcutinfo"]
        assert line["chrgitm_lv"] == "02"
        other = {**sale, "drugdetail": [{**sale["drugdetail"][0], "med_list_codg": SHARED}, sale["drugdetail"][1]]}  # type: ignore[dict-item]
        answer = counter.office.say("2102", other)
        assert refused(answer) == "settlement.sale_differs"
        assert "unlisted" in str(answer["err_msg"])

    @pytest.mark.parametrize("more", [{}, NUMBER], ids=["by its cart", "by its number"])
    def test_fifty_at_once_settle_once(self, counter: Counter, more: dict[str, object]) -> None:
        sale = counter.sale(counter.line(price="20.00"), **more)
        bodies = [counter.office.body("2102", sale) for _ in range(25)] + [counter.office.body("2102", sale)] * 25
        with ThreadPoolExecutor(10) as pool:
            answers = [json.loads(reply.body) for reply, _ in pool.map(counter.office.post, bodies)]
        assert {one["infcode"] for one in answers} == {0}
        assert len({one["output"]["setlinfo"]["setl_id"] for one in answers}) == 1
        assert (standing_in(counter.office.store), counter.balance()) == (1, 40)

    def test_of_two_people_with_one_number_one_is_settled(self, counter: Counter) -> None:
        line = counter.line(price="20.00")
        bodies = [counter.office.body("2102", counter.sale(line, psn_no=who, **NUMBER)) for who in (LI, WANG) * 3]
        with ThreadPoolExecutor(6) as pool:
            answers = [json.loads(reply.body) for reply, _ in pool.map(counter.office.post, bodies)]
        assert sorted(one["infcode"] for one in answers) == [-1, -1, -1, 0, 0, 0]
        assert standing_in(counter.office.store) == 1


class TestPerson:
    """Who is insured, and shows it."""

    @pytest.mark.parametrize(
        ("said", "code"),
        [
            ({"psn_no": "PSN9999", "mdtrt_cert_no": CARD[LI]}, "settlement.person"),
            ({"insutype": "390"}, "settlement.person"),
            ({"mdtrt_cert_no": CARD[WANG]}, "settlement.credential"),
            ({"mdtrt_cert_no": "350203199901010099"}, "people.unknown"),
            ({"mdtrt_cert_type": "01", "mdtrt_cert_no": "no-such-token"}, "people.unknown"),
        ],
    )
    def test_whoever_is_not_the_insured_is_refused(self, counter: Counter, said: dict[str, object], code: str) -> None:
        sale = counter.sale(counter.line(), **said)
        assert refused(counter.office.say("2102", sale)) == code
        assert standing_in(counter.office.store) == 0

    def test_a_voucher_token_does_as_well(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(), mdtrt_cert_type="01", mdtrt_cert_no=TOKEN_OF_LI)
        assert counter.settle(sale)["mdtrt_cert_type"] == "01"

    def test_an_insurance_that_is_paused_on_the_day_does_not_pay(self, counter: Counter) -> None:
        with counter.office.store.writing() as connection:
            paused = Insurance(LI, "310", date(2026, 3, 9), None, "11", DISTRICT, False, "2", "")
            insured.put_insurances(
                connection,
                [Insurance(LI, "310", ALWAYS, date(2026, 3, 8), "11", DISTRICT, False, "1", ""), paused],
            )
        answer = counter.office.say("2102", counter.sale(counter.line()))
        assert refused(answer) == "settlement.person"
        assert "已暂停参保" in str(answer["err_msg"])
        before = counter.sale(counter.line(fee_ocur_time="2026-03-08 10:00:00"), begntime="2026-03-08 10:00:00")
        assert counter.settle(before)["setl_id"]

    def test_the_place_of_insurance_must_be_the_persons(self, counter: Counter) -> None:
        sale = counter.sale(counter.line())
        answer = counter.office.say("2102", sale, insuplc_admdvs="430100")
        assert refused(answer) == "settlement.person"
        assert DISTRICT in str(answer["err_msg"])
        assert counter.settle(sale, insuplc_admdvs="350203")["clr_optins"] == DISTRICT

    def test_who_does_not_want_it_keeps_the_account(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line(), acct_used_flag="0"))
        assert money(info, ("acct_pay", "acct_mulaid_pay", "psn_cash_pay", "balc")) == [
            "0.00",
            "0.00",
            "100.00",
            "60.00",
        ]

    def test_facts_of_the_day_reach_the_rules(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(price="500.00"), med_type="14", dise_codg="M03900")
        before = counter.office.say("2101", sale)["output"]["setlinfo"]
        put_fact(counter.office, FactKind.CHRONIC, "M03900")
        after = counter.office.say("2101", sale)["output"]["setlinfo"]
        assert money(before, ("hifp_pay",)) == ["130.00"]
        assert money(after, ("hifp_pay",)) == ["400.00"]


class TestStandings:
    """Institutions, doctors and pharmacists."""

    def furnish(self, counter: Counter) -> None:
        who = [
            Practitioner("D1", "医甲", PractitionerKind.DOCTOR, "", NOON),
            Practitioner("D2", "医乙", PractitionerKind.DOCTOR, "", NOON),
            Practitioner("Y1", "药丙", PractitionerKind.PHARMACIST, "LIC-1", NOON),
        ]
        places = [
            Place("D1", HOSPITAL, ALWAYS, None),
            Place("D2", HOSPITAL, ALWAYS, None),
            Place("Y1", PHARMACY, ALWAYS, None),
        ]
        with counter.office.store.writing() as connection:
            practitioners.put_practitioners(connection, who)
            practitioners.put_posts(connection, places)
            practitioners.put_standings(
                connection, [span("D2", Standing.SUSPENDED, NOON - timedelta(days=1), NOON + timedelta(days=1))]
            )

    def test_a_suspended_institution_settles_no_more_but_gives_back(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()))
        body = counter.office.body("2102", counter.sale(counter.line(price="1.00")))
        for standing in (Standing.SUSPENDED, Standing.ENDED):
            counter.office.stand(standing)
            assert refused(counter.office.post(body)[1]).startswith("practice.institution_")
            assert refused(counter.office.say("2101", counter.sale(counter.line()))).startswith("practice.institution_")
        assert counter.cancel(info)["infcode"] == 0

    @pytest.mark.parametrize(
        ("doctor", "outcome"),
        [("D1", None), ("D2", "practice.practitioner_suspended"), ("D9", "practice.practitioner_unknown")],
    )
    def test_a_prescription_is_as_good_as_its_doctor(self, counter: Counter, doctor: str, outcome: str | None) -> None:
        self.furnish(counter)
        answer = counter.office.say("2102", counter.sale(counter.line(bilg_dr_codg=doctor, rx_circ_flag="1")))
        if outcome is None:
            assert answer["infcode"] == 0
        else:
            assert refused(answer) == outcome
            assert doctor in str(answer["err_msg"])

    def test_the_doctor_must_have_been_in_good_standing_when_the_fee_arose(self, counter: Counter) -> None:
        self.furnish(counter)
        line = counter.line(bilg_dr_codg="D2", fee_ocur_time="2026-03-08 09:00:00")
        assert counter.settle(counter.sale(line, begntime="2026-03-08 09:00:00"))["setl_id"]

    @pytest.mark.parametrize(
        ("said", "outcome"),
        [
            ({"phar_code": "Y1"}, None),
            ({"phar_prac_cert_no": "LIC-1"}, None),
            ({"phar_code": "Y9"}, "practice.practitioner_unknown"),
            ({"phar_code": "D1"}, "practice.not_at_institution"),
        ],
    )
    def test_the_pharmacist_who_reviewed_is_looked_at(
        self, counter: Counter, said: dict[str, str], outcome: str | None
    ) -> None:
        self.furnish(counter)
        answer = counter.office.say("2102", counter.sale(counter.line(), expContent=json.dumps(said)))
        assert (answer["infcode"] == 0) if outcome is None else (refused(answer) == outcome)


class TestCancelling:
    """What a cancellation puts back, and that it does so once."""

    @pytest.fixture
    def counter(self, store: Store) -> Counter:
        return open_counter(store)

    def test_account_family_and_year_are_as_they_were(self, counter: Counter) -> None:
        counter.settle(counter.sale(counter.line(price="50.00"), acct_used_flag="0"))
        before = counter.totals()
        info = counter.settle(counter.sale(counter.line(price="900.00")))
        assert (counter.balance(), counter.balance(WANG)) == (0, 50)
        answer = counter.cancel(info)
        undone = answer["output"]["setlinfo"]
        assert (counter.balance(), counter.balance(WANG), counter.totals()) == (60, 100, before)
        assert (undone["setl_id"], undone["mdtrt_id"]) == (info["setl_id"], info["mdtrt_id"])
        names = ("medfee_sumamt", "inscp_scp_amt", "fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")
        assert [-Decimal(one) for one in money(undone, names)] == [Decimal(one) for one in money(info, names)]
        assert (money(undone, ("balc",)), answer["warn_msg"]) == (["60.00"], "")

    def test_a_second_one_changes_nothing_and_says_so(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()))
        first = counter.cancel(info)
        counter.office.clock.forward(hours=1)
        second = counter.cancel(info)
        assert second["output"] == first["output"]
        assert "此前已撤销" in str(second["warn_msg"])
        assert (says_found(str(first["warn_msg"])), says_found(str(second["warn_msg"]))) == (False, True)
        assert str(second["output"]["setlinfo"]["medins_setl_id"]) in str(second["warn_msg"]), "whose it was"  # type: ignore[index,call-overload]
        assert counter.balance() == 60

    def test_ten_at_once_cancel_once(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()))
        bodies = [counter.office.body("2103", {"data": named(info)}) for _ in range(10)]
        with ThreadPoolExecutor(10) as pool:
            answers = [json.loads(reply.body) for reply, _ in pool.map(counter.office.post, bodies)]
        assert {one["infcode"] for one in answers} == {0}
        assert len({one["output"]["setlinfo"]["medins_setl_id"] for one in answers}) == 1
        assert counter.balance() == 60

    def test_afterwards_the_same_sale_settles_anew(self, counter: Counter) -> None:
        sale = counter.sale(counter.line(), **NUMBER)
        first = counter.settle(sale)
        counter.cancel(first)
        second = counter.settle(sale)
        assert second["setl_id"] != first["setl_id"]
        assert refused(counter.cancel({**second, "setl_id": "no such"})) == "settlement.unknown"

    @pytest.mark.parametrize("changed", [{"psn_no": WANG}, {"mdtrt_id": "M0"}, {"setl_id": "S0"}])
    def test_what_does_not_belong_together_is_refused(self, counter: Counter, changed: dict[str, str]) -> None:
        info = counter.settle(counter.sale(counter.line()))
        answer = counter.cancel(info | changed)
        assert refused(answer) == "settlement.unknown"
        (name,) = changed.values()
        assert name in str(answer["err_msg"])

    def test_another_institution_cannot_touch_it(self, counter: Counter) -> None:
        info = counter.settle(counter.sale(counter.line()))
        with counter.office.store.writing() as connection:
            bound = institutions.Caller(institutions.CallerKind.TOKEN, "tok1", HOSPITAL, "admin", NOON)
            institutions.bind_caller(connection, bound)
        assert refused(counter.cancel(info, fixmedins_code=HOSPITAL)) == "settlement.unknown"

    def test_in_the_next_year_it_is_last_years_totals_that_move(self, counter: Counter) -> None:
        counter.office.clock.now = datetime(2026, 12, 31, 23, 30, tzinfo=BEIJING)
        info = counter.settle(counter.sale(counter.line(price="800.00")))
        counter.office.clock.forward(hours=2)
        fresh = counter.settle(counter.sale(counter.line(price="500.00")))
        assert money(fresh, ("act_pay_dedc",)) == ["300.00"]
        kept = counter.totals(year=2027)
        assert counter.totals()["dedc:310-outpatient"] == 300
        counter.cancel(info)
        assert (counter.totals(), counter.totals(year=2027)) == ({}, kept)


class TestQuery:
    """5203: what was settled."""

    def test_it_tells_the_settlement_and_whether_it_stands(self, counter: Counter) -> None:
        answer = counter.office.say("2102", counter.sale(counter.line()))
        info = answer["output"]["setlinfo"]
        asked = counter.office.say("5203", {"data": named(info)})["output"]
        assert asked["setldetail"] == answer["output"]["setldetail"]
        both = asked["setlinfo"].keys() & info.keys()
        assert len(both) > 30
        assert {name: asked["setlinfo"][name] for name in both} == {name: info[name] for name in both}
        assert (asked["setlinfo"]["refd_setl_flag"], asked["setlinfo"]["year"]) == ("0", "2026")
        counter.cancel(info)
        assert counter.office.say("5203", {"data": named(info)})["output"]["setlinfo"]["refd_setl_flag"] == "1"

    def test_a_till_without_an_answer_asks_by_its_msgid(self, counter: Counter) -> None:
        sale = counter.sale(counter.line())
        info = counter.settle(sale, msgid=f"{PHARMACY}202603101200000901")
        counter.office.say("2102", sale, msgid=f"{PHARMACY}202603101200000902")
        for msgid in (f"{PHARMACY}202603101200000901", f"{PHARMACY}202603101200000902"):
            data = {"setl_id": msgid, "mdtrt_id": msgid, "psn_no": LI}
            assert counter.office.say("5203", {"data": data})["output"]["setlinfo"]["setl_id"] == info["setl_id"]
        data = {"setl_id": f"{PHARMACY}202603101200000903", "mdtrt_id": "-", "psn_no": LI}
        answer = counter.office.say("5203", {"data": data})
        assert refused(answer) == "settlement.unknown"


def test_a_hospital_sells_nothing_unless_the_area_lets_it(migrated_file: Path, tmp_path: Path) -> None:
    with file_store(migrated_file, tmp_path) as store:
        counter = open_counter(store)
        with store.writing() as connection:
            bound = institutions.Caller(institutions.CallerKind.TOKEN, "tok1", HOSPITAL, "admin", NOON)
            institutions.bind_caller(connection, bound)
        counter.office.stand(Standing.ACTIVE, code=HOSPITAL)
        sale = counter.sale(counter.line())
        for infno in ("2101", "2102"):
            answer = counter.office.say(infno, sale, fixmedins_code=HOSPITAL)
            assert refused(answer) == "fsi.institution_kind"
            for names in ("医院", "药店", infno, "2201"):
                assert names in f"{answer['err_msg']}{answer['warn_msg']}"
        area = replace(shipped_area("base"), hospitals_sell=True)
        allowed = open_counter(store, area=area).office.say("2102", sale, fixmedins_code=HOSPITAL)
        assert allowed["infcode"] == 0, allowed
