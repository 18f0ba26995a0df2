"""A group of subcommands, made the same way everywhere."""

from __future__ import annotations

import typer


def command_group(words: str) -> typer.Typer:
    """Return a group that shows its help when it is called without a command.

    Help is printed without rich: its tables cut a letter off lines that hold Chinese, exit codes among them.
    """
    return typer.Typer(help=words, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
