"""`yima edge operator`: who may sign in at the terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.edge_options import Config
from cli.edge_password import show_password
from cli.group import command_group
from edge.clock import SystemClock
from edge.config import load_config
from edge.operators.accounts import add_account, disable_account, enable_account, renew_password
from edge.store.database import visited_store
from edge.store.shifts import OperatorRow, all_operators

operator_app = command_group("操作员 / Operators")

PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="从标准输入读取密码 / Read the password from standard input")
]


@operator_app.command("add")
def add_operator(
    login: Annotated[str, typer.Argument(help="工号 / Login")],
    config: Config,
    name: Annotated[str, typer.Option(help="姓名，默认同工号 / Name, the login if left out")] = "",
    password_stdin: PasswordStdin = False,
) -> None:
    """添加操作员，密码只显示一次 / Add an operator; shows a password once."""
    chosen = _password_from_stdin() if password_stdin else None
    with visited_store(load_config(config).store.folder) as connection:
        added = add_account(connection, login, name or login, SystemClock().now(), chosen)
    show_password(added, is_hidden=password_stdin)


@operator_app.command("password")
def new_operator_password(
    login: Annotated[str, typer.Argument(help="工号 / Login")],
    config: Config,
    password_stdin: PasswordStdin = False,
) -> None:
    """重设密码，并退出其已登录的页面 / Set a new password and sign out."""
    chosen = _password_from_stdin() if password_stdin else None
    with visited_store(load_config(config).store.folder) as connection:
        renewed = renew_password(connection, login, chosen)
    show_password(renewed, is_hidden=password_stdin)


@operator_app.command("disable")
def disable_operator(login: Annotated[str, typer.Argument(help="工号 / Login")], config: Config) -> None:
    """停用操作员：退出其已登录的页面，不能再登录 / Disable an operator and sign out.

    以前的班次与销售不变；可用 enable 恢复 / Shifts and sales of before stay. `enable` undoes it.
    """
    with visited_store(load_config(config).store.folder) as connection:
        disable_account(connection, login, SystemClock().now())
    typer.echo(f"工号 {login} 已停用 / Operator {login} is disabled")


@operator_app.command("enable")
def enable_operator(login: Annotated[str, typer.Argument(help="工号 / Login")], config: Config) -> None:
    """恢复已停用的操作员，密码不变 / Let a disabled operator sign in again."""
    with visited_store(load_config(config).store.folder) as connection:
        enable_account(connection, login)
    typer.echo(f"工号 {login} 可以登录 / Operator {login} may sign in")


@operator_app.command("list")
def list_operators(config: Config) -> None:
    """列出操作员 / List the operators."""
    with visited_store(load_config(config).store.folder) as connection, connection.begin():
        operators = all_operators(connection)
    table = Table("工号 / login", "姓名 / name", "添加于 / added", "状态 / state")
    for operator in operators:
        table.add_row(operator.login, operator.name, f"{operator.created_at:%Y-%m-%d}", _operator_state(operator))
    Console().print(table)


def _operator_state(operator: OperatorRow) -> str:
    if operator.disabled_at is None:
        return "启用 / active"
    return f"{operator.disabled_at:%Y-%m-%d} 停用 / disabled"


def _password_from_stdin() -> str:
    return sys.stdin.readline().rstrip("\r\n")
