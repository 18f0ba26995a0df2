"""Writing a message as an area spells it: base names become the area's, and values the interface's forms.

What no table knows is written as it is: a sender may add fields of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from wire.fsi.fields import Field, Node
from wire.fsi.values import written


def as_area_writes(nodes: Mapping[str, object], of: Sequence[Node]) -> dict[str, object]:
    """Return the input or output `nodes`, given by base names, as it is sent."""
    by_name = {node.name: node for node in of}
    if "" in by_name:
        return _record(nodes, by_name[""].fields)
    return {
        name: _held(value, by_name[name].fields) if name in by_name else plain(value) for name, value in nodes.items()
    }


def plain(value: object) -> object:
    """Return a value as it stands in JSON: times and files as text, a Decimal as the number it is."""
    match value:
        case Mapping():
            return {name: plain(one) for name, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case Decimal() | date() | bytes():
            return written(value)
        case _:
            return value


def _held(value: object, fields: Sequence[Field]) -> object:
    if isinstance(value, Mapping):
        return _record(value, fields)
    if isinstance(value, list | tuple):
        return [_held(one, fields) for one in value]
    return plain(value)


def _record(values: Mapping[str, object], fields: Sequence[Field]) -> dict[str, object]:
    by_name = {field.name: field for field in fields}
    written_record: dict[str, object] = {}
    for name, value in values.items():
        field = by_name.get(name)
        if field is None:
            written_record[name] = plain(value)
        else:
            written_record[field.written] = _held(value, field.children)
    return written_record
