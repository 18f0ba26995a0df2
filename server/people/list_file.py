"""Lists that other offices keep, read as they come: CSV or JSON, every fault named, nothing taken of a faulty file.

A CSV holds one list, told by its header, in UTF-8 (with or without a mark) or GB18030, with commas or tabs. A JSON file
holds one list, or several by name. Headers are English names or Chinese ones.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from codes.errors import RejectedError
from codes.words import Words
from server.errors import ServerError
from server.people.list_cells import CellError, Rule, clean

Record = Mapping[str, str]


class ListFileError(ServerError, RejectedError):
    """The file as a whole cannot be read: nothing of it was used."""

    code: ClassVar[str] = "people.list_file"
    next_step: ClassVar[Words] = Words(
        "请用 UTF-8 或 GB18030 编码的 CSV（首行为列名）或 JSON，列名见 config/seed/ 中的样例。",
        "Use CSV with a header in UTF-8 or GB18030, or JSON; config/seed/ has samples of the columns.",
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one line."""

    sheet: str
    line: int
    """Line of the CSV, the header being 1; or place in the JSON list, from 1."""
    column: str
    """Header of the cell as the file has it; empty if the whole line is meant."""
    code: str
    words: Words


class ListFaultsError(ListFileError):
    """Some lines cannot be used, so none was: `faults` has every one of them."""

    code: ClassVar[str] = "people.list_faults"
    next_step: ClassVar[Words] = Words(
        "没有导入任何内容。请修正所列各行后重新导入。", "Nothing was imported. Correct the lines that are listed."
    )

    def __init__(self, faults: Sequence[Fault]) -> None:
        first = faults[0]
        more = Words(f"，共 {len(faults)} 处", f"; {len(faults)} in all") if faults[1:] else Words("", "")
        super().__init__(
            Words(
                f"第 {first.line} 行 {first.column} {first.words.zh}{more.zh}",
                f"Line {first.line}, {first.column}: {first.words.en}{more.en}",
            )
        )
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the lines of a list."""

    added: int
    changed: int
    unchanged: int


def refuse_faults(faults: Sequence[Fault]) -> None:
    """Refuse a file that has faults, those of one list together.

    Raises:
        ListFaultsError: It has.
    """
    if faults:
        raise ListFaultsError(sorted(faults, key=lambda fault: (fault.sheet, fault.line)))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list."""

    name: str
    zh: str
    rule: Rule
    is_required: bool = False
    """Each line needs a value."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A kind of list."""

    name: str
    title: Words
    columns: tuple[Column, ...]

    def column(self, header: str) -> Column | None:
        """Return the column with this header."""
        wanted = header.upper()
        return next((one for one in self.columns if wanted in {one.name.upper(), one.zh.upper()}), None)

    @property
    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.is_required)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that was read; what was left empty is not there."""

    sheet: str
    number: int
    values: Mapping[str, object]
    headers: Mapping[str, str]
    """How the file calls the columns."""

    def has(self, name: str) -> bool:
        """Tell whether the cell holds something."""
        return name in self.values

    def text(self, name: str, otherwise: str = "") -> str:
        """Return a text."""
        found = self.values.get(name, otherwise)
        assert isinstance(found, str)  # noqa: S101 - the column's rule gave it
        return found

    def day(self, name: str) -> date | None:
        """Return a day."""
        found = self.values.get(name)
        assert found is None or isinstance(found, date)  # noqa: S101 - the column's rule gave it
        return found

    def moment(self, name: str) -> datetime | None:
        """Return a moment."""
        found = self.values.get(name)
        assert found is None or isinstance(found, datetime)  # noqa: S101 - the column's rule gave it
        return found

    def amount(self, name: str) -> Decimal | None:
        """Return an amount."""
        found = self.values.get(name)
        assert found is None or isinstance(found, Decimal)  # noqa: S101 - the column's rule gave it
        return found

    def number_or(self, name: str, otherwise: int) -> int:
        """Return a whole number."""
        found = self.values.get(name, otherwise)
        assert isinstance(found, int)  # noqa: S101 - the column's rule gave it
        return found

    def flag(self, name: str) -> bool:
        """Return an answer."""
        return self.values.get(name) is True

    def fault(self, column: str, code: str, words: Words) -> Fault:
        """Return what is wrong with a cell."""
        return Fault(self.sheet, self.number, self.headers.get(column, column), code, words)


@dataclass(frozen=True, slots=True)
class ListFile:
    """What a file says."""

    lines: tuple[Line, ...]
    faults: tuple[Fault, ...]

    def of(self, sheet: str) -> tuple[Line, ...]:
        """Return the lines of one list."""
        return tuple(line for line in self.lines if line.sheet == sheet)


def read_lists(content: bytes, sheets: Sequence[Sheet]) -> ListFile:
    """Return what a file says.

    Raises:
        ListFileError: It is no text, neither CSV nor JSON, holds no line, or has columns of no list.
    """
    text = _text_of(content)
    found = _json_lists(text, sheets) if text.lstrip()[:1] in {"{", "["} else [_csv_list(text, sheets)]
    lines: list[Line] = []
    faults: list[Fault] = []
    for sheet, headers, records in found:
        for place, record in records:
            line, wrong = _read(sheet, headers, place, record)
            lines.append(line)
            faults += wrong
    if not lines:
        raise ListFileError(Words("文件中没有数据行", "The file holds no lines"))
    return ListFile(tuple(lines), tuple(faults))


_Found = tuple[Sheet, Mapping[str, str], Iterable[tuple[int, Record]]]
"""A list, how the file calls its columns, and its lines with their places."""


def _text_of(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListFileError(Words("文件既不是 UTF-8 也不是 GB18030 文本", "The file is neither UTF-8 nor GB18030 text"))


def _csv_list(text: str, sheets: Sequence[Sheet]) -> _Found:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [clean(name) for name in next(reader, [])]
        rows = [(reader.line_num, [clean(cell) for cell in row]) for row in reader]
    except csv.Error as exc:
        raise ListFileError(
            Words(f"第 {reader.line_num} 行不是有效的 CSV：{exc}", f"Line {reader.line_num} is no CSV: {exc}")
        ) from exc
    sheet = _sheet_of(header, sheets)
    names = [_name(sheet, one) for one in header]
    # What a line has beyond its header is kept under a name of its own, which no column has.
    records = (
        (place, dict(zip([*names, *map(str, range(len(row)))], row, strict=False))) for place, row in rows if any(row)
    )
    return sheet, dict(zip(names, header, strict=True)), records


def _json_lists(text: str, sheets: Sequence[Sheet]) -> Iterator[_Found]:
    try:
        whole = json.loads(text, parse_float=str, parse_int=str)
    except ValueError as exc:
        raise ListFileError(Words(f"不是有效的 JSON：{exc}", f"This is no JSON: {exc}")) from exc
    by_name = {sheet.name: sheet for sheet in sheets}
    for name, rows in whole.items() if isinstance(whole, dict) else [("", whole)]:
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ListFileError(Words(f"{name} 应为对象的数组", f"{name} must be a list of objects"))
        if name and name not in by_name:
            known = "、".join(by_name)
            raise ListFileError(Words(f"没有名单 {name}，应为 {known}", f"There is no list {name}, only {known}"))
        headers = list(dict.fromkeys(clean(key) for row in rows for key in row))
        if headers:
            sheet = _sheet_of(headers, [by_name[name]] if name else sheets)
            yield sheet, {_name(sheet, one): one for one in headers}, enumerate(_json_records(sheet, rows), 1)


def _json_records(sheet: Sheet, rows: Iterable[Mapping[str, object]]) -> Iterator[Record]:
    for row in rows:
        yield {_name(sheet, clean(key)): _json_cell(value) for key, value in row.items()}


def _json_cell(value: object) -> str:
    if isinstance(value, dict | list):
        raise ListFileError(Words("单元格应为文字或数字", "A cell must be a text or a number"))
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else clean(str(value))


def _sheet_of(headers: Sequence[str], sheets: Sequence[Sheet]) -> Sheet:
    """Return the list that has all of these columns, and whose required columns they include.

    Raises:
        ListFileError: There is none; what the likeliest one lacks is named.
    """
    if not any(headers):
        raise ListFileError(Words("文件是空的", "The file is empty"))
    likeliest = max(sheets, key=lambda sheet: (-len(_unknown(sheet, headers)), -len(_missing(sheet, headers))))
    parts = (
        ("缺少列", "missing", _missing(likeliest, headers)),
        ("不认识的列", "unknown", _unknown(likeliest, headers)),
        ("重复的列", "repeated", _repeated(likeliest, headers)),
    )
    wrong = [(zh, en, "、".join(names)) for zh, en, names in parts if names]
    if wrong:
        title = likeliest.title
        raise ListFileError(
            Words(
                f"列名不对（按{title.zh}）：" + "；".join(f"{zh} {names}" for zh, _, names in wrong),
                f"Wrong columns (taken for {title.en}): " + "; ".join(f"{en} {names}" for _, en, names in wrong),
            )
        )
    return likeliest


def _missing(sheet: Sheet, headers: Sequence[str]) -> list[str]:
    there = {column.name for header in headers if (column := sheet.column(header))}
    return [f"{column.zh} ({column.name})" for column in sheet.required if column.name not in there]


def _unknown(sheet: Sheet, headers: Sequence[str]) -> list[str]:
    return [header or "?" for header in headers if sheet.column(header) is None]


def _repeated(sheet: Sheet, headers: Sequence[str]) -> list[str]:
    names = [column.zh for header in headers if (column := sheet.column(header))]
    return sorted({name for name in names if names.count(name) > 1})


def _name(sheet: Sheet, header: str) -> str:
    found = sheet.column(header)
    return found.name if found else header


def _read(sheet: Sheet, headers: Mapping[str, str], place: int, record: Record) -> tuple[Line, list[Fault]]:
    values: dict[str, object] = {}
    line = Line(sheet.name, place, values, headers)
    faults: list[Fault] = []
    if record.keys() - {column.name for column in sheet.columns}:
        words = Words("列数与表头不同", "does not have as many cells as the header")
        return line, [line.fault("", "people.cells", words)]
    for column in sheet.columns:
        cell = record.get(column.name, "")
        if not cell and column.is_required:
            faults.append(line.fault(column.name, "people.empty", Words("不能为空", "must not be empty")))
        elif cell:
            try:
                values[column.name] = column.rule(cell)
            except CellError as exc:
                faults.append(line.fault(column.name, exc.code, exc.words))
    return line, faults
