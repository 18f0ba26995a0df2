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
from cli.listing import Block, show_blocks
from cli.mistakes import UsageMistakeError
from cli.scanner_profile import profile_record, show_profile, tell_step
from codes.classify import read as read_scan
from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.discovery import Attached, is_same_scanner, list_attached
from drivers.scanner.factory import DriverNotInstalledError
from drivers.scanner.profile import Profile
from drivers.scanner.selftest import TRIAL, Symbol
from drivers.scanner.setting_up import set_up
from drivers.scanner.spec import ScannerSpec
from drivers.scanner.spec_line import with_settings
from drivers.scanner.trial import Notice, Step, distinct, try_scanner
from drivers.scanner.unlisted import Unlisted, list_unlisted

scanner_app = command_group("扫码设备 / Scanners")

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="每行一个 JSON / Print one JSON object a line")]
Scanner = Annotated[
    str,
    typer.Argument(
        help="扫码枪，如 serial:/dev/ttyACM0,9600 / The scanner, for example serial:/dev/ttyACM0,9600",
        metavar="SCANNER",
    ),
]
Timeout = Annotated[int, typer.Option(help="每个码等待的秒数 / Seconds to wait for each symbol", min=1, max=600)]
_FOUND = 1
"""Exit code: the scanner was tried, and something should be changed."""
_WHERE_SHEET = (
    "校准页：yima scanner sheet --out sheet.html，或终端的 /setup 页面 / "
    "The sheet: yima scanner sheet --out sheet.html, or the terminal's page /setup"
)
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


class NameTakenError(UsageMistakeError):
    """What is learned would be kept under the name of another scanner."""

    code: ClassVar[str] = "scanner.setup.name_taken"
    next_step: ClassVar[Words] = Words(
        "请核对地址，或去掉 ;name=；`yima scanner list --config …` 可查看已配置的设备。",
        "Check the address, or leave ;name= out; `yima scanner list --config …` shows what is configured.",
    )


@scanner_app.command("list")
def list_scanners(
    as_json: AsJsonLines = False,
    config: Annotated[
        Path | None,
        typer.Option(help="终端配置文件：说明哪些已配置 / Also say what this does not name", show_default=False),
    ] = None,
) -> None:
    """列出已连接的设备及其配置写法 / List what is plugged in and how to write it.

    不能使用的设备会说明原因 / What cannot be used is listed with the reason.
    """
    attached = list_attached()
    unlisted = {one.node: one for one in list_unlisted(_configured(config))}
    if config is None:
        # Without a configuration nothing can be missing from it.
        unlisted = {node: one for node, one in unlisted.items() if one.code != "scanner.not_configured"}
    strange = [one for node, one in unlisted.items() if node not in {one.node for one in attached}]
    if as_json:
        for record in (*(_attached_record(one, unlisted.get(one.node)) for one in attached), *map(_record, strange)):
            typer.echo(json.dumps(record, ensure_ascii=False))
        return
    if not attached and not strange:
        typer.echo("没有发现 USB 扫码设备；请检查数据线，或用扫码枪说明书切换到串口（USB-COM）模式。")
        typer.echo("No USB scanner found; check the cable, or switch the scanner to USB-COM with its manual.")
    show_blocks(
        (
            *((*_attached_block(one), *_reason_block(unlisted.get(one.node))) for one in attached),
            *((*_node_block(one.label, one.node), *_reason_block(one)) for one in strange),
        )
    )


def _configured(config: Path | None) -> list[ScannerSpec]:
    if config is None:
        return []
    from edge.config import load_config  # noqa: PLC0415 - needs the edge extra

    return [parse_spec(line) for line in load_config(config).scanners]


def _attached_record(one: Attached, unlisted: Unlisted | None) -> dict[str, object]:
    record: dict[str, object] = {"kind": str(one.kind), "node": one.node, "label": one.label, "spec": one.suggestion}
    return record if unlisted is None else record | _reason_record(unlisted)


def _record(one: Unlisted) -> dict[str, object]:
    return {"kind": None, "node": one.node, "label": one.label, "spec": one.spec, **_reason_record(one)}


def _reason_record(one: Unlisted) -> dict[str, object]:
    return {
        "code": one.code,
        "reason": {"zh": one.words.zh, "en": one.words.en},
        "next_step": {"zh": one.next_step.zh, "en": one.next_step.en},
    }


def _attached_block(one: Attached) -> Block:
    return (
        *_node_block(one.label or str(one.kind), one.node),
        ("配置写法 / configuration", f"scanners = [{json.dumps(one.suggestion)}]"),
        ("检查 / test", f"yima scanner test '{one.suggestion}'"),
    )


def _node_block(label: str, node: str) -> Block:
    return (("设备 / device", label), ("节点 / node", node))


