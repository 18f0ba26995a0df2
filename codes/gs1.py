"""GS1 codes: a UDI, a trace code in GS1 form, a logistic unit.

A symbol that is GS1 by its identifier is GS1 or nothing. Without such an identifier an element string must prove
itself, by a key with a right check digit or by a group separator, because short texts (`10…`, `21…`, `90…`) parse
as well.
"""

from __future__ import annotations

from dataclasses import replace

from codes import gs1_link
from codes.dates import REFERENCE_YEAR, iso_of_yymmdd
from codes.finding import Finding, broken
from codes.gs1_elements import BAD_BRACKETS, Message, parse_brackets, parse_elements
from codes.reading import Candidate, Confidence, FieldValue, Flag, Kind, Reason
from codes.text import GS, Text
from codes.trace import may_be_mashangfangxin
from codes.words import Words

GS1_SYMBOLOGIES = frozenset({"]C1", "]d2", "]Q3", "]e0", "]e1", "]e2", "]J1"})
"""AIM identifiers of symbols that carry element strings: the first FNC1 is told by nothing else."""

_KEYS_WITH_CHECK_DIGIT = frozenset({"00", "01", "02"})
_SCHEMES = ("https://", "http://", "HTTPS://", "HTTP://")
_LEGAL_SUBSTITUTE = "<GS>"
_SUBSTITUTES = (_LEGAL_SUBSTITUTE, "\\x1d", "\\x1D", "{GS}", "\u241d", "^", "|", "~")

_SYMBOL = Reason("gs1.symbol", Words("码制标识说明这是 GS1 条码。", "The symbology identifier says GS1."))
_KEY = Reason(
    "gs1.key",
    Words("含有校验位正确的 GS1 编码。", "It holds a GS1 key with a right check digit."),
)
_SEPARATOR = Reason("gs1.separator", Words("含有 GS1 分隔符。", "It holds the group separator of GS1 codes."))
_PARENTHESES = Reason(
    "gs1.parentheses",
    Words(
        "按带括号的 GS1 文本解析，不是直接扫码得到的内容。",
        "Read from the bracketed GS1 text, which no scanner sends.",
    ),
)
_LOGISTIC_UNIT = Reason(
    "gs1.logistic_unit",
    Words("这是物流单元（箱或托盘）的码，请扫描小盒上的码。", "This names a carton or a pallet: scan the small box."),
)
_SEPARATOR_LOST = Reason(
    "gs1.no_separator",
    Words(
        "码中没有分隔符；如果扫码枪会丢掉分隔符，末尾字段可能混入了别的字段。",
        "The code has no separator; a scanner that drops it may have merged another field into the last one.",
    ),
)
_SUBSTITUTE_OFFERED = Reason(
    "gs1.separator_substitute",
    Words(
        "若把其中的可见字符当作分隔符，可以解析为 GS1；请在设备设置中校准扫码枪。",
        "It would parse as GS1 with a printable character taken as separator; calibrate the scanner in the set-up.",
    ),
)
_UNPROVED = Reason(
    "gs1.unproved",
    Words(
        "可以按 GS1 解析，但没有校验位或分隔符可以证明。",
        "It parses as GS1, but no check digit and no separator proves it.",
    ),
)


def find_marked(text: Text, reference_year: int = REFERENCE_YEAR) -> Finding | None:
    """Read a symbol that its identifier declares to be GS1."""
    if text.symbology not in GS1_SYMBOLOGIES:
        return None
    message = parse_elements(text.text)
    if isinstance(message, Reason):
        return broken(
            text.text, _SYMBOL, message, candidates=may_be_mashangfangxin(text.text) or unproved_candidates(text.text)
        )
    return _doubted(_finding(message, "element_string", Confidence.CERTAIN, (_SYMBOL,), reference_year))


def find_unmarked(text: Text, reference_year: int = REFERENCE_YEAR) -> Finding | None:
    """Read an element string, its bracketed form or a GS1 Digital Link that no symbology identifier announces."""
    code = text.text
    if code.startswith("("):
        return _find_bracketed(code, reference_year)
    if code.startswith(_SCHEMES):
        return _find_link(code, reference_year)
    if not code[:2].isdigit():
        return None
    message = parse_elements(code)
    if isinstance(message, Reason):
        return broken(code, message) if GS in code else None
    proofs = _proofs(message)
    if not proofs:
        return None
    confidence = Confidence.CERTAIN if len(proofs) > 1 and text.symbology is None else Confidence.LIKELY
    return _doubted(_finding(message, "element_string", confidence, proofs, reference_year))


