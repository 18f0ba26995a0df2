"""`yima server backup` and `restore`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.centre import AsJson, Config, opened_centre
from cli.mistakes import UsageMistakeError
from codes.words import Words
from server.config import load_config
from server.continuity import Restored, back_up, renew, restore
from server.opening import new_epoch, utc_now
from server.restored import TrustRestored
from server.store.backup import Told
from server.store.trust import Kind, Why
from web.figures import local_time
from web.logs import configure_logs

_KINDS: Mapping[Kind, Words] = {
    "terminal": Words("终端", "terminal"),
    "account": Words("账号", "account"),
    "token": Words("令牌", "token"),
}
_WHY: Mapping[Why, Words] = {
    "revoked": Words("此后已吊销", "revoked since"),
    "pending": Words("此后已吊销，正待重新批准", "revoked since and waiting for approval"),
    "key": Words("此后换了密钥，现在又认旧密钥", "had another key since; the old one counts again"),
    "disabled": Words("此后已停用", "disabled since"),
    "password": Words("此后改了密码，现在旧密码又有效", "had another password since; the old one counts again"),
    "role": Words("此后改了角色", "had another role since"),
    "absent": Words("原数据库中没有", "unknown to the former store"),
}
_BECAME: Mapping[bool, Words] = {
    True: Words("上次恢复曾中断，已先完成", "An earlier restore had broken off; it was finished first"),
    False: Words("上次恢复曾中断，其残留已清除", "An earlier restore had broken off; what it left was removed"),
}


def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，不得已存在 / The backup, must not exist yet")],
    config: Config,
    as_json: AsJson = False,
) -> None:
    """备份中心，运行中也可 / Back the centre up, while it runs.

    备份含密码哈希，须像密码一样保管；不含签名密钥，请另存 / It holds password hashes: keep it like a secret.
    The signing key is not in it: keep a copy of it elsewhere.
    """
    with opened_centre(config) as store, _progress(quiet=as_json) as told:
        done = back_up(store, file, now=utc_now(), told=told)
    rows = sum(done.rows.values())
    if as_json:
        typer.echo(json.dumps({"file": str(done.file), "bytes": done.bytes, "rows": done.rows}))
        return
    typer.echo(f"已备份 / backed up: {done.file}  {done.bytes:,} B，{rows:,} 行 / rows")
    typer.echo("内含密码哈希，须像密码一样保管 / It holds password hashes: keep it like a secret")
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
        renewed = renew(settings, new_epoch=new_epoch, now=utc_now())
        if as_json:
            typer.echo(json.dumps({"epoch": renewed.epoch, **_trust_json(renewed.trust)}))
            return
        typer.echo(f"新纪元 / new epoch  {renewed.epoch}")
        _say_trust(renewed.trust)
        return
    with _progress(quiet=as_json) as told:
        done = restore(settings, file, replaces=replace, new_epoch=new_epoch, now=utc_now(), told=told)
    if as_json:
        typer.echo(json.dumps(_json_of(done), ensure_ascii=False))
    else:
        _say(done)


def _json_of(done: Restored) -> dict[str, object]:
    earlier = done.recovered
    return {
        "made_at": done.head.made_at.isoformat(),
        "epoch": done.epoch,
        "rows": done.rows,
        "set_aside": done.set_aside,
        **_trust_json(done.trust),
        "earlier_restore": None if earlier is None else "finished" if earlier.is_finished else "abandoned",
    }


def _trust_json(trust: TrustRestored) -> dict[str, object]:
    again = None if trust.again is None else [asdict(one) for one in trust.again]
    return {"trusted": dict(trust.counts), "trusted_again": again, "sessions_ended": trust.sessions_ended}


def _say(done: Restored) -> None:
    if done.recovered is not None:
        became = _BECAME[done.recovered.is_finished]
        typer.echo(f"{became.zh} / {became.en}")
    rows = sum(done.rows.values())
    made_at = local_time(done.head.made_at, has_seconds=False)
    typer.echo(f"已恢复 {made_at} 的备份，{rows:,} 行 / restored the backup of {made_at}, {rows:,} rows")
    typer.echo(f"新纪元 / new epoch  {done.epoch}")
    if done.set_aside is not None:
        typer.echo(f"原数据库另存为 / the former store is kept as  {done.set_aside}")
    _say_trust(done.trust)
    typer.echo("现在可以启动中心 / Start the centre now")


def _say_trust(trust: TrustRestored) -> None:
    """Say whom the store trusts now, and above all whom it trusts again."""
    typer.echo(f"已结束登录 {trust.sessions_ended} 个 / sign-ins ended: {trust.sessions_ended}")
    number = trust.counts
    typer.echo(
        f"受信任：终端 {number['terminal']}、账号 {number['account']}、令牌 {number['token']} / "
        f"trusted: {number['terminal']} terminals, {number['account']} accounts, {number['token']} tokens"
    )
    if trust.again is None:
        typer.echo(
            "没有可比较的原数据库：备份之后的吊销、停用与改密均已失效，请逐一重做 / "
            "There was no store to compare with: revocations, "
            "disabled accounts and new passwords since the backup are undone; do them again"
        )
        return
    for one in trust.again:
        kind, why = _KINDS[one.kind], _WHY[one.why]
        typer.echo(f"  {kind.zh} {one.name}：{why.zh} / {kind.en} {one.name}: {why.en}")
    if trust.again:
        typer.echo(
            f"以上 {len(trust.again)} 项在备份之后已撤销或更改，现又生效；启动后请立即逐一处理 / "
            "These were withdrawn or changed since the backup and count again: deal with each now"
        )


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Told]:
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda table, count: progress.update(task, description=table, completed=count)
