"""What the matching library says of packs: their product, and whether the code stands for a small box or for many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rules.catalogue import Product
from rules.pack_meant import Pack
from rules.scan_facts import PackLevel
from server.store import catalogue
from server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Known:
    """What the library says of one pack."""

    level: PackLevel | None
    product: Product | None


UNKNOWN = Known(None, None)


def known_packs(connection: Connection, packs: Sequence[Pack]) -> dict[str, Known]:
    """Return what the library knows, by key of the pack; of several names of a product the most exact counts."""
    wanted = [(product.system, product.key) for pack in packs for product in pack.products]
    if not wanted:
        return {}
    found = {(one.system, one.key): one for one in catalogue.find_identifiers(connection, wanted)}
    products = catalogue.load_products(connection, {one.product for one in found.values()})
    known: dict[str, Known] = {}
    for pack in packs:
        named = (found.get((name.system, name.key)) for name in pack.products)
        identifier = next((one for one in named if one is not None), None)
        if identifier is not None:
            known[pack.key] = Known(identifier.level, products.get(identifier.product))
    return known
