"""The READMEs cannot drift: both give the same commands, and those that end by themselves are run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.app import app

ROOT = Path(__file__).parents[2]
ACTIVATE = ". .venv/bin/activate"


def commands(name: str) -> list[str]:
    """Return the shell lines of a README's code blocks, comments taken off."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = (line.partition("#")[0].strip().removeprefix("$ ") for block in blocks for line in block.splitlines())
    return [line for line in lines if line]


COMMANDS = commands("README.md")
OURS = [line for line in COMMANDS if line.startswith("yima ")]


def test_both_languages_give_the_same_commands():
    assert commands("README.zh.md") == COMMANDS


@pytest.mark.parametrize("line", OURS)
def test_every_command_and_option_exists(line):
    command, context = get_command(app), None
    words = line.removesuffix("&").split()[1:]
    while isinstance(command, TyperGroup):
        context = command.make_context("yima", [], parent=context, resilient_parsing=True)
        command = command.get_command(context, words.pop(0))
        assert command is not None, line
    known = {option for param in command.params for option in param.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_command_is_on_the_path_before_it_is_used(name):
    """Whoever begins at any heading types the way there first; `make` makes the folder that it names."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for section in text.split("\n## "):
        assert ".venv/bin/yima" not in section
        assert "\nyima " not in section.partition(ACTIVATE)[0]


def test_the_five_minutes_work_in_an_empty_folder(tmp_path):
    """As a technician types them; the programs that run on are tried elsewhere."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shutil.copytree(ROOT / "config", tmp_path / "config")
    five_minutes = COMMANDS[COMMANDS.index("make setup") + 1 :]
    typed = [
        line
        for line in five_minutes
        if re.match(r"cp |yima (read|decode|scanner (list|sheet)|server key|edge key|.*import)", line)
    ]
    assert len(typed) == 10
    for line in typed:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            capture_output=True,
            timeout=60,
            check=False,
            env=os.environ | {"COLUMNS": "80", "PATH": path},
        )
        assert (done.returncode, done.stderr) == (0, b""), line
        if "server key" in line:
            put_key(tmp_path / "edge.toml", done.stdout.decode().splitlines()[-1])
    assert (tmp_path / "sheet.png").exists()


def put_key(config: Path, line: str) -> None:
    """Do what the README says with the printed line: in place of the one that begins with #."""
    text, count = re.subn(r"^# public_key = .*$", line, config.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1
    config.write_text(text, encoding="utf-8")
