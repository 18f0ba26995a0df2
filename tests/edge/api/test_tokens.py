"""Programs without a browser: a token each, with its scopes, in the shift and the name of whoever is at work."""

from __future__ import annotations

import json
from http import HTTPStatus

import pytest

from edge.operators.guesses import FREE
from edge.operators.pos_tokens import EVERY_SCOPE, Scope, TokenGuesses, list_tokens, make_token, revoke
from tests.edge.api.conftest import Client
from tests.edge.api.test_routes import problem
from tests.edge.scene import NOON, TERMINAL, TRACE_1, TRACE_2, Shop
from wire.events import Dispensed, Scanned

SALE = f"{TERMINAL}-20261121-1"
SCANS, CLOSE = ("POST", "/api/v1/scans", {"raw": TRACE_1}), ("POST", "/api/v1/sale/close", {})


def token_of(shop: Shop, *scopes: Scope, name: str = "pos-1") -> str:
    return make_token(shop.connection, name, scopes or EVERY_SCOPE, NOON).secret


def program(client: Client, *scopes: Scope, name: str = "pos-1") -> Client:
    """Return a client that shows a token and no cookie; somebody is at work with a browser."""
    client.sign_in()
    client.cookies.clear()
    client.headers["authorization"] = f"Bearer {token_of(client.shop, *scopes, name=name)}"
    return client


def test_a_program_scans_and_sells_in_the_name_of_whoever_is_at_work(client):
    pos = program(client)
    scan = pos.post("/scans", {"raw": TRACE_1}, key="k1")
    assert (scan["verdict"], scan["device"], scan["sale"]) == ("added", "pos:pos-1", SALE)
    assert pos.post("/scans", {"raw": TRACE_1}, key="k1") == scan
    assert pos.get("/session")["operator"] == "li"
    closed = pos.post("/sale/close", {"sale": SALE}, key="k2")
    assert [line["codes"] for line in closed["lines"]] == [[TRACE_1]]
    sold = [event for event in pos.shop.events() if isinstance(event.fact, Scanned | Dispensed)]
    assert {event.operator for event in sold} == {"li"}


def test_what_a_person_enters_through_a_program_says_so_itself(client):
    assert program(client).post("/scans", {"raw": TRACE_1, "entry": "typed"})["device"] == "typed"


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [(Scope.READ, {"look"}), (Scope.SCAN, {"scan"}), (Scope.SELL, {"sell"})],
)
def test_a_token_allows_what_its_scopes_say(stocked, scope, allowed):
    client = program(Client(stocked, is_open=False), scope)
    asked = {"look": ("GET", "/api/v1/sale", None), "scan": SCANS, "sell": ("PUT", "/api/v1/mode", {"mode": "receive"})}
    for what, (method, path, body) in asked.items():
        answer = client.ask(method, path, body)
        expected = HTTPStatus.OK if what in allowed else HTTPStatus.FORBIDDEN
        assert answer.status_code == expected, (what, answer.text)
        assert what in allowed or problem(answer) == "token.scope"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/dead-letters/e/send", None),
        ("PUT", "/api/v1/dead-letters/e/set-aside", {"reason": "x"}),
        ("PUT", "/api/v1/scanner-setup", {"device": "serial:left"}),
    ],
)
def test_what_only_a_person_may_do_takes_no_token(client, method, path, body):
    answer = program(client).ask(method, path, body)
    assert (answer.status_code, problem(answer)) == (403, "token.scope")
    assert "操作员" in answer.json()["zh"]


def test_a_program_cannot_end_the_shift(client):
    assert problem(program(client).ask("DELETE", "/api/v1/session")) == "session.required"


def test_nothing_is_sold_where_nobody_is_at_work_but_a_program_may_look(stocked):
    client = Client(stocked, is_open=False)
    client.headers["authorization"] = f"Bearer {token_of(stocked)}"
    for method, path, body in (SCANS, CLOSE):
        answer = client.ask(method, path, body)
        assert (answer.status_code, problem(answer)) == (409, "shift.not_open")
    assert client.get("/sale")["id"] is None
    client.shop.sign_in()
    assert client.post("/scans", {"raw": TRACE_1})["verdict"] == "added"
    stocked.clock.advance(12 * 3_600 + 1)
    assert problem(client.ask(*SCANS)) == "shift.not_open"


