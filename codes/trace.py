"""Drug trace codes (药品追溯码) that are not GS1 element strings.

NMPAB/T 1002 allows 20 characters of which the first 7 name product, pack specification and pack level
(药品标识码). The platform 码上放心 uses 20 digits starting with 8; other vendors may use any characters. The standard
asks for a check character, but its rule is not public and published codes fail every common one, so nothing here
is ever refused on a check digit: only the platform can say "fails the code check".
"""

from __future__ import annotations

import re

from codes.check import is_digits
from codes.finding import Finding, as_candidate
from codes.reading import Candidate, Confidence, FieldValue, Kind, Reason
from codes.words import Words

TRACE_LENGTH = 20
"""Characters of a trace code."""

PREFIX_LENGTH = 7
"""Characters of the 药品标识码 at its beginning."""

_LEAST_DIGITS_OF_OTHER_VENDOR = 10
_ALPHANUMERIC = re.compile(r"[0-9A-Za-z]{20}")
_GB_T_1988 = re.compile(r"(?=[!-~]*[0-9])[!-~]{20}")
"""Every character that the standard allows; a serial without any digit is not taken for one."""
_INSIDE = re.compile(r"(?<![0-9])8[0-9]{19}(?![0-9])")

_MASHANGFANGXIN = Reason(
    "trace.mashangfangxin",
    Words(
        "20 位数字、首位为 8：码上放心药品追溯码。",
        "20 digits starting with 8: a drug trace code of the 码上放心 platform.",
    ),
)
_OTHER_VENDOR = Reason(
    "trace.other_vendor",
    Words(
        "20 位字符，可能是其他追溯系统的药品追溯码，需由平台核实。",
        "20 characters: perhaps a trace code of another vendor; the platform has to confirm it.",
    ),
)


def is_mashangfangxin(text: str) -> bool:
    """Say whether `text` has the form of a 码上放心 trace code."""
    return len(text) == TRACE_LENGTH and text[0] == "8" and is_digits(text)


def trace_codes_inside(text: str) -> tuple[str, ...]:
    """Return each run of exactly 20 digits starting with 8 inside a longer text, such as a web address."""
    return tuple(dict.fromkeys(_INSIDE.findall(text)))


def mashangfangxin(code: str, confidence: Confidence) -> Finding:
    """Return the finding for a code of the 码上放心 form."""
    return _finding(code, "mashangfangxin", confidence, _MASHANGFANGXIN)


def may_be_mashangfangxin(text: str) -> tuple[Candidate, ...]:
    """Offer a trace code where the symbol says that the text is something else."""
    return (as_candidate(mashangfangxin(text, Confidence.POSSIBLE)),) if is_mashangfangxin(text) else ()


def find_other_vendor(text: str) -> Finding | None:
    """Read 20 letters and digits as a trace code of another vendor, never more than possible."""
    if not _ALPHANUMERIC.fullmatch(text):
        return None
    if sum(map(str.isdigit, text)) < _LEAST_DIGITS_OF_OTHER_VENDOR:
        return None
    return _finding(text, "other_vendor", Confidence.POSSIBLE, _OTHER_VENDOR)


def may_be_other_vendor(text: str) -> tuple[Candidate, ...]:
    """Offer what the standard allows beyond `find_other_vendor`: 20 characters of which many a text consists."""
    if not _GB_T_1988.fullmatch(text):
        return ()
    return (Candidate(Kind.TRACE, text, Confidence.POSSIBLE, (_OTHER_VENDOR,)),)


def _finding(code: str, form: str, confidence: Confidence, reason: Reason) -> Finding:
    fields: dict[str, FieldValue] = {
        "form": form,
        "prefix": code[:PREFIX_LENGTH],
        "serial": code[PREFIX_LENGTH:],
    }
    return Finding(Kind.TRACE, code, confidence, fields, reasons=(reason,))