def _reason_block(one: Unlisted | None) -> Block:
    if one is None:
        return ()
    return (("未使用 / not read", f"{one.words}  [{one.code}]"), ("下一步 / next step", str(one.next_step)))


@scanner_app.command("sheet")
def write_sheet(
    out: Annotated[Path, typer.Option(help="写入的文件，.html、.svg 或 .png / The file to write", show_default=False)],
) -> None:
    """生成校准页，供打印或显示 / Write the calibration sheet, for paper or screen."""
    _write_sheet(out)
    typer.echo(f"校准页已写入 / The sheet is in {out}")


@scanner_app.command("test")
def try_out(
    scanner: Scanner,
    timeout: Timeout = 30,
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


@scanner_app.command("setup")
def set_scanner_up(
    scanner: Scanner,
    config: Annotated[
        Path | None,
        typer.Option(help="终端的配置文件；给出则保存结果 / The terminal's configuration; with it the result is kept"),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="把校准页写入此文件，.svg、.html 或 .png / Write the sheet here", show_default=False),
    ] = None,
    timeout: Timeout = 60,
    as_json: AsJson = False,
) -> None:
    """按提示扫描校准页，学会扫码枪的设置 / Learn from the sheet how a scanner is set.

    说明哪里设得不对、下一步怎么做，并给出配置写法；终端运行时请用其 /setup 页面。
    It names what is wrong with the next step, and the line to write. While the terminal runs, use its page /setup.

    设置正确则退出码为 0，有问题为 1，无法检查为 2 / Exit code 0: set well; 1: something to change; 2: not tried.
    """
    if sheet is not None:
        _write_sheet(sheet)
    line = scanner if config is None else _kept_line(config, scanner)
    typer.echo(_WHERE_SHEET if sheet is None else f"校准页 / sheet: {sheet}", err=True)
    profile = asyncio.run(set_up(line, tell_step, timeout_s=timeout))
    if config is not None:
        _keep(config, profile)
    if as_json:
        typer.echo(json.dumps(profile_record(profile, is_kept=config is not None), ensure_ascii=False))
    else:
        show_profile(profile)
    raise typer.Exit(0 if profile.is_good else _FOUND)


def _kept_line(config: Path, scanner: str) -> str:
    """Return the line by which the terminal itself reads this scanner, whatever it is called there.

    Raises:
        NameTakenError: The configuration calls another scanner so.
    """
    from edge.config import load_config  # noqa: PLC0415 - a box without the edge extra can set scanners up too

    asked = parse_spec(scanner)
    lines = load_config(config).scanners
    same = next((line for line in lines if is_same_scanner(parse_spec(line), asked)), None)
    if same is not None:
        return same
    if any(parse_spec(line).device == asked.device for line in lines):
        raise NameTakenError(Words(f"配置中 {asked.device} 是另一台设备", f"{asked.device} is another one there"))
    words = Words(
        f"配置中没有这台扫码枪：结果以 {asked.device} 保存，写入 scanners 后才起作用。",
        f"The configuration does not name this scanner: the result is kept as {asked.device} and counts once it does.",
    )
    typer.echo(str(words), err=True)
    return scanner


def _keep(config: Path, profile: Profile) -> None:
    from edge.clock import SystemClock  # noqa: PLC0415 - as above
    from edge.config import load_config  # noqa: PLC0415
    from edge.store.database import visited_store  # noqa: PLC0415
    from edge.store.scanner_profiles import save_profile  # noqa: PLC0415

    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        save_profile(connection, profile, SystemClock().now())


def _write_sheet(out: Path) -> None:
    content = _sheet_in(out.suffix.lower())
    try:
        out.write_bytes(content)
    except OSError as exc:
        why = words_of_os_error(exc)
        words = Words(f"无法写入 {out}：{why.zh}", f"Cannot write {out}: {why.en}")
        raise SheetNotWrittenError(words) from exc


def _sheet_in(suffix: str) -> bytes:
    if suffix not in {".html", ".png", ".svg"}:
        words = Words("校准页文件应以 .html、.svg 或 .png 结尾。", "The sheet's file must end in .html, .svg or .png.")
        raise UsageMistakeError(words)
    try:
        # Drawing needs the camera extra.
        from drivers.scanner.sheet import sheet_as_html, sheet_as_png, sheet_as_svg  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        words = Words(f"缺少软件组件 {exc.name}（yima[camera]）。", f"{exc.name} is not installed (yima[camera]).")
        raise DriverNotInstalledError("sheet", words) from exc
    if suffix == ".png":
        return sheet_as_png()
    return (sheet_as_html() if suffix == ".html" else sheet_as_svg()).encode()


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
