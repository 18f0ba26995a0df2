"""Which catalogue file is taken: one rule, at the terminal and at the centre.

A fault of the file (encoding, columns, no CSV) refuses it, and what was there before stays; `parse_catalogue` finds
those. A fault of a line leaves that line out and takes the others. A file of which no line can be used is refused, and
whoever wants all or nothing asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from codes.os_words import words_of_os_error
from codes.words import Words
from rules.catalogue import CatalogueError, CatalogueFile, Problem

SHOWN_PROBLEMS = 20
"""As many lines are named in one sentence; the rest is counted."""


class CatalogueUnreadableError(CatalogueError):
    """The file cannot be opened."""

    code: ClassVar[str] = "catalogue.unreadable"
    next_step: ClassVar[Words] = Words("请检查路径与权限。", "Check path and permissions.")

    def __init__(self, path: str, error: OSError) -> None:
        why = words_of_os_error(error)
        super().__init__(Words(f"无法读取 {path}：{why.zh}", f"Cannot read {path}: {why.en}"))


class CatalogueLinesError(CatalogueError):
    """The file is refused for its lines; `problems` has every one of them."""

    def __init__(self, words: Words, problems: Sequence[Problem]) -> None:
        super().__init__(words)
        self.problems = tuple(problems)


class CatalogueUselessError(CatalogueLinesError):
    """No line of the file can be used."""

    code: ClassVar[str] = "catalogue.useless"
    next_step: ClassVar[Words] = Words(
        "原有目录未改动。请按所列各行修正文件后再导入。",
        "The catalogue is as it was. Correct the lines that are listed, then import again.",
    )


class CatalogueProblemsError(CatalogueLinesError):
    """Some lines cannot be used, and all or nothing was asked for."""

    code: ClassVar[str] = "catalogue.problems"
    next_step: ClassVar[Words] = Words(
        "原有目录未改动。请修正所列各行；如只需导入其余的行，请去掉 --strict（strict）。",
        "The catalogue is as it was. Correct the lines that are listed, or leave --strict (strict) out to import the "
        "other lines.",
    )


def accept_catalogue(file: CatalogueFile, *, is_strict: bool = False) -> None:
    """Let a file pass that may be imported.

    Args:
        file: What was read; the lines that cannot be used are left out of it already.
        is_strict: Refuse the file if any line was left out.

    Raises:
        CatalogueUselessError: It has no line that can be used.
        CatalogueProblemsError: It has a line that cannot be used, and `is_strict` is set.
    """
    count, listed = len(file.problems), words_of_problems(file.problems)
    if not file.products and not file.problems:
        raise CatalogueUselessError(Words("文件只有表头，没有数据行", "The file has a header and no lines"), ())
    if not file.products:
        words = Words(
            f"没有一行可用（{count} 行有误）：{listed.zh}", f"No line can be used, {count} wrong: {listed.en}"
        )
        raise CatalogueUselessError(words, file.problems)
    if is_strict and file.problems:
        words = Words(f"有误的行数：{count}。{listed.zh}", f"Lines that are wrong: {count}. {listed.en}")
        raise CatalogueProblemsError(words, file.problems)


def words_of_problems(problems: Sequence[Problem]) -> Words:
    """Name the lines that were left out, as many as one sentence can hold, and count the rest."""
    shown = [words_of_problem(problem) for problem in problems[:SHOWN_PROBLEMS]]
    hidden = len(problems) - len(shown)
    zh, en = (f"；另有 {hidden} 行", f"; and {hidden} more") if hidden else ("", "")
    return Words("；".join(one.zh for one in shown) + zh, "; ".join(one.en for one in shown) + en)


def words_of_problem(problem: Problem) -> Words:
    """Name one line, its column and what is wrong with it."""
    zh, en = (f"{problem.column} ", f", {problem.column}:") if problem.column else ("", "")
    return Words(f"第 {problem.line} 行 {zh}{problem.words.zh}", f"line {problem.line}{en} {problem.words.en}")
