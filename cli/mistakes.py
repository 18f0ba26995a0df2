"""What was typed wrongly on the command line, said in both languages with a code.

Typer knows what is wrong but says it in English only, and in words that follow its libraries. So its exceptions are
taken as facts (which option, which values are allowed) and worded here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import ClassVar

# Typer carries its own copy of Click and gives its exceptions no public name.
from typer._click.exceptions import (
    BadOptionUsage,
    BadParameter,
    ClickException,
    MissingParameter,
    NoSuchOption,
    UsageError,
)
from typer.core import TyperGroup, TyperOption

from cli.complaint import Complaint
from codes.errors import YimaError
from codes.words import Words

_NO_SUCH_COMMAND = re.compile(r"No such command '(.*?)'\.")
_EXTRA = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)", re.DOTALL)
_NEEDS_VALUE = re.compile(r"Option '.*' requires ")


class UsageMistakeError(YimaError):
    """Options that contradict each other, or a value that only the command itself can judge."""

    code: ClassVar[str] = "usage.conflict"
    next_step: ClassVar[Words] = Words("加 --help 查看用法。", "Add --help to see how the command is used.")


def complaint_about(mistake: ClickException) -> Complaint:
    """Return what a person is told about a mistake on the command line."""
    context = mistake.ctx if isinstance(mistake, UsageError) else None
    code, words = _worded(mistake)
    if context is None:
        return Complaint(code, words, UsageMistakeError.next_step)
    ask = f"{context.command_path} --help"
    return Complaint(code, words, Words(f"查看用法：{ask}", f"See how it is used: {ask}"))


def _worded(mistake: ClickException) -> tuple[str, Words]:
    if isinstance(mistake, NoSuchOption):
        return "usage.unknown_option", _unknown("选项", "option", mistake.option_name, mistake.possibilities or ())
    if isinstance(mistake, MissingParameter):
        name = _name_of(mistake)
        return "usage.missing", Words(f"缺少 {name}{_choices(mistake)}。", f"{name} is missing{_choices(mistake)}.")
    if isinstance(mistake, BadParameter):
        return "usage.value", _bad_value(mistake)
    if isinstance(mistake, BadOptionUsage):
        return _bad_option(mistake)
    return _refused_by_click(mistake)


def _bad_option(mistake: BadOptionUsage) -> tuple[str, Words]:
    option = mistake.option_name
    if _NEEDS_VALUE.match(mistake.message):
        return "usage.missing", Words(f"选项 {option} 后面缺少值。", f"Option {option} needs a value.")
    return "usage.value", Words(f"选项 {option} 不带值。", f"Option {option} takes no value.")


def _refused_by_click(mistake: ClickException) -> tuple[str, Words]:
    """Word what Typer tells by its message alone."""
    if found := _NO_SUCH_COMMAND.match(mistake.message):
        return "usage.unknown_command", _unknown("命令", "command", found[1], _commands(mistake))
    if found := _EXTRA.fullmatch(mistake.message):
        return "usage.extra", Words(f"多余的参数：{found[1]}", f"Too many arguments: {found[1]}")
    return "usage.error", Words(f"命令有误：{mistake.message}", f"The command is wrong: {mistake.message}")


def _unknown(zh: str, en: str, name: str, known: Iterable[str]) -> Words:
    near = difflib.get_close_matches(name, list(known))
    zh_hint, en_hint = (f"是否想用 {'、'.join(near)}？", f" Did you mean {', '.join(near)}?") if near else ("", "")
    return Words(f"没有{zh} {name}。{zh_hint}", f"There is no {en} {name}.{en_hint}")


def _commands(mistake: ClickException) -> list[str]:
    context = mistake.ctx if isinstance(mistake, UsageError) else None
    group = context.command if context is not None else None
    return group.list_commands(context) if context is not None and isinstance(group, TyperGroup) else []


def _name_of(mistake: BadParameter) -> str:
    """Return the parameter as it is written: `--config`, or `FILE` for an argument."""
    if mistake.param is None:
        return "?"
    if isinstance(mistake.param, TyperOption):
        return max(mistake.param.opts, key=len)
    return mistake.param.display_name_raw.upper()


def _choices(mistake: BadParameter) -> str:
    choices = None if mistake.param is None else mistake.param.type_descriptor.choices
    return "" if choices is None else f" ({' | '.join(map(str, choices))})"


def _bad_value(mistake: BadParameter) -> Words:
    name = _name_of(mistake)
    wanted = _wanted(mistake)
    if wanted is None:
        return Words(f"{name} 的值不对：{mistake.message}", f"{name} has a wrong value: {mistake.message}")
    return Words(f"{name} 应为{wanted.zh}。", f"{name} must be {wanted.en}.")


def _wanted(mistake: BadParameter) -> Words | None:
    """Return what a value of this parameter may be; None if its type does not say."""
    if mistake.param is None:
        return None
    kind = mistake.param.type_descriptor
    if kind.choices is not None:
        listed = [str(choice) for choice in kind.choices]
        return Words(f" {'、'.join(listed)} 之一", f"one of {', '.join(listed)}")
    if kind.annotation is int:
        return _range(Words("整数", "a whole number"), kind.parameter_info.min, kind.parameter_info.max)
    if kind.is_ranged:
        return _range(Words("数", "a number"), kind.parameter_info.min, kind.parameter_info.max)
    return None


def _range(number: Words, least: float | None, most: float | None) -> Words:
    if least is not None and most is not None:
        return Words(f" {least} 到 {most} 的{number.zh}", f"{number.en} from {least} to {most}")
    if least is not None:
        return Words(f"不小于 {least} 的{number.zh}", f"{number.en}, {least} or more")
    return number
