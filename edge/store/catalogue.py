"""The matching library of this terminal: replaced as a whole by each import, looked up at each scan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from codes.pack import ProductKey
from edge.clock import from_us, to_us
from edge.store import sql
from rules.catalogue import CatalogueFile, Product
from rules.scan_judgement import PackLevel

LOOK_UP = """
SELECT p.id, p.name, p.spec, p.insurance_class, p.price, i.level, i.quantity
FROM identifier AS i JOIN product AS p ON p.id = i.product WHERE i.system = ? AND i.key = ?
"""
SELECT_BARCODES = """
SELECT key FROM identifier WHERE product = ? AND system = 'gtin' AND level = 'unit' ORDER BY key
"""
INSERT_PRODUCT = """
INSERT INTO product (
  id, name, spec, maker, insurance_class, price, unit, units_per_pack, is_device, is_invented, is_prescription,
  is_real_name
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
SELECT_AS_SOLD = """
SELECT p.unit, p.units_per_pack, p.is_device, p.is_prescription, p.is_real_name,
  (SELECT min(i.key) FROM identifier AS i WHERE i.product = p.id AND i.system = 'national' AND i.level = 'unit')
FROM product AS p WHERE p.id = ?
"""
INSERT_IDENTIFIER = "INSERT INTO identifier (system, key, product, level, quantity) VALUES (?, ?, ?, ?, ?)"
INSERT_IMPORT = """
INSERT INTO catalogue_import (imported_at, source, digest, products, identifiers, problems) VALUES (?, ?, ?, ?, ?, ?)
"""
SELECT_LAST_IMPORT = """
SELECT imported_at, source, digest, products, identifiers, problems FROM catalogue_import ORDER BY id DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Match:
    """The product that a code names, and the pack that carries this code."""

    product: str
    """`rules.catalogue.Product.id`."""
    name: str
    spec: str
    insurance_class: str
    price: Decimal
    """Yuan per smallest pack, as of the last import."""
    level: PackLevel
    quantity: int
    """Smallest packs inside."""


@dataclass(frozen=True, slots=True)
class AsSold:
    """What a sale has to know of a product beside its name and price."""

    unit: str
    units_per_pack: int
    """Smallest units in a pack, for selling in parts."""
    is_device: bool
    is_prescription: bool | None
    """处方药; None if the catalogue does not say."""
    is_real_name: bool | None
    """Sold to persons who are known only, such as ephedrine compounds; None if the catalogue does not say."""
    national: str | None
    """National insurance code."""

    @property
    def is_divisible(self) -> bool:
        """Whether its packs may be sold in part."""
        return self.units_per_pack > 1 and not self.is_device


@dataclass(frozen=True, slots=True)
class CatalogueImport:
    """One import, so that people can tell which library is in use."""

    imported_at: datetime
    source: str
    digest: str
    """SHA-256 of the file."""
    products: int
    identifiers: int
    problems: int
    """Lines that were left out."""


def look_up(tx: Connection, keys: Iterable[ProductKey]) -> Match | None:
    """Return the match of the first key that the library knows; the most exact key comes first."""
    for key in keys:
        found = sql.first(tx, LOOK_UP, (key.system, key.key))
        if found is not None:
            product, name, spec, insurance_class, price, level, quantity = found
            return Match(product, name, spec, insurance_class, Decimal(price), PackLevel(level), quantity)
    return None


def barcodes_of(tx: Connection, product: str) -> tuple[str, ...]:
    """Return the GTIN-14 on the smallest pack of a product, in a fixed order."""
    return tuple(key for (key,) in sql.rows(tx, SELECT_BARCODES, (product,)))


def as_sold(tx: Connection, product: str) -> AsSold | None:
    """Return what is known of a product; None if the library has it no more."""
    row = sql.first(tx, SELECT_AS_SOLD, (product,))
    if row is None:
        return None
    unit, units, is_device, is_prescription, is_real_name, national = row
    return AsSold(unit, units, bool(is_device), _said(is_prescription), _said(is_real_name), national)


def replace_catalogue(tx: Connection, file: CatalogueFile, *, source: str, digest: str, now: datetime) -> None:
    """Put the content of `file` in the place of what was there. Lists that are open keep the prices they have."""
    sql.change(tx, "DELETE FROM identifier")
    sql.change(tx, "DELETE FROM product")
    sql.change_many(tx, INSERT_PRODUCT, (_product_row(product) for product in file.products))
    sql.change_many(tx, INSERT_IDENTIFIER, (astuple(identifier) for identifier in file.identifiers))
    counts = (len(file.products), len(file.identifiers), len(file.problems))
    sql.change(tx, INSERT_IMPORT, (to_us(now), source, digest, *counts))


def last_import(tx: Connection) -> CatalogueImport | None:
    """Return the import that is in use, None before the first."""
    row = sql.first(tx, SELECT_LAST_IMPORT)
    return None if row is None else CatalogueImport(from_us(row[0]), *row[1:])


def _product_row(product: Product) -> tuple[object, ...]:
    return (
        product.id,
        product.name,
        product.spec,
        product.maker,
        product.insurance_class,
        str(product.price),
        product.unit,
        product.units_per_pack,
        product.is_device,
        product.is_invented,
        product.is_prescription,
        product.is_real_name,
    )


def _said(answer: int | None) -> bool | None:
    return None if answer is None else bool(answer)