def find_composite(primary: str, composite: str, reference_year: int = REFERENCE_YEAR) -> Finding | None:
    """Read the data of a composite symbol that follows the EAN of its linear part."""
    message = parse_elements(f"01{primary:0>14}{composite}") if composite else None
    if not isinstance(message, Message):
        return None
    return _finding(message, "composite", Confidence.CERTAIN, (_SYMBOL,), reference_year)


def unproved_candidates(code: str) -> tuple[Candidate, ...]:
    """Return GS1 as a candidate for a text that parses, or would parse, but proves nothing."""
    if code.startswith("("):
        return _parsing(code, _UNPROVED)
    if not code[:2].isdigit():
        return ()
    return _parsing(code, _UNPROVED) or _with_substitute(code)


def _find_bracketed(code: str, reference_year: int) -> Finding | None:
    message = parse_brackets(code)
    if isinstance(message, Reason):
        return broken(code, message) if message is not BAD_BRACKETS else None
    proofs = _proofs(message)
    if not proofs and len(message.elements) == 1:
        return None  # a telephone number can look like one bracketed element
    confidence = Confidence.LIKELY if proofs else Confidence.POSSIBLE
    finding = _finding(message, "bracketed", confidence, (*proofs, _PARENTHESES), reference_year)
    return replace(finding, flags=(Flag.PARENTHESES,))


def _find_link(code: str, reference_year: int) -> Finding | None:
    elements = gs1_link.element_string_of(code)
    message = parse_elements(elements) if elements else None
    if not isinstance(message, Message):
        return None
    return _finding(message, "digital_link", Confidence.LIKELY, (gs1_link.LINK, _KEY), reference_year)


def _proofs(message: Message) -> tuple[Reason, ...]:
    has_key = not _KEYS_WITH_CHECK_DIGIT.isdisjoint(message.elements)
    return ((_KEY,) if has_key else ()) + ((_SEPARATOR,) if message.has_separator else ())


def _finding(
    message: Message, form: str, confidence: Confidence, reasons: tuple[Reason, ...], reference_year: int
) -> Finding:
    elements = message.elements
    if "00" in elements:
        reasons = (*reasons, _LOGISTIC_UNIT)
    flags: tuple[Flag, ...] = ()
    if message.is_open_ended and not message.has_separator:
        flags, reasons = (Flag.NO_SEPARATOR,), (*reasons, _SEPARATOR_LOST)
    expiry = elements.get("17") or elements.get("7003", "")[:6]
    fields: dict[str, FieldValue] = {
        "form": form,
        "gtin": elements.get("01"),
        "lot": elements.get("10"),
        "serial": elements.get("21"),
        "production": _iso(elements.get("11"), reference_year),
        "expiry": _iso(expiry, reference_year),
        "sscc": elements.get("00"),
        "ai": elements,
    }
    return Finding(Kind.GS1, message.canonical, confidence, fields, flags, reasons)


def _doubted(finding: Finding) -> Finding:
    """Doubt a value that holds the written-out separator, whose characters are all legal in a lot or serial."""
    if _LEGAL_SUBSTITUTE not in finding.value:
        return finding
    return replace(finding, confidence=Confidence.POSSIBLE, candidates=_with_substitute(finding.value))


def _iso(value: str | None, reference_year: int) -> str | None:
    return iso_of_yymmdd(value, reference_year) if value else None


def _with_substitute(code: str) -> tuple[Candidate, ...]:
    for substitute in _SUBSTITUTES:
        if substitute in code:
            found = _parsing(code.replace(substitute, GS), _SUBSTITUTE_OFFERED)
            if found:
                return found
    return ()


def _parsing(code: str, reason: Reason) -> tuple[Candidate, ...]:
    message = parse_brackets(code) if code.startswith("(") else parse_elements(code)
    if isinstance(message, Reason):
        return ()
    return (Candidate(Kind.GS1, message.canonical, Confidence.POSSIBLE, (reason,)),)
