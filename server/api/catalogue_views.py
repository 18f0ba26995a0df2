"""What the API answers about the library of products and its imports."""

from __future__ import annotations

from decimal import Decimal

from codes.pack import ProductSystem
from rules.catalogue import Product
from rules.scan_judgement import PackLevel
from server.api.views import View, WordsView


class ProductView(View):
    """A product of the catalogue."""

    id: str
    name: str
    spec: str
    maker: str
    insurance_class: str
    price: Decimal
    unit: str
    units_per_pack: int
    is_device: bool
    is_invented: bool
    is_prescription: bool | None
    is_real_name: bool | None

    @classmethod
    def of(cls, product: Product | None) -> ProductView | None:
        return None if product is None else cls.model_validate(product)


class MatchView(View):
    """What a code stands for."""

    system: ProductSystem
    key: str
    level: PackLevel
    quantity: int
    """Smallest packs inside."""
    product: ProductView


class MoveView(View):
    """A code that stood for one product and stands for another."""

    system: ProductSystem
    key: str
    before: str
    after: str


class LineProblemView(View):
    """Why a line of a catalogue file cannot be used."""

    line: int
    column: str
    code: str
    words: WordsView


class ImportView(View):
    """What importing a catalogue file does, or did."""

    taken: int
    """Lines that can be used."""
    left_out: int
    """Lines that cannot; `problems` says why."""
    added: list[str]
    changed: list[str]
    unchanged: int
    moved: list[MoveView]
    problems: list[LineProblemView]
    revision: int
    is_committed: bool
