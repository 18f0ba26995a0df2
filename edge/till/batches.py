"""The lots on the shelf: read from a list, opened one after the other, and looked up for a line of a sale.

No trace code carries its lot, and the centre's ledger asks for it. The shop says which lot of a product it sells from;
what it does not say is unknown, stops no sale, and is told later.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import ClassVar

from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import SHOP_TIME
from edge.errors import EdgeError
from edge.store.batches import Batch, batch_in_use, find_batch, named_batch, put_batch
from edge.store.catalogue import as_sold

COLUMNS = ("product", "batch", "lot", "made_on", "expires_on", "opened_on")
_CHINESE: Mapping[str, str] = {
    "商品编码": "product", "批次流水号": "batch", "生产批号": "lot", "生产日期": "made_on", "有效期止": "expires_on",
    "启用日期": "opened_on",
}  # fmt: skip
_LONGEST = 30
"""Of `fixmedins_bchno` and `manu_lotnum`."""
_MOST_FAULTS = 20


class BatchFileError(EdgeError, RejectedError):
    """A list of lots cannot be read; nothing of it was taken."""

    code: ClassVar[str] = "batch.file"
    next_step: ClassVar[Words] = Words(
        "请按所列行号修改：列为 product、batch、lot、made_on、expires_on、opened_on，日期为 2026-01-31。",
        "Correct the lines that are named. Columns: product, batch, lot, made_on, expires_on, opened_on; dates as "
        "2026-01-31.",
    )


class BatchUnknownError(EdgeError, RejectedError):
    """The register has no such lot."""

    code: ClassVar[str] = "batch.unknown"
    next_step: ClassVar[Words] = Words("请先导入该批次。", "Import that lot first.")

    def __init__(self, product: str, batch: str) -> None:
        super().__init__(Words(f"商品 {product} 没有批次 {batch}", f"Product {product} has no batch {batch}"))


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    batches: int
    unknown: tuple[str, ...]
    """Products that the catalogue of this terminal does not know (yet): their lots are kept, and no sale takes them."""


class _LineError(ValueError):
    """A line says what cannot be."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.words = Words(zh, en)


def read_batches(text: str, now: datetime) -> tuple[Batch, ...]:
    """Return the lots of a list: CSV or tab-separated, with a line of names, in English or Chinese.

    Raises:
        BatchFileError: A line cannot be read; each is named.
    """
    first = text.partition("\n")[0]
    lines = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter="\t" if "\t" in first else ",")
    names = {name: _CHINESE.get(name.strip(), name.strip()) for name in lines.fieldnames or ()}
    missing = [name for name in COLUMNS[:4] if name not in names.values()]
    if missing:
        raise BatchFileError(Words(f"缺少列：{'、'.join(missing)}", f"Columns are missing: {', '.join(missing)}"))
    found: list[Batch] = []
    faults: list[Words] = []
    for number, line in enumerate(lines, start=2):
        said = {names[name]: (value or "").strip() for name, value in line.items() if name in names}
        try:
            found.append(_batch(said, now))
        except _LineError as exc:
            faults.append(Words(f"第 {number} 行：{exc.words.zh}", f"line {number}: {exc.words.en}"))
    if faults:
        shown = faults[:_MOST_FAULTS]
        raise BatchFileError(Words("；".join(one.zh for one in shown), "; ".join(one.en for one in shown)))
    return tuple(found)


def import_batches(tx: Connection, batches: tuple[Batch, ...]) -> Imported:
    """Keep lots; what is known of them already is replaced."""
    for one in batches:
        put_batch(tx, one)
    products = dict.fromkeys(one.product for one in batches)
    return Imported(len(batches), tuple(product for product in products if as_sold(tx, product) is None))


def batch_of(tx: Connection, sale: str, line: int, product: str, at: datetime) -> Batch | None:
    """Return the lot that a line was taken from: the one that was named, else the one in use when it was sold."""
    named = named_batch(tx, sale, line)
    return batch_in_use(tx, product, at) if named is None else find_batch(tx, product, named)


def _batch(said: Mapping[str, str], now: datetime) -> Batch:
    empty = [name for name in COLUMNS[:4] if not said.get(name)]
    if empty:
        raise _LineError(f"缺少 {'、'.join(empty)}", f"{', '.join(empty)} is missing")
    for name in ("batch", "lot"):
        if len(said[name]) > _LONGEST:
            raise _LineError(f"{name} 超过 {_LONGEST} 个字符", f"{name} has more than {_LONGEST} characters")
    dates = dict(_dates(said))
    if dates.get("expires_on", date.max) < dates["made_on"]:
        raise _LineError(
            f"有效期 {dates['expires_on']} 早于生产日期 {dates['made_on']}",
            f"it expires on {dates['expires_on']}, before it was made on {dates['made_on']}",
        )
    opened = dates.get("opened_on")
    at = now if opened is None else datetime.combine(opened, time(), SHOP_TIME)
    return Batch(said["product"], said["batch"], said["lot"], dates["made_on"], dates.get("expires_on"), at)


def _dates(said: Mapping[str, str]) -> Iterator[tuple[str, date]]:
    for name in ("made_on", "expires_on", "opened_on"):
        if not said.get(name):
            continue
        try:
            yield name, date.fromisoformat(said[name])
        except ValueError as exc:
            raise _LineError(f"{name} “{said[name]}”不是日期", f"{name} '{said[name]}' is no date") from exc
