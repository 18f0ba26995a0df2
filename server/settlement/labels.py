"""What a field of the interface is called, and what a value of it means, for whoever reads a refusal or an explanation.

Both are told by the field tables. A field or a value that they do not have stands for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Final

from codes.words import Words
from wire.fsi.fields import Field
from wire.fsi.table_files import base_table, node_at, table_names

_NODES: Final = (
    "2102.output.setlinfo",
    "2102.output.setldetail",
    "2102.output.detlcutinfo",
    "2102.input.druginfo",
    "2102.input.drugdetail",
    "2207.input.data",
    "2201.input.data",
    "2203.input.mdtrtinfo",
    "2204.input.feedetail",
    "2401.input.mdtrtinfo",
    "2402.input.dscginfo",
    "2301.input.feedetail",
    "3505.input.selinfo",
)
"""Where the fields of sales and visits stand; the first that has one tells its label."""
_MOST_TOLD: Final = 5
"""Things of a list that are spelled out."""
_LISTS: Final = MappingProxyType(
    {"drugdetail": Words("明细信息", "fee lines"), "feedetail": Words("费用明细", "fee lines")}
)
"""Nodes of several records, which the tables do not name."""


def label_of(name: str) -> Words:
    """Return what a field is called.

    >>> str(label_of("acct_used_flag")), label_of("no_such_field").zh
    ('个人账户使用标志 / pays from personal account', 'no_such_field')
    """
    field = _fields().get(name)
    return field.label if field else _LISTS.get(name, Words(name, name))


def named(name: str) -> Words:
    """Return a field by its name, in Chinese with its label: a vendor looks for the one, a pharmacist for the other.

    >>> named("med_type").zh
    'med_type（医疗类别）'
    """
    label = label_of(name).zh
    return Words(name if label == name else f"{name}（{label}）", name)


def changed(name: str, before: Sequence[str], now: Sequence[str]) -> Words:
    """Return that a field was told otherwise before; nothing stands for an empty one.

    >>> str(changed("cnt", ["1"], ()))
    'cnt（数量）原为 1，现为 无 / cnt was 1, is none'
    """
    before, now = _cut(before), _cut(now)
    label = named(name)
    zh = label.zh if label.zh != name else f"{name} "
    return Words(
        f"{zh}原为 {'、'.join(before) or '无'}，现为 {'、'.join(now) or '无'}",
        f"{label.en} was {', '.join(before) or 'none'}, is {', '.join(now) or 'none'}",
    )


def _cut(values: Sequence[str]) -> Sequence[str]:
    more = len(values) - _MOST_TOLD
    return values if more <= 0 else [*values[:_MOST_TOLD], f"… (+{more})"]


def meaning_of(name: str, value: str) -> Words:
    """Return what a coded value means.

    >>> str(meaning_of("med_type", "41")), str(meaning_of("med_type", "77"))
    ('定点药店购药 / pharmacy purchase', '77 / 77')
    """
    field = _fields().get(name)
    return (field.coded if field else {}).get(value, Words(value, value))


def transaction_name(infno: str) -> Words:
    """Return what a transaction is called.

    >>> str(transaction_name("2601")), transaction_name("0000").zh
    ('冲正交易 / Reverse a message whose answer was lost', '')
    """
    return base_table(infno).name if infno in table_names() else Words("", "")


@cache
def _fields() -> Mapping[str, Field]:
    found: dict[str, Field] = {}
    for path in _NODES:
        for field in node_at(path).fields:
            found.setdefault(field.name, field)
    return MappingProxyType(found)
