"""The matching library: what product a code stands for, and how files get into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from codes.classify import read
from codes.pack import ProductKey, ProductSystem, parse_pack_key, product_keys
from codes.reading import Scan
from codes.words import Words
from rules.catalogue import CatalogueFile, Identifier, Problem, Product
from rules.catalogue_intake import accept_catalogue
from server.people.roles import Person
from server.store import audit, catalogue
from server.store.database import Connection, Store
from server.store.times import micros
from web.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Match:
    """What a code stands for."""

    product: Product
    identifier: Identifier


@dataclass(frozen=True, slots=True)
class Move:
    """A code that stood for one product and will stand for another."""

    system: ProductSystem
    key: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing a file does, or did."""

    added: Sequence[str]
    """Products that are new."""
    changed: Sequence[str]
    """Products that differ, or have other codes."""
    unchanged: int
    moved: Sequence[Move]
    problems: Sequence[Problem]
    revision: int
    """Of the catalogue; one more than before if the import was committed and changed something."""
    is_committed: bool

    @property
    def taken(self) -> int:
        """Lines that can be used; the import took them if it was committed."""
        return len(self.added) + len(self.changed) + self.unchanged

    @property
    def left_out(self) -> int:
        """Lines that cannot be used."""
        return len(self.problems)


class Matching:
    """Looks codes up and imports catalogues."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, system: ProductSystem, key: str) -> Match:
        """Return what `key` stands for in `system`.

        Raises:
            NotFoundError: The library does not know it.
        """
        with self._store.reading() as connection:
            found = catalogue.find_identifiers(connection, [(system, key)])
            products = catalogue.load_products(connection, [one.product for one in found])
        if not found:
            raise NotFoundError(Words(f"匹配库中没有 {system} {key}", f"The library does not know {system} {key}"))
        return Match(products[found[0].product], found[0])

    def product_of(self, code: str) -> Product | None:
        """Return the product of a pack by the ledger's key of the pack, if the library knows it."""
        keys = [(key.system, key.key) for key in _product_keys(code)]
        with self._store.reading() as connection:
            found = catalogue.find_identifiers(connection, keys)
            products = catalogue.load_products(connection, [one.product for one in found])
        return next(iter(products.values()), None)

    def products(self, ids: Sequence[str]) -> dict[str, Product]:
        """Return the products among `ids` that exist."""
        with self._store.reading() as connection:
            return catalogue.load_products(connection, ids)

    def page(self, *, after: str, limit: int) -> Sequence[Product]:
        """Return products in the order of their numbers."""
        with self._store.reading() as connection:
            return catalogue.load_product_page(connection, after=after, limit=limit)

    def preview(self, file: CatalogueFile) -> Preview:
        """Return what importing `file` would do."""
        with self._store.reading() as connection:
            return _compare(connection, file)

    def import_file(self, file: CatalogueFile, *, by: Person, now: datetime, is_strict: bool = False) -> Preview:
        """Set the products of `file` and their codes; products that it does not name stay.

        Raises:
            CatalogueUselessError: The file has no line that can be used.
            CatalogueProblemsError: It has lines that cannot be used, and `is_strict` is set.
        """
        accept_catalogue(file, is_strict=is_strict)
        with self._store.writing() as connection:
            found = _compare(connection, file)
            if not found.added and not found.changed:
                return found
            catalogue.replace_products(connection, file.products, file.identifiers)
            number = catalogue.next_revision(connection)
            counts = {"added": len(found.added), "changed": len(found.changed), "skipped": len(file.problems)}
            audit.record(
                connection,
                at_us=micros(now),
                who=by.name,
                action="catalogue.import",
                subject=f"revision {number}",
                detail=counts,
            )
        return Preview(
            found.added, found.changed, found.unchanged, found.moved, found.problems, number, is_committed=True
        )


def _product_keys(code: str) -> Sequence[ProductKey]:
    """Return the keys to look a pack up by. What other systems reported may be a code and no key of ours."""
    key = parse_pack_key(code)
    return key.products if key else product_keys(read(Scan(code.encode())))


def _compare(connection: Connection, file: CatalogueFile) -> Preview:
    ids = [product.id for product in file.products]
    known = catalogue.load_products(connection, ids)
    codes_before = _by_product(catalogue.load_identifiers_of(connection, ids))
    codes_after = _by_product(file.identifiers)
    added = [one.id for one in file.products if one.id not in known]
    changed = [
        one.id
        for one in file.products
        if one.id in known and (one != known[one.id] or codes_before.get(one.id) != codes_after.get(one.id))
    ]
    taken = {(one.system, one.key): one.product for one in _current(connection, file.identifiers)}
    moved = [
        Move(one.system, one.key, taken[one.system, one.key], one.product)
        for one in file.identifiers
        if taken.get((one.system, one.key), one.product) != one.product
    ]
    unchanged = len(file.products) - len(added) - len(changed)
    number = catalogue.revision(connection)
    return Preview(added, changed, unchanged, moved, file.problems, number, is_committed=False)


def _current(connection: Connection, identifiers: Sequence[Identifier]) -> Sequence[Identifier]:
    return catalogue.find_identifiers(connection, [(one.system, one.key) for one in identifiers])


def _by_product(identifiers: Sequence[Identifier]) -> dict[str, set[Identifier]]:
    grouped: dict[str, set[Identifier]] = {}
    for one in identifiers:
        grouped.setdefault(one.product, set()).add(one)
    return grouped
