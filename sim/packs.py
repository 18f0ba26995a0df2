"""The boxes on the shelf, and everything else that gets scanned by mistake.

The seed catalogue is read here with nothing but the csv module, and the key of each pack is made by construction: the
checker must not learn the truth from the code that it checks.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from random import Random

GS = b"\x1d"
UNKNOWN_PREFIXES = ("8999991", "8999981", "8999971")
"""Prefixes that no product of the seed has: real boxes that the catalogue does not know yet."""
_SERIAL_DIGITS = 13


@dataclass(frozen=True, slots=True)
class Item:
    """A product of the seed catalogue, as far as the simulation needs it."""

    product: str
    unit_prefix: str
    carton_prefix: str
    gtin: str
    """GTIN-14 that its UDI carries; empty for a drug."""
    ean: str


@dataclass(frozen=True, slots=True)
class Pack:
    """One box, and what a scanner sees of it."""

    key: str
    """How the ledger names it."""
    code: bytes
    """What is printed: the content of the symbol, group separators as 0x1D."""
    symbology: str
    """AIM identifier of the symbol."""
    product: str | None
    """The product that it must match, None if the catalogue does not know it."""


@dataclass(frozen=True, slots=True)
class Stray:
    """Something scanned that is no pack to hand out, and the verdict it must get."""

    code: bytes
    symbology: str
    verdict: str
    key: str | None = None
    """How the ledger names it, if it is the code of a pack."""
    product: str | None = None
    """The product that such a code belongs to."""


def load_items(text: str | None = None) -> list[Item]:
    """Return the products of the seed catalogue."""
    if text is None:
        text = files("config").joinpath("seed/catalogue.csv").read_text(encoding="utf-8-sig")
    return [
        Item(
            product=row["产品编号"],
            unit_prefix=row["小码标识"],
            carton_prefix=row["大码标识"],
            gtin=row["UDI-DI"] if row["UDI-DI"].isdigit() else "",
            ean=row["商品条码"],
        )
        for row in csv.DictReader(io.StringIO(text))
    ]


class Shelf:
    """Takes packs off a shelf that never holds the same one twice."""

    def __init__(self, items: Sequence[Item], random: Random) -> None:
        self._drugs = [item for item in items if item.unit_prefix]
        self._devices = [item for item in items if item.gtin]
        self._cartons = [item for item in items if item.carton_prefix]
        self._retail = [item for item in items if item.ean]
        self._random = random
        self._taken: set[str] = set()

    def drug(self) -> Pack:
        """Return a box with a trace code of a known product."""
        item = self._random.choice(self._drugs)
        return self._trace(item.unit_prefix, item.product)

    def unknown_drug(self) -> Pack:
        """Return a box whose product the catalogue does not know."""
        return self._trace(self._random.choice(UNKNOWN_PREFIXES), None)

    def device(self) -> Pack:
        """Return a medical device with a GS1 UDI: item, lot, expiry and serial number."""
        item = self._random.choice(self._devices)
        serial = self._fresh(lambda: f"S{self._random.randrange(10**8):08d}")
        lot = f"L{self._random.randrange(10**5):05d}"
        code = f"01{item.gtin}17281231" + f"10{lot}"
        return Pack(
            key=f"(01){item.gtin}(21){serial}",
            code=code.encode() + GS + f"21{serial}".encode(),
            symbology="]d2",
            product=item.product,
        )

    def carton(self) -> Stray:
        """Return the code of a whole carton, which must not be handed out."""
        item = self._random.choice(self._cartons)
        serial = self._fresh(lambda: f"{self._random.randrange(10**_SERIAL_DIGITS):0{_SERIAL_DIGITS}d}")
        code = f"{item.carton_prefix}{serial}"
        return Stray(code.encode(), "]C0", "carton", key=code, product=item.product)

    def retail(self) -> Stray:
        """Return the retail barcode, scanned instead of the trace code."""
        return Stray(self._random.choice(self._retail).ean.encode(), "]E0", "wrong_code_type")

    def credential(self) -> Stray:
        """Return a patient's electronic credential, scanned too early."""
        digits = "".join(self._random.choice("0123456789") for _ in range(19))
        return Stray(f"424{digits}350000".encode(), "]Q1", "credential")

    def never_scanned(self, count: int) -> list[str]:
        """Return keys of boxes that stay on the shelf: the centre must not claim to know them."""
        return [self.drug().key for _ in range(count)]

    def _trace(self, prefix: str, product: str | None) -> Pack:
        code = self._fresh(lambda: f"{prefix}{self._random.randrange(10**_SERIAL_DIGITS):0{_SERIAL_DIGITS}d}")
        return Pack(key=code, code=code.encode(), symbology="]C0", product=product)

    def _fresh(self, draw: Callable[[], str]) -> str:
        made = draw()
        while made in self._taken:
            made = draw()
        self._taken.add(made)
        return made
