"""`yima outbox`: what a terminal still has to deliver, and the ways out for what it cannot."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection

from cli.group import command_group
from cli.mistakes import UsageMistakeError
from codes.os_words import words_of_os_error
from codes.words import Words
from edge.clock import SystemClock
from edge.config import load_config
from edge.store.database import database_path, visited_store
from edge.store.dead_letters import (
    DeadLetter,
    dead_letters,
    send_all_again,
    send_dead_letter_again,
    set_dead_letter_aside,
)
from edge.store.handover import ExportFileError, NoStoreError
from edge.store.handover_adopt import adopt_events
from edge.store.handover_export import export_events
from edge.store.outbox import read_counts
from web.logs import configure_logs

outbox_app = command_group("待上传的记录 / What a terminal has to deliver")

Config = Annotated[
    Path | None, typer.Option("--config", help="终端的配置文件 / The terminal's file", show_default=False)
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder",
        help="数据目录，代替 --config，如另一台机器的硬盘 / A data folder in its place, such as another machine's disk",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
_MOST_LISTED = 500
_OWNER_ONLY = 0o600


@outbox_app.command("list")
def list_outbox(config: Config = None, folder: Folder = None, as_json: AsJson = False) -> None:
    """列出待上传与被拒的记录 / What waits, what was refused."""
    with _store(config, folder) as connection, connection.begin():
        counts, letters = read_counts(connection), dead_letters(connection, _MOST_LISTED)
    if as_json:
        refused = [_letter(letter) for letter in letters]
        oldest = None if counts.oldest_pending_at is None else counts.oldest_pending_at.isoformat()
        waits = {"pending": counts.pending, "held": counts.held, "oldest_pending_at": oldest}
        typer.echo(json.dumps({**waits, "dead": counts.dead, "refused": refused}, ensure_ascii=False))
        return
    since = (
        ""
        if counts.oldest_pending_at is None
        else f"，最早 / oldest {counts.oldest_pending_at.astimezone():%m-%d %H:%M}"
    )
    typer.echo(f"待上传 / waiting {counts.pending}，其中缓收 / put off {counts.held}{since}")
    if not letters:
        typer.echo("没有被拒的记录 / nothing was refused")
        return
    table = Table("编号 / id", "类型 / kind", "时间 / at", "原因 / reason", "处理 / state")
    for letter in letters:
        state = "" if letter.set_aside is None else f"{letter.set_aside.operator}：{letter.set_aside.reason}"
        table.add_row(letter.id, letter.kind, f"{letter.created_at.astimezone():%m-%d %H:%M}", letter.code, state)
    Console().print(table)


@outbox_app.command()
def send(
    event: Annotated[str | None, typer.Argument(help="记录编号 / Id of the record", show_default=False)] = None,
    every: Annotated[bool, typer.Option("--all", help="全部被拒的记录 / Every refused record")] = False,
    config: Config = None,
    folder: Folder = None,
) -> None:
    """重新上传被拒的记录 / Send refused records again.

    例如中心升级之后 / As after an upgrade of the centre.
    """
    if (event is None) is not every:
        raise UsageMistakeError(Words("请给出记录编号，或 --all", "Give the id of a record, or --all"))
    with _store(config, folder) as connection, connection.begin():
        if event is None:
            again = send_all_again(connection)
        else:
            send_dead_letter_again(connection, event)
            again = 1
    typer.echo(f"{again} 条将重新上传 / {again} will be sent again")


@outbox_app.command("set-aside")
def set_aside(
    event: Annotated[str, typer.Argument(help="记录编号 / Id of the record")],
    reason: Annotated[str, typer.Option(help="原因 / Why")],
    config: Config = None,
    folder: Folder = None,
) -> None:
    """搁置被拒的记录 / Set a refused record aside.

    记录仍保留，但不再提醒；可用 send 撤销 / It is kept, but reported no more; `send` undoes it.
    """
    if not reason.strip():
        raise UsageMistakeError(Words("--reason 不能为空", "--reason must say something"))
    with _store(config, folder) as connection, connection.begin():
        set_dead_letter_aside(
            connection, event, operator=getpass.getuser(), reason=reason.strip(), now=SystemClock().now()
        )
    typer.echo("已搁置 / set aside")


@outbox_app.command()
def export(
    file: Annotated[Path, typer.Argument(help="导出文件，不得已存在 / The export, must not exist yet")],
    config: Config = None,
    folder: Folder = None,
    delivered: Annotated[bool, typer.Option("--delivered", help="也导出已上传的记录 / Delivered records too")] = False,
    as_json: AsJson = False,
) -> None:
    """导出未上传的记录 / Export what was not delivered.

    供接替的机器接收；不含密钥 / For the machine that takes over; no keys are in it.
    """
    with _store(config, folder) as connection, connection.begin():
        try:
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(descriptor, "wb") as out:
                count = export_events(connection, out, now=SystemClock().now(), with_delivered=delivered).events
                out.flush()
                os.fsync(out.fileno())
        except OSError as exc:
            why = words_of_os_error(exc)
            raise ExportFileError(Words(f"无法写入 {file}：{why.zh}", f"Cannot write {file}: {why.en}")) from exc
    if as_json:
        typer.echo(json.dumps({"file": str(file), "events": count}))
    else:
        typer.echo(f"已导出 {count} 条记录到 {file} / exported {count} records")


@outbox_app.command()
def adopt(
    file: Annotated[Path, typer.Argument(help="导出文件 / The export")],
    config: Config = None,
    folder: Folder = None,
    as_json: AsJson = False,
) -> None:
    """接收旧机器的导出文件 / Take over an export.

    其中的记录作为本机的历史上传 / Its records are sent as a former life of this terminal.
    """
    with _store(config, folder) as connection:
        try:
            with file.open("rb") as source:
                now = SystemClock().now()
                done = adopt_events(connection, source, name=file.name[:200], now=now, random=secrets.token_bytes)
        except OSError as exc:
            why = words_of_os_error(exc)
            raise ExportFileError(Words(f"无法读取 {file}：{why.zh}", f"Cannot read {file}: {why.en}")) from exc
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(
            f"接收 {done.taken} 条，已有 {done.known} 条；终端会自动上传 / "
            f"took {done.taken}, {done.known} were here already; the terminal sends them by itself"
        )


@contextmanager
def _store(config: Path | None, folder: Path | None) -> Iterator[Connection]:
    if (config is None) is (folder is None):
        raise UsageMistakeError(Words("请给出 --config 或 --folder 之一", "Give either --config or --folder"))
    configure_logs("WARNING")
    place = folder if folder is not None else load_config(config).store.folder  # type: ignore[arg-type] # one is given
    if not database_path(place).exists():
        # Looking must not make an empty store.
        raise NoStoreError(Words(f"{place} 中没有终端的数据库", f"There is no store of a terminal in {place}"))
    with visited_store(place) as connection:
        yield connection


def _letter(letter: DeadLetter) -> dict[str, object]:
    aside = letter.set_aside
    return {
        "id": letter.id,
        "epoch": letter.epoch,
        "seq": letter.seq,
        "kind": letter.kind,
        "created_at": letter.created_at.isoformat(),
        "code": letter.code,
        "set_aside": None if aside is None else {**asdict(aside), "at": aside.at.isoformat()},
    }
