"""The trace codes of one record, in whichever of the known spellings they came.

A list `drugtracinfo` of `drug_trac_codg` (or `drug_trac_code`), a flat field with one code, and the node
`drug_trac_info` of a settlement with split flag and unit per code. Codes keep their order; one that is given twice in
the list stays twice, because a pack scanned twice is a fact that the ledger must see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wire.fsi.areas import Area, TraceCodeForm
from wire.fsi.record import Message, Record
from wire.fsi.values import is_absent, trimmed

LIST = "drugtracinfo"
"""The list inside a stock or sale record."""
SETTLEMENT_NODE = "drug_trac_info"
"""The node of channel A."""
_CODE, _CODE_TOO = "drug_trac_codg", "drug_trac_code"
_SPLIT, _SPLIT_UNIT, _FEE_LINE = "trdn_flag", "min_prcunt_type", "feedetl_sn"


@dataclass(frozen=True, slots=True)
class SettledCode:
    """One code of channel A: it travels with the settlement and names its fee line."""

    fee_line: str
    code: str
    is_split: bool
    unit: str
    """Kind of the smallest priced unit."""


def read_codes(record: Record | Mapping[str, object]) -> tuple[str, ...]:
    """Return the codes of one record, checked or raw; the flat one too, unless the list has it."""
    given = record.as_json() if isinstance(record, Record) else record
    listed = [
        code for name in (LIST, SETTLEMENT_NODE) for entry in _entries(given.get(name)) if (code := _code_of(entry))
    ]
    flat = _code_of(given)
    return tuple(listed) if not flat or flat in listed else (*listed, flat)


def read_settled_codes(message: Message) -> tuple[SettledCode, ...]:
    """Return the codes that travel with a settlement (channel A)."""
    return tuple(
        SettledCode(one.text(_FEE_LINE), one.text(_CODE), one.flag(_SPLIT), one.text(_SPLIT_UNIT))
        for one in message.many(SETTLEMENT_NODE)
    )


def read_told_codes(told: Mapping[str, object]) -> tuple[SettledCode, ...]:
    """Return the codes of an object that no table describes, each with what it says of line, split flag and unit."""
    found = {
        code: _told(entry, code)
        for entry in (*_entries(told.get(LIST)), *_entries(told.get(SETTLEMENT_NODE)), told)
        if (code := _code_of(entry))
    }
    return tuple(found.get(code, SettledCode("", code, is_split=False, unit="")) for code in read_codes(told))


def write_codes(codes: Sequence[str], area: Area) -> dict[str, object]:
    """Return the fields that carry `codes` in a record of `area`, by base names, to be merged into the record."""
    if not codes:
        return {}
    flat: dict[str, object] = {area.trace_code_field: codes[0]} if len(codes) == 1 else {}
    if flat and area.trace_code_form is TraceCodeForm.FLAT:
        return flat
    listed: dict[str, object] = {LIST: [{_CODE: code} for code in codes]}
    return {**listed, **flat} if area.trace_code_form is TraceCodeForm.BOTH else listed


def _entries(raw: object) -> Sequence[object]:
    return raw if isinstance(raw, Sequence) and not isinstance(raw, str) else ()


def _told(entry: object, code: str) -> SettledCode:
    said = entry if isinstance(entry, Mapping) else {}
    line, split, unit = (str(said.get(name) or "").strip() for name in (_FEE_LINE, _SPLIT, _SPLIT_UNIT))
    return SettledCode(line, code, is_split=split == "1", unit=unit)


def _code_of(entry: object) -> str:
    """Return the code of an entry, which some write as a bare text."""
    if isinstance(entry, str):
        return trimmed(entry)
    if not isinstance(entry, Mapping):
        return ""
    found = next((entry[name] for name in (_CODE, _CODE_TOO) if not is_absent(entry.get(name))), None)
    return trimmed(str(found)) if isinstance(found, str | int) else ""
