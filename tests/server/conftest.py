from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import delete

from server.store.database import Store, open_store
from server.store.tables import metadata
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


@pytest.fixture(scope="session")
def new_database(postgres: str) -> Callable[[], str]:
    """Makes one more empty database in the private cluster and returns its URL."""
    return lambda: _empty_database(postgres)


def emptied(store: Store) -> None:
    """Take every row out of every table, so that one store serves many examples."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))


def _empty_database(cluster: str) -> str:
    name = f"yima_{next(_names)}"
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return f"{cluster}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a store that does not exist yet, on each of the two databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/centre.db"
    made: str = request.getfixturevalue("new_database")()
    return made


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A new store on each of the two databases."""
    made = open_store(store_url, new_epoch=lambda: "epoch-1")
    yield made
    made.close()
