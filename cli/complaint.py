"""What the command line says when it cannot do what was asked: a code, both languages, and the next step."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from cli.paper import wrapped
from codes.errors import YimaError
from codes.words import Words

CANNOT = 2
"""Exit code: the command could not be carried out."""
_COMMAND = re.compile(r"(请执行|Run|用法|is used)[：:]|\b(yima|sudo|make) ")
"""A command to be copied stays in one piece."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One refusal, as a person reads it."""

    code: str
    """Stable, dotted."""
    words: Words
    next_step: Words


def complaint_of(error: YimaError) -> Complaint:
    """Return what an error of ours says."""
    return Complaint(error.code, error.words, error.next_step)


def show_complaint(complaint: Complaint) -> None:
    """Print a complaint on standard error, Chinese first."""
    # Without markup and emoji: a message may name a table of the configuration, [store], which is no style, or a
    # device, camera:x:, which is no picture.
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    # A mark that must not begin a line may stand two columns out.
    width = console.width - 2 if console.is_terminal else None
    code, *more = _lines(f"{complaint.code}  {complaint.words.zh}", "", "  ", width)
    console.print(Text.assemble((complaint.code, "bold red"), code.removeprefix(complaint.code)))
    for line in more:
        console.print(line)
    for line in _lines(complaint.words.en, "  ", "  ", width):
        console.print(line, style="dim")
    for line in _lines(complaint.next_step.zh, "→ ", "  ", width):
        console.print(line)
    for line in _lines(complaint.next_step.en, "  ", "  ", width):
        console.print(line, style="dim")


def _lines(text: str, first: str, indent: str, width: int | None) -> list[str]:
    """Return a sentence in lines that fit the screen; in one where nobody looks, or where it tells a command."""
    if width is None or _COMMAND.search(text):
        return [first + text]
    return list(wrapped(text, indent, first=first, width=width))
