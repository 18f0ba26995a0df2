"""HIBC: the UDI of the Health Industry Bar Code, checked by mod 43 (ANSI/HIBC 2.6).

`+` begins it. A letter follows in the primary data (labeler, product, unit of measure), a digit or `$` in secondary
data that stands alone (dates, lot, serial) and then ends with the check character of its primary as link. Joined in
one symbol they are separated by `/`. The last character checks all others and may be a space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from codes.check import HIBC_CHARACTERS, is_digits, mod43_character
from codes.dates import REFERENCE_YEAR
from codes.finding import Finding, broken
from codes.hibc_segments import Parts, read_segment
from codes.reading import Candidate, Confidence, FieldValue, Flag, Kind, Reason
from codes.words import Words

_PRIMARY = re.compile(r"([A-Z][0-9A-Z]{3})([0-9A-Z]{1,18})([0-9])")
_CHARACTERS = frozenset(HIBC_CHARACTERS)
_PROVIDER_DATA = "+/"

_CHECKED = Reason(
    "hibc.check_character_fits",
    Words("HIBC 校验字符（模 43）正确。", "The HIBC check character (mod 43) is right."),
)
_BAD_CHECK = Reason(
    "hibc.check_character",
    Words(
        "以 + 开头像 HIBC 码，但校验字符不对：可能误读或被截断，请重新扫码。",
        "It begins with + like HIBC, but the check character is wrong: misread or cut; scan again.",
    ),
)
_BAD_GRAMMAR = Reason(
    "hibc.grammar",
    Words(
        "以 + 开头且校验字符正确，但不符合 HIBC 的字段格式。",
        "It begins with + and its check character fits, but the fields are not those of HIBC.",
    ),
)
_BAD_CHARACTER = Reason(
    "hibc.character",
    Words("以 + 开头，但含有 HIBC 不允许的字符。", "It begins with +, but holds characters that HIBC has not."),
)
_SPACE_LOST = Reason(
    "hibc.space_lost",
    Words(
        "末尾补一个空格后校验正确：扫码枪可能去掉了作为校验字符的空格，请关闭去空格设置。",
        "With a space at the end it would check: the scanner may strip blanks, and here the blank is the check"
        " character. Switch the stripping off.",
    ),
)
_PROVIDER = Reason(
    "hibc.provider_data",
    Words(
        "这是 HIBC 医疗机构内部数据（如患者腕带），不是药品或器械的码。",
        "HIBC data of a provider, such as a wristband: no code of a medicine or device.",
    ),
)
_NO_PROOF = Reason(
    "hibc.digits_only",
    Words(
        "+ 后全是数字，可能是电话号码；没有码制标识时不当作 HIBC。",
        "Only digits follow the +, as in a telephone number: not taken as HIBC without more.",
    ),
)
_SECONDARY_ALONE = Reason(
    "hibc.secondary_alone",
    Words(
        "只有效期、批号或序列号，请再扫旁边的主码。",
        "Only date, lot or serial: scan the primary code beside it as well.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Body:
    """The text between the plus and the check character, taken apart."""

    labeler: str | None
    product: str | None
    unit: str | None
    link: str | None
    parts: Parts


def find(code: str, reference_year: int = REFERENCE_YEAR) -> Finding | None:
    """Read a text that begins with a plus."""
    if not code.startswith("+"):
        return None
    upper = code.upper() if code.isascii() else code
    fault = _PROVIDER if code.startswith(_PROVIDER_DATA) else _fault_of_characters(upper)
    if fault:
        return broken(code, fault)
    if mod43_character(upper[:-1]) != upper[-1]:
        return _bad_check(code, upper, reference_year)
    body = _body(upper, reference_year)
    if body is None:
        return broken(code, _BAD_GRAMMAR)
    if is_digits(upper[1:]):
        candidate = Candidate(Kind.HIBC, upper, Confidence.POSSIBLE, (_CHECKED,))
        return broken(code, _NO_PROOF, candidates=(candidate,))
    flags = (Flag.CASE_FOLDED,) if upper != code else ()
    reasons = (_CHECKED,) if body.labeler else (_CHECKED, _SECONDARY_ALONE)
    return Finding(Kind.HIBC, upper, Confidence.CERTAIN, _fields(body), flags, reasons)


def _fault_of_characters(upper: str) -> Reason | None:
    return None if len(upper) > 2 and _CHARACTERS.issuperset(upper) else _BAD_CHARACTER


def _bad_check(code: str, upper: str, reference_year: int) -> Finding:
    candidates: tuple[Candidate, ...] = ()
    if mod43_character(upper) == " " and _body(f"{upper} ", reference_year):
        candidates = (Candidate(Kind.HIBC, f"{upper} ", Confidence.POSSIBLE, (_SPACE_LOST,)),)
    return broken(code, _BAD_CHECK, flags=(Flag.CHECK_FAILED,), candidates=candidates)


def _body(code: str, reference_year: int) -> _Body | None:
    """Take apart a code whose check character is right."""
    first, *rest = code[1:-1].split("/")
    if code[1].isalpha():
        primary = _PRIMARY.fullmatch(first)
        parts = _parts(rest, reference_year)
        if primary is None or parts is None:
            return None
        labeler, product, unit = primary.groups()
        return _Body(labeler, product, unit, None, parts)
    *segments, last = first, *rest
    parts = _parts([*segments, last[:-1]], reference_year)
    return _Body(None, None, None, last[-1:], parts) if parts and last else None


def _parts(segments: list[str], reference_year: int) -> Parts | None:
    """Read the segments one by one; two that disagree make the code unreadable."""
    parts: Parts | None = Parts()
    for segment in segments:
        found = read_segment(segment, reference_year)
        parts = parts.joined(found) if parts and found else None
    return parts


def _fields(body: _Body) -> dict[str, FieldValue]:
    parts = body.parts
    return {
        "di": f"{body.labeler}{body.product}{body.unit}" if body.labeler else None,
        "labeler": body.labeler,
        "product": body.product,
        "unit": body.unit,
        "lot": parts.lot,
        "serial": parts.serial,
        "production": parts.production,
        "expiry": parts.expiry,
        "quantity": parts.quantity,
        "link": body.link,
    }
