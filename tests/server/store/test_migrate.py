from __future__ import annotations

from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from server.errors import NewerSchemaError
from server.store.database import Store, open_store
from server.store.migrate import MIGRATIONS, newest_revision, revision_of
from server.store.tables import metadata


def test_an_empty_store_is_brought_up_and_each_step_is_told(store_url: str) -> None:
    told: list[str] = []
    with (
        closing(open_store(store_url, new_epoch=lambda: "e", progress=told.append)) as store,
        store.reading() as reader,
    ):
        assert revision_of(reader) == newest_revision()
    assert told
    assert told[-1] == newest_revision()


def test_a_store_of_this_release_is_left_alone(store: Store, store_url: str) -> None:
    told: list[str] = []
    open_store(store_url, new_epoch=lambda: "e", progress=told.append).close()

    assert told == []


def test_the_migrations_make_exactly_the_tables_of_the_code(store: Store) -> None:
    with store.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []


def test_the_newest_revision_is_the_last_step() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")

    assert newest_revision() == ScriptDirectory.from_config(config).get_current_head()


@pytest.mark.req("T-11")
def test_a_store_of_a_newer_release_is_refused_untouched(store_url: str) -> None:
    store = open_store(store_url, new_epoch=lambda: "e")
    with store.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerSchemaError) as refused:
        open_store(store_url, new_epoch=lambda: "e")

    assert refused.value.code == "store.newer_schema"
    assert "9999" in refused.value.words.zh
    with store.reading() as connection:
        assert revision_of(connection) == "9999"
    store.close()
