"""`yima server backup` and `restore`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.centre import AsJson, Config, opened_centre
from cli.mistakes import UsageMistakeError
from codes.words import Words
from server.centre import new_epoch, utc_now
from server.config import load_config
from server.continuity import back_up, renew, restore
from server.store.backup import Told
from web.logs import configure_logs


def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，不得已存在 / The backup, must not exist yet")],
    config: Config,
    as_json: AsJson = False,
) -> None:
    """备份中心，运行中也可 / Back the centre up, while it runs.

    备份不含签名密钥，请另行妥善保管 / The signing key is not in it: keep a copy of it elsewhere.
    """
    with opened_centre(config) as store, _progress(quiet=as_json) as told:
        done = back_up(store, file, now=utc_now(), told=told)
    rows = sum(done.rows.values())
    if as_json:
        typer.echo(json.dumps({"file": str(done.file), "bytes": done.bytes, "rows": done.rows}))
        return
    typer.echo(f"已备份 / backed up: {done.file}  {done.bytes:,} B，{rows:,} 行 / rows")
    typer.echo(f"签名密钥不在其中，请另存 / The key is not in it, keep a copy of {load_config(config).centre.key_file}")


def restore_backup(
    config: Config,
    file: Annotated[Path | None, typer.Argument(help="备份文件 / The backup", show_default=False)] = None,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="数据库已用别的办法恢复，只换新纪元 / The database was restored by other means: only renew its epoch",
        ),
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="已有数据库时先另存再恢复 / Set a store aside that is there")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """恢复备份；须先停止中心 / Restore a backup; stop the centre first.

    恢复后起用新纪元，终端会自动补传备份之后的记录 / The store gets a new epoch; terminals send what came after it.
    """
    settings = load_config(config)
    configure_logs("WARNING")
    if (file is None) is not in_place:
        raise UsageMistakeError(Words("请给出备份文件，或 --in-place", "Give a backup file, or --in-place"))
    if file is None:
        epoch = renew(settings, new_epoch=new_epoch, now=utc_now())
        typer.echo(json.dumps({"epoch": epoch}) if as_json else f"新纪元 / new epoch  {epoch}")
        return
    with _progress(quiet=as_json) as told:
        done = restore(settings, file, replaces=replace, new_epoch=new_epoch, now=utc_now(), told=told)
    if as_json:
        made_at = done.head.made_at.isoformat()
        typer.echo(
            json.dumps({"made_at": made_at, "epoch": done.epoch, "rows": done.rows, "set_aside": done.set_aside})
        )
        return
    rows = sum(done.rows.values())
    typer.echo(f"已恢复 {done.head.made_at:%Y-%m-%d %H:%M} UTC 的备份，{rows:,} 行 / restored, {rows:,} rows")
    typer.echo(f"新纪元 / new epoch  {done.epoch}")
    if done.set_aside is not None:
        typer.echo(f"原数据库另存为 / the former store is kept as  {done.set_aside}")
    typer.echo("现在可以启动中心 / Start the centre now")


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Told]:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda table, count: progress.update(task, description=table, completed=count)
