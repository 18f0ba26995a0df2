"""`yima doctor`: look at everything a technician would look at, and say the next step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from cli.advice import DEFAULT_CONFIG, advice_for
from cli.checks.box import check_box
from cli.checks.counter_devices import check_counter_devices
from cli.checks.data import check_data
from cli.checks.devices import check_devices
from cli.checks.finding import Finding, Level, fault_of, finding_of, fine
from cli.checks.interface import check_interface
from cli.checks.line import check_line
from cli.checks.pos import check_pos
from cli.checks.service import Asked, check_service
from cli.legible_config import legible_config
from cli.paper import wrapped
from codes.errors import YimaError
from drivers.scanner.spec import ScannerKind
from edge.certificates import read_certificates
from edge.config import EdgeConfig, load_config
from edge.store.inspection import inspect_profiles
from edge.store.scanner_profiles import StoredProfile
from edge.troubles import NOT_APPLIED, certificate_troubles

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file")]
_FAULTS, _CANNOT_LOOK = 1, 2
_MARKS = {Level.OK: "✓", Level.NOTICE: "!", Level.FAULT: "✗"}
_COLOURS = {Level.OK: typer.colors.GREEN, Level.NOTICE: typer.colors.YELLOW, Level.FAULT: typer.colors.RED}


def doctor(
    config: Config = DEFAULT_CONFIG,
    scanner: Annotated[
        list[str] | None,
        typer.Option(help="同 edge run：也检查此扫码设备 / Look at this one too, as edge run", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """检查这台终端，告诉下一步该做什么 / Check this terminal and tell the next step.

    只看不改，终端运行与否均可 / Changes nothing, works whether or not the terminal runs.
    退出码：0 无故障，1 有故障，2 无法检查 / Exit code: 0 no fault, 1 faults, 2 cannot be checked.
    """
    findings, settings = [], None
    try:
        settings = load_config(config)
    except YimaError as exc:
        findings += [fault_of(exc), *examine_broken(legible_config(config))]
    else:
        findings += examine(settings, scanner or ())
    findings = [_advised(config, one) for one in findings]
    if as_json:
        typer.echo(json.dumps(report_of(findings), ensure_ascii=False))
    else:
        _show(findings)
    if settings is None:
        raise typer.Exit(_CANNOT_LOOK)
    if any(one.level is Level.FAULT for one in findings):
        raise typer.Exit(_FAULTS)


def examine(config: EdgeConfig, scanners: Sequence[str] = ()) -> list[Finding]:
    """Look at everything.

    Args:
        config: The configuration.
        scanners: Scanners besides those of the configuration.
    """
    return list(_examine(config, (*config.scanners, *scanners)))


def examine_broken(legible: EdgeConfig | None) -> list[Finding]:
    """Look at what can be looked at without a usable configuration: the machine, and the terminal if it can be found.

    Args:
        legible: What can still be read of the configuration.
    """
    found = list(check_box(has_camera=False))
    if legible is not None:
        found += check_data(legible.store.folder)
        told = check_service(legible, Asked(legible))
        # The terminal sees a file that is another one, and says to restart; it could not start again.
        found += _not_said((one for one in told if one.code != NOT_APPLIED), found)
    return found


def report_of(findings: Iterable[Finding]) -> dict[str, object]:
    """Return the findings as they are printed for programs."""
    listed = list(findings)
    counted = Counter(one.level for one in listed)
    return {
        "faults": counted[Level.FAULT],
        "notices": counted[Level.NOTICE],
        "findings": TypeAdapter(list[Finding]).dump_python(listed, mode="json"),
    }


def _examine(config: EdgeConfig, scanners: Sequence[str]) -> Iterator[Finding]:
    yield fine("config.valid", "配置文件有效", "The configuration can be used")
    seen = [*check_box(has_camera=_has_camera(scanners)), *check_data(config.store.folder)]
    yield from seen
    asked = Asked(config)
    told = list(check_service(config, asked))
    yield from _not_said(told, seen)
    yield from check_devices(scanners, asked.status, _learned(config, asked))
    yield from check_counter_devices(config)
    yield from check_pos(config, is_running=asked.status is not None)
    yield from check_interface(config)
    # What the running terminal has said of its line already is not said twice.
    yield from _not_said(check_line(config), told)
    if asked.status is None:
        found = certificate_troubles(read_certificates(config), datetime.now(UTC))
        yield from (finding_of(trouble) for trouble in found)


def _not_said(findings: Iterable[Finding], before: Iterable[Finding]) -> list[Finding]:
    """Return the findings that were not there before: what we see of the disk, the terminal sees as well."""
    said = {one.code for one in before}
    return [one for one in findings if one.code not in said]


def _learned(config: EdgeConfig, asked: Asked) -> Mapping[str, StoredProfile]:
    """Return what set-ups have learned, as far as it can be read; a running terminal says it itself."""
    if asked.status is not None:
        return {}
    try:
        return inspect_profiles(config.store.folder)
    except OSError:
        # The look at the store has said why.
        return {}


def _has_camera(lines: Sequence[str]) -> bool:
    return any(line.strip().startswith(f"{ScannerKind.CAMERA}:") for line in lines)


def _advised(config: Path, one: Finding) -> Finding:
    return one if one.next_step is None else replace(one, next_step=advice_for(config, one.next_step))


def _show(findings: list[Finding]) -> None:
    for one in findings:
        mark = typer.style(_MARKS[one.level], fg=_COLOURS[one.level])
        zh = list(wrapped(f"{one.words.zh}  [{one.code}]", "  ", first="  "))
        typer.echo(f"{mark} {zh[0][2:]}")
        for line in (*zh[1:], *wrapped(one.words.en, "  ")):
            typer.echo(line)
        if one.next_step is not None:
            for text, first in ((one.next_step.zh, "  → "), (one.next_step.en, "    ")):
                for line in wrapped(text, "    ", first=first):
                    typer.echo(line)
    counted = Counter(one.level for one in findings)
    typer.echo(
        f"故障 / faults {counted[Level.FAULT]}，提示 / notices {counted[Level.NOTICE]}，正常 / well {counted[Level.OK]}"
    )
