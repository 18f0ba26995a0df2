from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.fleet import Fleet
from server.people import practice
from server.people.accounts import Accounts
from server.people.list_file import Counts, ListFaultsError
from server.people.practice import (
    InstitutionEndedError,
    InstitutionSuspendedError,
    NotAtInstitutionError,
    PracticeError,
    PractitionerEndedError,
    PractitionerSuspendedError,
    UnknownInstitutionError,
    UnknownPractitionerError,
    standing_at,
)
from server.people.practice_register import Practice
from server.people.roles import COMMAND_LINE, Role
from server.people.tokens import Tokens
from server.store import audit
from server.store.database import Store
from server.store.institutions import Caller, CallerKind
from server.store.practitioners import PractitionerKind
from server.store.standings import Standing, StandingSpan
from tests.server.fake_terminal import FakeTerminal
from web.errors import InvalidRequestError, NotFoundError
from wire.fsi.values import BEIJING

SEED = Path(__file__).parents[3] / "config" / "seed"
NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
ACTIVE, SUSPENDED, ENDED = Standing.ACTIVE, Standing.SUSPENDED, Standing.ENDED
PHARMACY, HOSPITAL, CLOSED = "P35020300001", "H35020300001", "P35021100003"
DOCTOR, AWAY = "D350203000001", "D350203000003"


def span(first: int, standing: Standing, last: int | None = None) -> StandingSpan:
    """Return a span of days after NOW."""
    ends = None if last is None else NOW + timedelta(days=last)
    return StandingSpan("I1", NOW + timedelta(days=first), standing, ends, "", "admin", NOW)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], None),
        ([span(1, ACTIVE)], None),
        ([span(0, ACTIVE)], ACTIVE),
        ([span(-9, ACTIVE, 0)], None),
        ([span(-9, ACTIVE), span(-1, SUSPENDED, 1)], SUSPENDED),
        ([span(-9, ACTIVE), span(-3, SUSPENDED, 0)], ACTIVE),
        # Lifted early by a span that begins later.
        ([span(-9, ACTIVE), span(-3, SUSPENDED, 9), span(-1, ACTIVE)], ACTIVE),
        # Suspended within a suspension.
        ([span(-9, ACTIVE), span(-5, SUSPENDED, 9), span(-1, SUSPENDED, 2)], SUSPENDED),
        ([span(-9, ACTIVE), span(-1, ENDED)], ENDED),
        # A new agreement after the old one ended.
        ([span(-9, ENDED), span(-1, ACTIVE)], ACTIVE),
        # Of two that begin together the graver.
        ([span(-1, SUSPENDED), span(-1, ENDED), span(-1, ACTIVE)], ENDED),
    ],
)
def test_the_span_that_began_last_counts(spans: list[StandingSpan], expected: Standing | None) -> None:
    assert standing_at(spans, NOW) is expected
    assert standing_at(list(reversed(spans)), NOW) is expected


@given(st.lists(st.tuples(st.integers(-9, 9), st.sampled_from(Standing), st.none() | st.integers(-9, 9))))
def test_a_standing_is_that_of_a_span_that_covers_the_moment(told: list[tuple[int, Standing, int | None]]) -> None:
    spans = [span(*one) for one in told]
    covering = {one.standing for one in spans if one.from_at <= NOW and (one.to_at is None or one.to_at > NOW)}

    found = standing_at(spans, NOW)
    assert found in covering if covering else found is None


@pytest.fixture
def register(store: Store) -> Practice:
    made = Practice(store)
    made.import_institutions((SEED / "institutions.csv").read_bytes(), by=COMMAND_LINE, now=NOW)
    made.import_practitioners((SEED / "practitioners.csv").read_bytes(), by=COMMAND_LINE, now=NOW)
    return made


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


INSTITUTIONS_AT: list[tuple[str, str, type[PracticeError] | None]] = [
    (PHARMACY, "2026-03-10T12:00", None),
    (PHARMACY, "2025-01-01T00:00", None),
    (PHARMACY, "2024-12-31T23:59", UnknownInstitutionError),
    ("P9", "2026-03-10T12:00", UnknownInstitutionError),
    (CLOSED, "2025-12-31T23:59", None),
    (CLOSED, "2026-01-01T00:00", InstitutionEndedError),
]


