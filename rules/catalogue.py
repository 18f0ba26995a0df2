"""The catalogue: which product a code names, at which pack level, at what price.

A catalogue file is a CSV that people edit in a spreadsheet: one line per product, headers in Chinese or English,
UTF-8 or GB18030. `parse_catalogue` reads it whole. A file whose columns are wrong is refused at once, naming them; a
line that is wrong is left out and named with its line number and reason, so that the good lines can still be used.
A cell may hold several identifiers, separated by `;`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import ClassVar, TypeVar

from codes.errors import YimaError
from codes.pack import ProductSystem
from codes.words import Words
from rules import catalogue_cells as cells
from rules.catalogue_cells import CellError, InsuranceClass
from rules.scan_judgement import PackLevel

SEPARATOR = ";"
_T = TypeVar("_T")


class CatalogueError(YimaError):
    """The file as a whole cannot be read: nothing of it was used."""

    code: ClassVar[str] = "catalogue.file"
    next_step: ClassVar[Words] = Words(
        "请用 UTF-8 或 GB18030 编码的 CSV，并按 docs/centre.md 的列名重新导出。",
        "Export it again as CSV in UTF-8 or GB18030, with the columns of docs/centre.md.",
    )


class CatalogueColumnsError(CatalogueError):
    """The file has the wrong columns."""

    code: ClassVar[str] = "catalogue.columns"

    def __init__(self, missing: tuple[str, ...], unknown: tuple[str, ...], repeated: tuple[str, ...]) -> None:
        parts = (("缺少列", "missing", missing), ("不认识的列", "unknown", unknown), ("重复的列", "repeated", repeated))
        found = [(zh, en, "、".join(names)) for zh, en, names in parts if names]
        super().__init__(
            Words(
                "列名不对：" + "；".join(f"{zh} {names}" for zh, _, names in found),
                "Wrong columns: " + "; ".join(f"{en} {names}" for _, en, names in found),
            )
        )
        self.missing = missing
        self.unknown = unknown
        self.repeated = repeated


@dataclass(frozen=True, slots=True)
class Product:
    """What is sold: one specification of one maker."""

    id: str
    """The catalogue's own number; it never changes its meaning."""
    name: str
    """Generic name (通用名)."""
    spec: str
    """Strength and pack size, as printed."""
    maker: str
    insurance_class: InsuranceClass
    price: Decimal
    """Yuan per smallest pack."""
    unit: str
    """What the smallest pack is called: 盒, 瓶, 支."""
    units_per_pack: int
    """Doses in the smallest pack, for selling in parts (拆零)."""
    is_device: bool
    is_invented: bool
    """Made up for demonstrations; no such product exists."""
    is_prescription: bool | None = None
    """处方药; None where the file does not say."""
    is_real_name: bool | None = None
    """实名药, such as ephedrine compounds; None where the file does not say."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """One code by which a product is known."""

    system: ProductSystem
    key: str
    """In the form of `codes.pack.ProductKey.key`."""
    product: str
    """`Product.id`."""
    level: PackLevel
    """The pack that carries this code."""
    quantity: int
    """Smallest packs inside; 1 at unit level."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line was left out."""

    line: int
    """Line of the file, the header being 1."""
    column: str
    """Header of the cell as the file has it; empty if the whole line is meant."""
    code: str
    words: Words


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """What a file says, and what of it could not be used."""

    products: tuple[Product, ...]
    identifiers: tuple[Identifier, ...]
    problems: tuple[Problem, ...]


HEADERS: dict[str, str] = {
    "id": "产品编号",
    "name": "通用名",
    "spec": "规格",
    "maker": "生产企业",
    "insurance_class": "医保类别",
    "price": "单价",
    "unit": "单位",
    "units_per_pack": "拆零数",
    "is_device": "器械",
    "is_invented": "虚构",
    "trace_unit": "小码标识",
    "trace_inner": "中码标识",
    "inner_quantity": "中码数量",
    "trace_carton": "大码标识",
    "carton_quantity": "大码数量",
    "gtin": "商品条码",
    "gtin_inner": "中包条码",
    "gtin_carton": "箱条码",
    "national": "国家医保编码",
    "benwei": "本位码",
    "udi_di": "UDI-DI",
    "is_prescription": "处方药",
    "is_real_name": "实名药",
}
"""Every column: English header (also the field) and Chinese header."""

REQUIRED = ("id", "name", "spec", "maker", "insurance_class", "price", "unit", "units_per_pack")

IDENTIFIER_COLUMNS: tuple[tuple[str, ProductSystem, PackLevel, str | None], ...] = (
    ("trace_unit", ProductSystem.TRACE_PREFIX, PackLevel.UNIT, None),
    ("trace_inner", ProductSystem.TRACE_PREFIX, PackLevel.INNER, "inner_quantity"),
    ("trace_carton", ProductSystem.TRACE_PREFIX, PackLevel.CARTON, "carton_quantity"),
    ("gtin", ProductSystem.GTIN, PackLevel.UNIT, None),
    ("gtin_inner", ProductSystem.GTIN, PackLevel.INNER, "inner_quantity"),
    ("gtin_carton", ProductSystem.GTIN, PackLevel.CARTON, "carton_quantity"),
    ("national", ProductSystem.NATIONAL, PackLevel.UNIT, None),
    ("benwei", ProductSystem.BENWEI, PackLevel.UNIT, None),
    ("udi_di", ProductSystem.UDI_DI, PackLevel.UNIT, None),
)
"""Column, system, pack level and the column that says how many smallest packs are inside."""

_FIELD_OF_HEADER = {header.upper(): field for field, zh in HEADERS.items() for header in (field, zh)}


