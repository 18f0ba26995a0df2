from __future__ import annotations

from datetime import datetime

import pytest

from server.ingest import Ingest
from server.store.database import Store
from tests.server.fake_terminal import NOW, FakeTerminal, new_key, opened
from wire.keys import SigningKey
from wire.receipts import Receipt


class Centre:
    """An ingest with its store and key, and a way to read its answers as a terminal does."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.key: SigningKey = new_key()
        self.ingest = Ingest(store, self.key)

    def take(self, *frames: tuple[str, bytes], now: datetime = NOW) -> list[Receipt]:
        replies = self.ingest.take_many(frames, now)
        return [opened(reply.topic, reply.frame, self.key.public) for reply in replies]


@pytest.fixture
def centre(store: Store) -> Centre:
    return Centre(store)


@pytest.fixture
def terminal(store: Store) -> FakeTerminal:
    return FakeTerminal().registered(store)