def test_an_institution_settles_while_its_agreement_holds(register: Practice, store: Store) -> None:
    del register
    with store.reading() as connection:
        for code, at, error in INSTITUTIONS_AT:
            if error is None:
                assert practice.check_institution(connection, code, beijing(at)).code == code
                continue
            with pytest.raises(error) as refused:
                practice.check_institution(connection, code, beijing(at))
            assert code in refused.value.words.zh
            if code != "P9":
                # What is refused here stays open there.
                assert practice.find_institution(connection, code).code == code


def test_a_suspension_says_from_when_to_when_and_why(register: Practice, store: Store) -> None:
    begins, ends = beijing("2026-03-01T00:00"), beijing("2026-03-15T00:00")
    register.decide_institution(StandingSpan(PHARMACY, begins, SUSPENDED, ends, "记分", "admin", NOW))
    open_ended = StandingSpan(HOSPITAL, beijing("2026-03-01T08:30"), SUSPENDED, None, "", "admin", NOW)
    register.decide_institution(open_ended)

    with store.reading() as connection:
        with pytest.raises(InstitutionSuspendedError) as refused:
            practice.check_institution(connection, PHARMACY, NOW)
        assert refused.value.words.zh == f"定点机构 {PHARMACY} 自 2026-03-01 起暂停至 2026-03-14：记分"
        assert refused.value.code == "practice.institution_suspended"
        with pytest.raises(InstitutionSuspendedError, match="2026-03-01 08:30 起暂停，恢复时间另行通知"):
            practice.check_institution(connection, HOSPITAL, NOW)
        assert practice.check_institution(connection, PHARMACY, ends).code == PHARMACY
        decided = [
            one for one in audit.load_audit(connection, after=0, limit=9) if one.action == "institution.standing"
        ]
    assert decided[0].subject == PHARMACY
    assert decided[0].detail["reason"] == "记分"


DOCTORS_AT: list[tuple[str, str, str, type[PracticeError] | None]] = [
    (DOCTOR, HOSPITAL, "2026-03-10T12:00", None),
    (DOCTOR, "H35021100003", "2026-03-10T12:00", None),
    (DOCTOR, "H35021100003", "2023-12-31T12:00", NotAtInstitutionError),
    (DOCTOR, PHARMACY, "2026-03-10T12:00", NotAtInstitutionError),
    ("Y350203000001", PHARMACY, "2026-03-10T12:00", NotAtInstitutionError),
    ("D9", HOSPITAL, "2026-03-10T12:00", UnknownPractitionerError),
    (AWAY, HOSPITAL, "2026-03-31T23:59", PractitionerSuspendedError),
    (AWAY, HOSPITAL, "2026-04-01T00:00", None),
]


def test_a_doctor_prescribes_where_and_while_he_may(register: Practice, store: Store) -> None:
    del register
    with store.reading() as connection:
        for code, where, at, error in DOCTORS_AT:
            if error is None:
                found = practice.check_practitioner(connection, code, where, beijing(at), PractitionerKind.DOCTOR)
                assert found.code == code
                continue
            with pytest.raises(error):
                practice.check_practitioner(connection, code, where, beijing(at), PractitionerKind.DOCTOR)


def test_whoever_has_ended_practises_no_more(register: Practice, store: Store) -> None:
    register.decide_practitioner(StandingSpan(DOCTOR, NOW, ENDED, None, "吊销", "admin", NOW))
    with store.reading() as connection, pytest.raises(PractitionerEndedError, match="吊销"):
        practice.check_practitioner(connection, DOCTOR, HOSPITAL, NOW)


