"""`yima chaos`: break everything that can break, for long, and see whether anything is lost, doubled or wrong."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from cli.breaking_off import causes_of
from cli.report_file import try_report, write_report
from sim.centre import ImpostorError
from sim.chaos.brokers import BrokerKind
from sim.chaos.plan import Kind
from sim.chaos.report import make_report
from sim.chaos.run import Goal, NoRecoveryError, NothingToBreakError, Run, play, prepare
from sim.chaos.stand import Order, StoreKind, missing_parts, open_stand
from sim.postgres import PostgresMissingError
from sim.screen import ScannerNotReadyError, TerminalDownError
from sim.stage import StageError

EVENTS = 1_500
KILLS = 25
_REFRESH_S = 1.0
_BEATS_A_LINE = 30
_BREAKS_OFF = (
    StageError,
    NoRecoveryError,
    NothingToBreakError,
    ScannerNotReadyError,
    TerminalDownError,
    ImpostorError,
    PostgresMissingError,
    httpx.HTTPError,
)
_MUST_BE_NONE = {
    "lost": "丢失 / lost",
    "doubled": "重复 / doubled",
    "wrong_states": "状态错误 / wrong states",
    "false_answers": "错误回答 / false answers",
}


def chaos(  # noqa: PLR0917 - each is an option of the command
    seed: Annotated[int, typer.Option(help="随机种子 / Seed of the faults")] = 1,
    minutes: Annotated[
        float | None,
        typer.Option(
            help="制造故障最多多少分钟，搭建与收尾另计 / Faults for so many minutes at most; "
            "setting up and draining come on top",
            min=0.1,
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="写入 JSON 报告 / Write a JSON report", show_default=False)
    ] = None,
    broker: Annotated[BrokerKind, typer.Option(help="消息代理 / Message broker")] = BrokerKind.EMBEDDED,
    store: Annotated[StoreKind, typer.Option(help="中心数据库 / The centre's store")] = StoreKind.SQLITE,
    events: Annotated[
        int | None,
        typer.Option(help="至少确认多少条记录 / Records acknowledged, at least", min=0, show_default=False),
    ] = None,
    kills: Annotated[
        int | None, typer.Option(help="至少强制终止多少次 / Processes killed, at least", min=0, show_default=False)
    ] = None,
    terminals: Annotated[int, typer.Option(help="终端数 / Terminals", min=1, max=9)] = 2,
    if_installed: Annotated[
        bool, typer.Option("--if-installed", help="未安装代理或数据库时跳过 / Skip what is not installed")
    ] = False,
    only: Annotated[
        list[Kind] | None,
        typer.Option(help="只做这种故障，可重复 / Only this kind of fault; may be repeated", show_default=False),
    ] = None,
) -> None:
    """混沌测试：不断制造故障，核对无丢失、无重复、无错误 / Break everything, and check that nothing is lost or doubled.

    达到 --events 与 --kills 即停止制造故障；只给 --minutes 则满该时间为止。
    搭建（约半分钟）、收尾与核对（数分钟内）不计在内。

    Faults end when --events and --kills are reached; with --minutes alone, after that time. Setting up (about half a
    minute) and draining and checking (minutes at most) come on top.
    """
    order, missing = Order(seed, broker, store, terminals), missing_parts(broker, store)
    if missing and if_installed:
        typer.echo(f"跳过 / skipped: {broker}, {store}: {missing}")
        if report is not None:
            write_report(report, make_report(order, None, (), 0.0, missing))
        return
    if report is not None:
        try_report(report)
    if events is None and kills is None and minutes is None:
        events, kills = EVENTS, KILLS
    goal = Goal(events or 0, kills or 0, minutes, frozenset(only or ()))
    made = _play_in_own_folder(order, goal)
    if report is not None:
        write_report(report, made)
    if not made["is_right"]:
        raise typer.Exit(1)


def _play_in_own_folder(order: Order, goal: Goal) -> dict[str, Any]:
    """Break everything in a folder that stays only if something is wrong; return the report."""
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="yima-chaos-"))
    # Ended from outside, it ends what it started, as with Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    made = _run(console, folder, order, goal)
    _show_report(console, made)
    if made["is_right"]:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"日志留在 / the logs are kept in {folder}")
    return made


def _run(console: Console, folder: Path, order: Order, goal: Goal) -> dict[str, Any]:
    """Return the report, whatever happens on the way."""
    began, runs, broke_off = time.monotonic(), list[Run](), list[str]()
    try:
        asyncio.run(_play(console, folder, order, goal, runs))
    except* _BREAKS_OFF as group:
        broke_off += [f"{type(problem).__name__}: {problem}" for problem in causes_of(group)]
    except* KeyboardInterrupt:
        broke_off.append("被中断 / interrupted")
    return make_report(order, runs[0] if runs else None, broke_off, time.monotonic() - began)


async def _play(console: Console, folder: Path, order: Order, goal: Goal, runs: list[Run]) -> None:
    async with open_stand(folder, order, console.print) as stand:
        run = prepare(stand, order.seed, goal)
        runs.append(run)
        with Live(console=console, refresh_per_second=1, transient=True) as live:
            async with asyncio.TaskGroup() as group:
                ticker = group.create_task(_tick(live, run))
                await play(run)
                ticker.cancel()


async def _tick(live: Live, run: Run) -> None:
    beats = 0
    while True:
        if live.console.is_terminal:
            live.update(_progress(run))
        elif beats % _BEATS_A_LINE == 0:
            # Into a file or a build's log: a line at times, else nobody can tell a long run from one that hangs.
            so_far = f"已确认 / acknowledged {run.acknowledged} · 强制终止 / kills {run.kills}"
            live.console.print(f"{so_far} · 故障 / faults {len(run.suffered)}")
        beats += 1
        await asyncio.sleep(_REFRESH_S)


def _progress(run: Run) -> Table:
    table = Table(title="混沌测试 / Chaos", title_justify="left", show_header=False)
    table.add_row("已确认 / acknowledged", f"{run.acknowledged}（目标 / goal {run.goal.events}）")
    table.add_row("强制终止 / kills", f"{run.kills}（目标 / goal {run.goal.kills}）")
    table.add_row("故障 / faults", str(len(run.suffered)))
    if run.now is not None:
        table.add_row("当前 / now", f"{run.now.kind} {', '.join(run.now.targets)} {run.now.lasts_s} s")
    if run.suffered:
        worst = max(run.suffered, key=lambda one: one.recovered_s)
        table.add_row("最慢恢复 / worst recovery", f"{worst.recovered_s:.1f} s（{worst.planned.kind}）")
    return table


def _show_report(console: Console, report: Mapping[str, Any]) -> None:
    table = Table(title="核对结果 / Result", title_justify="left", show_header=False)
    table.add_row("代理·存储 / broker, store", f"{report['broker']} · {report['store']}")
    table.add_row("已确认 / acknowledged", str(report["acknowledged"]))
    table.add_row("中心已有 / at the centre", _judged(report["at_centre"]))
    for key, label in _MUST_BE_NONE.items():
        table.add_row(label, f"[{'green' if report[key] == 0 else 'red'}]{_judged(report[key])}[/]")
    table.add_row("自报丢失 / declared lost", _judged(report["declared_lost"]))
    table.add_row("强制终止 / kills", " · ".join((str(report["kills"]), *_counts(report["kills_by_target"]))))
    if report["recovered_s"] is not None:
        table.add_row("最慢恢复 / worst recovery", f"{report['recovered_s']} s")
    for kind, of in report["faults_by_kind"].items():
        table.add_row(f"  {kind}", f"{of['times']} · p50 {of['recovered_p50_s']} s · worst {of['recovered_worst_s']} s")
    for why in dict.fromkeys(report["skipped"].values()):
        kinds = (kind for kind, its in report["skipped"].items() if its == why)
        table.add_row("  未做 / skipped", escape(f"{', '.join(kinds)} · {why}"))
    for kind, findings in report["findings"].items():
        for finding in findings:
            table.add_row(kind, escape(finding), style="red")
    for problem in report["problems"]:
        table.add_row("不成立 / void", escape(problem), style="red")
    table.add_row("用时 / took", f"{report['seconds']} s")
    console.print(table)
    console.print("[green]一致 / All agrees[/]" if report["is_right"] else "[red]不一致 / Something is wrong[/]")


def _judged(number: int | None) -> str:
    return "未核对 / not judged" if number is None else str(number)


def _counts(counted: Mapping[str, int]) -> Iterator[str]:
    return (f"{name} {number}" for name, number in counted.items())
