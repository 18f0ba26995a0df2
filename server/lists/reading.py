"""The lines of a list's file, one after the other: a list of a quarter of a million lines is never held as a whole.

Read are text with tabs or commas, alone or in a zip, in UTF-8 or GB 18030. The first line may name the columns, in
Chinese or by their interface names; without it a line has the columns of the list in their order, as in the files
that the interface gives out. `null` is an empty cell.
"""

from __future__ import annotations

import csv
import io
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from codes.words import Words
from server.lists.kinds import ListKind
from server.people.list_file import ListFileError

NULL: Final = "null"
_PIECE: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 20
_MOST_BYTES: Final = 4 << 30
"""Of the text: ten times the largest list. What would unpack to more is none."""


@dataclass(frozen=True, slots=True)
class RawLine:
    """One line: cells by column, empty ones left out."""

    number: int
    """From 1, the header included."""
    cells: dict[str, str]
    fault: Words | None = None
    """Why the line as a whole cannot be read."""


@contextmanager
def opened_list(file: Path) -> Iterator[IO[bytes]]:
    """Give a list's text, taken out of its zip if it is in one.

    Raises:
        ListFileError: The file cannot be read.
    """
    try:
        with file.open("rb") as whole:
            if whole.read(2) != b"PK":
                whole.seek(0)
                yield whole
                return
            with TemporaryFile() as text:
                _unpack(file, text)
                text.seek(0)
                yield text
    except OSError as exc:
        raise ListFileError(Words(f"无法读取 {file}：{exc.strerror}", f"Cannot read {file}: {exc.strerror}")) from exc


def lines_of(text: IO[bytes], kind: ListKind) -> Iterator[RawLine]:
    """Yield the lines of a list.

    Raises:
        ListFileError: It is no text, or its columns are not those of the list.
    """
    encoding = _encoding(text)
    text.seek(0)
    wrapped = io.TextIOWrapper(text, encoding=encoding, newline="")
    try:
        first = wrapped.readline(_LONGEST_LINE)
        rest = iter(wrapped)
        if "\t" in first:
            # Tabs part cells and nothing quotes them: a quotation mark is part of a name.
            rows = csv.reader(_chained(first, rest), delimiter="\t", quoting=csv.QUOTE_NONE)
        else:
            rows = csv.reader(_chained(first, rest), strict=True)
        yield from _named(rows, kind)
    except csv.Error as exc:
        raise ListFileError(Words(f"不是有效的表格：{exc}", f"This is no table: {exc}")) from exc
    finally:
        wrapped.detach()


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _named(rows: Iterator[list[str]], kind: ListKind) -> Iterator[RawLine]:
    first = next(rows, [])
    names = _header(first, kind)
    if names is None:
        names = [column.name for column in kind.columns]
        if len(first) != len(names):
            raise ListFileError(
                Words(
                    f"首行不是列名，而有 {len(first)} 列；{kind.number} 每行应有 {len(names)} 列",
                    f"The first line names no columns and has {len(first)} cells; a line of {kind.number} has "
                    f"{len(names)}",
                )
            )
        yield _line(1, names, first)
    for number, row in enumerate(rows, start=2):
        if any(cell and not cell.isspace() for cell in row):
            yield _line(number, names, row)


def _line(number: int, names: Sequence[str], row: Sequence[str]) -> RawLine:
    if len(row) != len(names):
        words = Words(f"有 {len(row)} 列，应有 {len(names)} 列", f"has {len(row)} cells instead of {len(names)}")
        return RawLine(number, {}, words)
    cells = {}
    for name, cell in zip(names, row, strict=True):
        bare = cell.strip()
        if bare and bare != NULL:
            # What is not printable would break the lines that are given out.
            cells[name] = bare if bare.isprintable() else " ".join(bare.split())
    return RawLine(number, cells)


def _header(row: Sequence[str], kind: ListKind) -> list[str] | None:
    """Return the names of the columns, or None if the line is none that names them.

    Raises:
        ListFileError: It names some that the list does not have, or one twice.
    """
    known = {name: column.name for column in (*kind.columns, *kind.more_columns) for name in (column.name, column.zh)}
    known |= kind.other_names
    bare = [cell.strip().strip("\ufeff") for cell in row]
    names = [known.get(cell.lower(), known.get(cell, "")) for cell in bare]
    if names.count("") * 2 >= len(names):
        return None
    unknown = [cell or "?" for cell, name in zip(bare, names, strict=True) if not name]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if unknown or twice:
        wrong = "、".join([*unknown, *twice])
        raise ListFileError(
            Words(f"{kind.number} 没有这些列，或列名重复：{wrong}", f"{kind.number} has no columns, or twice: {wrong}")
        )
    return names


def _encoding(text: IO[bytes]) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        text.seek(0)
        reader = io.TextIOWrapper(text, encoding=encoding, newline="")
        try:
            while reader.read(_PIECE):
                pass
        except UnicodeDecodeError:
            continue
        finally:
            reader.detach()
        return encoding
    raise ListFileError(Words("文件既不是 UTF-8 也不是 GB18030 文本", "The file is neither UTF-8 nor GB18030 text"))


def _unpack(file: Path, text: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            inside = [one for one in archive.infolist() if not one.is_dir()]
            if len(inside) != 1:
                words = Words(
                    f"压缩包内应只有 1 个文件，实有 {len(inside)} 个", f"The zip should hold 1 file, not {len(inside)}"
                )
                raise ListFileError(words)
            if inside[0].file_size > _MOST_BYTES:
                raise ListFileError(Words("压缩包内的文件过大", "The file in the zip is too large"))
            with archive.open(inside[0]) as packed:
                shutil.copyfileobj(packed, text, _PIECE)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as exc:
        # A password is a RuntimeError there, a method unknown to Python a NotImplementedError.
        raise ListFileError(Words(f"压缩包无法打开：{exc}", f"The zip cannot be opened: {exc}")) from exc
