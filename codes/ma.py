"""MA (IDcode): the UDI issued by ZIIOT, whose parts are separated by dots and named by a letter.

`MA.156.M0.100761.21234561.S….M220117.L….E220130.C3`: the first five parts are the device identifier, the others
come in any order. The grammar is in upper case, which shows when Caps Lock was on: then every letter is turned round.
Nothing else is folded, because serials may differ by case alone. The rule of the check digit is unpublished and the
known one was withdrawn, so a misfit is a remark and no reason to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from codes.check import has_luhn, is_digits
from codes.dates import REFERENCE_YEAR, iso_of_day
from codes.finding import Finding, broken
from codes.reading import Candidate, Confidence, FieldValue, Flag, Kind, Reason
from codes.words import Words

_HEAD = "MA."
_HEAD_UNDER_CAPS_LOCK = "ma."
_DI = re.compile(r"MA\.156\.M0\.[0-9A-Za-z]{6}\.[0-9A-Za-z]{8,14}")
_VALUE = re.compile(r"[0-9A-Za-z\-_/+*#$%@,!]{1,20}")
_USUAL_ITEM_LENGTH = 8

_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "S": "serial",
        "M": "production",
        "P": "production",
        "L": "lot",
        "D": "sterilisation_lot",
        "E": "expiry",
        "V": "valid_until",
        "C": "check",
    }
)
"""The part that each letter names; P is M in older prints."""

_DATES = frozenset({"production", "expiry", "valid_until"})

_LOWER_CASE_VALUES = (36, 37, 38, 39, 40, 41, 42, *range(45, 64))
_CHECK_VALUES: Mapping[str, str] = MappingProxyType(
    {str(digit): str(digit) for digit in range(10)}
    | {chr(ord("A") + place): str(10 + place) for place in range(26)}
    | {chr(ord("a") + place): str(value) for place, value in enumerate(_LOWER_CASE_VALUES)}
    | {"-": "64", ".": "65", "@": "66", "$": "67", ",": "68", "*": "69", "+": "70", "%": "71", "/": "72"}
    | {"#": "73", "!": "74"}
)
"""The numbers that the withdrawn rule puts for characters; it leaves 43 and 44 out."""

_GRAMMAR_FITS = Reason(
    "ma.grammar_fits",
    Words("符合 MA（IDcode）医疗器械唯一标识格式。", "It has the form of an MA (IDcode) device identifier."),
)
_BAD_DI = Reason(
    "ma.di",
    Words(
        "以 MA. 开头，但前五段不是 MA 器械标识的格式。",
        "It begins with MA., but the first five parts are not an MA device identifier.",
    ),
)
_BAD_PART = Reason(
    "ma.part",
    Words(
        "MA 码的某一段不符合格式、重复或日期无效：可能误读或两码相连，请重新扫码。",
        "A part of the MA code is malformed, repeated or no valid date: misread or glued; scan again.",
    ),
)
_CHECK_MISFIT = Reason(
    "ma.check_digit",
    Words(
        "校验位与已停用的旧规则不符，仅供提示，不影响使用。",
        "A check digit does not fit the withdrawn rule: a remark only.",
    ),
)


def find(code: str, reference_year: int = REFERENCE_YEAR) -> Finding | None:
    """Read a text that begins with `MA.`, in either case."""
    if code[: len(_HEAD)].upper() != _HEAD:
        return None
    told = code.swapcase() if code.startswith(_HEAD_UNDER_CAPS_LOCK) and code.isascii() else code
    di = ".".join(told.split(".")[:5])
    if not _DI.fullmatch(di):
        return broken(code, _BAD_DI)
    fields = _fields(told[len(di) :], reference_year)
    if fields is None:
        candidate = Candidate(Kind.MA, di, Confidence.POSSIBLE, (_GRAMMAR_FITS,))
        return broken(code, _BAD_PART, candidates=(candidate,))
    item = di.rpartition(".")[2]
    confidence = Confidence.CERTAIN if len(item) == _USUAL_ITEM_LENGTH else Confidence.LIKELY
    flags = (Flag.CASE_FOLDED,) if told != code else ()
    reasons: tuple[Reason, ...] = (_GRAMMAR_FITS,)
    if not _checks_fit(told, len(di), fields["check"]):
        flags, reasons = (*flags, Flag.CHECK_ADVISORY), (*reasons, _CHECK_MISFIT)
    return Finding(Kind.MA, told, confidence, {"di": di, **fields}, flags, reasons)


def _fields(text: str, reference_year: int) -> dict[str, FieldValue] | None:
    """Read `.S….M…`, or return `None` if a part is unknown, malformed or given twice."""
    fields: dict[str, FieldValue] = dict.fromkeys(_NAMES.values())
    for part in text.split(".")[1:]:
        name, value = _NAMES.get(part[:1]), part[1:]
        if name is None or fields[name] is not None or not _VALUE.fullmatch(value):
            return None
        fields[name] = iso_of_day(value, reference_year) if name in _DATES else value
        if fields[name] is None or (name == "check" and len(value) > 1):
            return None
    return fields


def _checks_fit(code: str, di_length: int, check: FieldValue) -> bool:
    """Say whether both check digits fit the withdrawn rule, as they stand or in upper case."""
    parts = [code[:di_length]]
    if check is not None:
        parts.append(code[di_length:].rpartition(".")[0] + str(check))
    return all(_luhn_fits(part) or _luhn_fits(part.upper()) for part in parts)


def _luhn_fits(text: str) -> bool:
    """Apply the withdrawn rule: characters become numbers, the numbers one row of digits, then Luhn."""
    digits = "".join(_CHECK_VALUES.get(character, "") for character in text[:-1])
    # The rule doubles every second digit from the right of the body, not of the whole, hence the digit between.
    return is_digits(text[-1]) and has_luhn(f"{digits}0{text[-1]}")
