"""`yima edge catalogue`: the goods that the terminal knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from cli.catalogue import problem_records, show_left_out
from cli.edge_options import AsJson, Config
from cli.group import command_group
from edge.catalogue_file import import_catalogue
from edge.clock import SystemClock
from edge.config import load_config
from edge.store.database import visited_store
from web.logs import configure_logs

catalogue_app = command_group("商品目录 / The matching library")


@catalogue_app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV 文件，UTF-8 或 GB18030 / CSV, UTF-8 or GB18030")],
    config: Config,
    as_json: AsJson = False,
) -> None:
    """导入商品目录，替换原有内容 / Import a catalogue in place of the old one.

    有误的行不采用并逐行列出；终端运行时也可执行 / Wrong lines are left out and named. Works while the terminal runs.
    """
    configure_logs("critical")  # the answer names the lines itself
    with visited_store(load_config(config).store.folder) as connection:
        done = import_catalogue(connection, file, SystemClock().now())
    if as_json:
        counts = {"taken": done.products, "left_out": len(done.problems), "identifiers": done.identifiers}
        typer.echo(json.dumps({**counts, "problems": problem_records(done.problems)}, ensure_ascii=False))
        return
    typer.echo(f"商品 {done.products}，标识 {done.identifiers} / {done.products} products, {done.identifiers} codes")
    show_left_out(done.problems, taken=done.products)
