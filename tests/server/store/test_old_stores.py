from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from server.api.application import create_app
from server.centre import build_centre
from server.config import CentreConfig, ServerConfig, StoreConfig
from server.people.roles import COMMAND_LINE, Role
from server.store import postgresql, sqlite
from server.store.database import Store, open_store
from server.store.events import load_streams
from server.store.migrate import migrate, newest_revision, revision_of
from tests.server.fake_terminal import NOW, code_of
from tests.server.store.old_stores import FOLDER, Rows, restore

FIXTURES = sorted(FOLDER.glob("centre-*.json"))


def revision_in(fixture: Path) -> str:
    return fixture.stem.removeprefix("centre-")


def old_store(url: str, fixture: Path, rows: Rows | None = None) -> None:
    """Make a database as the release of `fixture` left it."""
    engine = sqlite.open_engine(url) if url.startswith("sqlite") else postgresql.open_engine(url, None, 2)
    store = Store(engine, "", sqlite.translate)
    with closing(store), store.writing() as connection:
        migrate(connection, lambda _revision: None, to=revision_in(fixture))
        restore(connection, rows or json.loads(fixture.read_text(encoding="utf-8")))


def test_this_release_has_left_its_fixture() -> None:
    assert newest_revision() in [revision_in(fixture) for fixture in FIXTURES]


def test_chains_that_only_an_alarm_knew_to_be_broken_stay_so(store_url: str) -> None:
    fixture = FOLDER / "centre-0003.json"
    rows = json.loads(fixture.read_text(encoding="utf-8"))
    rang = {"zh": "断", "en": "broken", "first_us": 1, "last_us": 1, "times": 1}
    rows["alarm"] += [{"n": 99, "terminal": "T-1", "code": "chain.broken", "subject": "e1", **rang}]
    old_store(store_url, fixture, rows)
    store = open_store(store_url, new_epoch=lambda: "new")
    with closing(store), store.reading() as connection:
        found = {name: row.is_broken for name in ("T-1", "T-2") for row in load_streams(connection, name)}
    assert found == {"T-1": True, "T-2": False}


PRODUCTS = {"0005": 74}
"""Of the sample catalogue as each release had it."""


@pytest.mark.req("T-11")
@pytest.mark.parametrize("fixture", FIXTURES, ids=revision_in)
def test_a_store_of_an_earlier_release_keeps_everything(store_url: str, fixture: Path, tmp_path: Path) -> None:
    old_store(store_url, fixture)

    for _ in range(2):
        store = open_store(store_url, new_epoch=lambda: "new")
        with closing(store), store.reading() as connection:
            assert revision_of(connection) == newest_revision()
            assert store.epoch == "epoch-of-the-fixture"

    config = ServerConfig(store=StoreConfig(url=store_url), centre=CentreConfig(key_file=tmp_path / "key"))
    centre = build_centre(config, lambda: NOW)
    secret = centre.tokens.create("t", "admin", by=COMMAND_LINE, now=NOW, role=Role.ADMIN).secret
    with TestClient(create_app(centre), base_url="http://127.0.0.1") as client:
        client.headers["authorization"] = f"Bearer {secret}"
        ledger = client.get("/api/v1/ledger").json()["items"]
        assert {row["code"]: row["state"] for row in ledger} == {
            code_of(1): "conflict",
            code_of(2): "returned",
            code_of(3): "reserved",
        }
        assert len(client.get("/api/v1/events").json()["items"]) == 7
        timeline = client.get(f"/api/v1/codes/{code_of(1)}").json()["timeline"]
        assert [entry["fact"]["act"] for entry in timeline] == ["received", "scanned", "dispensed", "dispensed"]
        assert client.get("/api/v1/status").json()["products"] == PRODUCTS.get(revision_in(fixture), 73)
        assert [one["id"] for one in client.get("/api/v1/terminals").json()] == ["T-1", "T-2"]
        right = {"name": "admin", "password": "not a secret"}
        assert client.post("/api/v1/session", json=right).status_code == 200
    centre.close()
