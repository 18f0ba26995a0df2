"""The `yima` command: one group whose parts are loaded when they are asked for."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer._click.exceptions import ClickException, NoArgsIsHelpError

from cli.complaint import CANNOT, complaint_of, show_complaint
from cli.mistakes import complaint_about
from cli.parts import Part, PartsGroup
from cli.streams import complaint_of_system, prepare_streams, silence_output
from codes.errors import YimaError

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


class EveryPart(PartsGroup):
    """The parts of `yima`."""

    parts = PARTS


app = typer.Typer(
    cls=EveryPart,
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
