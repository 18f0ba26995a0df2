from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from web.security import SecurityMiddleware, clear_session_cookie, set_session_cookie

BASE = "http://127.0.0.1:8700"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()

    @app.get("/page")
    def page(response: Response) -> dict[str, str]:
        set_session_cookie(response, "s", "token", max_age_s=60, is_tls=True)
        return {"ok": "yes"}

    @app.get("/asset")
    def asset(response: Response) -> dict[str, str]:
        response.headers["cache-control"] = "max-age=60"
        clear_session_cookie(response, "s", is_tls=False)
        return {"ok": "yes"}

    @app.post("/change")
    async def change(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close()

    app.add_middleware(SecurityMiddleware, allowed_hosts=["Console.example"], body_limit=1_000)
    with TestClient(app, base_url=BASE) as made:
        yield made


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    headers = client.get("/page").headers

    for part in ("default-src 'self'", "img-src 'self' data: blob:", "media-src 'self' blob:"):
        assert part in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert client.get("/asset").headers["cache-control"] == "max-age=60"
    assert client.get("/nowhere").headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8700", "localhost", "LOCALHOST:1", "[::1]:8700", "console.example", "console.example."]
)
def test_known_hosts_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/page", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "console.example@evil"])
def test_other_hosts_are_refused_with_a_code_and_a_next_step(client: TestClient, host: str) -> None:
    answer = client.get("/page", headers={"host": host})

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == "web.host_refused"
    assert body["zh"]
    assert body["en"]
    assert set(body["next"]) == {"zh", "en"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program, no browser
        ({"origin": BASE}, 200),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "same-origin", "origin": BASE}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"sec-fetch-site": "same-site", "origin": BASE}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "cross-site", "authorization": "Bearer t"}, 200),
    ],
)
def test_changes_from_other_sites_are_refused(client: TestClient, headers: dict[str, str], status: int) -> None:
    answer = client.post("/change", headers=headers)

    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "web.cross_origin"
    assert "令牌" not in answer.text, "only a server that has tokens may advise one"


def test_reading_from_other_sites_is_left_to_the_browser(client: TestClient) -> None:
    assert client.get("/page", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_a_websocket_from_another_site_is_closed(client: TestClient) -> None:
    with client.websocket_connect("/ws", headers={"origin": BASE, "host": "127.0.0.1:8700"}):
        pass
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect("/ws", headers={"origin": "https://evil.example", "host": "localhost"}),
    ):
        pass
    assert refused.value.reason == "web.cross_origin"


def test_a_body_beyond_the_limit_is_refused_declared_or_not(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 100

    assert client.post("/change", content=b"x" * 1_000).json() == {"bytes": 1_000}
    declared = client.post("/change", content=b"x" * 1_001)
    assert declared.status_code == 413
    assert declared.json()["code"] == "web.body_too_large"
    assert client.post("/change", content=chunks()).status_code == 413
    assert client.post("/change", headers={b"content-length": "²".encode("latin-1")}).status_code == 413


def test_the_session_cookie_is_shut_to_scripts_and_other_sites(client: TestClient) -> None:
    given = client.get("/page").headers["set-cookie"].lower()

    assert "s=token" in given
    for flag in ("httponly", "samesite=lax", "secure", "path=/", "max-age=60"):
        assert flag in given
    taken = client.get("/asset").headers["set-cookie"].lower()
    assert "max-age=0" in taken
    assert "secure" not in taken
