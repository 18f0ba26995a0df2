"""The field tables of the national interface, as a person reads them and as a program does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codes.words import Words
from wire.fsi.areas import Area, Channel, shipped_area
from wire.fsi.fields import Condition, Field, Kind, Node, Sign, Transaction
from wire.fsi.table_files import ENVELOPE
from wire.fsi.tables import envelope, transaction, transactions

_NARROWEST = 100
"""Columns of a table where nobody looks: a pipe or a file has no width."""
_CHANGED = "*"
"""Marks what the area has otherwise than the base."""
_CHANNELS = {
    Channel.SETTLEMENT: Words("随结算（2207）", "with the settlement (2207)"),
    Channel.SALE: Words("随销售（3505）", "with the sale (3505)"),
    Channel.STOCK: Words("随库存（3501、3502）", "with stock records (3501, 3502)"),
}


def show_list(area: Area) -> None:
    """Print every transaction with its name, and how the area differs as a whole."""
    console = _console()
    _show_area(area, console)
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (Words("编号", "number"), Words("名称", "name"), Words("输入节点", "input nodes")):
        table.add_column(str(heading), overflow="fold")
    for infno in transactions():
        one = transaction(infno, area)
        table.add_row(infno, Text(str(one.name)), Text(", ".join(_node_name(node) for node in one.input)))
    console.print(table)


def show_table(table: Transaction, area: Area) -> None:
    """Print the nodes of one transaction, field by field."""
    console = _console()
    console.print(Text(f"{table.infno}  {table.name}  ·  {area.title}", "bold"))
    for note in table.notes:
        console.print(Text(f"  {note}"), soft_wrap=True)
    national = shipped_area("base")
    base = envelope(national) if table.infno == ENVELOPE else transaction(table.infno, national)
    for side, nodes, others in (
        (Words("输入", "input"), table.input, base.input),
        (Words("输出", "output"), table.output, base.output),
    ):
        if not nodes:
            console.print(Text(f"\n{side}: —"))
        for node, other in zip(nodes, others, strict=True):
            _show_node(node, other, side, console)
    console.print(Text(f"{_CHANGED} {Words('与全国基础不同', 'not as in the national base')}", "dim"))


def _console() -> Console:
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=_NARROWEST * 2)


def _show_area(area: Area, console: Console) -> None:
    channels = sorted(area.trace_channels)
    zh = "、".join(f"{one.value} {_CHANNELS[one].zh}" for one in channels)
    en = ", ".join(f"{one.value} {_CHANNELS[one].en}" for one in channels)
    console.print(Text(f"{area.title}  ·  {area.interface_version}", "bold"))
    console.print(Text(f"  {Words(f'追溯码渠道：{zh}', f'trace codes travel {en}')}"))
    account = (
        Words("基金支付总额含个人账户", "the total of funds counts the personal account")
        if area.fund_pay_includes_account
        else Words("基金支付总额不含个人账户", "the total of funds leaves the personal account out")
    )
    console.print(Text(f"  {account}"))
    console.print(
        Text(
            f"  {Words('签名、加密、传输', 'signature, encryption, transport')}: "
            f"{area.signer}, {area.encryptor}, {area.transport}"
        )
    )


def _show_node(node: Node, base: Node, side: Words, console: Console) -> None:
    how_many = Words("多条", "many") if node.is_many else Words("一条", "one")
    needed = Words("", "") if node.is_required else Words("，可无", ", may be absent")
    called = f" {node.label}" if node.name else ""
    console.print(
        Text(f"\n{side} {_node_name(node)}{called}  ({how_many.zh}{needed.zh} / {how_many.en}{needed.en})", "bold")
    )
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("字段\nfield", no_wrap=True)
    table.add_column("类型\ntype", no_wrap=True)
    table.add_column("必填\nrequired", no_wrap=True)
    table.add_column("名称\nname", overflow="fold")
    table.add_column("取值\nvalues", overflow="fold")
    for depth, field, other in _flat(node.fields, base.fields, 0):
        table.add_row(
            Text("  " * depth + field.written + _mark(field.written != other.written)),
            Text(_type(field) + _mark(field.length != other.length)),
            Text(_required(field) + _mark(_required(field) != _required(other))),
            Text(str(field.label)),
            Text(_values(field)),
        )
    console.print(table)
    for condition in node.conditions:
        console.print(Text(f"  {_condition_words(condition)}"), soft_wrap=True)


def _flat(fields: Sequence[Field], base: Sequence[Field], depth: int) -> Iterator[tuple[int, Field, Field]]:
    for field, other in zip(fields, base, strict=True):
        yield depth, field, other
        yield from _flat(field.children, other.children, depth + 1)


def _mark(is_changed: bool) -> str:
    return _CHANGED if is_changed else ""


def _node_name(node: Node) -> str:
    return (node.name or "·") + ("[]" if node.is_many else "")


def _type(field: Field) -> str:
    size = "" if field.length is None or field.kind is Kind.DATETIME else f" {field.length}"
    return field.kind.value + size + (f",{field.scale}" if field.scale else "") + (" C" if field.is_coded else "")


def _required(field: Field) -> str:
    if field.is_required:
        return "Y"
    if not field.is_requirement_known:
        return "?"
    return "Y/N" if field.condition is not None and not field.condition.is_advice else "N"


def _values(field: Field) -> str:
    listed = [f"{value} {words}" for value, words in field.coded.items()]
    if listed and not field.dictionary.is_closed:
        listed.append("…")
    if field.shape is not None:
        listed.append(str(field.shape.words))
    if field.sign is not None:
        listed.append("> 0" if field.sign is Sign.POSITIVE else "≥ 0")
    return "\n".join(listed)


def _condition_words(condition: Condition) -> str:
    zh = ("至少给一个：" if condition.is_any else "须给：") + "、".join(condition.needs)
    en = ("one of: " if condition.is_any else "needed: ") + ", ".join(condition.needs)
    kind = Words("（仅提示）", " (advice)") if condition.is_advice else Words("", "")
    return str(Words(f"{zh}（{condition.why.zh}）{kind.zh}", f"{en} ({condition.why.en}){kind.en}"))


def tables_record(area: Area) -> dict[str, object]:
    """Return the list of all transactions for a program."""
    names = ((infno, transaction(infno, area).name) for infno in transactions())
    return {
        "area": area.name,
        "transactions": [{"infno": infno, "zh": name.zh, "en": name.en} for infno, name in names],
    }


def table_record(table: Transaction, area: Area) -> dict[str, object]:
    """Return one table for a program."""
    return {
        "area": area.name,
        "infno": table.infno,
        "zh": table.name.zh,
        "en": table.name.en,
        "notes": [{"zh": note.zh, "en": note.en} for note in table.notes],
        "input": [_node_record(node) for node in table.input],
        "output": [_node_record(node) for node in table.output],
    }


def _node_record(node: Node) -> dict[str, object]:
    return {
        "node": node.name,
        "zh": node.label.zh,
        "en": node.label.en,
        "many": node.is_many,
        "required": node.is_required,
        "fields": [_field_record(field) for field in node.fields],
        "conditions": [_condition_record(one) for one in node.conditions],
    }


def _field_record(field: Field) -> dict[str, object]:
    return {
        "name": field.name,
        "written": field.written,
        "type": field.kind.value,
        "length": field.length,
        "scale": field.scale,
        "required": field.is_required if field.is_requirement_known else None,
        "coded": field.is_coded,
        "values": {value: {"zh": words.zh, "en": words.en} for value, words in field.coded.items()},
        "values_are_complete": field.dictionary.is_closed,
        "shape": field.shape,
        "sign": field.sign,
        "zh": field.label.zh,
        "en": field.label.en,
        "aliases": [name for name in field.spellings if name != field.written],
        "fields": [_field_record(child) for child in field.children],
    }


def _condition_record(one: Condition) -> dict[str, object]:
    return {
        "need_one_of" if one.is_any else "need": list(one.needs),
        "when": {name: sorted(values) for name, values in one.when.items()},
        "when_given": list(one.when_given),
        "since": {name: day.isoformat() for name, day in one.since.items()},
        "begins": {name: list(starts) for name, starts in one.begins.items()},
        "negative": list(one.negative),
        "advice": one.is_advice,
        "zh": one.why.zh,
        "en": one.why.en,
    }
