"""Drug standard codes (药品本位码): 86, then 9 for drugs, 5 digits enterprise, 5 digits product, GS1 check digit.

The same 14 digits can be a GTIN-14 with packaging indicator 8 and a Chinese company prefix; both share the check
digit. Who wins is decided by where the number comes from (docs/codes.md): a standard code is printed on lists, not in
bars, and indicator 8 is rare on cartons.
"""

from __future__ import annotations

from dataclasses import replace

from codes.check import has_mod10, is_digits
from codes.finding import Finding, as_candidate
from codes.reading import Confidence, FieldValue, Kind, Reason
from codes.retail import retail
from codes.text import Text
from codes.words import Words

_LENGTH = 14
_HEAD = "869"
_ITF = "]I"

_BENWEI = Reason(
    "benwei.grammar",
    Words(
        "14 位、以 869 开头且校验位正确：药品本位码。",
        "14 digits starting with 869, check digit right: a drug standard code.",
    ),
)
_CARTON_SYMBOL = Reason(
    "benwei.carton_symbol",
    Words(
        "来自 ITF 箱码条码，按 GTIN-14 处理；本位码不印成条码。",
        "From an ITF carton symbol, so read as GTIN-14; a drug standard code is not printed in bars.",
    ),
)
_ALSO_GTIN14 = Reason(
    "benwei.also_gtin14",
    Words("同一数字也可以是箱码 GTIN-14。", "The same digits can be the GTIN-14 of a carton."),
)


def find(text: Text, *, is_typed: bool = False) -> Finding | None:
    """Read a drug standard code, or the GTIN-14 that shares its form where the symbol says carton."""
    code = text.text
    if len(code) != _LENGTH or not code.startswith(_HEAD) or not is_digits(code) or not has_mod10(code):
        return None
    if text.symbology is not None and text.symbology.startswith(_ITF):
        carton = retail(code, Confidence.LIKELY, _CARTON_SYMBOL)
        return replace(carton, candidates=(as_candidate(_benwei(code, Confidence.POSSIBLE)),))
    confidence = Confidence.LIKELY if is_typed else Confidence.POSSIBLE
    rival = as_candidate(retail(code, Confidence.POSSIBLE, _ALSO_GTIN14))
    return replace(_benwei(code, confidence), candidates=(rival,))


def _benwei(code: str, confidence: Confidence) -> Finding:
    fields: dict[str, FieldValue] = {"country": "86", "enterprise": code[3:8], "product": code[8:13]}
    return Finding(Kind.BENWEI, code, confidence, fields, reasons=(_BENWEI,))
