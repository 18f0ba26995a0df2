"""Reading a configuration file, and saying exactly what is wrong with it: which option, on which line.

Terminal and centre read theirs with this one function, so that both refuse the same. It stands here because this is
the one room that both may import and that knows pydantic. Relative paths in a file are relative to the file, so that
it means the same from wherever the program is started.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from codes.errors import ConfigError
from codes.userinfo import without_userinfo
from codes.words import Words
from web.config_environment import Overrides
from web.config_sections import Fault, Section
from web.errors import WebError
from web.faults import words_of, words_of_file
from web.toml_faults import toml_fault

_SHOWN = 60
_NOT_JSON = Words('应为 JSON，列表如 ["甲","乙"]', 'should be JSON, a list like ["one", "two"]')
Tree = TypeVar("Tree", bound=BaseModel)


class ConfigFileError(WebError, ConfigError):
    """The file cannot be read."""

    code: ClassVar[str] = "config.unreadable"


class ConfigSyntaxError(WebError, ConfigError):
    """The file is no TOML."""

    code: ClassVar[str] = "config.syntax"

    def __init__(self, path: Path, line: int | None, cause: Words) -> None:
        zh, en = (f"第 {line} 行", f"line {line}") if line else ("文件末尾", "the end of the file")
        super().__init__(
            Words(
                f"配置文件 {path} {zh}不是有效的 TOML：{cause.zh}",
                f"{path} is no valid TOML at {en}: {cause.en}",
            ),
            next_step=Words(f"请修正{zh}后重新启动。", f"Correct {en} and start again."),
        )
        self.line = line
        """None at the end of the file: something before it is not finished."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One option that cannot be used."""

    option: str
    """Dotted, as `api.port`."""
    line: int | None
    """Where the file says it; None if it says nothing."""
    words: Words
    variable: str | None = None
    """The variable of the environment that says it, instead of the file."""

    @property
    def sentence(self) -> Words:
        """The problem with its place."""
        if self.variable is not None:
            return Words(
                f"环境变量 {self.variable}（{self.option}）：{self.words.zh}",
                f"{self.variable} in the environment ({self.option}): {self.words.en}",
            )
        zh = f"第 {self.line} 行 " if self.line else ""
        en = f"line {self.line}, " if self.line else ""
        return Words(f"{zh}{self.option}：{self.words.zh}", f"{en}{self.option}: {self.words.en}")


class ConfigValueError(WebError, ConfigError):
    """Options are unknown, missing or have values that cannot be used."""

    code: ClassVar[str] = "config.value"

    def __init__(self, path: Path, problems: tuple[ConfigProblem, ...], example: str) -> None:
        zh = "；".join(problem.sentence.zh for problem in problems)
        en = "; ".join(problem.sentence.en for problem in problems)
        is_of_file = any(problem.variable is None for problem in problems)
        what = Words(f"配置文件 {path} ", f"{path}") if is_of_file else Words("配置", "The configuration")
        super().__init__(
            Words(f"{what.zh}有误：{zh}", f"{what.en} cannot be used: {en}"),
            next_step=Words(
                f"请修正所列选项后重新启动；各选项说明见 {example}。",
                f"Correct these options and start again; {example} explains each.",
            ),
        )
        self.path = path
        self.problems = problems


def no_more_faults(_config: BaseModel) -> Iterable[Fault]:
    """Say nothing beyond what the sections say."""
    return ()


