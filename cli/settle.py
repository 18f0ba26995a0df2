"""`yima settle`: how amounts come about. Each subcommand has a module of its own."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from cli.group import command_group
from cli.settle_examples import run_examples
from codes.errors import YimaError
from codes.words import Words

settle_app = command_group("结算：核对算例，说明每一步 / Settlement: check worked examples, explain each step.")
settle_app.command("examples")(run_examples)

_NEEDS_THE_CENTRE = "cli.explain_settlement"


class NoCentreHereError(YimaError):
    """The part that opens a centre's store is not installed."""

    code: ClassVar[str] = "install.missing"
    next_step: ClassVar[Words] = Words(
        "请在中心的机器上执行，或安装 yima[server]。", "Run it at the centre, or install yima[server]."
    )


@settle_app.callback()
def _root() -> None:
    """Keep the group a group while it has one command."""


@settle_app.command("explain")
def explain(
    setl_id: Annotated[str, typer.Argument(help="结算ID（setl_id） / Id of the settlement", metavar="SETL_ID")],
    config: Annotated[Path, typer.Option("--config", help="中心的配置文件 / The centre's configuration")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """说明一笔结算如何得出 / Say how a settlement came about.

    列出当时留存的步骤、规则版本、明细、账户变动与报文，不重新计算。
    Steps, versions of rules, lines, accounts and messages are told as they were kept; nothing is reckoned anew.
    """
    try:
        # Worked examples need no centre: whoever has none installed can still run them.
        part = importlib.import_module(_NEEDS_THE_CENTRE)
    except ModuleNotFoundError as exc:
        raise NoCentreHereError(Words(f"缺少组件 {exc.name}", f"{exc.name} is not installed")) from exc
    part.explain_settlement(setl_id, config, as_json=as_json)
