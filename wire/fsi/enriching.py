"""Trace codes put into a message that somebody else wrote, with nothing else of it changed, character by character.

Where the codes belong is the area's: a node of its own with the settlement (channel A), the records of sales and
returns (B), those of stock (C). Codes that the message has stay where they are and are not said twice. A message that
cannot be read, that no table describes, or that would no longer fit its table with the codes, comes back as it was
given, with the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codes.errors import YimaError
from codes.words import Words
from wire.fsi.areas import Area, Channel
from wire.fsi.checking import Checked, check
from wire.fsi.fields import Field, Node, Transaction
from wire.fsi.json_places import Change, Place, changed, inside_string, places_of, put_instead, put_last
from wire.fsi.json_text import decode_json
from wire.fsi.signing.exact_text import members_of
from wire.fsi.table_files import table_names
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import LIST, SETTLEMENT_NODE, read_codes, write_codes
from wire.fsi.values import is_absent
from wire.fsi.writing import as_area_writes

CHANNELS: Mapping[str, Channel] = {
    "2101": Channel.SETTLEMENT,
    "2102": Channel.SETTLEMENT,
    "2207": Channel.SETTLEMENT,
    "3505": Channel.SALE,
    "3505A": Channel.SALE,
    "3506": Channel.SALE,
    "3501": Channel.STOCK,
    "3501A": Channel.STOCK,
    "3502": Channel.STOCK,
}
"""Which channel each transaction that may carry codes belongs to."""
_INPUT, _FLAT = "input", "drug_trac_codg"
_CODE_FIELDS = (LIST, _FLAT)


@dataclass(frozen=True, slots=True)
class LineCodes:
    """The codes that one line of the message is to have."""

    row: int
    """Which record of the node; 0 where there is one."""
    codes: tuple[str, ...]
    line: str = ""
    """`feedetl_sn`, for a settlement's node."""
    is_split: bool = False
    unit: str = "1"
    """`min_prcunt_type`, for a settlement's node."""


@dataclass(frozen=True, slots=True)
class Enriched:
    """A message, and what was put into it."""

    text: bytes
    added: tuple[str, ...] = ()
    why: Words | None = None
    """Why nothing was put in; nothing if something was, or if nothing had to be."""


def carries_codes(infno: str, area: Area) -> bool:
    """Tell whether this transaction carries trace codes in the area."""
    return CHANNELS.get(infno) in area.trace_channels


def enrich(body: bytes, area: Area, infno: str, wanted: Sequence[LineCodes]) -> Enriched:
    """Put codes into the input of a whole message, which may stand there as a text within the text."""
    try:
        members_of(body.removeprefix(_BOM))
        text = body.decode()
        place = places_of(text).members[_INPUT]
        value = place.of(text)
        if isinstance(value, str):
            changes, added = _changes(value, area, infno, wanted)
            changes = inside_string(text, place, changes)
        else:
            inner, added = _changes(text[place.start : place.end], area, infno, wanted)
            changes = [Change(one.start + place.start, one.end + place.start, one.text) for one in inner]
    except _UntouchedError as exc:
        return Enriched(body, why=exc.words)
    except (YimaError, KeyError, ValueError, RecursionError):
        return Enriched(body, why=_UNREADABLE)
    return Enriched(changed(text, changes).encode(), added) if added else Enriched(body)


def enrich_input(input_text: bytes, area: Area, infno: str, wanted: Sequence[LineCodes]) -> Enriched:
    """Put codes into an input that stands by itself, as after decryption."""
    try:
        text = input_text.decode()
        changes, added = _changes(text, area, infno, wanted)
    except _UntouchedError as exc:
        return Enriched(input_text, why=exc.words)
    except (YimaError, ValueError, RecursionError):
        return Enriched(input_text, why=_UNREADABLE)
    return Enriched(changed(text, changes).encode(), added) if added else Enriched(input_text)


def real_faults(checked: Checked) -> tuple[str, ...]:
    """Return the places of what is wrong with a message, but for its lack of codes: that is what is to be mended."""
    return tuple(
        one.path
        for one in checked.faults
        if one.code != "fsi.condition" or one.path.rpartition(".")[2] not in _CODE_FIELDS
    )


_BOM = b"\xef\xbb\xbf"
_UNREADABLE = Words("报文不是可读的 JSON", "the message is no JSON that can be read")