def test_a_token_ends_when_it_is_revoked_and_its_name_may_be_used_again(client):
    pos = program(client)
    pos.post("/scans", {"raw": TRACE_1})
    revoke(pos.shop.connection, "pos-1", NOON)
    answer = pos.ask(*CLOSE)
    assert (answer.status_code, problem(answer), answer.headers["www-authenticate"]) == (401, "token.refused", "Bearer")
    again = token_of(pos.shop, Scope.SCAN)
    pos.headers["authorization"] = f"Bearer {again}"
    assert pos.post("/scans", {"raw": TRACE_2})["quantity"] == 2
    rows = list_tokens(pos.shop.connection)
    assert [(row.name, row.scopes, row.revoked_at is None) for row in rows] == [
        ("pos-1", "read scan sell", False),
        ("pos-1", "scan", True),
    ]
    assert rows[0].used_at == NOON


@pytest.mark.parametrize("shown", ["Bearer yima_wrong", "bearer revoked", "Bearer ", "Bearer"])
def test_a_token_that_is_shown_and_not_in_force_is_refused_also_where_none_is_asked_for(client, shown):
    revoked = token_of(client.shop)
    revoke(client.shop.connection, "pos-1", NOON)
    client.get("/sale")
    client.headers["authorization"] = shown.replace("revoked", revoked)
    paths = client.ask("GET", "/openapi.json").json()["paths"]
    asked = [path for path, ways in paths.items() if "get" in ways and path.startswith("/api/v1/")]
    assert len(asked) > 15
    for path in asked:
        client.shop.clock.advance(3_600)
        answer = client.ask("GET", path.replace("{", "").replace("}", ""))
        assert (answer.status_code, problem(answer), path) == (401, "token.refused", path)
    for method, body in (("POST", {"operator": client.login, "password": client.password}), ("DELETE", None)):
        client.shop.clock.advance(3_600)
        answer = client.ask(method, "/api/v1/session", body)
        assert (answer.status_code, problem(answer)) == (401, "token.refused")
    del client.headers["authorization"]
    client.get("/sale")


def test_a_good_token_looks_on_this_machine_whatever_it_allows(client):
    assert program(client, Scope.SCAN).get("/sale")["id"] is None


def test_only_the_digest_of_a_token_is_kept(client):
    secret = token_of(client.shop)
    with client.shop.connection.begin():
        kept = client.shop.connection.exec_driver_sql("SELECT * FROM api_token").fetchall()
    assert secret not in json.dumps([list(row) for row in kept])


def test_guessing_is_slowed_down_and_holds_nobody_up_who_was_right_before(client):
    pos = program(client)
    pos.post("/scans", {"raw": TRACE_1})
    right = dict(pos.headers)
    pos.headers["authorization"] = "Bearer yima_guess"
    answers = [problem(pos.ask(*CLOSE)) for _ in range(FREE + 2)]
    assert answers == ["token.refused"] * FREE + ["token.locked"] * 2
    assert pos.ask(*CLOSE).headers["retry-after"] == "30"
    pos.headers = right
    assert pos.post("/scans", {"raw": TRACE_2})["quantity"] == 2
    pos.headers["authorization"] = f"Bearer {token_of(pos.shop, name='pos-2')}"
    pos.ask(*SCANS)
    pos.headers["authorization"] = "Bearer yima_guess"
    pos.shop.clock.advance(31)
    assert problem(pos.ask(*CLOSE)) == "token.refused"


def test_callers_that_guess_are_remembered_in_a_bounded_number():
    guesses = TokenGuesses()
    for number in range(1_500):
        for _ in range(FREE):
            guesses.note_wrong(f"10.0.{number // 250}.{number % 250}", "d", NOON)
    assert guesses.wait("10.0.5.249", "x", NOON)
    assert not guesses.wait("10.0.0.1", "x", NOON)


def test_the_document_declares_tokens(client):
    document = client.ask("GET", "/openapi.json").json()
    scheme = document["components"]["securitySchemes"]["API token"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert {"API token": []} in document["paths"]["/api/v1/scans"]["post"]["security"]
