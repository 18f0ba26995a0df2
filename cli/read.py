"""`yima read`: what a code is, for one string or for a stream of scans."""

from __future__ import annotations

import os
import re
import stat
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.mistakes import UsageMistakeError
from codes.as_json import encode_reading
from codes.classify import read as read_scan
from codes.names import CONFIDENCE_NAMES, FIELD_NAMES, FLAG_NAMES, KIND_NAMES
from codes.ndjson import TOO_LONG, answer, refusal
from codes.reading import FieldValue, Flag, Kind, Reading, Reason, Scan
from codes.words import Words

LONGEST_LINE_BYTES = 16 * 1024 * 1024
"""A longer line of `--stdin` is skipped and answered as such."""

_WRITTEN_SEPARATOR = re.compile(rb"\\x1d|\\u001d|<GS>|\{GS\}", re.IGNORECASE)
_SEPARATOR = "\x1d"
_SHOWN_SEPARATOR = "<GS>"


def read(
    text: Annotated[
        str | None,
        typer.Argument(
            help="条码内容；分隔符可写作 \\x1d 或 <GS> / The code; write the separator as \\x1d or <GS>",
            show_default=False,
        ),
    ] = None,
    symbology: Annotated[
        str | None,
        typer.Option(
            help="码制标识，如 ]d2；--stdin 时用于未注明的行 / "
            "Symbology identifier, such as ]d2; with --stdin for the lines that name none"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出一行 JSON / Print one line of JSON")] = False,
    stdin: Annotated[
        bool,
        typer.Option(
            "--stdin",
            help='逐行读取 {"raw_hex": …}，逐行输出 JSON / One JSON object a line in, one a line out (docs/codes.md)',
        ),
    ] = False,
    literal: Annotated[
        bool,
        typer.Option(
            "--literal",
            help="不把 \\x1d、<GS> 当作分隔符；--stdin 本来如此 / "
            "Take \\x1d and <GS> as they stand, as --stdin always does",
        ),
    ] = False,
) -> None:
    """识别一个码 / Say what a code is.

    认得则退出码为 0，否则为 1 / Exit code 0 if the code is known, 1 if not.
    """
    if stdin == (text is not None):
        words = Words("请给出一个码，或用 --stdin 逐行读取，两者选一。", "Give one code or --stdin, not both.")
        raise UsageMistakeError(words)
    if text is None:
        answer_lines(sys.stdin.buffer, sys.stdout.buffer, symbology)
        return
    reading = read_scan(_scan(text, symbology, is_literal=literal))
    if as_json:
        sys.stdout.buffer.write(encode_reading(reading) + b"\n")
        sys.stdout.buffer.flush()
    else:
        _show(reading, Console())
    raise typer.Exit(1 if reading.kind is Kind.UNKNOWN else 0)


def answer_lines(source: BinaryIO, sink: BinaryIO, symbology: str | None = None) -> None:
    """Answer each line of `source` with one line on `sink`, at once unless the source is a file.

    `symbology` is that of the lines that name none.
    """
    is_live = not _is_file(source)
    for line in _lines(source):
        sink.write(refusal(TOO_LONG) if line is None else answer(line, symbology))
        sink.write(b"\n")
        if is_live:
            sink.flush()
    sink.flush()


def _scan(text: str, symbology: str | None, *, is_literal: bool) -> Scan:
    """Return the argument as a scan, with the bytes that the shell gave."""
    raw = os.fsencode(text)
    separated = raw if is_literal else _WRITTEN_SEPARATOR.sub(_SEPARATOR.encode(), raw)
    flags = (Flag.GS_SUBSTITUTE,) if separated != raw else ()
    return Scan(separated, symbology, "cli", flags)


def _is_file(source: BinaryIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(source.fileno()).st_mode)
    except OSError:
        return False


def _lines(source: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines without their ends, and `None` for one that is too long."""
    mark = BOM_UTF8  # some editors put it before the first line
    while line := source.readline(LONGEST_LINE_BYTES):
        start, mark = mark, b""
        if len(line) < LONGEST_LINE_BYTES or line.endswith(b"\n"):
            yield line.removeprefix(start).rstrip(b"\r\n")
            continue
        while line and not line.endswith(b"\n"):
            line = source.readline(LONGEST_LINE_BYTES)  # the rest of the same line
        yield None


def _show(reading: Reading, console: Console) -> None:
    """Print a reading for a person, in both languages."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row(_cell(Words("类型", "kind")), _cell(KIND_NAMES[reading.kind]))
    table.add_row(_cell(Words("内容", "value")), _plain(reading.value))
    if reading.kind is not Kind.UNKNOWN:
        table.add_row(_cell(Words("把握", "confidence")), _cell(CONFIDENCE_NAMES[reading.confidence]))
    for name, value in _shown_fields(reading.fields):
        table.add_row(_cell(FIELD_NAMES[name]), _plain(value))
    for flag in reading.flags:
        table.add_row(_cell(Words("标记", "flag")), _cell(FLAG_NAMES[flag]))
    for candidate in reading.candidates:
        kind = KIND_NAMES[candidate.kind]
        table.add_row(_cell(Words("也可能是", "maybe")), _plain(f"{kind}: {candidate.value}"))
    for reason in reading.reasons:
        table.add_row(_cell(Words("依据", "reason")), _reason(reason))
    console.print(table)


def _shown_fields(fields: Mapping[str, FieldValue]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield name, "  ".join(f"({key}) {part}" for key, part in value.items())
        elif value is not None:
            yield name, str(value)


def _reason(reason: Reason) -> Text:
    return Text.assemble(str(reason.words), " ", (f"[{reason.code}]", "dim"))


def _cell(words: Words) -> Text:
    return Text(str(words))


def _plain(text: str) -> Text:
    """Return a text as it stands: no markup, and the separator made visible."""
    return Text(text.replace(_SEPARATOR, _SHOWN_SEPARATOR))
