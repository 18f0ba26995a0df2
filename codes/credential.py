"""Credentials of a person: 医保码 (the insurance QR code) and the identity-card number.

They are recognised so that they can be routed to the payer's decoder, and masked so that they go nowhere else: the
value is a stub, the raw bytes are dropped, the fields identify nobody (C-04). A text that only resembles one (a
misread, a glued scan) is unknown, but hidden all the same.
"""

from __future__ import annotations

import re

from codes.check import has_mod10, mod11_2_character
from codes.dates import is_date
from codes.finding import Finding, broken
from codes.reading import Candidate, Confidence, FieldValue, Flag, Kind, Reason
from codes.words import Words

_PROVINCES_BY_REGION = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))

PROVINCES = frozenset(str(number) for first, last in _PROVINCES_BY_REGION for number in range(first, last + 1))
"""The 34 province-level codes of GB/T 2260."""

_TAIWAN_RESIDENT = "83"
_FOREIGN_RESIDENT = "9"
_VOUCHER_LENGTH = 28
_EXTENSION = "0000"
_VOUCHER = re.compile(r"(?:424[0-9]{17}|opc[0-9A-Za-z]{17})[0-9]{8}", re.IGNORECASE)
_ID_NUMBER = re.compile(r"[1-9][0-9]{5}(?:18|19|20)[0-9]{9}[0-9Xx]")

_BLANKS = re.compile(r"[\s-]")
_ID_NUMBER_INSIDE = re.compile(rf"(?=({_ID_NUMBER.pattern}))")
_VOUCHER_INSIDE = re.compile(r"(?=(424[0-9]{21}0000))")
_NEAR_CREDENTIALS = (
    # 17 to 19 digits with a birth date where an identity number has it, one place off allowed
    re.compile(
        r"(?<![0-9])[0-9]{5,7}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
        r"[0-9]{2,4}[0-9Xx](?![0-9])"
    ),
    # nothing but an identity number ends in X after so many digits
    re.compile(r"(?<![0-9])[0-9]{14,18}[Xx](?![0-9A-Za-z])"),
    # the head or the tail of a 医保码
    re.compile(r"(?<![0-9])424[0-9]{17,}"),
    re.compile(r"opc[0-9A-Za-z]{17,}", re.IGNORECASE),
    re.compile(r"(?<![0-9])[0-9]{22,26}0000(?![0-9])"),
)

_EC_CODE = Reason(
    "credential.voucher",
    Words(
        "这是患者的医保码，不是药品码：只用于就医购药验证身份，不保存。",
        "The patient's insurance QR code, no medicine's: used to verify the person, never stored.",
    ),
)
_ID_CARD = Reason(
    "credential.id_number",
    Words(
        "这是居民身份证号（出生日期与校验位相符），不保存。",
        "A resident identity number (birth date and check character fit), never stored.",
    ),
)
_ALSO_SSCC = Reason(
    "credential.also_sscc",
    Words("该号码也符合物流箱码（SSCC）的校验位。", "The number also fits the check digit of an SSCC."),
)
_HIDDEN = Reason(
    "credential.hidden",
    Words(
        "内容里可能有个人证件号或医保码，已隐去，不保存。请重新扫码。",
        "It may hold a personal number or an insurance code, so it is hidden and not kept. Scan again.",
    ),
)


def find_voucher(code: str) -> Finding | None:
    """Read the 28 characters of a 医保码."""
    if len(code) != _VOUCHER_LENGTH or not _VOUCHER.fullmatch(code):
        return None
    is_open_platform = code[0] in "oO"
    province = code[22:24]
    if province not in PROVINCES or not (is_open_platform or code.endswith(_EXTENSION)):
        return None
    form, shown = ("open_platform", "opc…") if is_open_platform else ("ec_code", f"424…{_EXTENSION}")
    fields: dict[str, FieldValue] = {"form": form, "province": province}
    is_folded = is_open_platform and not code.startswith("opc")
    flags = (Flag.MASKED, Flag.CASE_FOLDED) if is_folded else (Flag.MASKED,)
    return Finding(Kind.VOUCHER, shown, Confidence.CERTAIN, fields, flags, (_EC_CODE,))


def find_id_number(code: str) -> Finding | None:
    """Read an 18-character identity number by region, birth date and check character."""
    if len(code) != 18 or not _has_id_shape(code):
        return None
    if not _has_id_check(code):
        return hidden(code, flags=(Flag.CHECK_FAILED,))
    shown = f"{code[:2]}…{code[-1].upper()}"
    flags = (Flag.MASKED, Flag.CASE_FOLDED) if code[-1] == "x" else (Flag.MASKED,)
    fields: dict[str, FieldValue] = {"province": code[:2]}
    if code[-1] in "xX" or not has_mod10(code):
        return Finding(Kind.ID_NUMBER, shown, Confidence.CERTAIN, fields, flags, (_ID_CARD,))
    sscc = Candidate(Kind.SSCC, shown, Confidence.POSSIBLE, (_ALSO_SSCC,))
    return Finding(Kind.ID_NUMBER, shown, Confidence.LIKELY, fields, flags, (_ID_CARD,), (sscc,))


def has_id_form(code: str) -> bool:
    """Say whether a text that is known to be a person's number has the form of an identity number, with a date.

    The region is not looked at: what stands on a card was given out, whatever list of regions is at hand.
    """
    return _ID_NUMBER.fullmatch(code) is not None and _has_date(code)


def is_id_number(code: str) -> bool:
    """Say the same, check character included."""
    return has_id_form(code) and _has_id_check(code)


def may_hold_credential(text: str) -> bool:
    """Say whether a text that is no credential may hold one, or the greater part of one."""
    dense = _BLANKS.sub("", text)
    if any(pattern.search(dense) for pattern in _NEAR_CREDENTIALS):
        return True
    if any(match[1][22:24] in PROVINCES for match in _VOUCHER_INSIDE.finditer(dense)):
        return True
    inside = (match[1] for match in _ID_NUMBER_INSIDE.finditer(dense))
    return any(_has_id_shape(code) and _has_id_check(code) for code in inside)


def hidden(text: str, flags: tuple[Flag, ...] = (), reasons: tuple[Reason, ...] = ()) -> Finding:
    """Return the unknown finding of a text that may hold a credential: no part of it is shown."""
    return broken(text[:2].strip() + "…", *reasons, _HIDDEN, flags=(*flags, Flag.MASKED))


def _has_id_shape(code: str) -> bool:
    """Say whether region and birth date are possible."""
    if not _ID_NUMBER.fullmatch(code):
        return False
    region = code[1:3] if code[0] == _FOREIGN_RESIDENT else code[:2]
    if region not in PROVINCES and region != _TAIWAN_RESIDENT:
        return False
    return _has_date(code)


def _has_date(code: str) -> bool:
    return is_date(int(code[6:10]), int(code[10:12]), int(code[12:14]))


def _has_id_check(code: str) -> bool:
    return mod11_2_character(code[:17]) == code[-1].upper()
