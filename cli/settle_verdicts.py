"""How the verdict on a worked example is shown, to a person and to a program."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from codes.errors import YimaError
from codes.words import Words
from rules.examples.judging import Check
from rules.examples.reading import Skipped
from rules.examples.running import Verdict

_UNCUT = 10_000
"""Columns where nobody looks."""


def show_verdict(verdict: Verdict) -> None:
    """Print one case: whether it passed, each figure, and the steps that led there."""
    console = _console()
    mark, style, word = ("✓", "green", "通过 / pass") if verdict.is_passed else ("✗", "bold red", "未通过 / FAIL")
    told = "  ".join(part for part in (verdict.kind, verdict.title) if part)
    console.print(Text.assemble((f"{mark} {verdict.label}", "bold"), "  ", (word, style), "  ", (told, "dim")))
    if verdict.problem is not None:
        console.print(Text(f"    {verdict.problem.words}  [{verdict.problem.code}]", "red"))
    if verdict.checks:
        console.print(_table(verdict.checks))
    for check in verdict.checks:
        if check.why is not None:
            console.print(Text(f"    {check.name}: {check.why}", "red"))
    for place, step in enumerate(verdict.steps, 1):
        console.print(Text(f"      {place}. {step.title}: {step.working}", "dim"))
    for remark in verdict.remarks:
        console.print(Text(f"      ! {remark}", "dim"))
    console.print()


def show_skipped(skipped: Sequence[Skipped]) -> None:
    """Say which sections were not run, and why."""
    for one in skipped:
        typer.echo(
            f"跳过 {one.name}（{one.entries} 条）：{one.why.zh} / Skipped {one.name} ({one.entries}): {one.why.en}"
        )


def show_summary(*, cases: int, failed: int) -> None:
    """Print the last line."""
    passed, noun = cases - failed, "case" if cases == 1 else "cases"
    typer.echo(f"共 {cases} 例，通过 {passed}，未通过 {failed} / {cases} {noun}, {passed} passed, {failed} failed")


def record_of(
    file: str, verdicts: Sequence[Verdict], skipped: Sequence[Skipped], *, cases: int, failed: int
) -> dict[str, object]:
    """Return what `--json` prints. Numbers are text, so that no program reads a float."""
    return {
        "file": file,
        "ok": failed == 0,
        "passed": cases - failed,
        "failed": failed,
        "cases": [_record(verdict) for verdict in verdicts],
        "skipped": [{"section": one.name, "entries": one.entries, **_both(one.why)} for one in skipped],
    }


def unread_record_of(file: str, problem: YimaError) -> dict[str, object]:
    """Return what `--json` prints of a file that cannot be read: nothing was checked, and why."""
    return {
        "file": file,
        "ok": False,
        "passed": 0,
        "failed": 0,
        "cases": [],
        "skipped": [],
        "problem": _problem(problem),
    }


def _record(verdict: Verdict) -> dict[str, object]:
    problem = verdict.problem
    return {
        "id": verdict.id,
        "case": verdict.case,
        "section": verdict.section,
        "kind": verdict.kind,
        "title": verdict.title,
        "passed": verdict.is_passed,
        "expected": {check.name: check.expected for check in verdict.checks},
        "got": {check.name: check.got or None for check in verdict.checks},
        "wrong": [check.name for check in verdict.checks if not check.is_equal],
        "reasons": {check.name: _both(check.why) for check in verdict.checks if check.why is not None},
        "steps": [
            {**_both(step.title), "formula": step.formula, "result": step.result, "is_exact": step.is_exact}
            for step in verdict.steps
        ],
        "remarks": [_both(remark) for remark in verdict.remarks],
        "problem": None if problem is None else _problem(problem),
    }


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("    项目 / figure", no_wrap=True)
    table.add_column("期望 / expected", overflow="fold")
    table.add_column("结果 / got", overflow="fold")
    for check in checks:
        mark, style = (" ", "") if check.is_equal else ("✗", "bold red")
        got = check.got or "—"
        table.add_row(Text(f"  {mark} {check.name}", style), Text(check.expected), Text(got, style))
    return table


def _console() -> Console:
    """Return a console that wraps on a screen only: in a pipe or a file a value stays on its line."""
    width = None if Console().is_terminal else _UNCUT
    return Console(highlight=False, markup=False, emoji=False, width=width)


def _problem(problem: YimaError) -> dict[str, str]:
    return {"code": problem.code, **_both(problem.words)}


def _both(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
