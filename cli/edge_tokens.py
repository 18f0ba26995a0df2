"""`yima edge token`: which programs beside the terminal may ask it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.edge_options import AsJson, Config
from cli.group import command_group
from edge.clock import SystemClock
from edge.config import load_config
from edge.operators.pos_tokens import EVERY_SCOPE, Scope, list_tokens, make_token, revoke
from edge.store.database import visited_store

token_app = command_group("收银软件等程序的访问令牌 / API tokens for programs")

Name = Annotated[str, typer.Argument(help="程序名称，如 pos-1 / Name of the program, such as pos-1")]


@token_app.command("create")
def create_token(
    name: Name,
    config: Config,
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            help="权限，可多次给出：read 查看，scan 送码，sell 结账退货；默认全部 / What it allows; all if left out",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """生成访问令牌；只显示一次 / Make an API token; it is shown once.

    令牌不是操作员：它做的事记在当班操作员名下 / It is no operator: what it does is in the name of whoever is at work.
    """
    with visited_store(load_config(config).store.folder) as connection:
        made = make_token(connection, name, tuple(scope or EVERY_SCOPE), SystemClock().now())
    if as_json:
        typer.echo(json.dumps({"name": made.name, "token": made.secret, "scopes": made.scopes}))
        return
    typer.echo(f"令牌 / token   {made.secret}")
    typer.echo(f"权限 / scopes  {' '.join(made.scopes)}")
    typer.echo("令牌只显示这一次，请立即保存 / Shown only now: keep it in a safe place")


@token_app.command("list")
def list_all(config: Config, as_json: AsJson = False) -> None:
    """列出访问令牌 / List the API tokens."""
    with visited_store(load_config(config).store.folder) as connection:
        tokens = list_tokens(connection)
    if as_json:
        rows = [
            {
                "name": token.name,
                "scopes": token.scopes.split(),
                "created_at": token.created_at.isoformat(),
                "used_at": token.used_at and token.used_at.isoformat(),
                "revoked_at": token.revoked_at and token.revoked_at.isoformat(),
            }
            for token in tokens
        ]
        typer.echo(json.dumps(rows))
        return
    table = Table("名称 / name", "权限 / scopes", "生成于 / made", "最近使用 / last used", "状态 / state")
    for token in tokens:
        state = "生效 / in force" if token.revoked_at is None else f"{token.revoked_at:%Y-%m-%d} 吊销 / revoked"
        table.add_row(token.name, token.scopes, _day(token.created_at), _day(token.used_at), state)
    Console().print(table)


@token_app.command("revoke")
def revoke_token(name: Name, config: Config) -> None:
    """吊销访问令牌，立即生效 / End an API token at once."""
    with visited_store(load_config(config).store.folder) as connection:
        revoke(connection, name, SystemClock().now())
    typer.echo(f"令牌 {name} 已吊销 / Token {name} is revoked")


def _day(moment: datetime | None) -> str:
    return "—" if moment is None else f"{moment:%Y-%m-%d}"
