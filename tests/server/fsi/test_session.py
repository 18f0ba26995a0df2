"""9001, 9002 and what a sign-in is good for; 1101 and 1201."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from server.fsi.parts import SignInTerms
from server.people.insured import Identity, sealed
from server.store import institutions, insured, practitioners
from server.store.database import Store, open_store
from server.store.institutions import Caller, CallerKind
from server.store.insured import Credential, Fact, FactKind, Insurance
from server.store.practitioners import Post, Practitioner, PractitionerKind
from server.store.standings import Standing, StandingSpan
from tests.server.conftest import emptied
from tests.server.fsi.counter import CARD, DISTRICT, LI, TOKEN_OF_LI, ZHAO, open_counter
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, SIGN_IN, Office
from wire.fsi.checking import check_output
from wire.fsi.json_text import decode_json
from wire.fsi.tables import transaction
from wire.fsi.values import BEIJING

ASK = {"medinsinfo": {"fixmedins_type": "2"}}


@pytest.fixture(scope="module")
def opened_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = open_store(f"sqlite:///{Path(tmp_path_factory.mktemp('session'))}/centre.db", new_epoch=lambda: "e")
    yield made
    made.close()


@pytest.fixture
def office(opened_store: Store) -> Office:
    """One that demands sign-ins, its store empty but for the two institutions."""
    emptied(opened_store)
    return Office(opened_store, terms=SignInTerms(is_demanded=True)).furnish()


def output(office: Office, infno: str, answer: dict[str, object]) -> Any:
    """Return the output of an answer that was given and fits its table."""
    assert answer["infcode"] == 0, answer["err_msg"]
    exact = decode_json(json.dumps(answer["output"]).encode())
    assert check_output(exact, transaction(infno, office.area)) == ()
    return answer["output"]


def code(answer: dict[str, object]) -> str:
    return str(answer["err_msg"]).partition("]")[0].removeprefix("[")


class TestSigningIn:
    """Numbers of operators and days."""

    def test_business_names_the_number_that_9001_gave(self, office: Office) -> None:
        given = output(office, "9001", office.say("9001", SIGN_IN))["signinoutb"]
        assert given["sign_time"] == "2026-03-10 12:00:00"
        assert len(given["sign_no"]) == 30
        assert office.say("1201", ASK, sign_no=given["sign_no"])["infcode"] == 0

    def test_each_sign_in_has_a_number_of_its_own_and_all_hold(self, office: Office) -> None:
        numbers = [office.sign_in(), office.sign_in()]
        assert len(set(numbers)) == 2
        assert [office.say("1201", ASK, sign_no=number)["infcode"] for number in numbers] == [0, 0]

    @pytest.mark.parametrize(
        ("case", "words"),
        [
            ("none", "必填"),
            ("unknown", "不存在"),
            ("another operator", "属于操作员 wang"),
            ("signed out", "已签退"),
            ("yesterday", "已过期"),
        ],
    )
    def test_without_a_good_one_business_is_refused_with_what_to_do(
        self, office: Office, case: str, words: str
    ) -> None:
        said: dict[str, object] = {"sign_no": office.sign_in("wang" if case == "another operator" else "li01")}
        if case == "none":
            said = {}
        elif case == "unknown":
            said = {"sign_no": "0" * 30}
        elif case == "signed out":
            office.say("9002", {"signOut": {"opter_no": "li01", **said}})
        elif case == "yesterday":
            office.clock.forward(hours=12)
        answer = office.say("1201", ASK, **said)
        assert code(answer) == "fsi.sign_in_needed"
        assert words in str(answer["err_msg"])
        assert "请先用 9001 签到" in str(answer["err_msg"])

    def test_a_message_that_lacked_it_may_be_sent_with_it_under_the_same_msgid(self, office: Office) -> None:
        counter = open_counter(office.store, terms=office.terms)
        sale, msgid = counter.sale(counter.line()), f"{PHARMACY}202603101200000042"
        assert code(counter.office.say("2102", sale, msgid=msgid)) == "fsi.sign_in_needed"
        assert counter.office.say("2102", sale, msgid=msgid, sign_no=office.sign_in())["infcode"] == 0

    def test_a_message_that_was_answered_gets_its_answer_under_the_next_days_sign_in_too(self, office: Office) -> None:
        counter = open_counter(office.store, terms=office.terms)
        sale, msgid, sent = counter.sale(counter.line()), f"{PHARMACY}202603101200000043", counter.now
        first = counter.office.say("2102", sale, msgid=msgid, sign_no=office.sign_in(), inf_time=sent)
        counter.office.clock.forward(hours=13)
        office.clock.forward(hours=13)
        again = counter.office.say("2102", sale, msgid=msgid, sign_no=office.sign_in(), inf_time=sent)
        assert (first["infcode"], again) == (0, first)

    def test_another_institutions_number_is_unknown(self, office: Office) -> None:
        number = office.sign_in()
        with office.store.writing() as connection:
            institutions.bind_caller(connection, Caller(CallerKind.TOKEN, "tok1", HOSPITAL, "admin", NOON))
        answer = office.say("1201", ASK, sign_no=number, fixmedins_code=HOSPITAL)
        assert code(answer) == "fsi.sign_in_needed"

    def test_another_operators_number_is_told_at_once(self, office: Office) -> None:
        answer = office.say("9001", {"signIn": SIGN_IN["signIn"] | {"opter_no": "wang"}})
        assert answer["infcode"] == 0
        assert "opter（经办人）应与其一致" in str(answer["warn_msg"])

    def test_where_none_is_demanded_none_is_looked_at(self, office: Office) -> None:
        free = Office(office.store, terms=SignInTerms(is_demanded=False))
        assert free.say("1201", ASK, sign_no="stale")["infcode"] == 0

    def test_signing_out_ends_it_and_a_second_time_says_so(self, office: Office) -> None:
        number = office.sign_in()
        out = {"signOut": {"opter_no": "li01", "sign_no": number}}
        assert output(office, "9002", office.say("9002", out))["signoutoutb"]["sign_time"] == "2026-03-10 12:00:00"
        again = office.say("9002", out)
        assert (again["infcode"], "此前已签退" in str(again["warn_msg"])) == (0, True)

    def test_a_colleagues_sign_in_is_not_ended_by_a_slip(self, office: Office) -> None:
        number = office.sign_in("wang")
        answer = office.say("9002", {"signOut": {"opter_no": "li01", "sign_no": number}})
        assert code(answer) == "fsi.sign_in_needed"
        assert "属于操作员 wang" in str(answer["err_msg"])
        assert office.say("1201", ASK, sign_no=number, opter="wang")["infcode"] == 0

    @pytest.mark.parametrize("is_by_number", [True, False])
    def test_who_ends_a_colleagues_sign_in_on_purpose_is_told(self, office: Office, *, is_by_number: bool) -> None:
        number = office.sign_in("wang")
        said = {"opter_no": "wang"} | ({"sign_no": number} if is_by_number else {})
        answer = office.say("9002", {"signOut": said})
        assert answer["infcode"] == 0
        assert "签退的是操作员 wang 的签到" in str(answer["warn_msg"])
        assert code(office.say("1201", ASK, sign_no=number, opter="wang")) == "fsi.sign_in_needed"

    def test_signing_out_without_a_number_ends_all_of_the_operator(self, office: Office) -> None:
        mine, others = [office.sign_in(), office.sign_in()], office.sign_in("wang")
        assert office.say("9002", {"signOut": {"opter_no": "li01"}})["infcode"] == 0
        assert {code(office.say("1201", ASK, sign_no=number)) for number in mine} == {"fsi.sign_in_needed"}
        assert office.say("1201", ASK, sign_no=others, opter="wang")["infcode"] == 0
        assert code(office.say("9002", {"signOut": {"opter_no": "li01"}})) == "fsi.sign_in_needed"

    @pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.ENDED])
    def test_who_cannot_sign_in_any_more_is_not_asked_for_it(self, office: Office, standing: Standing) -> None:
        number, asked = office.sign_in(), {"data": {"setl_id": "S1", "mdtrt_id": "V1", "psn_no": LI}}
        office.stand(standing, until=NOON + timedelta(days=30))
        assert code(office.say("5203", asked, sign_no=number)) == "settlement.unknown"
        assert office.say("9002", {"signOut": {"opter_no": "li01", "sign_no": number}})["infcode"] == 0
        wanted = "settlement.unknown" if standing is Standing.ENDED else "fsi.sign_in_needed"
        assert code(office.say("5203", asked)) == wanted

    def test_business_is_closed_while_suspended_and_open_again_afterwards(self, office: Office) -> None:
        counter = open_counter(office.store, terms=SignInTerms(is_demanded=False))
        office.stand(Standing.SUSPENDED, until=NOON + timedelta(days=2))
        office.stand(Standing.ACTIVE, code=HOSPITAL)
        sale = counter.sale(counter.line())
        assert code(counter.office.say("2101", sale)) == "practice.institution_suspended"
        assert code(counter.office.say("2102", sale)) == "practice.institution_suspended"
        counter.office.clock.forward(days=3)
        assert counter.office.say("2102", counter.sale(counter.line()))["infcode"] == 0


class TestPractitioners:
    """Operators who are on the register."""

    @pytest.fixture
    def office(self, opened_store: Store) -> Office:
        emptied(opened_store)
        made = Office(opened_store).furnish()
        people = [
            Practitioner("Y1", "虚构药一", PractitionerKind.PHARMACIST, "210001", NOON),
            Practitioner("Y2", "虚构药二", PractitionerKind.PHARMACIST, "210002", NOON),
        ]
        posts = [Post("Y1", PHARMACY, date(2020, 1, 1), None), Post("Y2", HOSPITAL, date(2020, 1, 1), None)]
        with opened_store.writing() as connection:
            practitioners.put_practitioners(connection, people)
            practitioners.put_posts(connection, posts)
        return made

    def sign_in(self, office: Office, operator: str) -> dict[str, object]:
        return office.say("9001", {"signIn": SIGN_IN["signIn"] | {"opter_no": operator}}, opter=operator)

    @pytest.mark.parametrize("operator", ["Y1", "210001", "li01"])
    def test_who_practises_here_or_is_none_signs_in(self, office: Office, operator: str) -> None:
        answer = self.sign_in(office, operator)
        assert (answer["infcode"], answer["warn_msg"]) == (0, "")

    @pytest.mark.parametrize("operator", ["Y2", "210002"])
    def test_who_practises_elsewhere_does_not(self, office: Office, operator: str) -> None:
        assert code(self.sign_in(office, operator)) == "practice.not_at_institution"

    @pytest.mark.parametrize("named", ["opter", "opter_no"])
    def test_either_name_counts(self, office: Office, named: str) -> None:
        said = {"signIn": SIGN_IN["signIn"] | ({"opter_no": "Y2"} if named == "opter_no" else {})}
        answer = office.say("9001", said, **({"opter": "Y2"} if named == "opter" else {}))
        assert code(answer) == "practice.not_at_institution"

    @pytest.mark.parametrize("standing", [Standing.SUSPENDED, Standing.ENDED])
    def test_who_is_suspended_is_told_and_whose_right_ended_is_refused(
        self, office: Office, standing: Standing
    ) -> None:
        with office.store.writing() as connection:
            gone = StandingSpan("Y1", NOON - timedelta(days=1), standing, None, "检查", "admin", NOON)
            practitioners.put_standings(connection, [gone])
        answer = self.sign_in(office, "Y1")
        if standing is Standing.ENDED:
            assert code(answer) == "practice.practitioner_ended"
        else:
            assert answer["infcode"] == 0
            assert "药师 Y1 自 2026-03-09 12:00 起暂停" in str(answer["warn_msg"])


@pytest.mark.parametrize(
    ("terms", "begun", "ends"),
    [
        (SignInTerms(), datetime(2026, 3, 10, 9, tzinfo=BEIJING), datetime(2026, 3, 11, tzinfo=BEIJING)),
        (SignInTerms(), datetime(2026, 12, 31, 23, 59, tzinfo=BEIJING), datetime(2027, 1, 1, tzinfo=BEIJING)),
        (
            SignInTerms(lasts=timedelta(hours=2)),
            datetime(2026, 3, 10, 9, tzinfo=BEIJING),
            datetime(2026, 3, 10, 11, tzinfo=BEIJING),
        ),
        (
            SignInTerms(ends_with_day=False),
            datetime(2026, 3, 10, 9, tzinfo=BEIJING),
            datetime(2026, 3, 11, 9, tzinfo=BEIJING),
        ),
    ],
)
def test_a_sign_in_ends_with_its_hours_or_its_day(terms: SignInTerms, begun: datetime, ends: datetime) -> None:
    assert terms.end_of(begun) == ends


class TestPerson:
    """1101."""

    @pytest.fixture
    def people(self, opened_store: Store) -> Office:
        emptied(opened_store)
        return open_counter(opened_store).office

    def ask(self, office: Office, kind: str = "02", number: str = CARD[LI], **more: str) -> dict[str, object]:
        return office.say("1101", {"data": {"mdtrt_cert_type": kind, "mdtrt_cert_no": number, **more}})

    def test_a_card_tells_who_and_how_insured(self, people: Office) -> None:
        found = output(people, "1101", self.ask(people))
        assert found["baseinfo"] == {
            "psn_no": LI,
            "psn_cert_type": "01",
            "certno": CARD[LI],
            "psn_name": "李一",
            "gend": "1",
            "naty": "01",
            "brdy": "1980-01-01",
            "age": 46,
        }
        (insured_as,) = found["insuinfo"]
        assert (insured_as["insutype"], insured_as["balc"], insured_as["insuplc_admdvs"]) == ("310", 60, DISTRICT)
        assert found["idetinfo"] == []

    @pytest.mark.parametrize(("born", "age"), [(None, 18), (date(2026, 3, 10), 0), (date(2026, 9, 1), 0)])
    def test_an_age_is_never_made_up_in_silence(self, people: Office, born: date | None, age: int) -> None:
        one = Identity("PSN0009", "14", "E0009", "外籍", "1", "", born)
        with people.store.writing() as connection:
            insured.put_people(connection, [sealed(one, people.sealer, NOON)])
        answer = self.ask(people, "03", "A0009", card_sn="1", certno="E0009", psn_cert_type="14", psn_name="外籍")
        assert output(people, "1101", answer)["baseinfo"]["age"] == age
        assert ("没有出生日期记录" in str(answer["warn_msg"])) is (born is None)

    def test_a_voucher_token_tells_the_same_person(self, people: Office) -> None:
        assert output(people, "1101", self.ask(people, "01", TOKEN_OF_LI))["baseinfo"]["psn_no"] == LI

    def test_identities_of_the_month_are_told(self, people: Office) -> None:
        with people.store.writing() as connection:
            spans = [("1", date(2026, 3, 20), None), ("2", date(2025, 1, 1), date(2026, 2, 28))]
            facts = [Fact(LI, FactKind.ASSISTANCE, code, since, to, {"memo": "低保"}) for code, since, to in spans]
            insured.put_facts(connection, facts)
        (identity,) = output(people, "1101", self.ask(people))["idetinfo"]
        assert (identity["psn_idet_type"], identity["begntime"], identity["memo"]) == (
            "1",
            "2026-03-20 00:00:00",
            "低保",
        )

    def test_past_insurance_is_told_if_asked_for(self, people: Office) -> None:
        with people.store.writing() as connection:
            past = Insurance(LI, "390", date(2010, 1, 1), date(2019, 12, 31), "15", DISTRICT, False, "4", "")
            insured.put_insurances(connection, [past])
        assert len(output(people, "1101", self.ask(people))["insuinfo"]) == 1
        since = output(people, "1101", self.ask(people, begntime="2019-06-01 00:00:00"))["insuinfo"]
        assert {one["insutype"]: one["balc"] for one in since} == {"310": 60, "390": 0}
        assert len(output(people, "1101", self.ask(people, begntime="2020-06-01 00:00:00"))["insuinfo"]) == 1

    def test_who_is_not_insured_now_is_told_so(self, people: Office) -> None:
        with people.store.writing() as connection:
            ended = Insurance(ZHAO, "390", date(2020, 1, 1), date(2025, 12, 31), "15", DISTRICT, False, "4", "")
            insured.put_insurances(connection, [ended])
        answer = self.ask(people, number=CARD[ZHAO])
        assert output(people, "1101", answer)["insuinfo"] == []
        assert "没有参保记录" in str(answer["warn_msg"])

    @pytest.mark.parametrize(
        ("said", "refusal"),
        [
            ({"number": "350203199901010099"}, "people.unknown"),
            ({"certno": CARD[ZHAO], "psn_cert_type": "01", "psn_name": "赵三"}, "fsi.person_unknown"),
            ({"certno": CARD[LI], "psn_cert_type": "01", "psn_name": "王二"}, "fsi.person_unknown"),
        ],
    )
    def test_who_is_not_meant_by_all_that_was_shown_is_refused(
        self, people: Office, said: dict[str, str], refusal: str
    ) -> None:
        answer = self.ask(people, **said)
        assert code(answer) == refusal
        assert "350203199901010099" not in str(answer)

    @pytest.mark.parametrize(
        "said",
        [
            {"certno": CARD[LI], "psn_name": "王二"},
            {"certno": CARD[LI], "psn_cert_type": "03", "psn_name": "李一"},
            {"certno": "350203199901010099", "psn_name": "李一"},
            {"kind": "02", "number": CARD[LI], "psn_name": "王二"},
            {"kind": "02", "number": CARD[LI], "certno": CARD[ZHAO], "psn_name": "李一"},
            {"kind": "02", "number": CARD[LI], "certno": "350203199901010099", "psn_name": "李一"},
        ],
    )
    def test_whichever_part_is_wrong_the_words_are_the_same(self, people: Office, said: dict[str, str]) -> None:
        answer = self.ask(people, **{"kind": "03", "number": "A0001", "card_sn": "1", **said})
        assert code(answer) == "fsi.person_unknown"
        assert "凭证、证件号码与姓名不属于同一参保人" in str(answer["err_msg"])

    @pytest.mark.parametrize("certno", [CARD[LI], "350203199901010099"])
    def test_a_certificate_without_its_name_finds_nobody(self, people: Office, certno: str) -> None:
        answer = self.ask(people, "03", "A0001", card_sn="1", certno=certno)
        assert "[fsi.condition] data.psn_name（人员姓名）必填" in str(answer["err_msg"])

    def test_a_certificate_finds_whom_the_credential_does_not(self, people: Office) -> None:
        answer = self.ask(people, "03", "A0001", card_sn="1", certno=CARD[LI], psn_cert_type="01", psn_name="李一")
        assert output(people, "1101", answer)["baseinfo"]["psn_no"] == LI

    def test_a_credential_that_has_run_out_is_refused(self, people: Office) -> None:
        with people.store.writing() as connection:
            digest = people.sealer.digest("01", "old")
            old = Credential("01", digest, LI, None, None, NOON - timedelta(days=9), NOON - timedelta(days=1))
            insured.put_credentials(connection, [old])
        assert code(self.ask(people, "01", "old")) == "people.credential"


class TestInstitution:
    """1201."""

    def ask(self, office: Office, kind: str, **more: str) -> dict[str, object]:
        free = Office(office.store, clock=office.clock, numbers=office.numbers)
        return free.say("1201", {"medinsinfo": {"fixmedins_type": kind, **more}})

    @pytest.mark.parametrize(
        ("kind", "more", "found"),
        [
            ("2", {}, [PHARMACY]),
            ("1", {"fixmedins_code": HOSPITAL}, [HOSPITAL]),
            ("1", {"fixmedins_name": "示例医院"}, [HOSPITAL]),
            ("2", {"fixmedins_code": PHARMACY, "fixmedins_name": "示例药店"}, [PHARMACY]),
        ],
    )
    def test_by_code_by_name_or_itself(self, office: Office, kind: str, more: dict[str, str], found: list[str]) -> None:
        told = output(office, "1201", self.ask(office, kind, **more))["medinsinfo"]
        assert [one["fixmedins_code"] for one in told] == found
        assert {one["fixmedins_type"] for one in told} == {kind}

    @pytest.mark.parametrize(
        ("kind", "more"),
        [
            ("1", {}),
            ("2", {"fixmedins_code": HOSPITAL}),
            ("2", {"fixmedins_code": PHARMACY, "fixmedins_name": "别的"}),
            ("2", {"fixmedins_name": "没有"}),
            ("9", {}),
        ],
    )
    def test_what_does_not_fit_is_refused(self, office: Office, kind: str, more: dict[str, str]) -> None:
        assert code(self.ask(office, kind, **more)) == "fsi.no_such_institution"
