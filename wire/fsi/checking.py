"""Holding a message against its table: every fault at once, each with the field's Chinese name.

What fits becomes a `Message`. Fields that no table has do not fail a message, because real counters send extras; they
are named as warnings, with the field that was probably meant. Rules over several fields (`Condition`) are checked
with the record they belong to. Our own answers go through the same tables, more strictly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from codes.words import Words
from wire.fsi.faults import NO_LABEL, Fault, fault
from wire.fsi.fields import Condition, Field, Kind, Node, Transaction
from wire.fsi.record import Held, Loose, Message, Record
from wire.fsi.values import (
    UnreadableValueError,
    is_absent,
    oddity_of,
    read_value,
    sign_fault,
    words_of_dictionary,
    written,
)

_MISSING = Words("必填", "is required")
_OBJECT = Words("应为对象", "must be an object")
_ARRAY = Words("应为数组", "must be an array")
_SIDES = {"input": Words("交易输入", "business input"), "output": Words("交易输出", "business output")}
_MOST_NAMED_STRANGERS = 50
"""Unknown names that are listed; who sends more sends another message altogether."""
_LONGEST_SHOWN_NAME = 60
_MOST_ODDITIES = 50
"""Values that others may misread that are listed; a program that writes one so writes them all so."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found."""

    message: Message | None
    """None if there is a fault."""
    faults: tuple[Fault, ...]
    """Everything that is wrong, in the order of the table."""
    warnings: tuple[Fault, ...]
    """What is strange but accepted: unknown fields, values outside a list that is not complete, advice."""
    doubts: tuple[Fault, ...]
    """What the table refuses no message for, since the business refuses it in words of its own."""
    readable: Message
    """What could be read, without the fields that are wrong: for who looks further nevertheless."""


def check(input: object, of: Transaction) -> Checked:  # noqa: A002 - the interface calls it input
    """Hold the input of a message against its table."""
    findings = _Findings()
    readable = Message(findings.nodes(input, of.input, "input"))
    message = None if findings.faults else readable
    return Checked(message, tuple(findings.faults), tuple(findings.warnings), tuple(findings.doubts), readable)


def check_output(output: object, of: Transaction) -> tuple[Fault, ...]:
    """Hold an answer of our own, by base names, against its table; a field that no table has is a fault here."""
    findings = _Findings()
    findings.nodes(_as_sent(output), of.output, "output", is_ours=True)
    strangers = (one for one in findings.warnings if one.code == "fsi.unknown_field")
    return (*findings.faults, *strangers)


def _as_sent(value: object) -> object:
    """Return Python values as they stand in JSON, so that our answers may hold dates and bytes."""
    match value:
        case Mapping():
            return {name: _as_sent(one) for name, one in value.items()}
        case list() | tuple():
            return [_as_sent(one) for one in value]
        case str() | Decimal() | date() | bytes():
            return written(value)
        case _:
            return value


