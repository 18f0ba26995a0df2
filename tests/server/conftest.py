from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import delete, exists, insert, literal, select, union_all

from server.errors import StoreReplacedError
from server.store.database import Store, open_store
from server.store.tables import centre, metadata
from sim.postgres import PostgresMissingError, private_cluster

EPOCH = "epoch-1"
NewStore = Callable[[str], Store]
_names = itertools.count(1)
_TABLES = {table.name: table for table in reversed(metadata.sorted_tables)}
_FILLED = union_all(*(select(literal(name)).where(exists(select(1).select_from(one))) for name, one in _TABLES.items()))


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
def migrated_database(postgres: str) -> Callable[[], str]:
    """Makes one more store that was never used in the private cluster and returns its URL: a copy, as of the file."""
    template = _create_database(postgres)
    open_store(template, new_epoch=lambda: EPOCH).close()
    return lambda: _create_database(postgres, template.rpartition("/")[2])


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store that was never used, to be copied: quicker than making each anew."""
    path = tmp_path_factory.mktemp("template") / "centre.db"
    open_store(f"sqlite:///{path}", new_epoch=lambda: EPOCH).close()
    return path


@pytest.fixture(scope="session")
def shared_database(migrated_database: Callable[[], str]) -> str:
    """On PostgreSQL one database serves all tests, each of which finds it empty: making them is slow there."""
    return migrated_database()


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
    with opened(store_url) as made:
        yield made


@pytest.fixture(scope="session")
def standing_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewStore]:
    """Gives an empty store of a kind that stays open: for tests that look at nothing but what is in it.

    Its statements are compiled once for all of them, which takes longer than most of these tests.
    """
    with ExitStack() as undo:
        made: dict[str, Store] = {}

        def empty(kind: str) -> Store:
            if kind not in made:
                folder = tmp_path_factory.mktemp("standing")
                if kind == "sqlite":
                    shutil.copy(request.getfixturevalue("migrated_file"), folder / "centre.db")
                    url = f"sqlite:///{folder}/centre.db"
                else:
                    url = request.getfixturevalue("migrated_database")()
                made[kind] = open_store(url, new_epoch=lambda: EPOCH)
                undo.callback(made[kind].close)
            emptied(made[kind])
            with made[kind].writing() as connection:
                connection.execute(insert(centre).values(name="epoch", value=EPOCH))
            return made[kind]

        yield empty


@contextmanager
def opened(store_url: str) -> Iterator[Store]:
    """Open a store; what others use after us is left empty."""
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
        filled = set(connection.scalars(_FILLED))
        for name, table in _TABLES.items():
            if name in filled:
                connection.execute(delete(table))


def _create_database(cluster: str, template: str = "template1") -> str:
    name = f"yima_{next(_names)}"
    with psycopg.connect(f"{cluster}/postgres", autocommit=True) as connection:
        wanted = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        connection.execute(wanted)
    return f"{cluster}/{name}"