def test_a_pharmacist_is_known_by_the_licence(register: Practice, store: Store) -> None:
    del register
    with store.reading() as connection:
        found = practice.check_licence(connection, "210350203000001", PHARMACY, NOW)
        assert found.kind is PractitionerKind.PHARMACIST
        with pytest.raises(NotAtInstitutionError):
            practice.check_licence(connection, "210350203000001", HOSPITAL, NOW)
        # The licence of a doctor is no pharmacist's.
        for licence in ("110350203000001", "9", ""):
            with pytest.raises(UnknownPractitionerError):
                practice.check_licence(connection, licence, PHARMACY, NOW)


def test_callers_speak_for_what_they_are_bound_to_and_terminals_for_their_own(register: Practice, store: Store) -> None:
    Accounts(store).add("pos", Role.OPERATOR, by=COMMAND_LINE, now=NOW)
    token = Tokens(store).create("pos", "pos", by=COMMAND_LINE, now=NOW).id
    FakeTerminal(name="T-1", institution=PHARMACY).registered(store)
    of_token = Caller(CallerKind.TOKEN, token, HOSPITAL, "admin", NOW)
    of_terminal = Caller(CallerKind.TERMINAL, "T-1", HOSPITAL, "admin", NOW)
    for caller in (of_token, of_terminal):
        register.bind(caller, by=COMMAND_LINE, now=NOW)

    def may(kind: CallerKind, caller: str) -> list[bool]:
        with store.reading() as connection:
            return [practice.may_speak(connection, kind, caller, code) for code in (PHARMACY, HOSPITAL, CLOSED)]

    assert may(CallerKind.TOKEN, token) == [False, True, False]
    assert may(CallerKind.TERMINAL, "T-1") == [True, True, False]
    assert may(CallerKind.TERMINAL, "T-9") == [False, False, False]
    hospital = next(one for one in register.institutions(NOW) if one.institution.code == HOSPITAL)
    assert {one.caller for one in hospital.callers} == {token, "T-1"}

    register.unbind(of_terminal, by=COMMAND_LINE, now=NOW)
    assert may(CallerKind.TERMINAL, "T-1") == [True, False, False]
    with pytest.raises(NotFoundError):
        register.unbind(of_terminal, by=COMMAND_LINE, now=NOW)
    for unknown in (
        Caller(CallerKind.TOKEN, "no such token", HOSPITAL, "admin", NOW),
        Caller(CallerKind.TERMINAL, "T-9", HOSPITAL, "admin", NOW),
        Caller(CallerKind.TOKEN, token, "H9", "admin", NOW),
    ):
        with pytest.raises(NotFoundError):
            register.bind(unknown, by=COMMAND_LINE, now=NOW)


def test_a_terminal_whose_key_was_revoked_speaks_for_nobody(register: Practice, store: Store) -> None:
    del register
    FakeTerminal(name="T-1", institution=PHARMACY).registered(store)
    Fleet(store).revoke("T-1", by=COMMAND_LINE, now=NOW)
    with store.reading() as connection:
        assert not practice.may_speak(connection, CallerKind.TERMINAL, "T-1", PHARMACY)


def test_the_samples_say_the_same_when_taken_again(register: Practice) -> None:
    again = dict(register.import_institutions((SEED / "institutions.csv").read_bytes(), by=COMMAND_LINE, now=NOW))
    again |= register.import_practitioners((SEED / "practitioners.csv").read_bytes(), by=COMMAND_LINE, now=NOW)

    assert {name: (one.added, one.changed) for name, one in again.items()} == dict.fromkeys(again, (0, 0))
    assert [one.span.standing for one in register.institutions(NOW) if one.span] == [ACTIVE] * 6 + [ENDED]
    listed = {one.practitioner.code: one for one in register.practitioners(NOW)}
    assert len(listed[DOCTOR].posts) == 2
    assert listed[AWAY].span is not None
    assert [one.practitioner.code for one in register.practitioners(NOW, PHARMACY)] == ["Y350203000001"]
    with pytest.raises(UnknownInstitutionError):
        register.practitioners(NOW, "P9")


def institutions_csv(*lines: str) -> bytes:
    return "\n".join(("机构编码,机构名称,机构类型,机构等级,所在区划,状态,起始日期,截止日期", *lines)).encode()


