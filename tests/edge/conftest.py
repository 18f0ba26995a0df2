"""What the terminal's tests share: a clock that stands still, and a store of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.store.database import opened_store
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, TERMINAL, FakeClock, Shop, seeded_bytes


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def connection(folder: Path) -> Iterator[Connection]:
    with opened_store(folder) as connection:
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
