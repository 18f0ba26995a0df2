"""`yima edge batch`: the lots on the shelf, which the centre's ledger asks for and no trace code carries."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.edge_options import AsJson, Config
from cli.group import command_group
from codes.words import Words
from edge.clock import SHOP_TIME, SystemClock
from edge.config import load_config
from edge.store.batches import all_batches, open_batch
from edge.store.database import visited_store
from edge.till.batches import BatchFileError, BatchUnknownError, import_batches, read_batches
from web.faults import words_of_file

batch_app = command_group("药品批次 / Lots on the shelf")


@batch_app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV 或制表符分隔，UTF-8 / CSV or tabs, UTF-8")],
    config: Config,
    as_json: AsJson = False,
) -> None:
    """导入批次（生产批号、日期） / Import lots with their dates.

    列 / columns: product, batch, lot, made_on, expires_on, opened_on. 终端运行时也可执行；等待批次的台账记录随即上传 /
    Works while the terminal runs; rows for the ledger that waited for a lot go out.
    """
    lots = read_batches(_text(file), SystemClock().now())
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        done = import_batches(connection, lots)
    if as_json:
        typer.echo(json.dumps({"batches": done.batches, "unknown": done.unknown}, ensure_ascii=False))
        return
    typer.echo(f"批次 {done.batches} 个 / {done.batches} lots")
    if done.unknown:
        names = ", ".join(done.unknown)
        typer.echo(f"本机目录没有这些商品，请核对编码 / Not in this terminal's catalogue, check the codes: {names}")


@batch_app.command("list")
def list_all(config: Config, as_json: AsJson = False) -> None:
    """列出批次 / List the lots; the one opened last is in use."""
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        lots = all_batches(connection)
    if as_json:
        shown = [
            {
                "product": one.product, "batch": one.batch, "lot": one.lot, "made_on": one.made_on.isoformat(),
                "expires_on": _iso(one.expires_on), "opened_at": one.opened_at.isoformat(),
            }
            for one in lots
        ]  # fmt: skip
        typer.echo(json.dumps(shown, ensure_ascii=False))
        return
    table = Table("商品 / product", "流水号 / batch", "批号 / lot", "生产 / made", "有效期 / expires", "启用 / opened")
    for one in lots:
        opened = f"{one.opened_at.astimezone(SHOP_TIME):%Y-%m-%d %H:%M}"
        table.add_row(one.product, one.batch, one.lot, one.made_on.isoformat(), _iso(one.expires_on) or "—", opened)
    Console().print(table)


@batch_app.command("open")
def open_one(
    product: Annotated[str, typer.Argument(help="商品编码 / Product")],
    batch: Annotated[str, typer.Argument(help="批次流水号 / The lot's serial")],
    config: Config,
) -> None:
    """启用一个批次：此后销售取自该批次 / Sell a product from this lot from now on."""
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        if not open_batch(connection, product, batch, SystemClock().now()):
            raise BatchUnknownError(product, batch)
    typer.echo(f"{product} 现取自 {batch} / {product} is sold from {batch} now")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as exc:
        why = words_of_file(exc)
        raise BatchFileError(Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}")) from exc
    except UnicodeDecodeError as exc:
        raise BatchFileError(Words(f"{file} 不是 UTF-8 文字", f"{file} is no UTF-8 text")) from exc


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
