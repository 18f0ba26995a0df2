"""The live stream ends with the right to read it: signing out, a disabled account, a new password, a revoked token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest

from server.api.access import SESSION_COOKIE
from server.api.application import create_app
from server.centre import Centre
from server.people.roles import COMMAND_LINE, Role
from tests.browser.serving import serving
from tests.server.api.conftest import PASSWORD
from tests.server.fake_terminal import NOW

DEADLINE_S = 30.0
"""Less than the silence after which a stream would ask by itself."""


@pytest.fixture
def address(centre: Centre) -> Iterator[str]:
    with serving(create_app(centre)) as found:
        yield found
        centre.bus.close()


@pytest.fixture
def admin(centre: Centre, address: str) -> Iterator[httpx.Client]:
    secret = centre.tokens.create("a", "admin", by=COMMAND_LINE, now=NOW).secret
    with httpx.Client(base_url=address, headers={"authorization": f"Bearer {secret}"}) as made:
        yield made


@contextmanager
def following(address: str, headers: dict[str, str]) -> Iterator[threading.Event]:
    """Read the live stream in a thread; the event is set when the server has ended it."""
    is_open, has_ended = threading.Event(), threading.Event()

    def read() -> None:
        with httpx.stream("GET", f"{address}/api/v1/scans/live", headers=headers, timeout=30) as answer:
            for _line in answer.iter_lines():
                is_open.set()
        has_ended.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    assert is_open.wait(DEADLINE_S)
    yield has_ended


def session_of(address: str, name: str) -> dict[str, str]:
    answer = httpx.post(f"{address}/api/v1/session", json={"name": name, "password": PASSWORD})
    return {"cookie": f"{SESSION_COOKIE}={answer.cookies[SESSION_COOKIE]}"}


Ending = Callable[[httpx.Client, dict[str, str]], httpx.Response]


def sign_out(admin: httpx.Client, reader: dict[str, str]) -> httpx.Response:
    return httpx.delete(f"{admin.base_url}/api/v1/session", headers=reader)


def disable(admin: httpx.Client, _reader: dict[str, str]) -> httpx.Response:
    return admin.put("/api/v1/users/inspector/active", json={"is_active": False})


def change_password(admin: httpx.Client, _reader: dict[str, str]) -> httpx.Response:
    return admin.put("/api/v1/users/inspector/password", json={})


@pytest.mark.parametrize("end", [sign_out, disable, change_password])
def test_stream_of_a_session_ends_with_it(address: str, admin: httpx.Client, end: Ending) -> None:
    reader = session_of(address, "inspector")
    other = session_of(address, "operator")
    with following(address, reader) as has_ended, following(address, other) as other_has_ended:
        assert end(admin, reader).is_success
        assert has_ended.wait(DEADLINE_S)
        assert not other_has_ended.is_set()


def test_stream_of_a_token_ends_when_it_is_revoked(centre: Centre, address: str, admin: httpx.Client) -> None:
    made = centre.tokens.create("p", Role.INSPECTOR.value, by=COMMAND_LINE, now=NOW)
    with following(address, {"authorization": f"Bearer {made.secret}"}) as has_ended:
        assert admin.delete(f"/api/v1/tokens/{made.id}").is_success
        assert has_ended.wait(DEADLINE_S)
