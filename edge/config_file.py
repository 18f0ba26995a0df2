"""Reading the configuration file, and saying exactly what is wrong with it: which option, on which line.

Relative paths in the file are relative to the file, so that it means the same from wherever the daemon is started.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from codes.errors import ConfigError
from codes.words import Words
from drivers.errors import DeviceSpecError
from drivers.scanner import parse_spec
from edge.config import EdgeConfig
from edge.errors import EdgeError
from web.security import LOOPBACK_NAMES

_ANYONE_ELSE = 0o077
_LINE_IN_MESSAGE = re.compile(r"\(at line (\d+)")
_Model = TypeVar("_Model", bound=BaseModel)


class ConfigFileError(EdgeError, ConfigError):
    """The file cannot be read."""

    code: ClassVar[str] = "config.unreadable"
    next_step: ClassVar[Words] = Words(
        "请检查路径与权限；样例见 config/edge.example.toml。",
        "Check path and permissions; config/edge.example.toml is an example.",
    )


class ConfigSyntaxError(EdgeError, ConfigError):
    """The file is no TOML."""

    code: ClassVar[str] = "config.syntax"
    next_step: ClassVar[Words] = Words("请修正该行后重新启动。", "Correct that line and start again.")

    def __init__(self, words: Words, line: int | None) -> None:
        super().__init__(words)
        self.line = line


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One option that cannot be used."""

    option: str
    """Dotted, as `api.port`."""
    line: int | None
    """Where the file says it; None if it says nothing."""
    words: Words

    @property
    def sentence(self) -> Words:
        """The problem with its place."""
        zh = f"第 {self.line} 行 " if self.line else ""
        en = f"line {self.line}, " if self.line else ""
        return Words(f"{zh}{self.option}：{self.words.zh}", f"{en}{self.option}: {self.words.en}")


class ConfigValueError(EdgeError, ConfigError):
    """Options are unknown, missing or have values that cannot be used."""

    code: ClassVar[str] = "config.value"
    next_step: ClassVar[Words] = Words(
        "请修正所列选项后重新启动；各选项说明见 config/edge.example.toml。",
        "Correct these options and start again; config/edge.example.toml explains each.",
    )

    def __init__(self, path: Path, problems: tuple[ConfigProblem, ...]) -> None:
        zh = "；".join(problem.sentence.zh for problem in problems)
        en = "; ".join(problem.sentence.en for problem in problems)
        super().__init__(Words(f"配置文件 {path} 有误：{zh}", f"{path} cannot be used: {en}"))
        self.path = path
        self.problems = problems


class SecretFileError(EdgeError, ConfigError):
    """A file that holds a secret cannot be used."""

    code: ClassVar[str] = "config.secret_file"
    next_step: ClassVar[Words] = Words(
        "请确认文件存在，并执行 chmod 600。", "Make sure that the file is there, and run chmod 600 on it."
    )


def load_config(path: Path) -> EdgeConfig:
    """Return the configuration in the file at `path`.

    Raises:
        ConfigFileError: The file cannot be read.
        ConfigSyntaxError: It is no TOML; the error has the line.
        ConfigValueError: Options are unknown, missing or wrong; the error lists every one with its line.
    """
    text = _read(path)
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise _syntax_error(path, exc) from exc
    try:
        config = EdgeConfig(**tree)
    except ValidationError as exc:
        raise ConfigValueError(path, tuple(_problem(text, detail) for detail in exc.errors())) from exc
    problems = tuple(_cross_checks(text, config))
    if problems:
        raise ConfigValueError(path, problems)
    return _anchored(config, path.resolve().parent)


def load_secret(path: Path) -> str:
    """Return the secret in a file of its own, without the line end.

    Raises:
        SecretFileError: The file is missing, empty, no text, or open to others.
    """
    try:
        mode = path.stat().st_mode
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SecretFileError(Words(f"无法读取 {path}：{exc}", f"Cannot read {path}: {exc}")) from exc
    if mode & _ANYONE_ELSE:
        raise SecretFileError(Words(f"{path} 对他人可读", f"{path} is open to others"))
    if not secret:
        raise SecretFileError(Words(f"{path} 是空的", f"{path} is empty"))
    return secret


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


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigFileError(Words(f"无法读取配置文件 {path}：{exc}", f"Cannot read {path}: {exc}")) from exc


def _syntax_error(path: Path, error: tomllib.TOMLDecodeError) -> ConfigSyntaxError:
    found = _LINE_IN_MESSAGE.search(str(error))
    line = int(found[1]) if found else None
    zh = f"配置文件 {path} 第 {line} 行不是有效的 TOML" if line else f"配置文件 {path} 不是有效的 TOML"
    return ConfigSyntaxError(Words(zh, f"{path} is no valid TOML: {error}"), line)


def _problem(text: str, detail: ErrorDetails) -> ConfigProblem:
    place = detail["loc"]
    option = ".".join(str(part) for part in place)
    line = line_of(text, place)
    if detail["type"] == "extra_forbidden":
        return ConfigProblem(option, line, _unknown(place))
    if detail["type"] == "missing":
        return ConfigProblem(option, line, Words("缺少该选项", "is missing"))
    given = str(detail["input"])[:60]
    return ConfigProblem(option, line, Words(f"值“{given}”无效", f"{given!r} cannot be used: {detail['msg']}"))


def _unknown(place: tuple[str | int, ...]) -> Words:
    """Name an unknown option, with the one that was probably meant."""
    known: type[BaseModel] | None = EdgeConfig
    for part in place[:-1]:
        annotation: Any = known.model_fields[str(part)].annotation if known else None
        known = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    close = difflib.get_close_matches(str(place[-1]), list(known.model_fields) if known else [], n=1)
    if not close:
        return Words("没有这个选项", "there is no such option")
    return Words(f"没有这个选项，是否指 {close[0]}？", f"there is no such option; did you mean {close[0]}?")


def _cross_checks(text: str, config: EdgeConfig) -> list[ConfigProblem]:
    """Check what no single option can say by itself."""
    problems: list[ConfigProblem] = []
    if config.api.host not in LOOPBACK_NAMES and not config.api.is_exposed:
        words = Words(
            f"{config.api.host} 不是本机地址；如确需对外开放，请设 is_exposed = true",
            f"{config.api.host} is not loopback; set is_exposed = true if that is what you want",
        )
        problems.append(ConfigProblem("api.host", line_of(text, ("api", "host")), words))
    if config.link.host not in LOOPBACK_NAMES and config.link.ca_file is None:
        words = Words("代理不在本机，必须填写 ca_file（TLS）", "is not on this machine, so ca_file (TLS) is required")
        problems.append(ConfigProblem("link.host", line_of(text, ("link", "host")), words))
    for index, spec in enumerate(config.scanners):
        try:
            parse_spec(spec)
        except DeviceSpecError as exc:
            problems.append(ConfigProblem(f"scanners.{index}", line_of(text, ("scanners",)), exc.words))
    return problems


def _anchored(config: EdgeConfig, folder: Path) -> EdgeConfig:
    """Return `config` with every relative path taken from `folder`."""
    return config.model_copy(
        update={
            name: _with_paths_from(folder, section)
            for name in EdgeConfig.model_fields
            if isinstance(section := getattr(config, name), BaseModel)
        }
    )


def _with_paths_from(folder: Path, section: _Model) -> _Model:
    paths = {name: folder / value for name, value in section if isinstance(value, Path)}
    return section.model_copy(update=paths)
