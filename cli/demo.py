"""`yima demo`: a small city on this machine, with simulated scanners and cashiers."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli.breaking_off import causes_of
from cli.listing import show_blocks
from cli.mistakes import UsageMistakeError
from cli.report_file import try_report, write_report
from codes.words import Words
from sim.cashier import UnreadableBoxError
from sim.centre import ImpostorError
from sim.city import City, build_city
from sim.demo import Run, judge_run, plan_run, play_run
from sim.screen import ScannerNotReadyError, TerminalDownError
from sim.stage import StageError
from sim.till import TillError

WATCHED_PAUSE_S = 0.8
"""Between two scans of a cashier, when people look on."""
SCANS_PER_MORNING = 240
SCANS_ONCE = 600
"""Of a morning that is judged, unless told otherwise."""
_REFRESH_S = 0.5
_PAGE = "页面 / page"
_WATCHED = (
    "终端 / terminal",
    _PAGE,
    "线路 / line",
    "本场已扫 / scanned",
    "已显示 / shown",
    "记录已回执 / records receipted",
    "记录待上传 / records waiting",
)
_MUST_BE_NONE = MappingProxyType(
    {
        "lost": "丢失 / lost",
        "duplicated": "重复 / duplicated",
        "wrong_states": "状态错误 / wrong states",
        "false_answers": "错误回答 / false answers",
        "dead_letters": "中心拒收 / refused for good",
    }
)


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="演完一个上午即核对并退出 / Play one morning, check, exit")
    ] = False,
    seed: Annotated[int, typer.Option(help="随机种子 / Seed of the morning")] = 1,
    scans: Annotated[
        int | None,
        typer.Option(
            help="与 --once 同用：至少扫码次数 / With --once: scans, at least", min=1, show_default=str(SCANS_ONCE)
        ),
    ] = None,
    faults: Annotated[
        bool,
        typer.Option(
            "--faults",
            help="与 --once 同用：中途强制终止代理、中心和一台终端 / "
            "With --once: kill broker, centre and a terminal midway",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(help="与 --once 同用：写入 JSON 报告 / With --once: write a JSON report", show_default=False),
    ] = None,
) -> None:
    """演示：两家药店与一个医院药库 / A demonstration: two pharmacies and a hospital store."""
    if not once:
        _refuse({"--scans": scans is not None, "--faults": faults, "--report": report is not None})
    if report is not None:
        try_report(report)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="yima-demo-"))
    made: dict[str, Any] | None = None
    # A morning that was asked for is right only once it was judged; watching has no verdict.
    is_right = not once
    # Ended from outside, the demo ends what it started, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if once:
            made = asyncio.run(_play_once(console, folder, seed, scans or SCANS_ONCE, has_faults=faults))
            _show_report(console, made)
            is_right = made["is_right"]
        else:
            asyncio.run(_play_on(console, folder, seed))
    except* (
        StageError,
        UnreadableBoxError,
        ScannerNotReadyError,
        TerminalDownError,
        ImpostorError,
        TillError,
    ) as group:
        is_right = False
        for problem in causes_of(group):
            console.print(f"[red]演示中断 / the demo broke off[/]  {escape(str(problem))}", highlight=False)
    except* KeyboardInterrupt:
        console.print("演示已结束 / The demo has ended")
    if is_right:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"日志留在 / the logs are kept in {folder}")
    if report is not None and made is not None:
        write_report(report, made)
    if not is_right:
        raise typer.Exit(1)


def _refuse(given: Mapping[str, bool]) -> None:
    """Refuse options that mean nothing while somebody looks on."""
    names = [name for name, is_given in given.items() if is_given]
    if names:
        raise UsageMistakeError(
            Words(f"{'、'.join(names)} 须与 --once 同用。", f"{', '.join(names)} can only be used with --once.")
        )


async def _play_once(console: Console, folder: Path, seed: int, scans: int, *, has_faults: bool) -> dict[str, Any]:
    city = await build_city(folder, seed, console.print)
    try:
        run = plan_run(city, seed, scans)
        started = time.monotonic()
        async with asyncio.TaskGroup() as group:
            ticker = group.create_task(_tick(console, run))
            await play_run(run, seed=seed, has_faults=has_faults, run_name=f"once-{seed}")
            ticker.cancel()
        console.print("向中心逐码核对 / asking the centre about every code …")
        return await judge_run(run, time.monotonic() - started)
    finally:
        await city.close()


async def _play_on(console: Console, folder: Path, seed: int) -> None:
    city = await build_city(folder, seed, console.print)
    _show_addresses(console, city)
    try:
        with Live(console=console, refresh_per_second=2) as live:
            morning = 0
            while True:
                run = plan_run(city, seed + morning, SCANS_PER_MORNING)
                async with asyncio.TaskGroup() as group:
                    watcher = group.create_task(_watch(city, run, live.update))
                    name = f"morning-{morning}"
                    await play_run(run, seed=seed, has_faults=False, run_name=name, pause_s=WATCHED_PAUSE_S)
                    watcher.cancel()
                morning += 1
    finally:
        await city.close()


async def _tick(console: Console, run: Run) -> None:
    while True:
        await asyncio.sleep(5)
        console.print(f"{run.progress:.0%}  扫码 / scans {run.pulled}  {'; '.join(run.faults[-1:])}")


async def _watch(city: City, run: Run, show: Callable[[Table], None]) -> None:
    while True:
        show(await _table(city, run))
        await asyncio.sleep(_REFRESH_S)


async def _table(city: City, run: Run) -> Table:
    settled = city.till.summary()
    table = Table(
        title="一码演示 / Yima demo    Ctrl-C 结束 / to end",
        title_justify="left",
        caption=f"医保结算 / insured settlements {settled['settled']} · 撤销 / cancelled {settled['cancelled']}",
        caption_justify="left",
    )
    for heading in _WATCHED:
        table.add_column(heading, overflow="fold", no_wrap=heading == _PAGE)
    for place, notebook in zip(city.places, run.notebooks, strict=False):
        sync = (await place.screen.press("GET", "/api/v1/status"))["sync"]
        line = "[green]在线 / up[/]" if sync["is_up"] else "[red]断开 / down[/]"
        numbers = (notebook.emitted.total(), notebook.read.total(), sync["delivered"], sync["pending"])
        table.add_row(place.shop.label, place.screen.url, line, *map(str, numbers))
    return table


def _show_addresses(console: Console, city: City) -> None:
    """Print where to look and how to sign in; addresses are opened and copied, so that no line breaks one."""
    console.print("打开浏览器 / Open in a browser\n", style="italic")
    console.print(
        f"医保结算 / settlements  {city.centre.url}/console/settlements/all\n", highlight=False, soft_wrap=True
    )
    people = [("中心 / centre", city.centre.url, city.admin_login, city.admin_password)]
    people += [(at.shop.label, at.screen.url, at.screen.operator, at.screen.password) for at in city.places]
    show_blocks(
        ((label, url), ("账号 / account", login), ("密码 / password", password))
        for label, url, login, password in people
    )


def _show_report(console: Console, report: Mapping[str, Any]) -> None:
    table = Table(title="核对结果 / Result", title_justify="left", show_header=False)
    for label, value in _figures(report):
        table.add_row(label, value)
    for key, label in _MUST_BE_NONE.items():
        table.add_row(label, f"[{'red' if report[key] else 'green'}]{report[key]}[/]")
    for fault in report["faults"]:
        table.add_row("故障 / fault", fault)
    for kind, findings in report["findings"].items():
        for finding in findings:
            table.add_row(_MUST_BE_NONE[kind], escape(finding), style="red")
    for problem in report["problems"]:
        table.add_row("不成立 / void", problem, style="red")
    console.print(table)
    console.print("[green]一致 / All agrees[/]" if report["is_right"] else "[red]不一致 / Something is wrong[/]")


def _figures(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    latency = report["latency_ms"]
    again = report["scanned_again"]
    yield "扫码 / scans", f"{report['played']}（要求 / asked {report['asked']}）"
    yield "触发 / trigger pulls", f"{_counts(report['emitted'])}（重扫 / again {again}）"
    yield "屏幕已显示 / shown on screen", f"{report['read']}：{_counts(report['read_by'])}"
    yield "已匹配 / matched", str(report["matched"])
    yield "未匹配 / unmatched", str(report["unmatched"])
    yield "中心事件 / events at centre", str(report["events"])
    yield "回执 / receipts", str(report["receipts"])
    settled = report["settlements"]
    yield (
        "医保结算 / insured settlements",
        (f"{settled['settled']}（撤销 / cancelled {settled['cancelled']}，重发 / sent again {settled['sent_again']}）"),
    )
    yield "结算金额 / settled", f"费用 / costs {settled['costs']} · 基金 / funds {settled['funds']}"
    yield "追溯状态 / ledger states", _counts(report["ledger_states"])
    yield "至落盘 / to COMMIT", _milliseconds(latency["commit"])
    yield "至屏幕 / to screen", _milliseconds(latency["event"])
    yield "至回执 / to receipt", _milliseconds(latency["receipt"])
    yield "摄像头至落盘 / camera to COMMIT", _milliseconds(report["camera_ms"])
    yield "用时 / took", f"{report['seconds']} s"


def _counts(counted: Mapping[str, int]) -> str:
    return " · ".join(f"{name} {number}" for name, number in counted.items())


def _milliseconds(of: Mapping[str, float | None]) -> str:
    return " · ".join(f"{name} {'—' if value is None else f'{value:,.1f} ms'}" for name, value in of.items())
