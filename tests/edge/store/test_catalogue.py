"""The library is replaced as a whole, and looked up by the most exact key first."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection

from codes.pack import ProductKey, ProductSystem
from edge.store.catalogue import CatalogueImport, last_import, look_up, replace_catalogue
from rules.catalogue import parse_catalogue
from rules.scan_judgement import PackLevel
from tests.edge.scene import CATALOGUE, NOON

SEED = Path(__file__).parents[3] / "config" / "seed" / "catalogue.csv"
PREFIX = ProductKey(ProductSystem.TRACE_PREFIX, "8600011")
CARTON = ProductKey(ProductSystem.TRACE_PREFIX, "8600013")
STRANGE = ProductKey(ProductSystem.GTIN, "09999999999994")


def test_first_key_that_is_known_decides(connection: Connection) -> None:
    with connection.begin():
        replace_catalogue(connection, CATALOGUE, source="a.csv", digest="d", now=NOON)
        found = look_up(connection, [STRANGE, CARTON, PREFIX])
        assert found is not None
        assert (found.product, found.level, found.quantity, found.price) == (
            "D0001",
            PackLevel.CARTON,
            200,
            Decimal("9.805"),
        )
        assert look_up(connection, [STRANGE]) is None
        assert look_up(connection, []) is None


def test_import_replaces_what_was_there(connection: Connection) -> None:
    less = dataclasses.replace(CATALOGUE, products=CATALOGUE.products[:1], identifiers=CATALOGUE.identifiers[:1])
    with connection.begin():
        assert last_import(connection) is None
        replace_catalogue(connection, CATALOGUE, source="a.csv", digest="d1", now=NOON)
        replace_catalogue(connection, less, source="b.csv", digest="d2", now=NOON)
        assert look_up(connection, [CARTON]) is None
        assert look_up(connection, [PREFIX]) is not None
        assert last_import(connection) == CatalogueImport(NOON, "b.csv", "d2", 1, 1, 0)


def test_seed_catalogue_can_be_imported(connection: Connection) -> None:
    seed = parse_catalogue(SEED.read_bytes())
    with connection.begin():
        replace_catalogue(connection, seed, source=SEED.name, digest="d", now=NOON)
        done = last_import(connection)
    assert done is not None
    assert (done.products, done.problems) == (len(seed.products), 0)
    assert done.products >= 60
