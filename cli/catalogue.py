"""What the catalogue commands of terminal and centre share: reading the file, and naming what was left out of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from rules.catalogue import Problem
from rules.catalogue_intake import SHOWN_PROBLEMS, CatalogueUnreadableError, words_of_problem


def read_catalogue(file: Path) -> bytes:
    """Return what the file holds.

    Raises:
        CatalogueUnreadableError: It cannot be opened.
    """
    try:
        return file.read_bytes()
    except OSError as exc:
        raise CatalogueUnreadableError(str(file), exc) from exc


def problem_records(problems: Sequence[Problem]) -> list[dict[str, object]]:
    """Return the lines that were left out as `--json` prints them."""
    return [
        {"line": one.line, "column": one.column, "code": one.code, "zh": one.words.zh, "en": one.words.en}
        for one in problems
    ]


def show_left_out(problems: Sequence[Problem], *, taken: int) -> None:
    """Say how many lines are good, and which are not."""
    if not problems:
        return
    count = len(problems)
    typer.echo(f"可用 {taken} 行，未采用 {count} 行 / {taken} lines can be used, {count} are left out:")
    for problem in problems[:SHOWN_PROBLEMS]:
        typer.echo(f"  {words_of_problem(problem)}  [{problem.code}]")
    if count > SHOWN_PROBLEMS:
        more = count - SHOWN_PROBLEMS
        typer.echo(f"  … 另有 {more} 行，用 --json 查看 / {more} more, see --json")
