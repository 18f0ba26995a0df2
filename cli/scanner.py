"""`yima scanner`: what is plugged in, how to write it into the configuration, and whether it is set well."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from cli.group import command_group
from cli.listing import show_blocks
from cli.mistakes import UsageMistakeError
from codes.classify import read as read_scan
from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.discovery import list_attached
from drivers.scanner.factory import DriverNotInstalledError
from drivers.scanner.selftest import TRIAL, Symbol
from drivers.scanner.spec_line import with_settings
from drivers.scanner.trial import Notice, Step, distinct, try_scanner

scanner_app = command_group("扫码设备 / Scanners")

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="每行一个 JSON / Print one JSON object a line")]
_FOUND = 1
"""Exit code: the scanner was tried, and something should be changed."""
_SEPARATOR, _SHOWN_SEPARATOR = "\x1d", "<GS>"
_NOTICES = {
    Notice.PLEASE_SCAN: Words("请扫描校准页上的", "Please scan from the sheet:"),
    Notice.ANOTHER_SYMBOL: Words("这是另一个码，请扫描", "That was another symbol; please scan"),
    Notice.NOT_THE_SHEET: Words("与校准页不符，请再扫一次", "That is not on the sheet; please scan again:"),
    Notice.DONE: Words("已收到", "Received"),
    Notice.TIMED_OUT: Words("等待超时，跳过", "Waited in vain for"),
}


class SheetNotWrittenError(YimaError):
    """The calibration sheet cannot be put where it was asked for."""

    code: ClassVar[str] = "scanner.sheet"
    next_step: ClassVar[Words] = Words("请换一个可以写入的目录。", "Choose a folder that can be written to.")


@scanner_app.command("list")
def list_scanners(as_json: AsJsonLines = False) -> None:
    """列出已连接的设备及其配置写法 / List what is plugged in and how to write it."""
    attached = list_attached()
    if as_json:
        for one in attached:
            record = {"kind": str(one.kind), "node": one.node, "label": one.label, "spec": one.suggestion}
            typer.echo(json.dumps(record, ensure_ascii=False))
        return
    if not attached:
        typer.echo("没有发现 USB 扫码设备；请检查数据线，或用扫码枪说明书切换到串口（USB-COM）模式。")
        typer.echo("No USB scanner found; check the cable, or switch the scanner to USB-COM with its manual.")
    show_blocks(
        (
            ("设备 / device", one.label or str(one.kind)),
            ("节点 / node", one.node),
            ("配置写法 / configuration", f"scanners = [{json.dumps(one.suggestion)}]"),
            ("检查 / test", f"yima scanner test '{one.suggestion}'"),
        )
        for one in attached
    )


@scanner_app.command("sheet")
def write_sheet(
    out: Annotated[Path, typer.Option(help="写入的文件，.html 或 .png / The file to write", show_default=False)],
) -> None:
    """生成校准页，供打印或显示 / Write the calibration sheet, for paper or screen."""
    content = _sheet_in(out.suffix.lower())
    try:
        out.write_bytes(content)
    except OSError as exc:
        why = words_of_os_error(exc)
        words = Words(f"无法写入 {out}：{why.zh}", f"Cannot write {out}: {why.en}")
        raise SheetNotWrittenError(words) from exc
    typer.echo(f"校准页已写入 / The sheet is in {out}")


@scanner_app.command("test")
def try_out(
    scanner: Annotated[
        str,
        typer.Argument(
            help="扫码枪，如 serial:/dev/ttyACM0,9600 / The scanner, for example serial:/dev/ttyACM0,9600",
            metavar="SCANNER",
        ),
    ],
    timeout: Annotated[
        int, typer.Option(help="每个码等待的秒数 / Seconds to wait for each symbol", min=1, max=600)
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """扫描校准页，检查扫码枪设置 / Scan the sheet and check a scanner's settings.

    先用 yima scanner sheet --out sheet.html 生成校准页 / Make the sheet with yima scanner sheet --out sheet.html first.

    设置正确则退出码为 0，有问题为 1，无法检查为 2 / Exit code 0: set well; 1: something to change; 2: not tried.
    """
    spec = parse_spec(scanner)
    device = open_scanner(spec)
    # Prompts go beside the answer, so that a program can read the one and a person the other.
    steps = asyncio.run(try_scanner(device, spec, timeout_s=timeout, tell=_told()))
    if as_json:
        typer.echo(json.dumps(_report(scanner, steps), ensure_ascii=False))
    else:
        _show(scanner, steps)
    raise typer.Exit(_FOUND if distinct(steps) else 0)


def _sheet_in(suffix: str) -> bytes:
    if suffix not in {".html", ".png"}:
        words = Words("--out 应以 .html 或 .png 结尾。", "--out must end in .html or .png.")
        raise UsageMistakeError(words)
    try:
        from drivers.scanner.sheet import sheet_as_html, sheet_as_png  # noqa: PLC0415 - drawing needs the camera extra
    except ModuleNotFoundError as exc:
        words = Words(f"缺少软件组件 {exc.name}（yima[camera]）。", f"{exc.name} is not installed (yima[camera]).")
        raise DriverNotInstalledError("sheet", words) from exc
    return sheet_as_html().encode() if suffix == ".html" else sheet_as_png()


def _told() -> Callable[[Notice, Symbol], None]:
    def tell(notice: Notice, symbol: Symbol) -> None:
        words, number = _NOTICES[notice], TRIAL.index(symbol) + 1
        place = f"[{number}/{len(TRIAL)}]"
        text = Words(f"{words.zh} {symbol.words.zh}", f"{words.en} {symbol.words.en}")
        sys.stderr.write(f"{place} {text}\n")
        sys.stderr.flush()

    return tell


def _report(scanner: str, steps: tuple[Step, ...]) -> dict[str, object]:
    return {
        "scanner": scanner,
        "is_good": not distinct(steps),
        "suggestion": _suggestion(scanner, steps),
        "symbols": [_step_record(step) for step in steps],
    }


def _step_record(step: Step) -> dict[str, object]:
    text, raw_hex = _came(step)
    return {
        "symbol": step.symbol.name,
        "is_read": step.scan is not None,
        "text": text,
        "raw_hex": raw_hex,
        "symbology": None if step.scan is None else step.scan.symbology,
        "findings": [
            {"code": one.code, "zh": one.words.zh, "en": one.words.en, "setting": one.setting or None}
            for one in step.findings
        ],
    }


def _came(step: Step) -> tuple[str, str]:
    """Return what came as text and bytes; a person's credential masked, and without its bytes (C-04)."""
    if step.scan is None:
        return "", ""
    reading = read_scan(step.scan)
    if reading.is_masked:
        return reading.value, ""
    return step.scan.raw.decode("utf-8", "backslashreplace"), step.scan.raw.hex()


def _suggestion(scanner: str, steps: tuple[Step, ...]) -> str:
    """Return the scanner's line with the settings that put things right; a setting takes the place of its old value."""
    return with_settings(scanner, dict(one.setting.split("=", 1) for one in distinct(steps) if one.setting))


def _show(scanner: str, steps: tuple[Step, ...]) -> None:
    for number, step in enumerate(steps, 1):
        mark = "✗" if step.findings else "✓"
        came = _came(step)[0].replace(_SEPARATOR, _SHOWN_SEPARATOR)
        typer.echo(f"{mark} {number}. {step.symbol.words}  {came}".rstrip())
    findings = distinct(steps)
    if not findings:
        typer.echo("扫码枪设置正确 / The scanner is set well")
        return
    for finding in findings:
        typer.echo(f"• {finding.words.zh}  [{finding.code}]")
        typer.echo(f"  {finding.words.en}")
    suggestion = _suggestion(scanner, steps)
    if suggestion != scanner:
        typer.echo(f"→ 配置改为 / write  scanners = [{json.dumps(suggestion, ensure_ascii=False)}]")
