"""What the manuals tell people to type exists: each command and each option, wherever a page names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.app import app

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if page.parent.name != "adr")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
TYPED = re.compile(r"(?:^|[\s$])(?:sudo [-\w ]*?)?yima ([^#\n]*)", re.MULTILINE)
QUOTED = re.compile(r"`(?:sudo -u [\w-]+ )?yima ([^`\n]+)`")
OPTION = re.compile(r"--[a-z][\w-]*")


def _lines(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    fenced = {line.strip() for block in FENCED.findall(text) for line in TYPED.findall(block)}
    return fenced | {line.strip() for line in QUOTED.findall(FENCED.sub("", text))}


LINES = sorted({(page.relative_to(DOCS).as_posix(), line) for page in PAGES for line in _lines(page)})


def _known_options(command: object, words: list[str]) -> set[str]:
    """Return the options of the command that the words lead to; a word that leads nowhere is an error."""
    context = None
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        # One cell of a table may name several: `add\|list`.
        first, *others = words.pop(0).split("\\|")
        context = command.make_context("yima", [], parent=context, resilient_parsing=True)
        assert all(command.get_command(context, other) for other in others), others
        command = command.get_command(context, first)
        assert command is not None, first
    return {option for param in getattr(command, "params", ()) for option in param.opts}


@pytest.mark.parametrize("page", sorted({page for page, _ in LINES}))
def test_every_command_of_a_manual_exists_with_its_options(page: str) -> None:
    yima = get_command(app)
    for line in (line for named, line in LINES if named == page):
        known = _known_options(yima, line.split())
        assert set(OPTION.findall(line)) <= known | {"--help", "--version"}, line


def test_the_manuals_name_what_a_technician_needs() -> None:
    told = {line for page, line in LINES if page == "install.md"}
    for command in ("doctor", "status", "server backup", "server restore", "outbox list", "support-bundle"):
        assert any(line.startswith(command) for line in told), command
