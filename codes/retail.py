"""Commodity barcodes (商品条码): EAN-13, EAN-8, UPC-A, GTIN-14; and the SSCC of a carton or pallet.

They are known by length and check digit, so one number in ten of the right length passes: without an EAN symbol
the confidence is never certain. A retail code names a product, not a pack, and is no trace code (T-25).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from codes import gs1
from codes.check import has_mod10, is_digits
from codes.finding import Finding, as_candidate, broken
from codes.reading import Candidate, Confidence, FieldValue, Flag, Kind, Reason
from codes.text import Text
from codes.trace import may_be_mashangfangxin
from codes.words import Words

SSCC_LENGTH = 18

FORMS: Mapping[int, str] = MappingProxyType({8: "ean8", 12: "upca", 13: "ean13", 14: "gtin14"})
"""The form of a retail code by its number of digits."""

_LENGTH_OF_SYMBOL: Mapping[str, int] = MappingProxyType({"]E0": 13, "]E4": 8})
_COMPOSITE = "|]e0"

NOT_TRACE = Reason(
    "retail.not_trace",
    Words(
        "这是商品条码，请扫描药品追溯码（通常是 20 位、首位为 8，印在“药品追溯码”字样旁）。",
        "This is a retail barcode. Scan the drug trace code, usually 20 digits starting with 8 beside 药品追溯码.",
    ),
)
_SYMBOL = Reason("retail.symbol", Words("码制标识说明这是 EAN/UPC 条码。", "The symbology identifier says EAN/UPC."))
_CHECKED = Reason(
    "retail.check_digit_fits",
    Words("长度与校验位符合商品条码。", "Length and check digit are those of a retail barcode."),
)
BAD_CHECK_DIGIT = Reason(
    "retail.check_digit",
    Words(
        "位数像商品条码，但校验位不对：可能误读，请重新扫码。",
        "As long as a retail barcode, but the check digit is wrong: perhaps a misread; scan again.",
    ),
)
_BAD_LENGTH = Reason(
    "retail.length",
    Words(
        "EAN/UPC 条码的位数不对：应为 13 位或 8 位。",
        "An EAN/UPC symbol must carry 13 or 8 digits.",
    ),
)
_SSCC = Reason(
    "sscc.logistic_unit",
    Words(
        "18 位且校验位符合：这是物流箱码或托盘码（SSCC），请扫描小盒上的追溯码。",
        "18 digits with a right check digit: the SSCC of a carton or pallet. Scan the trace code on the small box.",
    ),
)


def find_marked(text: Text) -> Finding | None:
    """Read a symbol that its identifier declares to be EAN or UPC, with or without a composite part."""
    symbology = text.symbology
    if symbology is None or not symbology.startswith("]E"):
        return None
    code, bar, composite = text.text.partition(_COMPOSITE)
    if len(code) != _LENGTH_OF_SYMBOL.get(symbology) or not is_digits(code):
        return broken(text.text, _SYMBOL, _BAD_LENGTH, candidates=_others(text.text))
    if not has_mod10(code):
        return broken(text.text, _SYMBOL, BAD_CHECK_DIGIT, flags=(Flag.CHECK_FAILED,))
    if bar:
        return gs1.find_composite(code, composite) or broken(text.text, _SYMBOL, _BAD_LENGTH)
    return retail(code, Confidence.CERTAIN, _SYMBOL)


def find(text: Text) -> Finding | None:
    """Read a number by its length and check digit."""
    code = text.text
    if not has_retail_length(code):
        return None
    if not is_digits(code) or not has_mod10(code):
        return None
    if len(code) == SSCC_LENGTH:
        return sscc(code)
    return retail(code, Confidence.POSSIBLE if len(code) == 8 else Confidence.LIKELY, _CHECKED)


def _others(code: str) -> tuple[Candidate, ...]:
    """Return what a text might be that no EAN symbol can carry."""
    found = find(Text(code, None))
    return may_be_mashangfangxin(code) or ((as_candidate(found),) if found else ())


def has_retail_length(code: str) -> bool:
    """Say whether a text is as long as a retail code or an SSCC."""
    return len(code) in FORMS or len(code) == SSCC_LENGTH


def retail(code: str, confidence: Confidence, reason: Reason) -> Finding:
    """Return the finding for a retail code whose check digit is right."""
    fields: dict[str, FieldValue] = {"form": FORMS[len(code)], "gtin": f"{code:0>14}"}
    return Finding(Kind.RETAIL, code, confidence, fields, reasons=(reason, NOT_TRACE))


def sscc(code: str) -> Finding:
    """Return the finding for an SSCC whose check digit is right."""
    fields: dict[str, FieldValue] = {"sscc": code}
    return Finding(Kind.SSCC, code, Confidence.LIKELY, fields, reasons=(_SSCC,))
