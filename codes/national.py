"""National insurance codes of drugs and consumables (国家医保药品代码, 医用耗材代码).

They have no check character and stand on lists, not on boxes; they come from a paste or from the matching library. A
20-character code competes with a trace code of another vendor; the grammar decides (docs/codes.md). The grammars of
hospital preparations (院内制剂) and ethnic medicines (民族药) are not established, so those codes stay unknown.
"""

from __future__ import annotations

import re

from codes.finding import Finding, as_candidate
from codes.reading import Confidence, FieldValue, Flag, Kind, Reason
from codes.trace import find_other_vendor
from codes.words import Words

_WESTERN = re.compile(
    r"(?P<class>X)(?P<category>[A-Z][0-9]{2}[A-Z]{2})(?P<name>[A-Z][0-9]{3})(?P<dosage_form>[A-Z][0-9]{3})"
    r"(?P<pack>[0-9]{4})(?P<enterprise>[0-9]{5})"
)
_CHINESE_PATENT = re.compile(
    r"(?P<class>Z)(?P<category>[A-Z][0-9]{2}[A-Z]{2})(?P<name>[A-Z][0-9]{4})(?P<pack>[0-9]{4})"
    r"(?P<enterprise>[0-9]{5})"
)
_SLICE = re.compile(r"(?P<class>T)(?P<serial>[0-9]{9})")
_CONSUMABLE = re.compile(
    r"(?P<base>(?P<class>C)(?P<classification>[0-9]{6})(?P<generic_name>[0-9]{3})(?P<feature>[0-9]{5})"
    r"(?P<enterprise>[0-9]{5}))(?P<sequence>[0-9]{7})?"
)

_DRUG = Reason(
    "national.drug",
    Words(
        "符合国家医保药品代码的结构，它标识品种，不能代替追溯码。",
        "The form of a national drug code, which names a product and replaces no trace code.",
    ),
)
_CONSUMABLE_CODE = Reason(
    "national.consumable",
    Words(
        "符合国家医保医用耗材代码的结构，它标识品种，不能代替器械唯一标识。",
        "The form of a national consumable code, which names a product and replaces no UDI.",
    ),
)

_FORMS: tuple[tuple[int, str, re.Pattern[str], Kind, Reason], ...] = (
    (23, "western", _WESTERN, Kind.DRUG, _DRUG),
    (20, "chinese_patent", _CHINESE_PATENT, Kind.DRUG, _DRUG),
    (10, "decoction_piece", _SLICE, Kind.DRUG, _DRUG),
    (20, "consumable_20", _CONSUMABLE, Kind.CONSUMABLE, _CONSUMABLE_CODE),
    (27, "consumable_27", _CONSUMABLE, Kind.CONSUMABLE, _CONSUMABLE_CODE),
)


def find(code: str) -> Finding | None:
    """Read a national code by its length and the grammar of its parts."""
    if not code.isascii():
        return None
    upper = code.upper()
    for length, form, pattern, kind, reason in _FORMS:
        match = pattern.fullmatch(upper) if len(upper) == length else None
        if match:
            return _finding(code, upper, kind, {"form": form, **match.groupdict()}, reason)
    return None


def _finding(code: str, upper: str, kind: Kind, fields: dict[str, FieldValue], reason: Reason) -> Finding:
    rival = find_other_vendor(code)
    return Finding(
        kind,
        upper,
        Confidence.LIKELY,
        fields,
        (Flag.CASE_FOLDED,) if upper != code else (),
        (reason,),
        (as_candidate(rival),) if rival else (),
    )
