from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from server.api.access import SESSION_COOKIE
from server.centre import Centre
from server.people.roles import PERMISSIONS, Permission, Role
from server.store.database import Store
from tests.server.api.conftest import PASSWORD, Clock
from tests.server.fake_terminal import NOW, FakeTerminal

READ, APPROVE, MANAGE = Permission.READ, Permission.APPROVE, Permission.MANAGE

MATRIX: dict[tuple[str, str], Permission | None] = {
    ("POST", "/api/v1/session"): None,
    ("DELETE", "/api/v1/session"): None,
    ("GET", "/healthz"): None,
    ("GET", "/api/v1/session"): READ,
    ("GET", "/api/v1/roles"): READ,
    ("GET", "/api/v1/users"): MANAGE,
    ("POST", "/api/v1/users"): MANAGE,
    ("PUT", "/api/v1/users/{name}/password"): MANAGE,
    ("PUT", "/api/v1/users/{name}/active"): MANAGE,
    ("GET", "/api/v1/tokens"): MANAGE,
    ("POST", "/api/v1/tokens"): MANAGE,
    ("DELETE", "/api/v1/tokens/{token_id}"): MANAGE,
    ("GET", "/api/v1/audit"): MANAGE,
    ("GET", "/api/v1/terminals"): READ,
    ("GET", "/api/v1/terminals/{terminal_id}"): READ,
    ("POST", "/api/v1/terminals/{terminal_id}/approve"): APPROVE,
    ("POST", "/api/v1/terminals/{terminal_id}/revoke"): APPROVE,
    ("GET", "/api/v1/terminals/{terminal_id}/rejected"): READ,
    ("GET", "/api/v1/alarms"): READ,
    ("GET", "/api/v1/alarms/newest"): READ,
    ("GET", "/api/v1/codes/{code:path}"): READ,
    ("GET", "/api/v1/ledger"): READ,
    ("GET", "/api/v1/ledger/conflicts"): READ,
    ("GET", "/api/v1/events"): READ,
    ("GET", "/api/v1/scans/live"): READ,
    ("GET", "/api/v1/catalogue/match"): READ,
    ("GET", "/api/v1/catalogue/products"): READ,
    ("POST", "/api/v1/catalogue"): MANAGE,
    ("GET", "/api/v1/status"): READ,
}

BODIES = {
    ("POST", "/api/v1/session"): {"name": "admin", "password": PASSWORD},
    ("POST", "/api/v1/users"): {"name": "new", "role": "inspector"},
    ("PUT", "/api/v1/users/{name}/password"): {},
    ("PUT", "/api/v1/users/{name}/active"): {"is_active": True},
    ("POST", "/api/v1/tokens"): {"label": "t"},
}
QUERIES = {("GET", "/api/v1/catalogue/match"): {"system": "gtin", "key": "1"}}


def test_the_matrix_names_every_endpoint(client: TestClient) -> None:
    documented = {
        (method.upper(), path)
        for path, methods in client.get("/openapi.json").json()["paths"].items()
        for method in methods
    }
    assert documented == {(method, path.replace(":path", "")) for method, path in MATRIX}


def call(client: TestClient, method: str, path: str, headers: dict[str, str]) -> int:
    address = path.replace("{name}", "inspector").replace("{terminal_id}", "T-001").replace("{token_id}", "none")
    address = address.replace("{code:path}", "86000110000000000001")
    body = BODIES.get((method, path))
    content = {"json": body} if body is not None else {}
    return client.request(method, address, headers=headers, params=QUERIES.get((method, path)), **content).status_code  # type: ignore[arg-type]


@pytest.mark.parametrize("caller", [None, *Role], ids=str)
def test_each_endpoint_lets_pass_exactly_whom_the_matrix_allows(
    client: TestClient, store: Store, bearer: dict[Role, dict[str, str]], caller: Role | None
) -> None:
    FakeTerminal().registered(store)
    wrong = []
    for (method, path), needed in MATRIX.items():
        if path == "/api/v1/scans/live" and caller is not None:
            continue  # it never ends; test_live_scans follows it
        status = call(client, method, path, bearer[caller] if caller else {})
        if needed is None:
            allowed = status < 400
        elif caller is None:
            allowed = status == 401
        elif needed in PERMISSIONS[caller]:
            allowed = status not in {401, 403} and status < 500
        else:
            allowed = status == 403
        if not allowed:
            wrong.append(f"{caller} {method} {path}: {status}")
        client.cookies.clear()
    assert wrong == []


