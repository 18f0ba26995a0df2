"""From a reading to the keys of the ledger and of the matching library.

`pack_key` names one individual pack: equal keys mean the same box. `product_keys` names its product in each system
that the library may know it by; letters of a product are in upper case, because lists and scanners differ in it. Both
are pure, and both give nothing where the code gives nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

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


def pack_key(reading: Reading) -> str | None:
    """Return the canonical key of the individual pack, or `None` if the code names no individual pack."""
    rule = _PACK_KEYS.get(reading.kind)
    return rule(reading) if rule else None


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
