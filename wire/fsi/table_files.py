"""Reading the field tables from `tables/*.toml`: strict, once, and as the base (no area) has them.

One file is one transaction. A transaction that shares another's form names it (`form = "1301"`); a node that takes
over another node's fields names that (`same_as = "2203.input.diseinfo"`), may drop some and add its own. A file that
does not fit its schema is a fault of ours and raises at once.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Literal

import msgspec

from codes.words import Words
from wire.fsi.fields import NO_DICTIONARY, Condition, Dictionary, Field, Kind, Node, Sign, Transaction
from wire.fsi.shapes import Shape

ENVELOPE = "envelope"
"""The table of the envelope itself: its input is the request, its output the answer."""
_DICTIONARIES, _NODES = "dictionaries", "nodes"
_SIDES = Literal["input", "output"]


class _Value(msgspec.Struct, forbid_unknown_fields=True):
    value: str
    zh: str
    en: str


class _DictionaryFile(msgspec.Struct, forbid_unknown_fields=True):
    is_closed: bool
    values: list[_Value]


class _FieldLine(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    type: Kind
    zh: str
    en: str
    length: Annotated[int, msgspec.Meta(gt=0)] | None = None
    scale: Annotated[int, msgspec.Meta(ge=0)] | None = None
    required: bool | None = None
    coded: bool = False
    dictionary: str | None = None
    aliases: list[str] = []
    may_be_object: bool = False
    shape: Shape | None = None
    shape_advice: bool = False
    sign: Sign | None = None
    sign_for_business: bool = False
    fields: list[_FieldLine] = []


class RuleLine(msgspec.Struct, forbid_unknown_fields=True):
    """A rule over several fields, as a table writes it."""

    zh: str
    en: str
    need: list[str] = []
    need_one_of: list[str] = []
    when: dict[str, list[str]] = {}
    when_given: list[str] = []
    since: dict[str, date] = {}
    begins: dict[str, list[str]] = {}
    negative: list[str] = []
    advice: bool = False


class _NodePart(msgspec.Struct, forbid_unknown_fields=True):
    node: str
    many: bool = False
    required: bool = True
    same_as: str | None = None
    without: list[str] = []
    fields: list[_FieldLine] = []
    rules: list[RuleLine] = []
    aliases: list[str] = []


class _Note(msgspec.Struct, forbid_unknown_fields=True):
    zh: str
    en: str


class _TableFile(msgspec.Struct, forbid_unknown_fields=True):
    infno: str
    zh: str
    en: str
    form: str | None = None
    input: list[_NodePart] = []
    output: list[_NodePart] = []
    notes: list[_Note] = []


def _folder() -> Traversable:
    return files("wire.fsi") / "tables"


@cache
def table_names() -> tuple[str, ...]:
    """Return the numbers of all transactions that have a table, in order."""
    stems = (file.name.removesuffix(".toml") for file in _folder().iterdir() if file.name.endswith(".toml"))
    return tuple(sorted(stem for stem in stems if stem not in {ENVELOPE, _DICTIONARIES, _NODES}))


@cache
def base_table(name: str) -> Transaction:
    """Return the transaction as the base has it; `name` must be one of `table_names()` or `ENVELOPE`."""
    file = msgspec.convert(tomllib.loads((_folder() / f"{name}.toml").read_text(encoding="utf-8")), _TableFile)
    words, notes = Words(file.zh, file.en), tuple(Words(one.zh, one.en) for one in file.notes)
    if file.form is not None:
        form = base_table(file.form)
        return Transaction(file.infno, words, form.input, form.output, notes or form.notes)
    return Transaction(
        file.infno,
        words,
        tuple(_node(part, f"{name}.input") for part in file.input),
        tuple(_node(part, f"{name}.output") for part in file.output),
        notes,
    )


def node_at(path: str) -> Node:
    """Return the node at `3505.input.selinfo`; a node without a name stands at `9101.output.`.

    Raises:
        KeyError: There is no such node.
    """
    infno, _, rest = path.partition(".")
    side, _, name = rest.partition(".")
    if side not in {"input", "output"} or infno not in (*table_names(), ENVELOPE):
        raise KeyError(path)
    table = base_table(infno)
    for node in table.input if side == "input" else table.output:
        if node.name == name:
            return node
    raise KeyError(path)


@cache
def _dictionaries() -> dict[str, Dictionary]:
    text = (_folder() / f"{_DICTIONARIES}.toml").read_text(encoding="utf-8")
    read = msgspec.convert(tomllib.loads(text), dict[str, _DictionaryFile])
    return {
        name: Dictionary({one.value: Words(one.zh, one.en) for one in file.values}, file.is_closed)
        for name, file in read.items()
    }


@cache
def _node_labels() -> dict[str, Words]:
    text = (_folder() / f"{_NODES}.toml").read_text(encoding="utf-8")
    return {name: Words(one.zh, one.en) for name, one in msgspec.convert(tomllib.loads(text), dict[str, _Note]).items()}


def _node(part: _NodePart, side: str) -> Node:
    own_path = f"{side}.{part.node}"
    taken = node_at(part.same_as) if part.same_as else None
    conditions = (*(taken.conditions if taken else ()), *(condition_of(rule) for rule in part.rules))
    added = tuple(_field(line, conditions) for line in part.fields)
    names = {one.name for one in added} | set(part.without)
    kept = tuple(one for one in taken.fields if one.name not in names) if taken else ()
    return Node(
        part.node,
        part.many,
        part.required,
        (*kept, *added),
        conditions,
        tuple(part.aliases),
        _node_labels()[part.node or side.rpartition(".")[2]],
        taken.origin if taken else own_path,
    )


def condition_of(rule: RuleLine) -> Condition:
    """Return the rule as it is checked.

    Raises:
        ValueError: It needs nothing, or both all and one of something.
    """
    if bool(rule.need) == bool(rule.need_one_of):
        raise ValueError(f"a rule names either need or need_one_of: {rule.en}")
    return Condition(
        needs=tuple(rule.need or rule.need_one_of),
        is_any=bool(rule.need_one_of),
        when={name: frozenset(values) for name, values in rule.when.items()},
        when_given=tuple(rule.when_given),
        since=dict(rule.since),
        begins={name: tuple(starts) for name, starts in rule.begins.items()},
        negative=tuple(rule.negative),
        is_advice=rule.advice,
        why=Words(rule.zh, rule.en),
    )


def _field(line: _FieldLine, conditions: Sequence[Condition] = ()) -> Field:
    return Field(
        name=line.name,
        kind=line.type,
        label=Words(line.zh, line.en),
        length=line.length,
        scale=line.scale,
        is_required=line.required is True,
        is_requirement_known=line.required is not None,
        is_coded=line.coded or line.dictionary is not None,
        dictionary=NO_DICTIONARY if line.dictionary is None else _dictionaries()[line.dictionary],
        aliases=tuple(line.aliases),
        written=line.name,
        condition=_first_about(line.name, conditions),
        children=tuple(_field(one) for one in line.fields),
        may_be_object=line.may_be_object,
        shape=line.shape,
        is_shape_advice=line.shape_advice,
        sign=line.sign,
        is_sign_for_business=line.sign_for_business,
    )


def _first_about(name: str, conditions: Iterable[Condition]) -> Condition | None:
    return next((one for one in conditions if name in one.needs), None)
