"""What the terminal's tests share: a clock that stands still, and a store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Connection
from structlog.testing import capture_logs

from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.new_store import opened_or_new
from tests.edge.scene import EPOCH, TERMINAL, FakeClock, Shop, seeded_bytes
from web import passwords


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords the quickest way there is: the real settings are slow on purpose."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """Keep what is logged, instead of printing it with all its colours."""
    with capture_logs() as lines:
        yield lines


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    with opened_or_new(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        yield connection


@pytest.fixture
def outbox(connection: Connection) -> Outbox:
    return Outbox(connection, random=seeded_bytes())


@pytest.fixture
def shop(connection: Connection, clock: FakeClock) -> Shop:
    """Return a terminal with a catalogue and a pharmacist at it."""
    shop = Shop(connection, clock)
    shop.stock()
    shop.sign_in()
    return shop
