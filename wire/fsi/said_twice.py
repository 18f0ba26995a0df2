"""Names that stand twice in an object of a message: refused, for its sender and its reader might take different ones.

The value of a JSON text no longer shows them, so the text itself is looked at, with the one reader of Python's own that
gives names in pairs. Also in an input that is written as a text within the text.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from codes.words import Words
from wire.fsi.areas import Area
from wire.fsi.faults import NO_LABEL, Fault, fault
from wire.fsi.fields import Field
from wire.fsi.json_text import NotJsonError, decode_json
from wire.fsi.table_files import table_names
from wire.fsi.tables import envelope, transaction

if TYPE_CHECKING:
    _PairsBase = list[tuple[str, object]]
else:
    _PairsBase = list

CODE = "fsi.said_twice"
_INPUT, _INFNO = "input", "infno"
_MOST, _LONGEST_NAME = 20, 60
_WHAT = Words("重复出现", "stands twice")


class _Pairs(_PairsBase):
    """The members of an object as they stand there."""

    __slots__ = ()


def faults_of_doubles(text: bytes, area: Area, *, infno: str = "") -> tuple[Fault, ...]:
    """Return a fault for each name that stands twice in an object.

    Args:
        text: JSON that was decoded before without a fault: a message, or its input alone.
        area: Whose labels are shown.
        infno: The transaction, if the text is an input alone.
    """
    read = _read(text)
    doubles = list(_doubles(read, ""))
    if isinstance(read, _Pairs) and not infno:
        infno = next((value for name, value in read if name == _INFNO and isinstance(value, str)), "")
        for inner in (value for name, value in read if name == _INPUT and isinstance(value, str)):
            doubles += _doubles(_inner(inner), _INPUT)
        # Rows and fields of the input are named without it, as everywhere.
        doubles = [one.removeprefix(f"{_INPUT}.") for one in doubles]
    return tuple(fault(one, _label(one, infno.strip(), area), CODE, _WHAT) for one in doubles[:_MOST])


def _read(text: bytes) -> object:
    return json.loads(text.removeprefix(BOM_UTF8), object_pairs_hook=_Pairs, parse_int=str, parse_float=str)


def _inner(text: str) -> object:
    """Return the object that some write as a text within the text; nothing if it is another text."""
    try:
        decode_json(text.encode())
    except NotJsonError:
        return None
    return _read(text.encode())


def _doubles(value: object, path: str) -> Iterator[str]:
    if isinstance(value, _Pairs):
        times = Counter(name for name, _ in value)
        for name, number in times.items():
            if number > 1:
                yield f"{path}.{name[:_LONGEST_NAME]}".removeprefix(".")
        for name, inner in value:
            yield from _doubles(inner, f"{path}.{name[:_LONGEST_NAME]}".removeprefix("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _doubles(inner, f"{path}[{index}]")


def _label(path: str, infno: str, area: Area) -> Words:
    """Return what people call the field at a path; nothing if no table has it."""
    names = [part.partition("[")[0] for part in path.split(".")]
    if len(names) == 1:
        return _named(envelope(area).input[0].fields, names[0])
    if infno not in table_names():
        return NO_LABEL
    nodes = transaction(infno, area).input
    node = next((one for one in nodes if names[0] in {one.name, *one.aliases}), None)
    if node is None:
        return NO_LABEL
    fields: Sequence[Field] = node.fields
    for name in names[1:-1]:
        fields = next((one.children for one in fields if name in one.spellings), ())
    return _named(fields, names[-1])


def _named(fields: Sequence[Field], name: str) -> Words:
    return next((one.label for one in fields if name in one.spellings), NO_LABEL)
