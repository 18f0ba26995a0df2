"""Texts that no rule knows: say why, offer what they might be, and never more than offer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from codes import gs1
from codes.check import is_digits
from codes.finding import Finding, broken
from codes.reading import Candidate, Confidence, Flag, Kind, Reason
from codes.retail import BAD_CHECK_DIGIT, has_retail_length
from codes.text import Text
from codes.trace import TRACE_LENGTH, may_be_other_vendor, trace_codes_inside
from codes.words import Words

_INVOICE = re.compile(r"01,[0-9]{2},[0-9]*,[0-9]{8,20},")
_VETERINARY = re.compile(r"20[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{16}")
_ISBT_HEAD = re.compile(r"[=&][^\s\w]")
_NEARLY_A_TRACE_CODE = 3
_LONGEST_TRIMMED = 128

_NO_RULE = Reason(
    "text.no_rule",
    Words(
        "不是已知的药品或器械编码。请扫描“药品追溯码”旁的条码。",
        "No known code of a medicine or device. Scan the barcode beside 药品追溯码.",
    ),
)
_WEB_ADDRESS = Reason(
    "text.web_address",
    Words(
        "这是一个网址，不直接当作追溯码。请改扫“药品追溯码”旁的一维码。",
        "A web address is not taken as a trace code. Scan the linear barcode beside 药品追溯码.",
    ),
)
_INSIDE_ADDRESS = Reason(
    "trace.inside_address",
    Words(
        "网址里含有一段形似追溯码的数字，需人工确认。", "The address holds digits like a trace code; confirm by eye."
    ),
)
_NOT_ASCII = Reason(
    "text.not_ascii",
    Words(
        "收到中文或其他非英文字符：输入法可能开着，或扫到的是说明文字。请切换到英文输入后重扫。",
        "Characters beyond ASCII arrived: an input method may be on, or the symbol holds prose. Switch to English input"
        " and scan again.",
    ),
)
_BLANKS = Reason(
    "text.blanks",
    Words(
        "去掉空格后可以识别；空格没有自动去掉，请重新扫码确认。",
        "Without its blanks it would be known; they were not dropped. Scan again to confirm.",
    ),
)
_PROSE = Reason(
    "text.prose",
    Words("像是人工输入的文字，不是条码内容。", "It looks like words typed by hand, not like a barcode."),
)
_INVOICE_CODE = Reason(
    "text.invoice",
    Words(
        "这是发票二维码，请扫描药品追溯码。",
        "This is the QR code of an invoice. Scan the drug trace code.",
    ),
)
_WRONG_LENGTH = Reason(
    "trace.length",
    Words(
        "首位为 8 但不是 20 位：可能漏读或多读了几位，请重新扫码。",
        "It starts with 8 but has not 20 digits: some were lost or added; scan again.",
    ),
)
_VETERINARY_CODE = Reason(
    "text.veterinary",
    Words(
        "24 位且以日期开头：可能是兽药追溯码，不是药品追溯码。",
        "24 digits starting with a date: perhaps a veterinary code, not a drug trace code.",
    ),
)
_ISBT_UNREAD = Reason(
    "isbt.structure_unread",
    Words("可能是 ISBT 128 血液编码，但结构无法识别。", "Perhaps ISBT 128 (blood), but its structure is not known."),
)


def unreadable(text: Text) -> Finding:
    """Return the finding of bytes that cannot be a code; the reasons came with the text."""
    return broken(text.text)


def explain(text: Text, read_alone: Callable[[str], Finding | None]) -> Finding:
    """Return the finding of a text that no rule knows; `read_alone` reads a part of it by the strict rules."""
    code = text.text
    reasons = tuple(_reasons(code)) or (_NO_RULE,)
    candidates = _candidates(code, read_alone)
    if any(_BLANKS in candidate.reasons for candidate in candidates):
        reasons = (_BLANKS, *reasons)
    flags = (Flag.CHECK_FAILED,) if BAD_CHECK_DIGIT in reasons else ()
    return broken(code, *reasons, flags=flags, candidates=candidates)


def _reasons(code: str) -> Iterator[Reason]:
    if not code.isascii():
        yield _NOT_ASCII
    elif _is_address(code):
        yield _WEB_ADDRESS
    elif _INVOICE.match(code):
        yield _INVOICE_CODE
    elif is_digits(code):
        yield from _reasons_of_digits(code)
    elif _is_prose(code):
        yield _PROSE


def _reasons_of_digits(code: str) -> Iterator[Reason]:
    if code[0] == "8" and 0 < abs(len(code) - TRACE_LENGTH) <= _NEARLY_A_TRACE_CODE:
        yield _WRONG_LENGTH
    if has_retail_length(code):
        yield BAD_CHECK_DIGIT
    if _VETERINARY.fullmatch(code):
        yield _VETERINARY_CODE


def _candidates(code: str, read_alone: Callable[[str], Finding | None]) -> tuple[Candidate, ...]:
    if _is_address(code):
        return tuple(
            Candidate(Kind.TRACE, inside, Confidence.POSSIBLE, (_INSIDE_ADDRESS,))
            for inside in trace_codes_inside(code)
        )
    if " " in code and len(code) <= _LONGEST_TRIMMED:
        trimmed = read_alone(code.replace(" ", ""))
        if trimmed:
            return (Candidate(trimmed.kind, trimmed.value, Confidence.POSSIBLE, (*trimmed.reasons, _BLANKS)),)
    if _ISBT_HEAD.match(code):
        return (Candidate(Kind.ISBT, code, Confidence.POSSIBLE, (_ISBT_UNREAD,)),)
    return (*gs1.unproved_candidates(code), *may_be_other_vendor(code))


def _is_address(code: str) -> bool:
    return code[:7].lower() == "http://" or code[:8].lower() == "https://" or code[:4].lower() == "www."


def _is_prose(code: str) -> bool:
    letters = sum(map(str.isalpha, code))
    return (" " in code.strip() and 2 * letters >= len(code)) or letters == len(code)
