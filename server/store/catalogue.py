"""The catalogue's tables: products, and the codes by which they are known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from codes.pack import ProductSystem
from rules.catalogue import Identifier, Product
from rules.scan_judgement import PackLevel
from server.store import bulk
from server.store.direct import Among, Asked
from server.store.tables import centre, identifier, product

_REVISION = "catalogue_revision"
_IDENTIFIERS = Asked(
    select(identifier).where(identifier.c.system == bindparam("system"), Among(identifier.c.key, bindparam("keys")))
)


def load_products(connection: Connection, ids: Collection[str]) -> dict[str, Product]:
    """Return the products among `ids` that exist."""
    rows = bulk.fetch(connection, tuple(product.columns), product.c.id, ids)
    return {row[0]: _product(row) for row in rows}


def load_product_page(connection: Connection, *, after: str, limit: int) -> Sequence[Product]:
    """Return products in the order of their numbers."""
    asked = select(product).where(product.c.id > after).order_by(product.c.id).limit(limit)
    return [_product(row) for row in connection.execute(asked)]


def load_identifiers_of(connection: Connection, ids: Collection[str]) -> list[Identifier]:
    """Return the codes of these products."""
    rows = bulk.fetch(connection, tuple(identifier.columns), identifier.c.product, ids)
    return [_identifier(row) for row in rows]


def find_identifiers(connection: Connection, keys: Iterable[tuple[ProductSystem, str]]) -> list[Identifier]:
    """Return what these codes stand for; unknown ones are left out."""
    wanted: dict[str, set[str]] = {}
    for system, key in keys:
        wanted.setdefault(system.value, set()).add(key)
    return [
        _identifier(row)
        for system, of_system in sorted(wanted.items())
        for row in _IDENTIFIERS.rows(connection, {"system": system, "keys": sorted(of_system)})
    ]


def replace_products(connection: Connection, products: Sequence[Product], identifiers: Sequence[Identifier]) -> None:
    """Set these products and exactly these codes for them; other products are left as they are."""
    ids = [one.id for one in products]
    bulk.insert_or_replace(connection, product, [_product_row(one) for one in products])
    for start in range(0, len(ids), 1_000):
        connection.execute(delete(identifier).where(identifier.c.product.in_(ids[start : start + 1_000])))
    bulk.insert_or_replace(connection, identifier, [_identifier_row(one) for one in identifiers])


def count_products(connection: Connection) -> int:
    """Return how many products there are."""
    return connection.scalar(select(func.count()).select_from(product)) or 0


def revision(connection: Connection) -> int:
    """Return how often the catalogue has changed."""
    found = connection.scalar(select(centre.c.value).where(centre.c.name == _REVISION))
    return 0 if found is None else int(found)


def next_revision(connection: Connection) -> int:
    """Count one change of the catalogue."""
    number = revision(connection) + 1
    changed = connection.execute(update(centre).where(centre.c.name == _REVISION).values(value=str(number)))
    if changed.rowcount == 0:
        connection.execute(insert(centre).values(name=_REVISION, value=str(number)))
    return number


def _product(row: Any) -> Product:
    return Product(
        id=row[0],
        name=row[1],
        spec=row[2],
        maker=row[3],
        insurance_class=row[4],
        price=Decimal(row[5]),
        unit=row[6],
        units_per_pack=row[7],
        is_device=bool(row[8]),
        is_invented=bool(row[9]),
        is_prescription=_said(row[10]),
        is_real_name=_said(row[11]),
    )


def _product_row(one: Product) -> bulk.Row:
    return (
        one.id,
        one.name,
        one.spec,
        one.maker,
        one.insurance_class,
        str(one.price),
        one.unit,
        one.units_per_pack,
        one.is_device,
        one.is_invented,
        one.is_prescription,
        one.is_real_name,
    )


def _said(value: object) -> bool | None:
    return None if value is None else bool(value)


def _identifier(row: Any) -> Identifier:
    return Identifier(ProductSystem(row[0]), row[1], row[2], PackLevel(row[3]), row[4])


def _identifier_row(one: Identifier) -> bulk.Row:
    return (one.system.value, one.key, one.product, one.level.value, one.quantity)
