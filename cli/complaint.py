"""What the command line says when it cannot do what was asked: a code, both languages, and the next step."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from codes.errors import YimaError
from codes.words import Words

CANNOT = 2
"""Exit code: the command could not be carried out."""


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
    # device, camera:x:, which is no picture. Soft-wrapped, so that a command to be copied stays in one piece.
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(Text.assemble((complaint.code, "bold red"), "  ", complaint.words.zh))
    console.print(f"  {complaint.words.en}", style="dim")
    console.print(f"→ {complaint.next_step.zh}")
    console.print(f"  {complaint.next_step.en}", style="dim")
