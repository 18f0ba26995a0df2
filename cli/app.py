"""The `yima` command: one group whose parts are loaded when they are asked for.

`yima read` must start fast and must not need a web server, so each part is imported on demand; a part whose extra is
not installed says which one to install.
"""

from __future__ import annotations

import gc
import importlib
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError
from typer.core import TyperGroup
from typer.main import get_command

from cli.complaint import CANNOT, Complaint, complaint_of, show_complaint
from cli.mistakes import complaint_about
from cli.streams import complaint_of_system, prepare_streams, silence_output
from codes.errors import YimaError
from codes.words import Words

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter


INSTALLED_MARK = ".complete"
"""Where a bundle was installed, `install.sh` leaves this file in the environment when all of it is there."""


@dataclass(frozen=True, slots=True)
class Part:
    """One subcommand."""

    summary: str
    """Its line in `yima --help`, which loads no part: loading all of them takes seconds."""
    module: str
    attribute: str
    """A Typer app, or a function that becomes a command."""
    extra: str | None
    """The extra that brings what it needs."""


PARTS: dict[str, Part] = {
    "read": Part(
        "识别一个码 / Say what a code is.",
        "cli.read",
        "read",
        None,
    ),
    "decode": Part(
        "读取图片中的条码 / Read the codes in pictures.",
        "cli.decode",
        "decode",
        "camera",
    ),
    "fsi": Part(
        "国家医保机构接口：检查报文，查看字段表 / The national interface: check a message, look at the tables.",
        "cli.fsi",
        "fsi_app",
        None,
    ),
    "scanner": Part(
        "扫码设备 / Scanners",
        "cli.scanner",
        "scanner_app",
        "edge",
    ),
    "person": Part(
        "试用医保码终端、读卡器和密码键盘 / Try voucher terminal, card reader and PIN pad",
        "cli.person",
        "person_app",
        "edge",
    ),
    "wedge": Part(
        "把码转交给收银软件 / Handing codes on to the POS",
        "cli.wedge",
        "wedge_app",
        "edge",
    ),
    "pos": Part(
        "收银软件的代理：旁听报告，未决报文 / The proxy of the POS: its report, what is open",
        "cli.pos",
        "pos_app",
        "edge",
    ),
    "status": Part(
        "显示这台终端的状态 / Show how this terminal is.",
        "cli.status",
        "status",
        "edge",
    ),
    "doctor": Part(
        "检查这台终端，告诉下一步该做什么 / Check this terminal and tell the next step.",
        "cli.doctor",
        "doctor",
        "edge",
    ),
    "support-bundle": Part(
        "打包诊断资料，发给厂商 / Pack what a vendor needs to help.",
        "cli.support_bundle",
        "support_bundle",
        "edge",
    ),
    "edge": Part(
        "终端 / A terminal",
        "cli.edge",
        "edge_app",
        "edge",
    ),
    "outbox": Part(
        "待上传的记录 / What a terminal has to deliver",
        "cli.outbox",
        "outbox_app",
        "edge",
    ),
    "server": Part(
        "中心 / The centre",
        "cli.server",
        "server_app",
        "server",
    ),
    "settle": Part(
        "结算：核对算例，说明每一步 / Settlement: check worked examples, explain each step.",
        "cli.settle",
        "settle_app",
        None,
    ),
    "broker": Part(
        "内置消息代理（仅本机） / The embedded broker (this machine only)",
        "cli.broker",
        "broker_app",
        "server",
    ),
    "demo": Part(
        "演示：两家药店与一个医院药库 / A demonstration: two pharmacies and a hospital store.",
        "cli.demo",
        "demo",
        "edge,camera,server,sim",
    ),
    "chaos": Part(
        "混沌测试：不断制造故障，核对无丢失、无重复、无错误"
        " / Break everything, and check that nothing is lost or doubled.",
        "cli.chaos",
        "chaos",
        "edge,camera,server,sim",
    ),
}

_CANCELLED = 1
_OUR_ROOMS = frozenset({"cli", "codes", "drivers", "edge", "rules", "server", "sim", "web", "wire"})
_SOURCE = Path(__file__).parents[1]
"""The folder that holds the code: a checkout, or the environment's packages."""


class PartsGroup(TyperGroup):
    """Looks commands up in `PARTS`."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(PARTS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - click's signature
        part = PARTS.get(cmd_name)
        return None if part is None else _load(cmd_name, part)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, part.summary) for name, part in PARTS.items()])


def _load(name: str, part: Part) -> Command:
    try:
        with _no_search_for_garbage():
            found = getattr(importlib.import_module(part.module), part.attribute)
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] in _OUR_ROOMS:
            raise
        found = _not_installed(part, exc.name, _SOURCE)
    if isinstance(found, typer.Typer):
        command = get_command(found)
    else:
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name)(found)
        command = get_command(single)
    command.name = name
    return command


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Modules are never garbage: looking through them again and again is an eighth of a terminal's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _not_installed(part: Part, missing: str, source: Path) -> Callable[[], None]:
    """Return a command that says what is missing and how to get it."""
    complaint = Complaint(
        "install.missing",
        Words(
            f"缺少组件 {missing}，此命令需要 yima[{part.extra}]。",
            f"{missing} is not installed; this command needs yima[{part.extra}].",
        ),
        _how_to_install(part, source),
    )

    def explain() -> None:
        show_complaint(complaint)
        raise typer.Exit(CANNOT)

    explain.__doc__ = f"未安装 / Not installed: yima[{part.extra}]"
    return explain


def _how_to_install(part: Part, source: Path) -> Words:
    """Return what works. No package index has us: it is the checkout, the bundle, or the folder that we came from."""
    if (source / "Makefile").is_file():
        # -B, because make would find its environment up to date.
        run = f"make -B -C {shlex.quote(str(source))} setup"
        return Words(f"请执行：{run}", f"Run: {run}")
    complete = Path(sys.prefix, INSTALLED_MARK)
    if complete.is_file():
        # A bundle holds every part, and its environment has no pip. The installer makes anew what has no such mark.
        run = f"sudo rm {shlex.quote(str(complete))}"
        return Words(
            f"本机的安装已损坏。请执行：{run}，然后重新运行安装包里的 install.sh。",
            f"This installation is damaged. Run: {run}, then run install.sh of the bundle again.",
        )
    run = f"{shlex.quote(sys.executable)} -m pip install"
    return Words(f"请执行：{run} '一码的源代码目录[{part.extra}]'", f"Run: {run} 'FOLDER_OF_THE_SOURCE[{part.extra}]'")


app = typer.Typer(
    cls=PartsGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
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
    """Run the command line; what cannot be done is shown with its code and next step, exit code 2."""
    prepare_streams()
    try:
        outcome = app(prog_name="yima", standalone_mode=False)
    except NoArgsIsHelpError as exc:
        typer.echo(exc.message)
        sys.exit(CANNOT)
    except ClickException as exc:
        show_complaint(complaint_about(exc))
        sys.exit(CANNOT)
    except typer.Abort:
        typer.echo("已取消 / Cancelled", err=True)
        sys.exit(_CANCELLED)
    except YimaError as exc:
        show_complaint(complaint_of(exc))
        sys.exit(CANNOT)
    except OSError as exc:
        show_complaint(complaint_of_system(exc))
        silence_output()
        sys.exit(CANNOT)
    sys.exit(outcome)


if __name__ == "__main__":
    main()
