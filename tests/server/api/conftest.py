from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient

from server.api.application import create_app
from server.centre import Centre
from server.fleet import Fleet
from server.ingest import Ingest
from server.ingest.asking import Asking
from server.live import LiveNews
from server.matching import Matching
from server.people.accounts import Accounts
from server.people.roles import COMMAND_LINE, Role
from server.people.signing_in import SigningIn
from server.people.tokens import Tokens
from server.store.database import Store
from tests.server.fake_terminal import NOW, new_key
from web import passwords
from web.live import LiveBus

PASSWORD = "correct horse"
BASE = "http://127.0.0.1:8700"


class Clock:
    """The centre's clock, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def centre(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Centre:
    """A whole centre on each database; one account and one token for each role."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    bus = LiveBus()
    matching = Matching(store)
    news = LiveNews(bus, matching)
    key = new_key()
    made = Centre(
        store=store,
        key=key,
        bus=bus,
        accounts=Accounts(store),
        signing_in=SigningIn(store, timedelta(hours=12)),
        tokens=Tokens(store),
        fleet=Fleet(store, news.terminal_changed),
        matching=matching,
        ingest=Ingest(store, key, announce=news.committed),
        asking=Asking(store, key),
        now=clock,
        started_at=NOW,
    )
    for role in Role:
        made.accounts.add(role.value, role, by=COMMAND_LINE, now=NOW, password=PASSWORD)
    return made


@pytest.fixture
def client(centre: Centre) -> Iterator[TestClient]:
    """Somebody who has not signed in."""
    with TestClient(create_app(centre), base_url=BASE, raise_server_exceptions=False) as made:
        yield made


@pytest.fixture
def bearer(centre: Centre) -> dict[Role, dict[str, str]]:
    """The header of a token for each role."""
    secrets = {role: centre.tokens.create("t", role.value, by=COMMAND_LINE, now=NOW).secret for role in Role}
    return {role: {"authorization": f"Bearer {secret}"} for role, secret in secrets.items()}


@pytest.fixture
def admin(client: TestClient, bearer: dict[Role, dict[str, str]]) -> TestClient:
    """A program with an administrator's token."""
    client.headers.update(bearer[Role.ADMIN])
    return client