class _Findings:
    """The faults and warnings of one message, gathered while it is read."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.doubts: list[Fault] = []
        self._oddities = 0

    def nodes(
        self, raw: object, nodes: Sequence[Node], side: str, *, is_ours: bool = False
    ) -> dict[str, tuple[Record, ...]]:
        """Read every node of an input or output."""
        if raw is None or raw == "":
            raw = {}
        if not isinstance(raw, Mapping):
            self._fault(side, _SIDES[side], "fsi.wrong_shape", _OBJECT)
            return {}
        found = {}
        for node in nodes:
            found[node.name] = self._node(raw, node, may_be_empty=is_ours)
        if not any(node.name == "" for node in nodes):
            self._strangers(raw, {name for node in nodes for name in (node.name, *node.aliases)}, "")
        return found

    def _node(self, raw: Mapping[str, object], node: Node, *, may_be_empty: bool) -> tuple[Record, ...]:
        if not node.name:
            return (self._record(raw, node.fields, node.conditions, ""),)
        place = node.name
        # An empty object is a record that lacks everything: each of its fields is named.
        values = (raw.get(name) for name in (node.name, *node.aliases))
        given = next((one for one in values if one == {} or not is_absent(one)), None)
        if given is None:
            if node.is_required and not (may_be_empty and node.is_many):
                self._fault(place, node.label, "fsi.missing", _MISSING)
            return ()
        if node.is_many and (not isinstance(given, Sequence) or isinstance(given, str)):
            self._fault(place, node.label, "fsi.wrong_shape", _ARRAY)
            return ()
        rows = given if node.is_many and isinstance(given, Sequence) else [given]
        return tuple(self._records(rows, node, place, is_list=node.is_many))

    def _records(
        self,
        rows: Sequence[object],
        of: Node | Field,
        path: str,
        *,
        is_list: bool,
    ) -> Iterator[Record]:
        fields, conditions = (of.fields, of.conditions) if isinstance(of, Node) else (of.children, ())
        for index, row in enumerate(rows):
            place = f"{path}[{index}]" if is_list else path
            if isinstance(row, Mapping):
                yield self._record(row, fields, conditions, place)
            else:
                self._fault(place, of.label, "fsi.wrong_shape", _OBJECT)

    def _record(
        self, raw: Mapping[str, object], fields: Sequence[Field], conditions: Sequence[Condition], path: str
    ) -> Record:
        held: dict[str, Held] = {}
        given: set[str] = set()
        known: set[str] = set()
        for field in fields:
            known.update(field.spellings)
            one = self._given(raw, field, path)
            if one is None:
                if field.is_required:
                    self._fault(_below(path, field), field.label, "fsi.missing", _MISSING)
                continue
            given.add(field.name)
            value = self._value(one, field, _below(path, field))
            if value is not None:
                held[field.name] = value
        self._strangers(raw, known, path)
        for condition in conditions:
            self._condition(condition, held, given, fields, path)
        return Record(path, held)

    def _given(self, raw: Mapping[str, object], field: Field, path: str) -> object:
        """Return the value under whichever spelling it came, None if it came under none.

        Two that differ are a fault, for which is meant?
        """
        values = [raw[name] for name in field.spellings if name in raw and not is_absent(raw[name])]
        if len(values) > 1 and any(one != values[0] for one in values):
            names = [name for name in field.spellings if not is_absent(raw.get(name))]
            words = Words(
                f"有两种写法且值不同：{'、'.join(names)}", f"is given twice with different values: {', '.join(names)}"
            )
            self._fault(_below(path, field), field.label, "fsi.said_twice", words)
        return values[0] if values else None

    def _value(self, raw: object, field: Field, place: str) -> Held | None:
        if field.kind is Kind.OBJECT:
            return self._object(raw, field, place)
        if field.kind is Kind.ARRAY:
            return self._array(raw, field, place)
        try:
            value = read_value(field, raw)
        except UnreadableValueError as exc:
            self._fault(place, field.label, exc.code, exc.words)
            return None
        if isinstance(value, str) and field.coded and value not in field.coded:
            self.warnings.append(fault(place, field.label, "fsi.unlisted_value", words_of_dictionary(field, value)))
        self._oddity(field, raw, place)
        return self._signed(field, value, place) if isinstance(value, Decimal) else value

    def _oddity(self, field: Field, raw: object, place: str) -> None:
        found = oddity_of(field, raw)
        if found is not None and self._oddities < _MOST_ODDITIES:
            self._oddities += 1
            self.warnings.append(fault(place, field.label, *found))

    def _signed(self, field: Field, value: Decimal, place: str) -> Decimal | None:
        found = sign_fault(field, value)
        if found is None:
            return value
        if field.is_sign_for_business:
            self.doubts.append(fault(place, field.label, *found))
            return value
        self._fault(place, field.label, *found)
        return None

    def _object(self, raw: object, field: Field, place: str) -> Record | Loose | None:
        if not isinstance(raw, Mapping):
            self._fault(place, field.label, "fsi.wrong_shape", _OBJECT)
            return None
        return self._record(raw, field.children, (), place) if field.children else Loose(raw)

    def _array(self, raw: object, field: Field, place: str) -> tuple[Record, ...] | Loose | None:
        if not isinstance(raw, Sequence) or isinstance(raw, str):
            self._fault(place, field.label, "fsi.wrong_shape", _ARRAY)
            return None
        return tuple(self._records(raw, field, place, is_list=True)) if field.children else Loose(raw)

    def _condition(
        self,
        condition: Condition,
        held: Mapping[str, object],
        given: set[str],
        fields: Sequence[Field],
        path: str,
    ) -> None:
        missing = [name for name in condition.needs if name not in given]
        is_met = len(missing) < len(condition.needs) if condition.is_any else not missing
        if is_met or not _holds(condition, held, given):
            return
        labels = {field.name: field.label for field in fields}
        found = (
            _one_of(missing, labels, condition, path) if condition.is_any else _all_of(missing, labels, condition, path)
        )
        if condition.is_advice:
            named = {one.path for one in self.faults}
            self.warnings += [one for one in found if one.path not in named]
        else:
            self.faults += found

    def _strangers(self, raw: Mapping[str, object], known: set[str], path: str) -> None:
        strangers = [name for name in raw if name not in known]
        for name in strangers[: max(0, _MOST_NAMED_STRANGERS - len(self.warnings))]:
            near = get_close_matches(name[:_LONGEST_SHOWN_NAME], known, 1, 0.8)
            hint = (f"，是否为 {near[0]}？", f"; did you mean {near[0]}?") if near else ("", "")
            shown = name if len(name) <= _LONGEST_SHOWN_NAME else f"{name[:_LONGEST_SHOWN_NAME]}…"
            place = f"{path}.{shown}" if path else shown
            words = Words(
                f"不是本交易的字段，未采用{hint[0]}", f"is no field of this transaction and is ignored{hint[1]}"
            )
            self.warnings.append(fault(place, NO_LABEL, "fsi.unknown_field", words))

    def _fault(self, path: str, label: Words, code: str, what: Words) -> None:
        self.faults.append(fault(path, label, code, what))


def _below(path: str, field: Field) -> str:
    return f"{path}.{field.name}" if path else field.name


def _holds(condition: Condition, held: Mapping[str, object], given: set[str]) -> bool:
    if not given.issuperset(condition.when_given):
        return False
    if any(held.get(name) not in values for name, values in condition.when.items()):
        return False
    for name, day in condition.since.items():
        value = held.get(name)
        if not isinstance(value, date) or value < day:
            return False
    numbers = (held.get(name) for name in condition.negative)
    if not all(isinstance(one, Decimal) and one < 0 for one in numbers):
        return False
    return all(str(held.get(name, "")).startswith(starts) for name, starts in condition.begins.items())


def _all_of(names: Sequence[str], labels: Mapping[str, Words], condition: Condition, path: str) -> list[Fault]:
    what = Words(f"必填：{condition.why.zh}", f"is required: {condition.why.en}")
    return [fault(f"{path}.{name}" if path else name, labels[name], "fsi.condition", what) for name in names]


def _one_of(names: Sequence[str], labels: Mapping[str, Words], condition: Condition, path: str) -> list[Fault]:
    """Return the fault of a record that lacks all of `names`; it stands at the first of them."""
    first, *others = names
    zh = "、".join(f"{name}（{labels[name].zh}）" for name in others)
    en = ", ".join(f"{name} ({labels[name].en})" for name in others)
    what = Words(f"或 {zh}至少给一个：{condition.why.zh}", f"or {en} is required: {condition.why.en}")
    return [fault(f"{path}.{first}" if path else first, labels[first], "fsi.condition", what)]
