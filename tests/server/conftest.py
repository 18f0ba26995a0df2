from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from server.store.database import Store, open_store
from tests.server.private_postgres import PostgresMissingError, private_cluster

_names = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a private PostgreSQL cluster; tests that need it are skipped, with the reason, where there is none."""
    try:
        with private_cluster() as url:
            yield url
    except PostgresMissingError as exc:
        pytest.skip(f"PostgreSQL half not run: {exc}")


def empty_database(cluster: str) -> str:
    name = f"yima_{next(_names)}"
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return f"{cluster}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a store that does not exist yet, on each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/centre.db"
    return empty_database(request.getfixturevalue("postgres"))


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A new store on each of the two databases."""
    made = open_store(store_url, new_epoch=lambda: "epoch-1")
    yield made
    made.close()
