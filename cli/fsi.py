"""`yima fsi`: what is wrong with a message of the national interface, and what its tables say."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
import typer

from cli.fsi_tables import show_list, show_table, table_record, tables_record
from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from wire.fsi.areas import Area, load_area, shipped_area
from wire.fsi.examining import Examined, examine
from wire.fsi.faults import Fault
from wire.fsi.json_text import NotJsonError
from wire.fsi.table_files import ENVELOPE
from wire.fsi.tables import envelope, transaction

fsi_app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="国家医保机构接口：检查报文，查看字段表 / The national interface: check a message, look at the tables.",
)

_BASE = "base"
_FAULTY = 1
_AREA_HELP = "地区（不写为 base），或以 .toml 结尾的地区文件 / Area (base unless said), or an area file ending in .toml"


class FileUnreadableError(YimaError):
    """A file that was named cannot be opened, or not understood as text."""

    code: ClassVar[str] = "fsi.file"
    next_step: ClassVar[Words] = Words(
        "请检查路径、权限与编码（UTF-8 或 GB18030）。", "Check path, permissions and encoding (UTF-8 or GB18030)."
    )


@fsi_app.command("check")
def check_message(
    file: Annotated[
        str,
        typer.Argument(
            help='报文文件：完整报文，或 {"infno": …, "input": …}；- 表示标准输入 / '
            'The message: a whole envelope, or {"infno": …, "input": …}; - reads standard input',
            show_default=False,
        ),
    ],
    area: Annotated[str, typer.Option("--area", help=_AREA_HELP)] = _BASE,
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON / Print one line of JSON")] = False,
) -> None:
    """检查一个报文 / Check a message.

    列出每一处错误。没有错误则退出码为 0，有错误为 1，无法读取为 2。
    Everything that is wrong is listed. Exit code 0 without faults, 1 with faults, 2 if it cannot be read.
    """
    try:
        used = _area(area)
        found = _examined(file, used)
    except YimaError as problem:
        if as_json:
            _print_json({"ok": False, "problem": {"code": problem.code, **_both(problem.words)}})
        raise
    if as_json:
        _print_json(_record(found, used))
    else:
        _show(found, used)
    raise typer.Exit(_FAULTY if found.faults else 0)


@fsi_app.command("tables")
def show_tables(
    infno: Annotated[
        str | None,
        typer.Argument(
            help="交易编号，如 3505；envelope 表示报文外层；不写则列出全部 / "
            "Transaction number, such as 3505; envelope for the frame; without it all are listed",
            show_default=False,
        ),
    ] = None,
    area: Annotated[str, typer.Option("--area", help=_AREA_HELP)] = _BASE,
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON / Print one line of JSON")] = False,
) -> None:
    """查看某地区的字段表 / Look at the field tables of an area."""
    used = _area(area)
    if infno is None:
        if as_json:
            _print_json(tables_record(used))
        else:
            show_list(used)
        return
    table = envelope(used) if infno == ENVELOPE else transaction(infno.strip().upper(), used)
    if as_json:
        _print_json(table_record(table, used))
    else:
        show_table(table, used)


def _examined(file: str, area: Area) -> Examined:
    """Return what was found in a message.

    Raises:
        FileUnreadableError: The file cannot be read.
        NotJsonError: It is no JSON.
    """
    text = _utf8(_bytes_of(file), file)
    try:
        return examine(text, area)
    except NotJsonError as exc:
        raise NotJsonError(Words(f"{file} {exc.words.zh}", f"{file}: {exc.words.en}"), exc.line, exc.column) from exc


def _area(name: str) -> Area:
    """Return a shipped area, or the one in a file.

    Raises:
        AreaError: It is unknown or faulty.
        FileUnreadableError: The file cannot be read.
    """
    if name.endswith(".toml"):
        return load_area(_utf8(_bytes_of(name), name).decode())
    return shipped_area(name)


def _bytes_of(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as exc:
        why = words_of_os_error(exc)
        raise FileUnreadableError(Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}")) from exc


def _utf8(raw: bytes, file: str) -> bytes:
    """Return the text in UTF-8; the editors of counters also write GB18030, and UTF-16 with a mark."""
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            return raw.decode(encoding).encode()
        except UnicodeError:
            continue
    raise FileUnreadableError(Words(f"{file} 不是 UTF-8 或 GB18030 文本", f"{file} is no text in UTF-8 or GB18030"))


def _record(found: Examined, area: Area) -> dict[str, object]:
    return {
        "area": area.name,
        "infno": found.infno,
        "name": None if found.name is None else _both(found.name),
        "has_envelope": found.has_envelope,
        "ok": not found.faults,
        "faults": [_fault_record(one) for one in found.faults],
        "warnings": [_fault_record(one) for one in found.warnings],
    }


def _fault_record(one: Fault) -> dict[str, str]:
    return {"path": one.path, "code": one.code, "label": one.label, **_both(one.words)}


def _both(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _print_json(record: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(record) + b"\n")
    sys.stdout.buffer.flush()


def _show(found: Examined, area: Area) -> None:
    title = found.infno or "?"
    typer.echo(f"{title}  {found.name or ''}  ·  {area.title}".replace("    ·", "  ·"))
    count = len(found.faults)
    _list(found.faults, Words(f"{count} 处错误", f"{count} {'fault' if count == 1 else 'faults'}"))
    count = len(found.warnings)
    _list(found.warnings, Words(f"{count} 处提示", f"{count} {'remark' if count == 1 else 'remarks'}"))
    if not found.faults:
        typer.echo(str(Words("没有错误", "No faults")))


def _list(found: Sequence[Fault], heading: Words) -> None:
    if not found:
        return
    typer.echo(f"{heading}:")
    for one in found:
        typer.echo(f"  {one.words.zh}  [{one.code}]")
        typer.echo(f"    {one.words.en}")
