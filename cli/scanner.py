"""`yima scanner`: what is plugged in, and how to write it into the configuration."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from drivers.scanner.discovery import list_attached

scanner_app = typer.Typer(help="扫码设备 / Scanners", no_args_is_help=True)


@scanner_app.callback()
def _group() -> None:
    """Keep `list` a subcommand although it is the only one."""


@scanner_app.command("list")
def list_scanners(
    as_json: Annotated[bool, typer.Option("--json", help="每台设备一行 JSON / One line of JSON per device")] = False,
) -> None:
    """列出已连接的设备及其配置写法 / List what is plugged in and the line to configure it with."""
    attached = list_attached()
    if as_json:
        for one in attached:
            record = {"kind": str(one.kind), "node": one.node, "label": one.label, "spec": one.suggestion}
            typer.echo(json.dumps(record, ensure_ascii=False))
        return
    console = Console()
    if not attached:
        console.print("没有发现 USB 扫码设备；请检查数据线，或用扫码枪说明书切换到串口（USB-COM）模式。")
        console.print("No USB scanner found; check the cable, or switch the scanner to USB-COM with its manual.")
        return
    table = Table("设备 / device", "节点 / node", "配置写法 / configuration")
    for one in attached:
        table.add_row(one.label or str(one.kind), one.node, f"scanners = [{json.dumps(one.suggestion)}]")
    console.print(table)
