"""Lists whose values a person compares or copies: one block each, never cut and never broken at the screen's edge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import typer
from rich.cells import cell_len

Block = Sequence[tuple[str, str]]
"""Headings and values of one thing."""


def show_blocks(blocks: Iterable[Block]) -> None:
    """Print each block with its headings in one column, an empty line between two."""
    for number, block in enumerate(blocks):
        if number:
            typer.echo()
        width = max(cell_len(heading) for heading, _ in block)
        for heading, value in block:
            # A Chinese character is two columns wide, so padding by length would not line up.
            typer.echo(f"{heading}{' ' * (width - cell_len(heading))}  {value}".rstrip())
