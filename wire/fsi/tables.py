"""The transactions of the national interface, as one area wants them.

`transaction("3505", area)` is the whole of it: the base table with the area's required flags, lengths and spellings
laid over. A node that takes over another's fields (3505A from 3505) follows the overrides of that other node, unless
the area names its own path. Code and name of an institution may be as long everywhere as the area has them in the
envelope.
"""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from wire.errors import WireError
from wire.fsi.areas import Area
from wire.fsi.fields import Condition, Dictionary, Field, Kind, Node, Transaction
from wire.fsi.table_files import ENVELOPE, base_table, table_names
from wire.fsi.without_tables import why_no_table

__all__ = [
    "Condition", "Dictionary", "Field", "Kind", "NoTableError", "Node", "Transaction", "UnknownTransactionError",
    "envelope", "transaction", "transactions",
]  # fmt: skip

_OF_THE_SENDER = "envelope.input."
_INSTITUTION = frozenset({"fixmedins_code", "fixmedins_name"})
"""Fields that name an institution, in the envelope and elsewhere."""
_LONGEST_NUMBER = 6
_REMEMBERED = 1024
"""Tables of a dozen areas; a table is a few kilobytes."""


class UnknownTransactionError(WireError, RejectedError):
    """The interface has no such transaction, or we have no table of it."""

    code: ClassVar[str] = "fsi.unknown_transaction"


class NoTableError(UnknownTransactionError):
    """The interface has this transaction, and no source tells its fields."""

    code: ClassVar[str] = "fsi.not_implemented"
    next_step: ClassVar[Words] = Words(
        "本中心不办理该交易，报文无法检查；已支持的交易见 docs/fsi.md。",
        "The centre does not handle it, and no message of it can be checked; docs/fsi.md lists what it does.",
    )


def transactions() -> tuple[str, ...]:
    """Return the numbers of all transactions, in order."""
    return table_names()


@lru_cache(_REMEMBERED)
def transaction(infno: str, area: Area) -> Transaction:
    """Return the table of `infno` in `area`.

    Raises:
        UnknownTransactionError: There is none; the next step names those that are near.
    """
    why = why_no_table(infno)
    if why is not None:
        raise NoTableError(
            Words(f"交易 {infno} 没有字段表：{why.zh}", f"There is no table of {infno}: {why.en}"),
        )
    if infno not in table_names():
        near = _near(infno)
        listed = ("、".join(near), ", ".join(near))
        raise UnknownTransactionError(
            Words(f"没有交易“{infno[:12]}”的字段表", f"There is no table of transaction “{infno[:12]}”"),
            next_step=Words(f"相近的交易：{listed[0]}", f"Near: {listed[1]}")
            if near
            else Words("用 yima fsi tables 查看全部交易。", "`yima fsi tables` lists them all."),
        )
    return _in_area(base_table(infno), infno, area)


def _near(infno: str) -> list[str]:
    """Return the transactions of the same group, which is the first two digits; else those that look alike."""
    group = [name for name in table_names() if name[:2] == infno[:2]]
    return group or get_close_matches(infno[:_LONGEST_NUMBER], table_names(), 5, 0.5)


@lru_cache(_REMEMBERED)
def envelope(area: Area) -> Transaction:
    """Return the table of the envelope in `area`: the request is its input, the answer its output."""
    return _in_area(base_table(ENVELOPE), ENVELOPE, area)


def _in_area(table: Transaction, infno: str, area: Area) -> Transaction:
    return replace(
        table,
        input=tuple(_node_in(node, f"{infno}.input.{node.name}", area) for node in table.input),
        output=tuple(_node_in(node, f"{infno}.output.{node.name}", area) for node in table.output),
    )


def _node_in(node: Node, path: str, area: Area) -> Node:
    paths = tuple(dict.fromkeys((node.origin, path)))
    return replace(node, fields=tuple(_field_in(one, paths, area) for one in node.fields))


def _usual_length(field: Field, area: Area) -> int | None:
    """Return how long a field may be where the area says nothing of it: an institution's name fits wherever it goes."""
    in_envelope = area.lengths.get(_OF_THE_SENDER, {}).get(field.name)
    if field.name not in _INSTITUTION or in_envelope is None or field.length is None:
        return field.length
    return max(field.length, in_envelope)


def _field_in(field: Field, paths: tuple[str, ...], area: Area) -> Field:
    """Return the field as the area has it; of several paths the last one that says something counts."""
    is_required, is_known, length, written = (
        field.is_required,
        field.is_requirement_known,
        _usual_length(field, area),
        field.written,
    )
    for path in paths:
        here = area.required.get(path, {}).get(field.name)
        if here is not None:
            is_required, is_known = here, True
        length = area.lengths.get(path, {}).get(field.name, length)
        written = area.spellings.get(path, {}).get(field.name, written)
    return replace(
        field,
        is_required=is_required,
        is_requirement_known=is_known,
        length=length,
        written=written,
        children=tuple(
            _field_in(child, tuple(f"{path}.{field.name}" for path in paths), area) for child in field.children
        ),
    )
