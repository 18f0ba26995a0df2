"""How a password that was just made is shown."""

from __future__ import annotations

import typer

from edge.operators.accounts import NewPassword


def show_password(new: NewPassword, *, is_hidden: bool = False) -> None:
    """Print a password, once."""
    typer.echo(f"工号 / operator  {new.login}")
    if not is_hidden:
        typer.echo(f"密码 / password  {new.password}")
        typer.echo("密码只显示这一次，请立即记下 / Shown only now: write it down")