class _LineError(Exception):
    """A line that is left out."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of the file by field name, with the headers that the file uses."""

    number: int
    cells: dict[str, str]
    headers: dict[str, str]

    def read(self, field: str, rule: Callable[[str], _T]) -> _T:
        """Return the value of a cell, or refuse the line."""
        return self.read_part(field, self.cells.get(field, ""), rule)

    def read_part(self, field: str, part: str, rule: Callable[[str], _T]) -> _T:
        """Return the value of one part of a cell, or refuse the line."""
        try:
            return rule(part)
        except CellError as exc:
            raise self.refusal(field, exc) from exc

    def refusal(self, field: str, error: CellError) -> _LineError:
        return _LineError(Problem(self.number, self.headers.get(field, HEADERS[field]), error.code, error.words))


def parse_catalogue(data: bytes) -> CatalogueFile:
    """Return what the catalogue file says.

    Raises:
        CatalogueColumnsError: A required column is missing, or a column is unknown or repeated.
        CatalogueError: The bytes are no text, no CSV, or hold no line.
    """
    products: dict[str, Product] = {}
    identifiers: dict[tuple[ProductSystem, str], Identifier] = {}
    problems: list[Problem] = []
    for line in _lines(_text_of(data)):
        try:
            product = _product(line)
            found = _identifiers(line, product.id)
            _refuse_repeats(line, product, found, products, identifiers)
        except _LineError as exc:
            problems.append(exc.problem)
            continue
        products[product.id] = product
        identifiers.update(found)
    return CatalogueFile(tuple(products.values()), tuple(identifiers.values()), tuple(problems))


def _text_of(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CatalogueError(Words("文件既不是 UTF-8 也不是 GB18030 文本", "The file is neither UTF-8 nor GB18030 text"))


def _lines(text: str) -> Iterator[_Line]:
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        fields = _fields(header)
        headers = dict(zip(fields, (cells.clean(name) for name in header), strict=True))
        for row in reader:
            content = [cells.clean(cell) for cell in row]
            if any(content):
                yield _line(reader.line_num, content, headers)
    except csv.Error as exc:
        raise CatalogueError(
            Words(f"第 {reader.line_num} 行不是有效的 CSV：{exc}", f"Line {reader.line_num} is no CSV: {exc}")
        ) from exc


def _fields(header: list[str]) -> list[str]:
    """Return the field that each column stands for."""
    names = [cells.clean(name) for name in header]
    if not any(names):
        raise CatalogueError(Words("文件是空的", "The file is empty"))
    fields = [_FIELD_OF_HEADER.get(name.upper(), "") for name in names]
    unknown = tuple(name or "?" for name, field in zip(names, fields, strict=True) if not field)
    missing = tuple(f"{HEADERS[field]} ({field})" for field in REQUIRED if field not in fields)
    repeated = tuple(sorted({HEADERS[field] for field in fields if field and fields.count(field) > 1}))
    if unknown or missing or repeated:
        raise CatalogueColumnsError(missing, unknown, repeated)
    return fields


def _line(number: int, content: list[str], headers: dict[str, str]) -> _Line:
    # A line that is too short or too long is kept as such: `_product` refuses it with its number.
    return _Line(number, dict(zip(headers, content, strict=False)) if len(content) == len(headers) else {}, headers)


def _product(line: _Line) -> Product:
    if not line.cells:
        words = Words("列数与表头不同", "does not have as many cells as the header")
        raise _LineError(Problem(line.number, "", "catalogue.cells", words))
    return Product(
        id=line.read("id", cells.product_id),
        name=line.read("name", cells.text),
        spec=line.read("spec", cells.text),
        maker=line.read("maker", cells.text),
        insurance_class=line.read("insurance_class", cells.insurance_class),
        price=line.read("price", cells.price),
        unit=line.read("unit", cells.text),
        units_per_pack=line.read("units_per_pack", cells.count),
        is_device=line.read("is_device", cells.yes_or_no),
        is_invented=line.read("is_invented", cells.yes_or_no),
        is_prescription=line.read("is_prescription", cells.yes_no_or_unsaid),
        is_real_name=line.read("is_real_name", cells.yes_no_or_unsaid),
    )


def _identifiers(line: _Line, product: str) -> dict[tuple[ProductSystem, str], Identifier]:
    found: dict[tuple[ProductSystem, str], Identifier] = {}
    for field, system, level, quantity_field in IDENTIFIER_COLUMNS:
        written = [part for cell in line.cells.get(field, "").split(SEPARATOR) if (part := cells.clean(cell))]
        quantity = line.read(quantity_field, cells.count) if written and quantity_field else 1
        for part in written:
            key = line.read_part(field, part, partial(cells.identifier_key, system))
            if (system, key) in found:
                raise line.refusal(field, _taken(key))
            found[system, key] = Identifier(system, key, product, level, quantity)
    return found


def _refuse_repeats(
    line: _Line,
    product: Product,
    found: dict[tuple[ProductSystem, str], Identifier],
    products: dict[str, Product],
    identifiers: dict[tuple[ProductSystem, str], Identifier],
) -> None:
    """Refuse a product that is there already, and a code that names another product already."""
    if product.id in products:
        words = Words(f"产品编号 {product.id} 重复", f"product {product.id} is there twice")
        raise line.refusal("id", CellError("catalogue.repeated_product", words))
    for place, identifier in found.items():
        if place in identifiers:
            field = next(
                column
                for column, system, level, _ in IDENTIFIER_COLUMNS
                if (system, level) == (identifier.system, identifier.level)
            )
            raise line.refusal(field, _taken(identifier.key))


def _taken(key: str) -> CellError:
    return CellError("catalogue.repeated_key", Words(f"{key} 已属于另一行或另一级", f"{key} is used twice"))
