"""The national interface over HTTP: statuses, bounds, and an answer of the interface in every body."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from codes.errors import YimaError
from codes.words import Words
from server.errors import SignInError, StoreUnavailableError
from server.fsi import http
from server.fsi.figures import Outcome
from server.fsi.http import MOST_BODY_BYTES, fsi_routes
from server.fsi.post import Post, Reply, Voice
from server.fsi.transactions.files import LARGEST_BYTES
from server.store.database import Store, open_store
from tests.server.fsi.office import NOON, SIGN_IN, VOICE, Office
from wire.fsi.areas import shipped_area
from wire.fsi.signing import PATH
from wire.fsi.tables import envelope

BEARER = {"authorization": "Bearer right"}


def know_voice(secret: str, _now: datetime) -> Voice:
    if secret == "down":
        raise StoreUnavailableError(Words("断开", "gone"))
    if secret != "right":
        raise SignInError(Words("无效", "not valid"))
    return VOICE


class Scripted:
    """Answers as a test says, and counts how many it answers at once."""

    path = "/mbs/fmi/fsi/api/callFsiService/callService"

    def __init__(self, outcome: Outcome = Outcome.ANSWERED) -> None:
        self.outcome = outcome
        self.posts: list[Post] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.gate = threading.Event()
        self.gate.set()

    def answer(self, post: Post) -> Reply:
        with self.lock:
            self.posts.append(post)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        self.gate.wait(30)
        with self.lock:
            self.at_once -= 1
        return Reply(b'{"infcode":0}', self.outcome)

    def refuse(self, error: YimaError, _arrived_at: datetime, outcome: Outcome = Outcome.REFUSED) -> Reply:
        return Reply(json.dumps({"infcode": -1, "err_msg": f"[{error.code}]"}).encode(), outcome, error.code)


def app_of(answers: object, workers: int = 2) -> FastAPI:
    app = FastAPI()
    routes = fsi_routes(
        answers,  # type: ignore[arg-type]
        know_voice=know_voice,
        envelope=envelope(shipped_area("base")),
        now=lambda: NOON,
        workers=workers,
    )
    app.include_router(routes)
    return app


@pytest.fixture
def answers() -> Scripted:
    return Scripted()


@pytest.fixture
def client(answers: Scripted) -> Iterator[TestClient]:
    with TestClient(app_of(answers), headers=BEARER) as made:
        yield made


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = open_store(f"sqlite:///{Path(tmp_path_factory.mktemp('http'))}/centre.db", new_epoch=lambda: "e")
    yield made
    made.close()


def test_a_message_is_answered_with_the_bytes_that_are_kept(store: Store) -> None:
    office = Office(store).furnish()
    with TestClient(app_of(office.answering), headers=BEARER) as client:
        body = office.body("9001", SIGN_IN)
        first, second = (client.post(PATH, content=body) for _ in range(2))
        refused = client.post(PATH, content=office.body("9001", {}))
        stranger = client.post(PATH, content=office.body("9001", SIGN_IN), headers={"authorization": ""})
    assert (first.status_code, first.headers["content-type"]) == (200, "application/json")
    assert first.json()["infcode"] == 0
    assert second.content == first.content
    assert (refused.status_code, refused.json()["infcode"]) == (200, -1)
    assert (stranger.status_code, stranger.headers["www-authenticate"]) == (401, "Bearer")
    assert stranger.json()["infcode"] == -1
    assert stranger.json()["inf_refmsgid"]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome.ANSWERED, 200),
        (Outcome.REPEATED, 200),
        (Outcome.REFUSED, 200),
        (Outcome.UNREADABLE, 200),
        (Outcome.UNPROVED, 401),
        (Outcome.BUSY, 503),
        (Outcome.FAILED, 500),
    ],
)
def test_the_status_says_whether_the_message_came_so_far(outcome: Outcome, status: int) -> None:
    with TestClient(app_of(Scripted(outcome))) as client:
        answer = client.post(PATH, content=b"{}")
    assert answer.status_code == status
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "application/json",
        "application/json; charset=UTF-8",
        "text/plain",
        "text/json;charset=utf-8",
        "TEXT/PLAIN",
    ],
)
def test_what_counters_call_their_json_is_taken(client: TestClient, kind: str | None) -> None:
    assert client.post(PATH, content=b"{}", headers={"content-type": kind} if kind else {}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json; charset=gbk"},
        {"content-type": "application/xml"},
        {"content-encoding": "gzip"},
    ],
    ids=lambda one: next(iter(one.values())),
)
def test_another_kind_of_body_is_refused_in_the_form_of_the_interface(
    client: TestClient, answers: Scripted, headers: dict[str, str]
) -> None:
    answer = client.post(PATH, content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["err_msg"]) == (415, "[fsi.media_type]")
    assert answers.posts == []


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_that_is_too_large_is_refused(client: TestClient, answers: Scripted, is_declared: bool) -> None:
    piece = b" " * 1_000_000
    whole = [piece] * (MOST_BODY_BYTES // len(piece) + 1)
    answer = client.post(PATH, content=b"".join(whole) if is_declared else iter(whole))
    assert (answer.status_code, answer.json()["err_msg"]) == (413, "[fsi.too_large]")
    assert answers.posts == []


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("size", [30, 10_000])
def test_what_is_too_large_is_read_to_a_bound_so_that_its_sender_hears_why(
    answers: Scripted, size: int, is_declared: bool
) -> None:
    """A client that sends before it listens would see a broken line instead of the answer."""
    piece, read, sent = b" " * 1_000_000, 0, list[Any]()

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": piece, "more_body": read < size}

    async def send(message: Any) -> None:
        sent.append(message)

    declared = [(b"content-length", b"%d" % (size * len(piece)))] if is_declared else []
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": PATH, "headers": declared, "query_string": b""}
    asyncio.run(app_of(answers)(scope, receive, send))
    assert sent[0]["status"] == 413
    assert read == min(size, 68)


def test_the_largest_file_has_room_in_a_message_that_hides_it_twice() -> None:
    in_base64 = LARGEST_BYTES * 4 / 3
    assert (in_base64 + 64 * 1024) * 2 < MOST_BODY_BYTES


def test_the_area_may_have_a_path_of_its_own_beside_ours(client: TestClient, answers: Scripted) -> None:
    assert client.post(answers.path, content=b"{}").status_code == 200
    assert client.get(PATH).status_code == 405
    assert list(client.get("/openapi.json").json()["paths"]) == [PATH]


def test_the_document_describes_the_envelope(client: TestClient) -> None:
    described = client.get("/openapi.json").json()["paths"][PATH]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert {"infno", "msgid", "fixmedins_code"} <= set(schema["required"])
    assert schema["properties"]["opter_type"]["enum"] == ["1", "2", "3"]
    assert schema["properties"]["msgid"]["maxLength"] == 30
    assert {"200", "401", "413", "415", "503"} <= set(described["responses"])
    assert described["security"] == [{"HTTPBearer": []}]


def test_a_token_says_who_calls_and_an_unknown_one_says_nothing(client: TestClient, answers: Scripted) -> None:
    for header in ("Bearer right", "bearer  right", "Bearer wrong", "Basic right", "Bearer "):
        client.post(PATH, content=b"{}", headers={"authorization": header})
    assert [post.voice for post in answers.posts] == [VOICE, VOICE, None, None, None]
    assert answers.posts[0].headers["authorization"] == "Bearer right"


def test_a_database_that_cannot_tell_whose_token_it_is_makes_it_503(client: TestClient) -> None:
    answer = client.post(PATH, content=b"{}", headers={"authorization": "Bearer down"})
    assert (answer.status_code, answer.json()["err_msg"]) == (503, "[fsi.busy]")


def test_messages_beyond_the_workers_wait_and_beyond_the_bound_are_told_to_come_again(
    answers: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MOST_WAITING", 5)
    answers.gate.clear()

    async def many() -> list[int]:
        transport = httpx.ASGITransport(app=app_of(answers, workers=2))
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=BEARER) as client:
            calls = [asyncio.ensure_future(client.post(PATH, content=b"{}")) for _ in range(8)]
            while sum(call.done() for call in calls) < 3 or answers.at_once < 2:  # noqa: ASYNC110 - other threads
                await asyncio.sleep(0)
            answers.gate.set()
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    statuses = asyncio.run(many())
    assert (statuses.count(200), statuses.count(503)) == (5, 3)
    assert answers.most_at_once == 2
