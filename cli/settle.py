"""`yima settle`: how amounts come about. Each subcommand has a module of its own."""

from __future__ import annotations

from cli.group import command_group
from cli.settle_examples import run_examples

settle_app = command_group("结算：核对算例，说明每一步 / Settlement: check worked examples, explain each step.")
settle_app.command("examples")(run_examples)


@settle_app.callback()
def _root() -> None:
    """Keep the group a group while it has one command."""
