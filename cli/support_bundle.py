"""`yima support-bundle`: what a vendor needs to help, in one file, with nobody's number and no secret in it.

Nothing is copied as it is. The configuration is written out from the options that we know, the log line by line, the
store as counts and codes; and whatever becomes part of the bundle goes through one gate (`cli.redaction`).
"""

from __future__ import annotations

import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from cli.advice import DEFAULT_CONFIG
from cli.checks.finding import Finding, fault_of
from cli.checks.salvage import files_of_salvages
from cli.checks.service import UNIT
from cli.doctor import Config, examine, examine_broken, report_of
from cli.legible_config import legible_config
from cli.redaction import Gate, gate_for
from cli.status import record_of
from cli.terminal_status import StatusRefusedError, fetch_status
from codes.errors import YimaError
from edge.config import EdgeConfig, load_config
from edge.store.database import database_path
from edge.store.inspection import StoreReport, inspect_operators, inspect_store

LOG_LINES = 2_000
PATIENCE_S = 20.0
_MODE = 0o600
_SCHEME = "yima-support-1"

Entry = tuple[str, str]
"""Name in the bundle, and text."""


def support_bundle(
    config: Config = DEFAULT_CONFIG,
    out: Annotated[
        Path | None, typer.Option("--out", help="输出文件，默认在当前目录 / Output file", show_default=False)
    ] = None,
) -> None:
    """打包诊断资料，发给厂商 / Pack what a vendor needs to help.

    不含密钥、密码、个人信息和完整追溯码；终端运行与否均可
    / Holds no key, password, personal data or whole code. Works whether or not the terminal runs.
    """
    now = datetime.now(UTC)
    target = out or Path(f"yima-support-{now:%Y%m%d-%H%M%S}.tar.gz")
    written = write_bundle(target, list(entries(config, now)), now)
    typer.echo(f"已写入 / written  {target}")
    for name, size in written:
        typer.echo(f"  {name}  {size} B")
    typer.echo("不含密钥、密码、个人信息和完整追溯码 / No key, no password, no personal data, no whole code")


def entries(config: Path, now: datetime) -> Iterator[Entry]:
    """Yield what goes into the bundle, each piece through the gate."""
    settings, findings, is_whole = _examined(config)
    gate = gate_for(settings, () if settings is None else _people(settings))
    yield "about.json", gate.json({"form": _SCHEME, "made_at": now.isoformat(), "config": str(config)})
    yield "doctor.json", gate.json(report_of(findings))
    yield "versions.json", gate.json(_versions())
    yield "log.txt", _log(gate)
    if settings is None:
        return
    if is_whole:
        yield "config.json", gate.json(gate.options(settings.model_dump(mode="json")))
    yield "environment.json", gate.json(sorted(name for name in os.environ if name.startswith("YIMA_")))
    yield "status.json", gate.json(_status(settings))
    yield "salvage.json", gate.json(_salvages(settings))
    if database_path(settings.store.folder).exists():
        yield "store.json", gate.json(_store(settings))


def _examined(config: Path) -> tuple[EdgeConfig | None, list[Finding], bool]:
    """Return the configuration or what is legible of it, what the doctor finds, and whether it can be used."""
    try:
        settings = load_config(config)
    except YimaError as exc:
        legible = legible_config(config)
        return legible, [fault_of(exc), *examine_broken(legible)], False
    return settings, examine(settings), True


def _people(settings: EdgeConfig) -> Iterator[str]:
    """Yield the names of the people who work here: they may stand anywhere in a log."""
    for one in inspect_operators(settings.store.folder):
        yield one.login
        yield one.name


def write_bundle(target: Path, found: Sequence[Entry], now: datetime) -> list[tuple[str, int]]:
    """Write the bundle, readable by its owner only; return names and sizes."""
    written = []
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, text in found:
            body = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"yima-support/{name}")
            entry.size, entry.mode, entry.mtime = len(body), _MODE, int(now.timestamp())
            tar.addfile(entry, io.BytesIO(body))
            written.append((name, len(body)))
    return written


def _versions() -> dict[str, object]:
    return {
        "yima": metadata.version("yima"),
        "python": sys.version,
        "system": platform.platform(),
        "packages": {one.name: one.version for one in sorted(metadata.distributions(), key=lambda one: one.name)},
    }


def _status(settings: EdgeConfig) -> object:
    try:
        return json.loads(record_of(fetch_status(settings)))
    except StatusRefusedError as exc:
        return {"code": exc.code, "words": exc.words.en}


def _salvages(settings: EdgeConfig) -> object:
    try:
        return files_of_salvages(settings.store.folder)
    except OSError as exc:
        return {"code": "store.unreadable", "words": str(exc)}


def _store(settings: EdgeConfig) -> object:
    try:
        report = inspect_store(settings.store.folder)
    except YimaError as exc:
        return {"code": exc.code, "words": exc.words.en}
    except OSError as exc:
        return {"code": "store.unreadable", "words": str(exc)}
    return TypeAdapter(StoreReport).dump_python(report, mode="json") if report.outbox else asdict(report)


def _log(gate: Gate, run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run) -> str:
    """Return the last lines of the journal, if there is one and we may read it."""
    journalctl = shutil.which("journalctl")
    if journalctl is None:
        return "no journal on this machine\n"
    command = [journalctl, "--unit", UNIT, "--lines", str(LOG_LINES), "--no-pager", "--output", "cat"]
    try:
        done = run(command, capture_output=True, text=True, errors="replace", timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as exc:
        return f"the journal cannot be read: {type(exc).__name__}\n"
    return gate.log(done.stdout)