def read_config(
    path: Path,
    kind: type[Tree],
    *,
    example: str,
    more_faults: Callable[[Tree], Iterable[Fault]] = no_more_faults,
    overrides: Overrides | None = None,
) -> Tree:
    """Return the configuration in the file at `path`.

    Args:
        path: The file.
        kind: The typed tree; its tables are `Section`s.
        example: The file that explains every option, for the next step of an error.
        more_faults: What the whole tree refuses besides its sections.
        overrides: The environment, if `kind` reads it over the file.

    Raises:
        ConfigFileError: The file cannot be read.
        ConfigSyntaxError: It is no TOML; the error has the line.
        ConfigValueError: Options are unknown, missing or wrong; the error lists every one with its line.
    """
    text = _read(path, example)
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigSyntaxError(path, *toml_fault(str(exc))) from exc
    sources = _Sources(text, overrides)
    if overrides is not None and (torn := tuple(overrides.not_json())):
        raise ConfigValueError(path, tuple(sources.problem(option, _NOT_JSON) for option in torn), example)
    try:
        config = kind(**written)
    except ValidationError as exc:
        problems = tuple(sources.problem(detail["loc"], _words_of(kind, detail)) for detail in exc.errors())
        raise ConfigValueError(path, problems, example) from exc
    faults = [*_section_faults(config), *more_faults(config)]
    if faults:
        raise ConfigValueError(path, tuple(sources.problem(fault.option, fault.words) for fault in faults), example)
    folder = path.resolve().parent
    return config.model_copy(update={name: section.anchored(folder) for name, section in _sections(config)})


def line_of(text: str, option: tuple[str | int, ...]) -> int | None:
    r"""Return the line of `text` on which `option` is set; for a missing option the line of its table.

    >>> line_of("[api]\nhost = '::1'\nport = 'x'", ("api", "port"))
    3
    """
    names = [str(part) for part in option if isinstance(part, str)]
    table: list[str] = []
    of_table: int | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
        if header:
            table = [part.strip(" \"'") for part in header[1].split(".")]
            of_table = number if table == names[: len(table)] else of_table
        key = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*=", line)
        if key and [*table, key[1]] == names[: len(table) + 1]:
            return number
    return of_table


def _read(path: Path, example: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # editors on Windows put a mark before the first character
    except UnicodeDecodeError as exc:
        raise ConfigFileError(
            Words(f"配置文件 {path} 不是 UTF-8 文字", f"{path} is no UTF-8 text"),
            next_step=Words("请用 UTF-8 另存该文件后重新启动。", "Save it as UTF-8 and start again."),
        ) from exc
    except OSError as exc:
        reason = words_of_file(exc)
        raise ConfigFileError(
            Words(f"无法读取配置文件 {path}：{reason.zh}", f"Cannot read {path}: {reason.en}"),
            next_step=Words(
                f"请检查路径与权限；样例见 {example}。", f"Check path and permissions; {example} is an example."
            ),
        ) from exc


@dataclass(frozen=True, slots=True)
class _Sources:
    """What says the options: the file, and the environment over it."""

    text: str
    overrides: Overrides | None

    def problem(self, place: tuple[str | int, ...], words: Words) -> ConfigProblem:
        variable = self.overrides.variable_of(place) if self.overrides else None
        line = None if variable else line_of(self.text, place)
        return ConfigProblem(".".join(str(part) for part in place), line, words, variable)


def _words_of(kind: type[BaseModel], detail: ErrorDetails) -> Words:
    if detail["type"] == "extra_forbidden":
        return _unknown(kind, detail["loc"])
    wanted = words_of(detail)
    if detail["type"] == "missing":
        return wanted
    given = without_userinfo(str(detail["input"]))[:_SHOWN]
    return Words(f"值“{given}”无效：{wanted.zh}", f"{given!r} cannot be used: {wanted.en}")


def _unknown(kind: type[BaseModel], place: tuple[str | int, ...]) -> Words:
    """Name an unknown option, with the one that was probably meant."""
    known: type[BaseModel] | None = kind
    for part in place[:-1]:
        annotation = known.model_fields[str(part)].annotation if known else None
        known = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    close = difflib.get_close_matches(str(place[-1]), list(known.model_fields) if known else [], n=1)
    if not close:
        return Words("没有这个选项", "there is no such option")
    return Words(f"没有这个选项，是否指 {close[0]}？", f"there is no such option; did you mean {close[0]}?")


def _sections(config: BaseModel) -> Iterator[tuple[str, Section]]:
    return ((name, value) for name, value in config if isinstance(value, Section))


def _section_faults(config: BaseModel) -> Iterator[Fault]:
    for name, section in _sections(config):
        for fault in section.faults():
            yield Fault((name, *fault.option), fault.words)