def test_no_documentation_page_that_loads_from_elsewhere_is_served(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        assert client.get(path).status_code == 404


class TestSession:
    """Signing in with name and password."""

    def test_the_cookie_carries_the_session(self, client: TestClient) -> None:
        answer = client.post("/api/v1/session", json={"name": "operator", "password": PASSWORD})

        assert answer.status_code == 200
        assert answer.json()["role"] == "operator"
        assert answer.json()["permissions"] == ["approve", "read"]
        cookie = answer.headers["set-cookie"].lower()
        assert SESSION_COOKIE in cookie
        for flag in ("httponly", "samesite=lax"):
            assert flag in cookie
        assert client.get("/api/v1/session").json()["name"] == "operator"
        assert client.get("/api/v1/terminals").status_code == 200
        assert client.delete("/api/v1/session").status_code == 204
        assert client.get("/api/v1/session").status_code == 401

    def test_it_ends_by_itself(self, client: TestClient, clock: Clock) -> None:
        client.post("/api/v1/session", json={"name": "operator", "password": PASSWORD})
        clock.forward(hours=12)

        assert client.get("/api/v1/session").status_code == 401

    def test_five_wrong_passwords_lock_the_account(self, client: TestClient, clock: Clock) -> None:
        wrong = {"name": "operator", "password": "wrong"}
        answers = [client.post("/api/v1/session", json=wrong) for _ in range(6)]

        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert answers[-1].json()["code"] == "auth.locked_out"
        right = {"name": "operator", "password": PASSWORD}
        assert client.post("/api/v1/session", json=right).status_code == 429
        clock.forward(minutes=15)
        assert client.post("/api/v1/session", json=right).status_code == 200

    def test_another_site_cannot_use_the_cookie(self, client: TestClient) -> None:
        client.post("/api/v1/session", json={"name": "operator", "password": PASSWORD})

        answer = client.post("/api/v1/terminals/T-001/approve", headers={"origin": "https://evil.example"})

        assert answer.status_code == 403
        assert answer.json()["code"] == "web.cross_origin"
        assert "访问令牌" in answer.json()["next"]["zh"]

    def test_a_revoked_token_and_a_disabled_account_are_out_at_once(
        self, client: TestClient, bearer: dict[Role, dict[str, str]]
    ) -> None:
        admin = bearer[Role.ADMIN]
        made = client.post("/api/v1/tokens", json={"label": "x", "user": "inspector"}, headers=admin).json()
        program = {"authorization": f"Bearer {made['token']}"}
        assert client.get("/api/v1/session", headers=program).json()["name"] == "inspector/x"
        assert client.delete(f"/api/v1/tokens/{made['id']}", headers=admin).status_code == 204
        assert client.get("/api/v1/session", headers=program).status_code == 401

        client.put("/api/v1/users/operator/active", json={"is_active": False}, headers=admin)
        assert client.get("/api/v1/session", headers=bearer[Role.OPERATOR]).status_code == 401


class TestProblems:
    """Whatever goes wrong, the answer has a code, both languages and a next step."""

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/api/v1/nowhere", 404, "request.not_found"),
            ("PATCH", "/api/v1/users", 405, "web.http"),
            ("GET", "/api/v1/terminals/T-404", 404, "request.not_found"),
            ("GET", "/api/v1/ledger?limit=0", 422, "request.invalid"),
            ("GET", "/api/v1/ledger?limit=many", 422, "request.invalid"),
            ("GET", "/api/v1/events?after=x", 422, "request.invalid"),
            ("POST", "/api/v1/users", 422, "request.invalid"),
            ("POST", "/api/v1/tokens", 422, "request.invalid"),
            ("GET", "/api/v1/catalogue/match?system=colour&key=1", 422, "request.invalid"),
            ("GET", "/api/v1/catalogue/match?system=gtin&key=1", 404, "request.not_found"),
            ("GET", f"/api/v1/codes/{'8' * 101}", 422, "request.invalid"),
        ],
    )
    def test_problems(self, admin: TestClient, method: str, path: str, status: int, code: str) -> None:
        answer = admin.request(method, path)

        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert (body["status"], body["code"]) == (status, code)
        assert body["zh"]
        assert body["en"]
        assert body["next"]["zh"]
        assert body["next"]["en"]

    def test_a_text_that_no_database_keeps_is_the_callers_fault(self, admin: TestClient) -> None:
        for path in ("/api/v1/codes/a%00b", "/api/v1/terminals/a%00b", "/api/v1/ledger?after=%00"):
            assert admin.get(path).status_code < 500

    def test_a_fault_of_ours_says_so_and_hides_its_inside(
        self, admin: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def explode(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("server.api.facts.find_history", explode)
        with capture_logs() as logged:
            answer = admin.get("/api/v1/codes/1")

        assert [entry["event"] for entry in logged] == ["api.fault"]
        assert answer.status_code == 500
        assert answer.json()["code"] == "server.internal"
        assert "secret" not in answer.text

    def test_a_database_that_is_gone_is_worth_another_try(self, admin: TestClient, centre: Centre) -> None:
        with centre.store.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE ledger RENAME TO elsewhere")
        try:
            answer = admin.get("/api/v1/ledger")
        finally:
            with centre.store.writing() as connection:
                connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO ledger")

        assert answer.status_code in {422, 503}
        assert answer.json()["code"].startswith("store.")


def test_first_steps_of_a_new_administrator(client: TestClient, bearer: dict[Role, dict[str, str]]) -> None:
    admin = bearer[Role.ADMIN]
    made = client.post("/api/v1/users", json={"name": "王芳", "role": "operator"}, headers=admin)
    assert made.status_code == 201
    again = client.post("/api/v1/users", json={"name": "王芳", "role": "operator"}, headers=admin)
    assert (again.status_code, again.json()["code"]) == (409, "request.conflict")

    signed = client.post("/api/v1/session", json={"name": "王芳", "password": made.json()["password"]})
    assert signed.status_code == 200
    client.cookies.clear()
    changed = client.put("/api/v1/users/王芳/password", json={"password": "a longer one"}, headers=admin)
    assert changed.json()["password"] == "a longer one"
    names = [user["name"] for user in client.get("/api/v1/users", headers=admin).json()]
    assert names == ["admin", "inspector", "operator", "王芳"]
    trail = client.get("/api/v1/audit", headers=admin).json()
    assert [(one["who"], one["action"]) for one in trail][-2:] == [
        ("admin/t", "account.add"),
        ("admin/t", "account.password"),
    ]
    assert trail[-1]["at"] == NOW.isoformat().replace("+00:00", "Z")
