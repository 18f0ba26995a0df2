"""What the POS is given for a scan: which text, or none and why. Pure.

A POS that only knows product barcodes gets the barcode of the pack's product. What is no trace code (a retail barcode,
a member's card, a payment code) is the POS's own business and goes on as it was scanned, because the scanner is grabbed
and the POS has no other. A person's credential goes nowhere, except over a raw line whose configuration says so; what
the counter refused is typed only where the configuration says that the POS judges by itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from codes.reading import Flag, Kind, Scan
from edge.config_wedge import Fallback, WedgeSection, WedgeText
from edge.counter.views import ScanShown
from rules.scan_judgement import Verdict

_PERSONAL: Final = frozenset(kind for kind in Kind if kind.is_personal)
_TAKEN: Final = frozenset({Verdict.ADDED, Verdict.UNMATCHED})
_NO_TRACE_CODE: Final = frozenset({Verdict.WRONG_CODE_TYPE, Verdict.NOT_INDIVIDUAL, Verdict.UNREADABLE})
_OWN_GTIN: Final = re.compile(r"\(01\)([0-9]{14})\(21\)")
_GTIN_8, _GTIN_13 = 8, 13


class Withheld(StrEnum):
    """Why nothing is handed on."""

    CREDENTIAL = "credential"
    REFUSED = "refused"
    """The counter did not take it, and has said so."""
    OTHER = "other"
    """It is no trace code, and the configuration keeps those here."""
    UNKNOWN = "unknown"
    """No product is known for the pack, or none of its barcodes."""


def choose(scan: Scan, shown: ScanShown, barcodes: Sequence[str], section: WedgeSection) -> bytes | Withheld:
    """Return the bytes for the POS, without what ends them unless they are a whole frame.

    Args:
        scan: What the driver read.
        shown: What the counter made of it.
        barcodes: GTIN-14 of the smallest pack of its product, as far as the matching library has them.
        section: What the POS wants.
    """
    if shown.kind in _PERSONAL or Flag.MASKED in shown.flags:
        return _framed(scan, section) if section.passes_credentials else Withheld.CREDENTIAL
    if section.types is WedgeText.RAW:
        return _framed(scan, section)
    if shown.verdict in _NO_TRACE_CODE:
        return _of_other(scan, shown, barcodes, section)
    if shown.verdict not in _TAKEN and not section.passes_refused:
        return Withheld.REFUSED
    if section.types is WedgeText.CODE:
        return scan.raw
    return _of_pack(shown, barcodes, section) or _else(scan, section.unknown, Withheld.UNKNOWN)


def _of_other(scan: Scan, shown: ScanShown, barcodes: Sequence[str], section: WedgeSection) -> bytes | Withheld:
    # A code without a serial may name a product all the same; a retail barcode is what the POS wants already.
    is_barcode = shown.kind == Kind.RETAIL and section.types is WedgeText.BARCODE
    named = None if is_barcode else _of_pack(shown, barcodes, section)
    return named or _else(scan, section.others, Withheld.OTHER)


def _of_pack(shown: ScanShown, barcodes: Sequence[str], section: WedgeSection) -> bytes | None:
    """Return what stands for the product; None if nothing is known that could."""
    match section.types:
        case WedgeText.BARCODE:
            own = _OWN_GTIN.match(shown.code)
            # The number that is printed on this very pack, where it is one of several; else the product's first.
            is_own = own is not None and (own[1] in barcodes or not barcodes)
            gtin = own[1] if own is not None and is_own else next(iter(barcodes), None)
            return None if gtin is None else as_scanned(gtin).encode()
        case WedgeText.OWN:
            return None if shown.product is None else shown.product.encode()
        case _:
            return None


def as_scanned(gtin: str) -> str:
    """Return a GTIN-14 in the form in which a scanner sends it: EAN-13, EAN-8, or 14 digits of a case.

    >>> as_scanned("06900000000014"), as_scanned("00000096385074"), as_scanned("16900000000011")
    ('6900000000014', '96385074', '16900000000011')
    """
    if gtin[0] != "0":
        return gtin
    is_short = not gtin[:-_GTIN_8].strip("0") and gtin[-_GTIN_8] != "0"
    return gtin[-_GTIN_8:] if is_short else gtin[-_GTIN_13:]


def _else(scan: Scan, fallback: Fallback, why: Withheld) -> bytes | Withheld:
    return scan.raw if fallback is Fallback.CODE else why


def _framed(scan: Scan, section: WedgeSection) -> bytes:
    """Return the scan as the line carried it; what came by another way gets the suffix of the configuration."""
    return scan.frame or scan.raw + section.suffix.sent
