"""Whatever goes wrong, a client reads one form: code, both languages, the next step, and nothing of the inside."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import ClassVar

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from codes.errors import YimaError
from codes.words import Words
from web.errors import BodyTooLargeError, NotFoundError
from web.problem import PROBLEM_TYPE, PROBLEMS, install_problems, status_of
from web.problem_body import Problem


class BusyError(YimaError):
    code: ClassVar[str] = "test.busy"


class LockedError(BusyError):
    code: ClassVar[str] = "test.locked"
    retry_after_s = 7


class DoorError(YimaError):
    code: ClassVar[str] = "test.door"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNAUTHORIZED


class BrokenError(YimaError):
    code: ClassVar[str] = "test.broken"


STATUSES = ((LockedError, HTTPStatus.TOO_MANY_REQUESTS), (BusyError, HTTPStatus.SERVICE_UNAVAILABLE))
WORDS = Words("坏了", "broken")


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=4)
    count: int


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    install_problems(app, STATUSES, unexpected=BrokenError(WORDS), challenge="Bearer")
    raised: dict[str, Exception] = {
        "busy": BusyError(WORDS),
        "locked": LockedError(WORDS),
        "door": DoorError(WORDS),
        "unknown": YimaError(WORDS),
        "bug": RuntimeError("secret insides"),
        "teapot": HTTPException(418, "short and stout", headers={"x-kept": "1"}),
        "bad": HTTPException(400, "There was an error parsing the body"),
    }

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise raised[name]

    @app.get("/large")
    def large() -> None:
        raise HTTPException(413, "web.body_too_large") from BodyTooLargeError(WORDS)

    @app.post("/orders", responses=PROBLEMS)
    def order(order: Order) -> None:
        raise AssertionError(order)

    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/raise/busy", 503, "test.busy"),
        ("GET", "/raise/locked", 429, "test.locked"),
        ("GET", "/raise/door", 401, "test.door"),
        ("GET", "/raise/unknown", 500, "yima.error"),
        ("GET", "/raise/bug", 500, "test.broken"),
        ("GET", "/raise/teapot", 418, "web.http"),
        ("GET", "/raise/bad", 400, "web.http"),
        ("GET", "/large", 413, "web.body_too_large"),
        ("GET", "/nowhere", 404, "request.not_found"),
        ("PATCH", "/orders", 405, "web.http"),
        ("POST", "/orders", 422, "request.invalid"),
    ],
)
def test_every_error_has_one_form(client: TestClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM_TYPE)
    body = Problem.model_validate_json(answer.text, extra="forbid")
    assert (body.status, body.code) == (status, code)
    assert body.en
    assert body.next.zh
    assert body.next.en
    assert set(re.findall(r"[A-Za-z]+", body.zh)) <= {"HTTP"}


def test_a_validation_message_names_each_field_and_is_wholly_chinese(client: TestClient) -> None:
    body = client.post("/orders", json={"code": "12345", "colour": 1}).json()
    assert body["zh"] == "请求内容有误：code：最多只能有 4 个字符；count：缺少该项；colour：没有这一项"
    assert body["en"] == (
        "The request is not valid: code should have 4 characters or fewer; count is missing; colour is not known here"
    )


def test_a_broken_body_is_said_without_a_made_up_field(client: TestClient) -> None:
    body = client.post("/orders", content="{broken", headers={"content-type": "application/json"}).json()
    assert body["zh"] == "请求内容有误：请求内容：不是有效的 JSON"


def test_a_body_that_is_not_declared_as_json_is_told_how(client: TestClient) -> None:
    body = client.post("/orders", content='{"code": "1", "count": 1}').json()
    assert "请求头须有 Content-Type: application/json" in body["zh"]
    assert "set Content-Type: application/json" in body["en"]
    told = client.post("/orders", json="x").json()
    assert "一组键与值" in told["zh"], "what is JSON, but no group, is told so"


def test_a_fault_is_logged_with_its_trace_and_never_shown(client: TestClient) -> None:
    with capture_logs() as logged:
        answer = client.get("/raise/bug")
    assert "secret" not in answer.text
    (line,) = logged
    assert (line["event"], line["log_level"], line["path"]) == ("api.fault", "error", "/raise/bug")
    assert isinstance(line["exc_info"], RuntimeError)


def test_only_what_a_person_must_look_at_is_logged(client: TestClient) -> None:
    with capture_logs() as logged:
        client.get("/raise/door")
        client.get("/raise/busy")
    assert [(line["event"], line["code"]) for line in logged] == [("api.failed", "test.busy")]


def test_the_way_in_and_the_wait_are_in_the_headers(client: TestClient) -> None:
    assert client.get("/raise/door").headers["www-authenticate"] == "Bearer"
    assert client.get("/raise/locked").headers["retry-after"] == "7"
    assert client.get("/raise/teapot").headers["x-kept"] == "1"
    assert "retry-after" not in client.get("/raise/busy").headers


def test_browsers_alone_get_no_challenge() -> None:
    app = FastAPI()
    install_problems(app, (), unexpected=BrokenError(WORDS))

    @app.get("/")
    def fail() -> None:
        raise DoorError(WORDS)

    assert "www-authenticate" not in TestClient(app).get("/").headers


def test_an_errors_own_status_goes_before_the_table() -> None:
    table = ((YimaError, HTTPStatus.CONFLICT),)
    assert status_of(NotFoundError(WORDS), table) == HTTPStatus.NOT_FOUND
    assert status_of(BusyError(WORDS), table) == HTTPStatus.CONFLICT


def test_the_document_describes_a_problem(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    answer = document["paths"]["/orders"]["post"]["responses"]["default"]
    assert answer["content"][PROBLEM_TYPE]["schema"] == {"$ref": "#/components/schemas/Problem"}
