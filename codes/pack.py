"""From a reading to the keys of the ledger and of the matching library.

`pack_key` names one individual pack: equal keys mean the same box; `parse_pack_key` knows such a key again, where a
reader of scans would take it for something else. `product_keys` names its product in each system
that the library may know it by; letters of a product are in upper case, because lists and scanners differ in it. All
are pure, and give nothing where the code gives nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from codes.check import has_mod10
from codes.reading import FieldValue, Kind, Reading


class ProductSystem(StrEnum):
    """The systems by which the matching library knows a product."""

    TRACE_PREFIX = "trace_prefix"
    """药品标识码: the first 7 characters of a trace code; one product, pack specification and pack level."""
    GTIN = "gtin"
    """GTIN in its 14-digit form, whatever the length on the pack."""
    UDI_DI = "udi_di"
    """Device identifier of a UDI: the GTIN-14, the MA or the HIBC one."""
    NATIONAL = "national"
    """National insurance code of a drug or consumable."""
    BENWEI = "benwei"
    """药品本位码."""


@dataclass(frozen=True, slots=True)
class ProductKey:
    """One way to name a product."""

    system: ProductSystem
    key: str


@dataclass(frozen=True, slots=True)
class PackKey:
    """A pack's key that was known again."""

    text: str
    """The key, exactly as `pack_key` gives it."""
    kind: Kind
    products: tuple[ProductKey, ...]
    """What `product_keys` gives for the code itself."""


def pack_key(reading: Reading) -> str | None:
    """Return the canonical key of the individual pack, or `None` if the code names no individual pack."""
    rule = _PACK_KEYS.get(reading.kind)
    return rule(reading) if rule else None


def parse_pack_key(text: str) -> PackKey | None:
    """Return the key that `text` is, character by character, or `None` if `pack_key` gives no such key."""
    for kind, (form, systems) in _KEY_FORMS.items():
        found = form.fullmatch(text)
        if found and (kind is not Kind.GS1 or has_mod10(found["product"])):
            return PackKey(text, kind, tuple(ProductKey(system, found["product"].upper()) for system in systems))
    return None


def keys_meant(text: str, reading: Reading) -> tuple[str, ...]:
    """Return the packs that a text from a person or a page may mean: as a key, then as the scan that it reads as.

    Both can differ: brackets in the serial of a key look like the brackets of the next field of a printed code.
    """
    as_key, as_scan = parse_pack_key(text), pack_key(reading)
    return tuple(dict.fromkeys(key for key in (as_key and as_key.text, as_scan) if key))


def product_keys(reading: Reading) -> tuple[ProductKey, ...]:
    """Return the keys to look up in the matching library, the most exact first."""
    rule = _PRODUCT_KEYS.get(reading.kind)
    return rule(reading) if rule else ()


def _text(value: FieldValue) -> str | None:
    return value if isinstance(value, str) else None


def _gs1_pack(reading: Reading) -> str | None:
    gtin, serial = _text(reading.fields.get("gtin")), _text(reading.fields.get("serial"))
    return f"(01){gtin}(21){serial}" if gtin and serial else None


def _udi_pack(reading: Reading) -> str | None:
    di, serial = _text(reading.fields.get("di")), _text(reading.fields.get("serial"))
    return f"{reading.kind.value}:{di}:{serial}" if di and serial else None


def _field_key(system: ProductSystem, name: str) -> Callable[[Reading], tuple[ProductKey, ...]]:
    def keys(reading: Reading) -> tuple[ProductKey, ...]:
        key = _text(reading.fields.get(name))
        return (ProductKey(system, key.upper()),) if key else ()

    return keys


def _gs1_products(reading: Reading) -> tuple[ProductKey, ...]:
    gtin = _text(reading.fields.get("gtin"))
    return (ProductKey(ProductSystem.GTIN, gtin), ProductKey(ProductSystem.UDI_DI, gtin)) if gtin else ()


def _national_products(reading: Reading) -> tuple[ProductKey, ...]:
    """Name the code, and for a consumable of 27 characters also the 20 that the library may hold."""
    short = _text(reading.fields.get("base")) or reading.value
    return tuple(ProductKey(ProductSystem.NATIONAL, key) for key in dict.fromkeys((reading.value, short)))


_PACK_KEYS: Mapping[Kind, Callable[[Reading], str | None]] = MappingProxyType(
    {
        Kind.TRACE: lambda reading: reading.value,
        Kind.GS1: _gs1_pack,
        Kind.HIBC: _udi_pack,
        Kind.MA: _udi_pack,
    }
)

_PRODUCT_KEYS: Mapping[Kind, Callable[[Reading], tuple[ProductKey, ...]]] = MappingProxyType(
    {
        Kind.TRACE: _field_key(ProductSystem.TRACE_PREFIX, "prefix"),
        Kind.GS1: _gs1_products,
        Kind.RETAIL: _field_key(ProductSystem.GTIN, "gtin"),
        Kind.HIBC: _field_key(ProductSystem.UDI_DI, "di"),
        Kind.MA: _field_key(ProductSystem.UDI_DI, "di"),
        Kind.DRUG: _national_products,
        Kind.CONSUMABLE: _national_products,
        Kind.BENWEI: lambda reading: (ProductKey(ProductSystem.BENWEI, reading.value),),
    }
)

_KEY_FORMS: Mapping[Kind, tuple[re.Pattern[str], tuple[ProductSystem, ...]]] = MappingProxyType(
    {
        Kind.TRACE: (
            re.compile(r"(?=(?:[A-Za-z]*[0-9]){10})(?P<product>[0-9A-Za-z]{7})[0-9A-Za-z]{13}"),
            (ProductSystem.TRACE_PREFIX,),
        ),
        Kind.GS1: (
            re.compile(r"\(01\)(?P<product>[0-9]{14})\(21\)[!%-?A-Z_a-z\x22]{1,20}"),
            (ProductSystem.GTIN, ProductSystem.UDI_DI),
        ),
        Kind.HIBC: (
            re.compile(r"hibc:(?P<product>[A-Z][0-9A-Z]{4,21}[0-9]):[0-9A-Z.-]{1,18}"),
            (ProductSystem.UDI_DI,),
        ),
        Kind.MA: (
            re.compile(r"ma:(?P<product>MA\.156\.M0\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{8,14}):[0-9A-Za-z\-_/+*#$%@,!]{1,20}"),
            (ProductSystem.UDI_DI,),
        ),
    }
)
"""How the key of each kind looks, and the systems that know the product in it."""
