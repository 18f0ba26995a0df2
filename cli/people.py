"""`yima server user` and `yima server token`: who may sign in at the centre, and which programs may ask it."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.centre import CORRECT_IT, Advice, AsJson, Config, opened_centre, written_out
from cli.group import command_group
from cli.listing import show_blocks
from codes.words import Words
from server.errors import ConflictError
from server.opening import utc_now
from server.people.accounts import Accounts
from server.people.roles import COMMAND_LINE, Role
from server.people.tokens import Tokens
from web.errors import InvalidRequestError, NotFoundError

user_app = command_group("账号 / Accounts")
token_app = command_group("访问令牌 / API tokens")

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读取密码 / Read the password from standard input")
]
Name = Annotated[str, typer.Argument(help="账号名 / Name")]


@user_app.command("add")
def add_user(
    name: Name,
    config: Config,
    role: Annotated[Role, typer.Option(help="角色 / Role")] = Role.INSPECTOR,
    password_stdin: PasswordStdin = False,
) -> None:
    """添加账号，密码只显示一次 / Add an account; shows a password once."""
    chosen = password_from_stdin() if password_stdin else None
    with opened_centre(config, _accounts_advice(config, _name_taken(name, config))) as store:
        password = Accounts(store).add(name, role, by=COMMAND_LINE, now=utc_now(), password=chosen)
    if not password_stdin:
        show_password(name, password)


@user_app.command("password")
def set_user_password(name: Name, config: Config, password_stdin: PasswordStdin = False) -> None:
    """重设密码并解锁 / Set a new password and unlock the account."""
    chosen = password_from_stdin() if password_stdin else None
    with opened_centre(config, _accounts_advice(config)) as store:
        password = Accounts(store).set_password(name, by=COMMAND_LINE, now=utc_now(), password=chosen)
    if not password_stdin:
        show_password(name, password)


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
def disable_user(name: Name, config: Config) -> None:
    """停用账号 / Disable an account.

    其登录与令牌立即失效 / Its sessions and tokens end at once.
    """
    with opened_centre(config, _accounts_advice(config, _last_administrator(config))) as store:
        Accounts(store).set_active(name, is_active=False, by=COMMAND_LINE, now=utc_now())


@user_app.command("enable")
def enable_user(name: Name, config: Config) -> None:
    """重新启用账号 / Let an account sign in again."""
    with opened_centre(config, _accounts_advice(config)) as store:
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
    with opened_centre(config, _accounts_advice(config)) as store:
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
    with opened_centre(config, _tokens_advice(config)) as store:
        Tokens(store).revoke(token_id, by=COMMAND_LINE, now=utc_now())


def show_password(name: str, password: str) -> None:
    """Print a password that was just made."""
    typer.echo(f"账号 / name      {name}")
    typer.echo(f"密码 / password  {password}")
    typer.echo("密码只显示这一次，请立即记下 / Shown only now: write it down")


def _accounts_advice(config: Path, conflict: Words = CORRECT_IT) -> Advice:
    every = written_out("user list", config)
    return {
        InvalidRequestError.code: CORRECT_IT,
        NotFoundError.code: Words(f"查看全部账号：{every}", f"See all accounts: {every}"),
        ConflictError.code: conflict,
    }


def _name_taken(name: str, config: Path) -> Words:
    again = written_out(f"user password {name}", config)
    return Words(f"请换一个账号名；若只是忘记密码：{again}", f"Choose another name; to set a new password: {again}")


def _last_administrator(config: Path) -> Words:
    another = written_out("user add NAME --role admin", config)
    return Words(f"请先添加另一名管理员：{another}", f"Add another administrator first: {another}")


def _tokens_advice(config: Path) -> Advice:
    every = written_out("token list", config)
    return {NotFoundError.code: Words(f"查看全部令牌：{every}", f"See all tokens: {every}")}


def password_from_stdin() -> str:
    """Return the password that stands on standard input.

    Raises:
        InvalidRequestError: There is none.
    """
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InvalidRequestError(
            Words("标准输入中没有密码", "There is no password on standard input"),
            next_step=Words("请从标准输入给出一行密码。", "Give the password as one line of standard input."),
        )
    return password


def _shown(moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
