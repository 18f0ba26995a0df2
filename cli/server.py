"""`yima server`: run the centre, and look after it."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.catalogue import problem_records, read_catalogue, show_left_out
from cli.centre import AsJson, Config, opened_centre
from cli.group import command_group
from cli.listing import show_blocks
from cli.terminals import terminal_app
from codes.words import Words
from rules.catalogue import parse_catalogue
from server.app import run_centre
from server.centre import load_centre_key, utc_now
from server.config import load_config
from server.matching import Matching, Preview
from server.people.accounts import Accounts
from server.people.roles import COMMAND_LINE, Role
from server.people.tokens import Tokens
from web.errors import InvalidRequestError
from web.logs import configure_logs

server_app = command_group("中心 / The centre")
user_app = command_group("账号 / Accounts")
token_app = command_group("访问令牌 / API tokens")
catalogue_app = command_group("匹配库 / The matching library")
for _name, _part in (
    ("user", user_app),
    ("token", token_app),
    ("terminal", terminal_app),
    ("catalogue", catalogue_app),
):
    server_app.add_typer(_part, name=_name)

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读取密码 / Read the password from standard input")
]
_SHOWN = 20
_FAILED = 1


@server_app.command()
def run(config: Config) -> None:
    """运行中心，直到 Ctrl-C / Run the centre until Ctrl-C."""
    settings = load_config(config)
    configure_logs()
    if not asyncio.run(run_centre(settings, _show_password)):
        raise typer.Exit(_FAILED)


@server_app.command()
def key(config: Config, as_json: AsJson = False) -> None:
    """显示中心公钥与指纹 / Print the centre's public key and fingerprint."""
    public = load_centre_key(load_config(config)).public
    if as_json:
        typer.echo(json.dumps({"public_key": public.raw.hex(), "fingerprint": public.fingerprint}))
        return
    typer.echo(f"指纹 / fingerprint  {public.fingerprint}")
    typer.echo(f"公钥 / public key   {public.raw.hex()}")
    typer.echo("终端配置 edge.toml 的 [centre] 中写 / below [centre] in a terminal's edge.toml write:")
    typer.echo(f'public_key = "{public.raw.hex()}"')


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="账号名 / Name")],
    config: Config,
    role: Annotated[Role, typer.Option(help="角色 / Role")] = Role.INSPECTOR,
    password_stdin: PasswordStdin = False,
) -> None:
    """添加账号，密码只显示一次 / Add an account; shows a password once."""
    chosen = _password_from_stdin() if password_stdin else None
    with opened_centre(config) as store:
        password = Accounts(store).add(name, role, by=COMMAND_LINE, now=utc_now(), password=chosen)
    if not password_stdin:
        _show_password(name, password)


@user_app.command("password")
def set_user_password(
    name: Annotated[str, typer.Argument(help="账号名 / Name")], config: Config, password_stdin: PasswordStdin = False
) -> None:
    """重设密码并解锁 / Set a new password and unlock the account."""
    chosen = _password_from_stdin() if password_stdin else None
    with opened_centre(config) as store:
        password = Accounts(store).set_password(name, by=COMMAND_LINE, now=utc_now(), password=chosen)
    if not password_stdin:
        _show_password(name, password)


@user_app.command("list")
def list_users(config: Config) -> None:
    """列出账号 / List the accounts."""
    with opened_centre(config) as store:
        accounts = Accounts(store).list()
    table = Table("账号 / name", "角色 / role", "状态 / state", "添加于 / added")
    for one in accounts:
        state = "启用 / active" if one.is_active else "停用 / disabled"
        table.add_row(one.name, one.role, state, _shown(one.created_at))
    Console().print(table)


@user_app.command("disable")
def disable_user(name: Annotated[str, typer.Argument(help="账号名 / Name")], config: Config) -> None:
    """停用账号 / Disable an account.

    其登录与令牌立即失效 / Its sessions and tokens end at once.
    """
    with opened_centre(config) as store:
        Accounts(store).set_active(name, is_active=False, by=COMMAND_LINE, now=utc_now())


@user_app.command("enable")
def enable_user(name: Annotated[str, typer.Argument(help="账号名 / Name")], config: Config) -> None:
    """重新启用账号 / Let an account sign in again."""
    with opened_centre(config) as store:
        Accounts(store).set_active(name, is_active=True, by=COMMAND_LINE, now=utc_now())


