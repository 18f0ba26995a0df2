"""The `yima` command: one group whose parts are loaded when they are asked for.

`yima read` must start fast and must not need a web server, so each part is imported on demand; a part whose extra is
not installed says which one to install.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup
from typer.main import get_command

from codes.errors import YimaError

if TYPE_CHECKING:
    from typer._click.core import Command, Context


@dataclass(frozen=True, slots=True)
class Part:
    """One subcommand."""

    module: str
    attribute: str
    """A Typer app, or a function that becomes a command."""
    extra: str | None
    """The extra that brings what it needs."""


PARTS: dict[str, Part] = {
    "read": Part("cli.read", "read", None),
    "decode": Part("cli.decode", "decode", "camera"),
    "scanner": Part("cli.scanner", "scanner_app", "edge"),
    "edge": Part("cli.edge", "edge_app", "edge"),
    "server": Part("cli.server", "server_app", "server"),
    "broker": Part("cli.broker", "broker_app", "server"),
    "demo": Part("cli.demo", "demo", "edge,camera,server,sim"),
}

CANNOT = 2
"""Exit code: the command could not be carried out."""


class PartsGroup(TyperGroup):
    """Looks commands up in `PARTS`."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(PARTS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - click's signature
        part = PARTS.get(cmd_name)
        return None if part is None else _load(cmd_name, part)


def _load(name: str, part: Part) -> Command:
    try:
        found = getattr(importlib.import_module(part.module), part.attribute)
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.split(".")[0] in {"cli", "edge", "server", "sim"}:
            raise
        found = _not_installed(part, str(exc.name))
    if isinstance(found, typer.Typer):
        command = get_command(found)
    else:
        single = typer.Typer(add_completion=False)
        single.command(name)(found)
        command = get_command(single)
    command.name = name
    return command


def _not_installed(part: Part, missing: str) -> object:
    def explain() -> None:
        install = f"pip install 'yima[{part.extra}]'"
        Console(stderr=True).print(f"缺少组件 {missing}，请安装 / {missing} is missing; install it with: {install}")
        raise typer.Exit(CANNOT)

    explain.__doc__ = f"未安装 / Not installed: yima\\[{part.extra}]"
    return explain


app = typer.Typer(
    cls=PartsGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="一码：一次扫码，识别、核对、登记、上报 / One scan identifies, checks, records and reports.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"yima {version('yima')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="版本 / Print the version"),
    ] = False,
) -> None:
    """Hold the options of the group itself."""


def main() -> None:
    """Run the command line; errors of ours are shown with their code and next step, exit code 2."""
    try:
        app()
    except YimaError as exc:
        # Without markup: a message may name a table of the configuration, [store], which is no style.
        console = Console(stderr=True, highlight=False, markup=False)
        console.print(Text.assemble((exc.code, "bold red"), "  ", exc.words.zh))
        console.print(f"  {exc.words.en}", style="dim")
        console.print(f"→ {exc.next_step.zh}")
        console.print(f"  {exc.next_step.en}", style="dim")
        sys.exit(CANNOT)


if __name__ == "__main__":
    main()
