"""What the matching library knows of a national code and of the code of a pack."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from codes.classify import read_text
from codes.pack import product_keys
from edge.store import sql
from edge.store.catalogue import look_up
from rules.scan_judgement import PackLevel

FIND_PRODUCT = """
SELECT p.id, p.name, p.spec, p.unit, p.units_per_pack FROM identifier AS i JOIN product AS p ON p.id = i.product
WHERE i.system = 'national' AND i.key = ?
"""
FIND_ITEMS = "SELECT key FROM identifier WHERE product = ? AND system = 'national'"


@dataclass(frozen=True, slots=True)
class Drug:
    """A product under its national code."""

    product: str
    name: str
    spec: str
    unit: str
    units_per_pack: int


@dataclass(frozen=True, slots=True)
class PackOf:
    """What a code stands for."""

    items: frozenset[str]
    """National codes of its product."""
    is_carton: bool
    """It stands on more than one pack."""


def find_drug(tx: Connection, item: str) -> Drug | None:
    """Return the product of a national code."""
    found = sql.first(tx, FIND_PRODUCT, (item.upper(),))
    return None if found is None else Drug(*found)


def items_of_product(tx: Connection, product: str) -> frozenset[str]:
    """Return the national codes of a product."""
    return frozenset(key for (key,) in sql.rows(tx, FIND_ITEMS, (product,)))


def pack_of(tx: Connection, code: str) -> PackOf | None:
    """Return what the code of a pack stands for; None if the library does not know it."""
    match = look_up(tx, product_keys(read_text(code)))
    if match is None:
        return None
    return PackOf(items_of_product(tx, match.product), match.level is not PackLevel.UNIT)