class _UntouchedError(Exception):
    """Nothing is put in."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def _changes(text: str, area: Area, infno: str, wanted: Sequence[LineCodes]) -> tuple[list[Change], tuple[str, ...]]:
    if infno not in table_names() or not carries_codes(infno, area):
        raise _UntouchedError(Words(f"本区域的 {infno} 不带追溯码", f"{infno} carries no trace codes in this area"))
    members_of(text.encode())
    decoded = decode_json(text.encode())
    table = transaction(infno, area)
    before = check(decoded, table)
    wrong = real_faults(before)
    if wrong:
        listed = "、".join(wrong[:3]), ", ".join(wrong[:3])
        raise _UntouchedError(
            Words(f"报文不符合 {infno} 的字段表：{listed[0]}", f"it does not fit the table of {infno}: {listed[1]}")
        )
    place = places_of(text)
    found = _Changes(text, area)
    if CHANNELS[infno] is Channel.SETTLEMENT:
        found.settlement(place, table, wanted)
    else:
        found.records(place, table.input[0], wanted)
    after = check(decode_json(changed(text, found.changes).encode()), table)
    if real_faults(after) or after.doubts != before.doubts:
        raise _UntouchedError(Words("追溯码不符合字段表", "the codes do not fit the table"))
    return found.changes, tuple(found.added)


class _Changes:
    """What has to be put in, gathered record by record."""

    def __init__(self, text: str, area: Area) -> None:
        self.changes: list[Change] = []
        self.added: list[str] = []
        self._text = text
        self._area = area

    def settlement(self, place: Place, table: Transaction, wanted: Sequence[LineCodes]) -> None:
        """Put the codes into the settlement's node, each once in the message."""
        node = next(one for one in table.input if one.name == SETTLEMENT_NODE)
        held = self._given(place, (node.name, *node.aliases))
        told = set(read_codes({SETTLEMENT_NODE: held.of(self._text)})) if held else set()
        rows = []
        for one in wanted:
            fresh = self._fresh(one.codes, told)
            told |= set(fresh)
            rows += [self._spelt(_settled(one, code), node) for code in fresh]
        if not rows:
            return
        if held:
            self.changes += [put_last(held, row) for row in rows] if held.rows else [put_instead(held, _listed(rows))]
        else:
            self._member(place, (node.name, *node.aliases), _listed(rows))

    def records(self, place: Place, node: Node, wanted: Sequence[LineCodes]) -> None:
        """Put the codes into the records that lack them."""
        held = self._given(place, (node.name, *node.aliases))
        if held is None:
            return
        rows = held.rows if node.is_many else (held,)
        for one in wanted:
            if one.row < len(rows):
                self._record(rows[one.row], node.fields, one.codes)

    def _record(self, place: Place, fields: Sequence[Field], codes: Sequence[str]) -> None:
        given = place.of(self._text)
        told = read_codes(given) if isinstance(given, Mapping) else ()
        fresh = self._fresh(codes, set(told))
        by_name = {one.name: one for one in fields}
        if not fresh or LIST not in by_name:
            return
        listed = self._given(place, by_name[LIST].spellings)
        if listed:
            entries = [json.dumps({self._entry_name(by_name[LIST]): code}) for code in fresh]
            self.changes += [put_last(listed, one) for one in entries]
            return
        written = write_codes((*told, *fresh), self._area)
        by_spelling = {name: one for one in fields for name in one.spellings}
        if not written.keys() <= by_spelling.keys():
            # The older form has room in the sale only.
            written = {LIST: [{_FLAT: code} for code in (*told, *fresh)]}
        spelt = as_area_writes(written, (Node("", is_many=False, is_required=False, fields=tuple(fields)),))
        for name, value in spelt.items():
            spellings = by_spelling[name].spellings
            if self._given(place, spellings) is None:
                self._member(place, (name, *spellings), json.dumps(value))

    def _fresh(self, codes: Sequence[str], told: set[str]) -> list[str]:
        fresh = [code for code in dict.fromkeys(codes) if code not in told]
        if any(len(code) > self._area.trace_code_length for code in fresh):
            raise _UntouchedError(
                Words("追溯码长于本区域接口的字段", "a code is longer than the field of this area's interface")
            )
        self.added += fresh
        return fresh

    def _given(self, place: Place, names: Sequence[str]) -> Place | None:
        """Return where a value is said; one that says nothing counts as not said."""
        found = [place.members[name] for name in names if name in place.members]
        return next((one for one in found if not is_absent(one.of(self._text))), None)

    def _member(self, place: Place, names: Sequence[str], value: str) -> None:
        """Put a member in; where it stands empty already, its value."""
        empty = place.of_any(names)
        self.changes.append(put_instead(empty, value) if empty else put_last(place, f'"{names[0]}":{value}'))

    @staticmethod
    def _entry_name(listed: Field) -> str:
        return next((one.written or one.name for one in listed.children if one.name == _FLAT), _FLAT)

    @staticmethod
    def _spelt(row: Mapping[str, object], node: Node) -> str:
        written = {one.name: one.written or one.name for one in node.fields}
        return json.dumps({written[name]: value for name, value in row.items()})


def _settled(one: LineCodes, code: str) -> dict[str, object]:
    return {
        "feedetl_sn": one.line,
        _FLAT: code,
        "trdn_flag": "1" if one.is_split else "0",
        "min_prcunt_type": one.unit,
    }


def _listed(rows: Sequence[str]) -> str:
    return f"[{','.join(rows)}]"
