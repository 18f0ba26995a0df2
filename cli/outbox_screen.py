"""How `yima outbox` tells in what state a store was found, and how far a long piece of work is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.paper import screen_width, wrapped
from edge.store.handover_look import Estate
from edge.store.handover_remarks import Remark

Tell = Callable[[str, int, int], None]
"""Shows what is being done, how many are done, and of how many; 0 if nobody knows."""


def state_of(estate: Estate) -> dict[str, object]:
    """Return for programs in what state the store was found."""
    remarks = [
        {
            "code": one.code,
            "zh": one.words.zh,
            "en": one.words.en,
            "next": {"zh": one.next_step.zh, "en": one.next_step.en},
        }
        for one in estate.remarks
    ]
    return {
        "is_whole": estate.is_whole,
        "lost": {epoch: list(spans) for epoch, spans in estate.lost.items()},
        "unreadable": {name: list(pages) for name, pages in estate.unreadable.items()},
        "remarks": remarks,
    }


def show_remarks(remarks: Sequence[Remark]) -> None:
    """Print what a person should know of the store, Chinese first."""
    width = screen_width()
    for one in remarks:
        zh, en, step = f"{one.words.zh}  [{one.code}]", one.words.en, one.next_step
        for text, first, indent in (
            (zh, "! ", "  "),
            (en, "  ", "  "),
            (step.zh, "  → ", "    "),
            (step.en, "    ", "    "),
        ):
            for line in wrapped(text, indent, first=first, width=width):
                typer.echo(line)


@contextmanager
def told_on_screen(*, quiet: bool) -> Iterator[Tell]:
    """Show how far the work is, on a terminal only."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, total: progress.update(task, description=what, completed=done, total=total or None)
