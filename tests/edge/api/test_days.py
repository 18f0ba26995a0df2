"""Ends of days and hand-overs over the interface."""

from __future__ import annotations

import httpx
import pytest

from edge.operators.accounts import add_account
from tests.edge.api.conftest import Client
from tests.edge.scene import NOON, TRACE_1


def test_counter_is_handed_over_by_two_names_in_one_browser(at_work: Client) -> None:
    at_work.post("/scans", {"raw": TRACE_1})
    password = add_account(at_work.shop.connection, "zhao", "赵", NOON).password
    assert at_work.get("/drawer")["expected"] == "0.00"
    said = {"operator": "zhao", "password": password, "cash_counted": "200.00", "note": "备用金"}
    assert at_work.post("/hand-overs", said)["operator"] == "zhao"
    assert at_work.get("/session")["operator"] == "zhao"
    (kept,) = at_work.get("/hand-overs")
    assert (kept["giver"], kept["taker"], kept["cash_counted"], kept["note"]) == ("li", "zhao", "200.00", "备用金")


@pytest.mark.parametrize(
    ("said", "code"),
    [({}, "hand_over.same_person"), ({"password": "wrong-password"}, "session.refused")],
)
def test_hand_over_that_is_refused_changes_nothing(at_work: Client, said: dict[str, str], code: str) -> None:
    form = {"operator": "li", "password": at_work.password, "cash_counted": "1.00", **said}
    answer = at_work.ask("POST", "/api/v1/hand-overs", form)
    assert answer.json()["code"] == code
    assert at_work.get("/session")["operator"] == "li"
    assert at_work.get("/hand-overs") == []


def test_a_float_is_stated_and_signing_in_again_forgets_nothing(at_work: Client) -> None:
    stated = at_work.post("/drawer/count", {"cash_counted": "200.00", "note": "备用金"})
    assert (stated["expected"], stated["drawer"]["counted_by"]) == ("200.00", "li")
    at_work.post("/scans", {"raw": TRACE_1})
    at_work.post("/sale/close", {})
    at_work.shop.clock.advance(1)
    before = at_work.get("/drawer")
    assert before["expected"] == "209.81"
    at_work.sign_in()
    assert at_work.get("/drawer") == before


def test_minus_nothing_in_the_drawer_is_nothing(at_work: Client) -> None:
    assert at_work.post("/drawer/count", {"cash_counted": "-0.00"})["expected"] == "0.00"


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30"])
def test_a_day_that_no_book_has_is_refused_by_its_name(at_work: Client, day: str) -> None:
    for method, path, form in (("GET", "", None), ("POST", "/end", {}), ("POST", "/reopen", {"reason": "改"})):
        answer = at_work.ask(method, f"/api/v1/days/{day}{path}", form)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid"), answer.text


@pytest.mark.parametrize("path", ["/days", "/drawer", "/hand-overs"])
def test_who_is_not_signed_in_sees_nothing(client: Client, path: str) -> None:
    assert client.ask("GET", f"/api/v1{path}").status_code == httpx.codes.UNAUTHORIZED


def test_without_the_insurance_there_is_no_day_to_end(at_work: Client) -> None:
    answer = at_work.ask("POST", "/api/v1/days/2026-11-21/end", {})
    assert answer.json()["code"] == "till.no_interface"
    assert at_work.get("/days") == {"today": "2026-11-21", "begins_h": 0, "open": [], "ends": []}
