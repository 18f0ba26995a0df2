from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from server.store import institutions, practitioners
from server.store.database import Store
from server.store.institutions import Caller, CallerKind, Institution, InstitutionKind
from server.store.practitioners import Post, Practitioner, PractitionerKind
from server.store.standings import Standing, StandingSpan
from tests.server.store.settlement_rows import NOON


def institution(code: str, **values: object) -> Institution:
    one = Institution(code, f"虚构 {code}", InstitutionKind.PHARMACY, "pharmacy", "350203", "", True, NOON)
    return replace(one, **values)  # type: ignore[arg-type]


def span(subject: str, standing: Standing = Standing.ACTIVE, **values: object) -> StandingSpan:
    one = StandingSpan(subject, NOON, standing, None, "", "admin", NOON)
    return replace(one, **values)  # type: ignore[arg-type]


def test_institutions_are_found_by_code_by_kind_and_by_name(store: Store) -> None:
    hospital = institution("H1", kind=InstitutionKind.HOSPITAL, level="3", name="医院", is_dual_channel=False)
    with store.writing() as connection:
        institutions.put_institutions(connection, [institution("P2"), hospital, institution("P1")])
        institutions.put_institutions(connection, [institution("P1", district="350206")])

    with store.reading() as connection:
        assert institutions.load_institution(connection, "P1") == institution("P1", district="350206")
        assert institutions.load_institution(connection, "P9") is None
        assert institutions.load_institutions(connection, ["H1", "P9"]) == {"H1": hospital}
        page = institutions.load_institution_page(connection, after="H1", limit=1)
        pharmacies = institutions.load_institution_page(connection, limit=9, kind=InstitutionKind.PHARMACY)
        named = institutions.load_institution_page(connection, limit=9, name="医院")
    assert [one.code for one in page] == ["P1"]
    assert [one.code for one in pharmacies] == ["P1", "P2"]
    assert named == [hospital]


def test_standings_come_in_the_order_in_which_they_begin(store: Store) -> None:
    later = span(
        "P1", Standing.SUSPENDED, from_at=NOON + timedelta(days=1), to_at=NOON + timedelta(days=2), reason="因"
    )
    with store.writing() as connection:
        institutions.put_institutions(connection, [institution("P1"), institution("P2")])
        institutions.put_standings(connection, [later, span("P1"), span("P2")])
        ended = replace(later, to_at=None)
        institutions.put_standings(connection, [ended])

    with store.reading() as connection:
        assert institutions.load_standings(connection, "P1") == [span("P1"), ended]
        assert len(institutions.load_standings_of_all(connection, ["P1", "P2"])) == 3


def test_a_caller_speaks_for_the_institutions_that_it_is_bound_to(store: Store) -> None:
    caller = Caller(CallerKind.TOKEN, "t1", "P1", "admin", NOON)
    with store.writing() as connection:
        institutions.put_institutions(connection, [institution("P1"), institution("P2")])
        for _ in range(2):
            institutions.bind_caller(connection, caller)

        assert institutions.speaks_for(connection, CallerKind.TOKEN, "t1", "P1")
        assert not institutions.speaks_for(connection, CallerKind.TOKEN, "t1", "P2")
        assert not institutions.speaks_for(connection, CallerKind.TERMINAL, "t1", "P1")
        assert institutions.load_callers(connection) == institutions.load_callers(connection, "P1") == [caller]
        assert institutions.load_callers(connection, "P2") == []
        assert institutions.unbind_caller(connection, CallerKind.TOKEN, "t1", "P1")
        assert not institutions.unbind_caller(connection, CallerKind.TOKEN, "t1", "P1")


def test_practitioners_are_found_by_code_by_licence_and_by_institution(store: Store) -> None:
    doctor = Practitioner("D1", "医", PractitionerKind.DOCTOR, "", NOON)
    pharmacist = Practitioner("Y1", "药", PractitionerKind.PHARMACIST, "2103", NOON)
    post = Post("D1", "H1", date(2020, 1, 1), None)
    with store.writing() as connection:
        practitioners.put_practitioners(connection, [pharmacist, doctor])
        practitioners.put_posts(
            connection, [post, replace(post, institution="H2"), Post("Y1", "P1", post.from_day, None)]
        )
        practitioners.put_posts(connection, [replace(post, to_day=date(2025, 12, 31))])
        practitioners.put_standings(connection, [span("D1", Standing.SUSPENDED)])

    with store.reading() as connection:
        assert practitioners.load_practitioner(connection, "D1") == doctor
        assert practitioners.load_practitioner(connection, "D9") is None
        assert practitioners.load_practitioners(connection, ["Y1"]) == {"Y1": pharmacist}
        assert practitioners.find_by_licence(connection, "2103") == [pharmacist]
        # Who has no licence number on record is not found by none.
        assert practitioners.find_by_licence(connection, "") == []
        posts = practitioners.load_posts(connection, "D1")
        assert [(one.institution, one.to_day) for one in posts] == [("H1", date(2025, 12, 31)), ("H2", None)]
        assert len(practitioners.load_posts_of_all(connection, ["D1", "Y1"])) == 3
        everybody = practitioners.load_practitioner_page(connection, limit=9)
        assert [one.code for one in everybody] == ["D1", "Y1"]
        assert practitioners.load_practitioner_page(connection, limit=9, institution="P1") == [pharmacist]
        assert practitioners.load_standings(connection, "D1") == [span("D1", Standing.SUSPENDED)]
        assert len(practitioners.load_standings_of_all(connection, ["D1"])) == 1
