from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete

from server.errors import StoreReplacedError
from server.store.database import Store, open_store
from server.store.tables import metadata
from sim.postgres import PostgresMissingError, private_cluster

EPOCH = "epoch-1"
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
    return lambda: _create_database(postgres)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store that was never used, to be copied: quicker than making each anew."""
    path = tmp_path_factory.mktemp("template") / "centre.db"
    open_store(f"sqlite:///{path}", new_epoch=lambda: EPOCH).close()
    return path


@pytest.fixture(scope="session")
def shared_database(new_database: Callable[[], str]) -> str:
    """On PostgreSQL one database serves all tests, each of which finds it empty: making them is slow there."""
    url = new_database()
    open_store(url, new_epoch=lambda: EPOCH).close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a store on each of the two databases: not made yet, unless the test asks for `store` as well."""
    is_made = "store" in request.fixturenames
    if request.param == "sqlite":
        if is_made:
            shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "centre.db")
        return f"sqlite:///{tmp_path}/centre.db"
    found: str = request.getfixturevalue("shared_database") if is_made else request.getfixturevalue("new_database")()
    return found


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A new store on each of the two databases."""
    made = open_store(store_url, new_epoch=lambda: EPOCH)
    yield made
    if store_url.startswith("postgresql"):
        try:
            emptied(made)
        except StoreReplacedError:
            # The test restored it: what is there now has to be opened anew.
            made.close()
            made = open_store(store_url, new_epoch=lambda: EPOCH)
            emptied(made)
    made.close()


def emptied(store: Store) -> None:
    """Take every row out of every table, so that one store serves many examples."""
    with store.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))


def _create_database(cluster: str) -> str:
    name = f"yima_{next(_names)}"
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{cluster}/{name}"
