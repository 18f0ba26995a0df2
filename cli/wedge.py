"""`yima wedge`: send a code through the configured way out, as it would reach the POS."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.advice import DEFAULT_CONFIG
from cli.group import command_group
from codes.credential import may_hold_credential
from codes.errors import YimaError
from codes.words import Words
from drivers.wedge.port import Wedge
from edge.config import load_config
from edge.config_wedge import WedgeText
from edge.counter_devices import WEDGE, DeviceNotConfiguredError, way_out

wedge_app = command_group("把码转交给收银软件 / Handing codes on to the POS")
_GS = ("<GS>", "\x1d")


@wedge_app.callback()
def _root() -> None:
    """Keep the group one although it has a single command."""


class CredentialNotTypedError(YimaError):
    """A person's credential is not handed on to other software by hand."""

    code = "wedge.credential"
    next_step = Words("请用药品的追溯码或商品条码来试。", "Try it with a pack's trace code or a product barcode.")


@wedge_app.command("type")
def type_code(
    code: Annotated[str, typer.Argument(help="要发送的码；<GS> 代表分隔符 / The code; <GS> is the separator")],
    config: Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file")] = DEFAULT_CONFIG,
    wait: Annotated[
        float, typer.Option(help="发送前等待的秒数，好切换到对方窗口 / Seconds before it goes out", min=0, max=60)
    ] = 3.0,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """发送一个码 / Send one code.

    请先把光标放到收银软件的输入框；设备只能由一个程序使用，终端运行时先停止终端
    / Put the cursor into the POS first. One program may use the device: stop the terminal while you try.
    退出码：0 已发送，130 已取消，2 未发送 / Exit code: 0 sent, 130 cancelled, 2 not sent.
    """
    if may_hold_credential(code):
        raise CredentialNotTypedError(
            Words("这像是医保码或证件号码，不发送。", "This may be a person's credential; it is not sent.")
        )
    section = load_config(config).wedge
    wedge = way_out(section)
    if wedge is None:
        raise DeviceNotConfiguredError(WEDGE)
    ending = section.suffix.sent if section.types is WedgeText.RAW else b""
    asyncio.run(_sent(wedge, code.replace(*_GS).encode() + ending, wait))
    if as_json:
        typer.echo(json.dumps({"device": wedge.device, "is_sent": True, "bytes": len(code.replace(*_GS).encode())}))
    else:
        typer.echo(f"已发送 / sent  {wedge.device}")


async def _sent(wedge: Wedge, code: bytes, wait_s: float) -> None:
    await wedge.open()
    try:
        if wait_s:
            sys.stderr.write(f"{wait_s:g} 秒后发送，请切换到收银软件… / Sent in {wait_s:g} s, change to the POS …\n")
            sys.stderr.flush()
            await asyncio.sleep(wait_s)
        await wedge.send(code)
    finally:
        await wedge.close()