FAULTY_LINES = [
    ("P1,药店,药店,,350203,有效,,", "起始日期", "people.empty"),
    ("P1,药店,药店,,350203,,2026-01-02,2026-01-01", "截止日期", "people.span"),
    ("H1,医院,医院,,350203,,2026-01-02,", "机构等级", "people.empty"),
    ("P-1,药店,药店,,350203,,2026-01-02,", "机构编码", "people.institution_code"),
    ("P1,药店,超市,,350203,,2026-01-02,", "机构类型", "people.not_in_list"),
]


def test_a_list_of_institutions_with_a_fault_is_refused(store: Store) -> None:
    register = Practice(store)
    for line, column, code in FAULTY_LINES:
        content = institutions_csv("P0,药店,药店,,350203,,2026-01-01,", line)
        with pytest.raises(ListFaultsError) as refused:
            register.import_institutions(content, by=COMMAND_LINE, now=NOW)
        assert [(one.line, one.column, one.code) for one in refused.value.faults] == [(3, column, code)]
    assert register.institutions(NOW) == []


def test_lines_of_one_institution_agree(store: Store) -> None:
    content = institutions_csv("P1,药店,药店,,350203,,2026-01-01,", "P1,别的药店,药店,,350203,终止,2026-02-01,")
    with pytest.raises(ListFaultsError, match="与第 2 行矛盾"):
        Practice(store).import_institutions(content, by=COMMAND_LINE, now=NOW)


def test_practitioners_practise_at_institutions_on_record(register: Practice) -> None:
    head = "人员编码,姓名,人员类型,机构编码,执业起始日期,执业截止日期\n"
    content = f"{head}D7,医,医师,H9,2026-01-01,\nD8,医,医师,{HOSPITAL},2026-01-02,2026-01-01\n".encode()
    with pytest.raises(ListFaultsError) as refused:
        register.import_practitioners(content, by=COMMAND_LINE, now=NOW)
    assert [one.code for one in refused.value.faults] == ["people.institution_unknown", "people.span"]


def test_a_trial_counts_and_writes_nothing(store: Store) -> None:
    register = Practice(store)
    content = (SEED / "institutions.csv").read_bytes()
    counts = register.import_institutions(content, by=COMMAND_LINE, now=NOW, is_trial=True)
    assert counts["institutions"] == Counts(7, 0, 0)
    assert register.institutions(NOW) == []
    register.import_institutions(content, by=COMMAND_LINE, now=NOW)
    doctors = (SEED / "practitioners.csv").read_bytes()
    assert register.import_practitioners(doctors, by=COMMAND_LINE, now=NOW, is_trial=True)["posts"] == Counts(6, 0, 0)
    assert register.practitioners(NOW) == []


def test_a_standing_is_decided_for_somebody_who_is_there_and_ends_after_it_begins(register: Practice) -> None:
    backwards = StandingSpan(PHARMACY, NOW, SUSPENDED, NOW, "", "admin", NOW)
    nobody = StandingSpan("X9", NOW, SUSPENDED, None, "", "admin", NOW)
    for decide in (register.decide_institution, register.decide_practitioner):
        with pytest.raises(InvalidRequestError):
            decide(backwards)
        with pytest.raises(NotFoundError):
            decide(nobody)


def test_a_post_ends_with_its_last_day(store: Store, register: Practice) -> None:
    head = "人员编码,姓名,人员类型,机构编码,执业起始日期,执业截止日期\n"
    content = f"{head}D350203000001,虚构医一,医师,{HOSPITAL},2020-01-01,2026-03-10\n".encode()
    register.import_practitioners(content.replace("虚构医一".encode(), "虚构医一".encode()), by=COMMAND_LINE, now=NOW)
    with store.reading() as connection:
        assert practice.check_practitioner(connection, DOCTOR, HOSPITAL, beijing("2026-03-10T23:59"))
        with pytest.raises(NotAtInstitutionError, match=str(date(2026, 3, 11))):
            practice.check_practitioner(connection, DOCTOR, HOSPITAL, beijing("2026-03-11T00:00"))
