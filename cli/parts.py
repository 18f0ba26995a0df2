"""A group whose commands are loaded when they are asked for.

`yima read` must start fast and must not need a web server, and neither must `yima server token list`: each command is
imported on demand, and help is printed from sentences that stand beside the names. A part whose extra is not installed
says which one to install.
"""

from __future__ import annotations

import gc
import importlib
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from cli.complaint import CANNOT, Complaint, show_complaint
from codes.words import Words

if TYPE_CHECKING:
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

INSTALLED_MARK = ".complete"
"""Where a bundle was installed, `install.sh` leaves this file in the environment when all of it is there."""

_OUR_ROOMS = frozenset({"cli", "codes", "drivers", "edge", "rules", "server", "sim", "web", "wire"})
_SOURCE = Path(__file__).parents[1]
"""The folder that holds the code: a checkout, or the environment's packages."""


@dataclass(frozen=True, slots=True)
class Part:
    """One subcommand."""

    summary: str
    """Its line in the help of its group, which loads no part: loading all of them takes seconds."""
    module: str
    attribute: str
    """A Typer app, or a function that becomes a command."""
    extra: str | None
    """The extra that brings what it needs."""


class PartsGroup(TyperGroup):
    """Looks commands up in a table; each group of parts has its own."""

    parts: ClassVar[Mapping[str, Part]]

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.parts)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002 - click's signature
        part = self.parts.get(cmd_name)
        return None if part is None else load_part(cmd_name, part)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, part.summary) for name, part in self.parts.items()])


def group_of_parts(words: str, kind: type[PartsGroup]) -> typer.Typer:
    """Return a group that has no commands but the parts of `kind`."""
    # Without a function of its own Typer takes a group that has no commands yet for a mistake.
    return typer.Typer(
        cls=kind, help=words, callback=_nothing, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )


def _nothing() -> None:
    """Do nothing before the command that was asked for."""


def load_part(name: str, part: Part) -> Command:
    """Return a part as a command; if what it needs is not installed, one that says so."""
    context: dict[str, bool] = {}
    try:
        with _no_search_for_garbage():
            found = getattr(importlib.import_module(part.module), part.attribute)
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] in _OUR_ROOMS:
            raise
        # Whatever was asked of it: the mistake is not in how it was asked.
        found, context = (
            _not_installed(part, exc.name, _SOURCE),
            {"ignore_unknown_options": True, "allow_extra_args": True},
        )
    if isinstance(found, typer.Typer):
        command: Command = get_group(found)
    else:
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        single.command(name, context_settings=context)(found)
        command = get_command(single)
    command.name = name
    return command


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Modules are never garbage: looking through them again and again is an eighth of a terminal's start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _not_installed(part: Part, missing: str, source: Path) -> Callable[[], None]:
    """Return a command that says what is missing and how to get it."""
    complaint = Complaint(
        "install.missing",
        Words(
            f"缺少组件 {missing}，此命令需要 yima[{part.extra}]。",
            f"{missing} is not installed; this command needs yima[{part.extra}].",
        ),
        _how_to_install(part, source),
    )

    def explain() -> None:
        show_complaint(complaint)
        raise typer.Exit(CANNOT)

    explain.__doc__ = f"未安装 / Not installed: yima[{part.extra}]"
    return explain


def _how_to_install(part: Part, source: Path) -> Words:
    """Return what works. No package index has us: it is the checkout, the bundle, or the folder that we came from."""
    if (source / "Makefile").is_file():
        # -B, because make would find its environment up to date.
        run = f"make -B -C {shlex.quote(str(source))} setup"
        return Words(f"请执行：{run}", f"Run: {run}")
    complete = Path(sys.prefix, INSTALLED_MARK)
    if complete.is_file():
        # A bundle holds every part, and its environment has no pip. The installer makes anew what has no such mark.
        run = f"sudo rm {shlex.quote(str(complete))}"
        return Words(
            f"本机的安装已损坏。请执行：{run}，然后重新运行安装包里的 install.sh。",
            f"This installation is damaged. Run: {run}, then run install.sh of the bundle again.",
        )
    run = f"{shlex.quote(sys.executable)} -m pip install"
    return Words(f"请执行：{run} '一码的源代码目录[{part.extra}]'", f"Run: {run} 'FOLDER_OF_THE_SOURCE[{part.extra}]'")