@token_app.command("create")
def create_token(
    label: Annotated[str, typer.Argument(help="用途 / What it is for")],
    config: Config,
    user: Annotated[str, typer.Option(help="所属账号 / The account that it acts for", show_default=False)],
    role: Annotated[Role | None, typer.Option(help="更小的角色 / A smaller role", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """生成访问令牌；只显示一次 / Make an API token; it is shown once."""
    with opened_centre(config) as store:
        made = Tokens(store).create(label, user, by=COMMAND_LINE, now=utc_now(), role=role)
    if as_json:
        typer.echo(json.dumps({"id": made.id, "token": made.secret}))
        return
    typer.echo(f"令牌 / token  {made.secret}")
    typer.echo(f"编号 / id     {made.id}")
    typer.echo("令牌只显示这一次，请立即记下 / Shown only now: write it down")


@token_app.command("list")
def list_tokens(config: Config) -> None:
    """列出访问令牌 / List the API tokens."""
    with opened_centre(config) as store:
        tokens = Tokens(store).list()
    show_blocks(
        (
            ("编号 / id", one.id),
            ("用途 / label", one.label),
            ("账号 / account", f"{one.account} ({one.role})"),
            ("最近使用 / last used", _shown(one.last_used_at)),
            ("吊销 / revoked", _shown(one.revoked_at)),
        )
        for one in tokens
    )


@token_app.command("revoke")
def revoke_token(token_id: Annotated[str, typer.Argument(help="编号 / Id")], config: Config) -> None:
    """吊销访问令牌 / Revoke an API token."""
    with opened_centre(config) as store:
        Tokens(store).revoke(token_id, by=COMMAND_LINE, now=utc_now())


@catalogue_app.command("import")
def import_catalogue(
    file: Annotated[Path, typer.Argument(help="CSV，UTF-8 或 GB18030 / CSV in UTF-8 or GB18030")],
    config: Config,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只预览，不写入 / Only say what would happen")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="有一行有误就全部不导入 / Import nothing if any line is wrong")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """导入匹配库 / Import a catalogue file.

    有误的行不导入并逐行列出 / Wrong lines are left out and named.
    """
    parsed = parse_catalogue(read_catalogue(file))
    with opened_centre(config) as store:
        matching = Matching(store)
        if dry_run:
            done = matching.preview(parsed)
        else:
            done = matching.import_file(parsed, by=COMMAND_LINE, now=utc_now(), is_strict=strict)
    if as_json:
        typer.echo(json.dumps(_import_report(done), ensure_ascii=False))
    else:
        _print_import(done)


def _import_report(done: Preview) -> dict[str, object]:
    return {
        "taken": done.taken,
        "left_out": done.left_out,
        "added": list(done.added),
        "changed": list(done.changed),
        "unchanged": done.unchanged,
        "moved": [
            {"system": one.system, "key": one.key, "before": one.before, "after": one.after} for one in done.moved
        ],
        "problems": problem_records(done.problems),
        "revision": done.revision,
        "is_committed": done.is_committed,
    }


def _print_import(done: Preview) -> None:
    state = "已导入 / imported" if done.is_committed else "未写入 / nothing was written"
    typer.echo(
        f"{state}：新增 / added {len(done.added)}，变更 / changed {len(done.changed)}，"
        f"不变 / unchanged {done.unchanged}，版本 / revision {done.revision}"
    )
    for move in done.moved[:_SHOWN]:
        typer.echo(f"  {move.system} {move.key}: {move.before} → {move.after}")
    if len(done.moved) > _SHOWN:
        more = len(done.moved) - _SHOWN
        typer.echo(f"  … 另有 {more} 条，用 --json 查看 / {more} more, see --json")
    show_left_out(done.problems, taken=done.taken)


def _show_password(name: str, password: str) -> None:
    typer.echo(f"账号 / name      {name}")
    typer.echo(f"密码 / password  {password}")
    typer.echo("密码只显示这一次，请立即记下 / Shown only now: write it down")


def _password_from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InvalidRequestError(Words("标准输入中没有密码", "There is no password on standard input"))
    return password


def _shown(moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
